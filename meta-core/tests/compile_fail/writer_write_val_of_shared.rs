//! A cursor over bytes that moves through a shared reference: `VmWriter::write_val`.

use meta_core::VmWriter;

fn change(cursor: &VmWriter<'_>) {
    let _ = cursor.write_val(&0_u8); //~ E0596
}

fn main() {}
