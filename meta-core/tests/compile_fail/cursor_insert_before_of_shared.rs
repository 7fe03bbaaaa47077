//! A list that is changed or walked through a shared reference to a cursor: `insert_before`.

use meta_core::{AnyFrameMeta, CursorMut, Link, Platform, UniqueFrame};

fn change<M: AnyFrameMeta, P: Platform>(
    cursor: &CursorMut<'_, M, P>,
    frame: UniqueFrame<Link<M>, P>,
) {
    let _ = cursor.insert_before(frame); //~ E0596
}

fn main() {}
