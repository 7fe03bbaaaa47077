//! Bytes as a `bool`: only two of 256 are one.

use meta_core::VmReader;

fn read(reader: &mut VmReader<'_>) -> Option<bool> {
    reader.read_val() //~ E0277
}

fn main() {}
