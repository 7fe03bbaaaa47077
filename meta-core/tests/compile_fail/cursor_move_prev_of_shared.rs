//! A list that is changed or walked through a shared reference to a cursor: `move_prev`.

use meta_core::{AnyFrameMeta, CursorMut, Platform};

fn change<M: AnyFrameMeta, P: Platform>(cursor: &CursorMut<'_, M, P>) {
    let _ = cursor.move_prev(); //~ E0596
}

fn main() {}
