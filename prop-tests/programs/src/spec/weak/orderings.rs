//! The orderings of the protocol: the specification's own copy.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// The ordering of each atomic access of the specification. Fields are named as the
/// protocol names its accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the protocol says what each access is")]
pub struct Orderings {
    pub claim: Ordering,
    pub claim_fail: Ordering,
    pub publish_shared: Ordering,
    pub publish_unique: Ordering,
    pub probe: Ordering,
    pub acquire_ref: Ordering,
    pub acquire_ref_fail: Ordering,
    pub inc: Ordering,
    pub dec: Ordering,
    pub last_fence: Ordering,
    pub retire: Ordering,
    pub unique_reset: Ordering,
    pub reset_store: Ordering,
    pub share: Ordering,
    pub try_unique: Ordering,
    pub try_unique_fail: Ordering,
    pub count: Ordering,
}

impl Orderings {
    /// Those of the protocol.
    pub const PROTOCOL: Self = Self {
        claim: Acquire,
        claim_fail: Relaxed,
        publish_shared: Release,
        publish_unique: Relaxed,
        probe: Relaxed,
        acquire_ref: Acquire,
        acquire_ref_fail: Relaxed,
        inc: Relaxed,
        dec: Release,
        last_fence: Acquire,
        retire: Release,
        unique_reset: Relaxed,
        reset_store: Relaxed,
        share: Release,
        try_unique: Acquire,
        try_unique_fail: Relaxed,
        count: Relaxed,
    };
}
