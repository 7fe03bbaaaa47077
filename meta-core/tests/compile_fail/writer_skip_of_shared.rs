//! A cursor over bytes that moves through a shared reference: `VmWriter::skip`.

use meta_core::VmWriter;

fn change(cursor: &VmWriter<'_>) {
    let _ = cursor.skip(1); //~ E0596
}

fn main() {}
