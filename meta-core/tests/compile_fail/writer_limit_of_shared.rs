//! A cursor over bytes that moves through a shared reference: `VmWriter::limit`.

use meta_core::VmWriter;

fn change(cursor: &VmWriter<'_>) {
    let _ = cursor.limit(1); //~ E0596
}

fn main() {}
