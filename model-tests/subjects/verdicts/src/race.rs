//! Two writes to plain memory that nothing orders.

use facade::named::{Access, PlainCell};
use worker::Scenario;

struct Shared(PlainCell<u32>);

// SAFETY: none. The threads race, and an explorer reports it before they access
// the memory; nothing dereferences the pointers.
unsafe impl Sync for Shared {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Shared {}

pub(crate) fn scenario() -> Scenario {
    let start = || {
        let cell = PlainCell::uninit();
        let _pointer = cell.get(Access::Init, "shared");
        Shared(cell)
    };
    Scenario::on("race", start)
        .why("Two threads write, and nothing orders them.")
        .threads(2, |shared, _| {
            let _pointer = shared.0.get(Access::Write, "shared");
        })
        .into()
}
