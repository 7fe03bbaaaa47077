//! A cursor over bytes that moves through a shared reference: `VmReader::read_val`.

use meta_core::VmReader;

fn change(cursor: &VmReader<'_>) {
    let _ = cursor.read_val::<u8>(); //~ E0596
}

fn main() {}
