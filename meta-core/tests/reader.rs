//! Readers and writers of plain bytes: they keep within their bounds, and to
//! the order of the bytes, from and to any position.

#![cfg(not(model))]

use meta_core::{VmReader, VmWriter};

/// Bytes in whole words, as a page has them.
#[repr(align(8))]
struct Memory<const N: usize>([u8; N]);

impl<const N: usize> Memory<N> {
    /// Each byte is its own position.
    fn counting() -> Self {
        Memory(std::array::from_fn(|at| at as u8))
    }

    fn reader(&mut self) -> VmReader<'_> {
        // SAFETY: borrowed as long as the reader, and aligned.
        unsafe { VmReader::from_raw(self.0.as_mut_ptr(), N) }
    }

    fn writer(&mut self) -> VmWriter<'_> {
        // SAFETY: borrowed as long as the writer, and aligned.
        unsafe { VmWriter::from_raw(self.0.as_mut_ptr(), N) }
    }
}

#[test]
fn any_bytes_are_read_at_their_place() {
    for start in 0..=32 {
        for len in 0..=32 {
            let mut memory = Memory::<32>::counting();
            let mut reader = memory.reader();
            assert_eq!(reader.skip(start), start);
            let mut into = vec![0xee; len];
            let read = len.min(32 - start);
            assert_eq!(reader.read(&mut into), read, "{len} from {start}");
            assert_eq!(reader.remain(), 32 - start - read);
            let expected: Vec<u8> = (start..start + read).map(|at| at as u8).collect();
            assert_eq!(into[..read], expected);
            assert!(into[read..].iter().all(|byte| *byte == 0xee));
            // The next one begins where this one ended.
            assert_eq!(reader.read_val(), expected_byte(start + read));
        }
    }
}

fn expected_byte(at: usize) -> Option<u8> {
    (at < 32).then_some(at as u8)
}

#[test]
fn any_bytes_are_written_at_their_place_and_no_others() {
    for start in 0..=32 {
        for len in 0..=32 {
            let mut memory = Memory::<32>::counting();
            let mut writer = memory.writer();
            assert_eq!(writer.skip(start), start);
            let from: Vec<u8> = (0..len).map(|at| 200 + at as u8).collect();
            let written = len.min(32 - start);
            assert_eq!(writer.write(&from), written, "{len} to {start}");
            assert_eq!(writer.avail(), 32 - start - written);
            let mut expected = Memory::<32>::counting().0;
            expected[start..start + written].copy_from_slice(&from[..written]);
            assert_eq!(memory.0, expected);
        }
    }
}

#[test]
fn any_bytes_are_filled_with_zeros_and_no_others() {
    for start in 0..=32 {
        for len in 0..=40 {
            let mut memory = Memory([0xee; 32]);
            let mut writer = memory.writer();
            writer.skip(start);
            let filled = len.min(32 - start);
            assert_eq!(writer.fill_zeros(len), filled);
            assert_eq!(writer.avail(), 32 - start - filled);
            let mut expected = [0xee; 32];
            expected[start..start + filled].fill(0);
            assert_eq!(memory.0, expected);
        }
    }
}

#[test]
fn a_limit_only_lowers_what_is_left() {
    let mut memory = Memory::<32>::counting();
    let mut reader = memory.reader();
    reader.limit(40);
    assert_eq!(reader.remain(), 32);
    reader.skip(3);
    reader.limit(10);
    assert_eq!(reader.remain(), 10);
    reader.limit(20);
    assert_eq!(reader.remain(), 10);
    let mut into = [0xee; 16];
    assert_eq!(reader.read(&mut into), 10);
    assert_eq!(into[..11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xee]);
    assert_eq!(
        (reader.remain(), reader.skip(1), reader.read(&mut into)),
        (0, 0, 0)
    );

    let mut writer = memory.writer();
    writer.skip(30);
    writer.limit(1);
    assert_eq!((writer.avail(), writer.write(&[0xee; 2])), (1, 1));
    assert_eq!(
        (writer.avail(), writer.skip(1), writer.write(&[0])),
        (0, 0, 0)
    );
    assert_eq!(memory.0[29..], [29, 0xee, 31]);

    let mut writer = memory.writer();
    writer.limit(0);
    assert_eq!((writer.write(&[0]), writer.fill_zeros(1)), (0, 0));
}

