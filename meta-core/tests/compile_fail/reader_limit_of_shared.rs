//! A cursor over bytes that moves through a shared reference: `VmReader::limit`.

use meta_core::VmReader;

fn change(cursor: &VmReader<'_>) {
    let _ = cursor.limit(1); //~ E0596
}

fn main() {}
