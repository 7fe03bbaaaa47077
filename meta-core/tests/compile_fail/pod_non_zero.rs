//! Bytes as a number that is never zero.

use meta_core::VmReader;

fn read(reader: &mut VmReader<'_>) -> Option<std::num::NonZeroU8> {
    reader.read_val() //~ E0277
}

fn main() {}
