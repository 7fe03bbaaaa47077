//! A list that is changed or walked through a shared reference to a cursor: `take_current`.

use meta_core::{AnyFrameMeta, CursorMut, Platform};

fn change<M: AnyFrameMeta, P: Platform>(cursor: &CursorMut<'_, M, P>) {
    let _ = cursor.take_current(); //~ E0596
}

fn main() {}
