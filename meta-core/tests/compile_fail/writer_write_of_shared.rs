//! A cursor over bytes that moves through a shared reference: `VmWriter::write`.

use meta_core::VmWriter;

fn change(cursor: &VmWriter<'_>) {
    let _ = cursor.write(&[0]); //~ E0596
}

fn main() {}
