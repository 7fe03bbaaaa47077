//! A cursor over bytes that moves through a shared reference: `VmReader::read`.

use meta_core::VmReader;

fn change(cursor: &VmReader<'_>) {
    let _ = cursor.read(&mut [0]); //~ E0596
}

fn main() {}