#[test]
fn a_skip_ends_at_the_end() {
    let mut memory = Memory::<16>::counting();
    let mut reader = memory.reader();
    assert_eq!((reader.skip(20), reader.remain()), (16, 0));
    assert_eq!(reader.skip(usize::MAX), 0);
    let mut writer = memory.writer();
    assert_eq!((writer.skip(usize::MAX), writer.avail()), (16, 0));
}

/// A value goes to any place and comes back from it.
fn round_trips<T: meta_core::Pod + PartialEq + std::fmt::Debug>(value: T) {
    let size = size_of::<T>();
    for at in 0..=64 {
        let mut memory = Memory::<64>::counting();
        let mut writer = memory.writer();
        writer.skip(at);
        let fits = at + size <= 64;
        assert_eq!(writer.write_val(&value), fits.then_some(()));
        // All or nothing.
        assert_eq!(writer.avail(), 64 - at - if fits { size } else { 0 });
        let mut expected = Memory::<64>::counting().0;
        if fits {
            // SAFETY: plain old data.
            let bytes = unsafe { std::slice::from_raw_parts((&raw const value).cast(), size) };
            expected[at..at + size].copy_from_slice(bytes);
        }
        assert_eq!(memory.0, expected);

        let mut reader = memory.reader();
        reader.skip(at);
        assert_eq!(reader.read_val::<T>(), fits.then_some(value));
        assert_eq!(reader.remain(), 64 - at - if fits { size } else { 0 });
    }
}

#[test]
fn values_of_plain_old_data_make_the_round_trip() {
    round_trips(0xa5_u8);
    round_trips(-2_i8);
    round_trips(0xa5b6_u16);
    round_trips(i16::MIN);
    round_trips(0xa5b6_c7d8_u32);
    round_trips(i32::MIN + 1);
    round_trips(0xa5b6_c7d8_e9fa_0b1c_u64);
    round_trips(i64::MIN + 1);
    round_trips(u128::MAX / 3);
    round_trips(i128::MIN + 1);
    round_trips(usize::MAX - 1);
    round_trips(isize::MIN + 1);
    round_trips(1.5_f32);
    round_trips(-0.1_f64);
    round_trips([1_u16, 2, 3]);
    round_trips([[1_u8; 3]; 5]);
    round_trips([0_u64; 0]);
}

#[test]
fn bytes_are_copied_from_any_place_to_any_place() {
    // Miri takes a thousand times longer.
    let step = if cfg!(miri) { 5 } else { 1 };
    for from in (0..=16).step_by(step) {
        for to in (0..=16).step_by(step) {
            for limit in [0, 1, 7, 8, 9, 100, 400] {
                let mut source = Memory::<256>::counting();
                let mut target = Memory([0xee; 200]);
                let (mut reader, mut writer) = (source.reader(), target.writer());
                reader.skip(from);
                writer.skip(to);
                reader.limit(limit);
                let copied = limit.min(256 - from).min(200 - to);
                assert_eq!(reader.read_to(&mut writer), copied);
                assert_eq!(writer.avail(), 200 - to - copied);
                assert_eq!(reader.remain(), limit.min(256 - from) - copied);
                let mut expected = [0xee; 200];
                expected[to..to + copied].copy_from_slice(&source.0[from..from + copied]);
                assert_eq!(target.0, expected);
            }
        }
    }
}

#[test]
fn nothing_is_copied_without_room() {
    let mut source = Memory::<16>::counting();
    let mut target = Memory::<8>::counting();
    let (mut reader, mut writer) = (source.reader(), target.writer());
    assert_eq!(reader.read_to(&mut writer), 8);
    assert_eq!(reader.read_to(&mut writer), 0);
    assert_eq!((reader.remain(), writer.avail()), (8, 0));
}
