//! Metadata that does not fit, made such by an `unsafe impl` instead of the
//! macro: it does not compile either, because storing it would have to be
//! compiled.

#![cfg(not(model))]

mod fixture;

/// What the compiler says to the case.
fn refusal(case: &str) -> String {
    let target = "[[bin]]\nname = \"bypass\"";
    fixture::Fixture::new("bypass", case, target)
        .build(&[])
        .expect_err("it must not compile")
}

#[test]
fn too_large_metadata_is_refused_where_it_would_be_stored() {
    let message = refusal("too_large.rs");
    let expected = "frame metadata is too large: FRAME_METADATA_MAX_SIZE is 40 bytes";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn over_aligned_metadata_is_refused_where_it_would_be_stored() {
    let message = refusal("over_aligned.rs");
    let expected = "frame metadata is over-aligned: FRAME_METADATA_MAX_ALIGN is 64 bytes";
    assert!(message.contains(expected), "{message}");
}
