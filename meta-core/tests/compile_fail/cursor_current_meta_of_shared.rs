//! A list that is changed or walked through a shared reference to a cursor: `current_meta`.

use meta_core::{AnyFrameMeta, CursorMut, Platform};

fn change<M: AnyFrameMeta, P: Platform>(cursor: &CursorMut<'_, M, P>) {
    let _ = cursor.current_meta(); //~ E0596
}

fn main() {}
