//! Bytes as a `char`: not every number is one.

use meta_core::VmReader;

fn read(reader: &mut VmReader<'_>) -> Option<char> {
    reader.read_val() //~ E0277
}

fn main() {}
