//! A cursor over bytes that moves through a shared reference: `VmWriter::fill_zeros`.

use meta_core::VmWriter;

fn change(cursor: &VmWriter<'_>) {
    let _ = cursor.fill_zeros(1); //~ E0596
}

fn main() {}
