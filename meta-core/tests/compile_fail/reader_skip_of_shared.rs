//! A cursor over bytes that moves through a shared reference: `VmReader::skip`.

use meta_core::VmReader;

fn change(cursor: &VmReader<'_>) {
    let _ = cursor.skip(1); //~ E0596
}

fn main() {}
