//! Bytes as a reference.

use meta_core::VmReader;

fn read(reader: &mut VmReader<'_>) -> Option<&'static u8> {
    reader.read_val() //~ E0277
}

fn main() {}
