//! The pages that hold the slots.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;

use super::meta::MetaPageMeta;
use crate::platform::Platform;
use crate::segment::Segment;

/// The pages that hold the slots, with a handle to each that is never given up:
/// slots live for ever.
///
/// The segment can be looked at, and cloned like any other.
pub struct MetaPages<P: Platform>(ManuallyDrop<Segment<MetaPageMeta, P>>);

impl<P: Platform> MetaPages<P> {
    pub(super) fn keep(pages: Segment<MetaPageMeta, P>) -> Self {
        MetaPages(ManuallyDrop::new(pages))
    }
}

impl<P: Platform> Deref for MetaPages<P> {
    type Target = Segment<MetaPageMeta, P>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<P: Platform> fmt::Debug for MetaPages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetaPages").field(&*self.0).finish()
    }
}
