//! Whether an event may stand where coherence lets it: the rule of `SeqCst`
//! judges it, and it is taken back.

use super::Graph;
use super::event::{EventId, Kind, ThreadId};

impl Graph {
    /// Whether the graph stays consistent when `thread` makes a read.
    ///
    /// The write of a read-modify-write makes no cycle that its read does not: it comes
    /// before the same writes, and what comes before it by modification order, or
    /// because it reads from an older write, comes before these writes as well.
    pub(crate) fn allows_read(&mut self, thread: ThreadId, read: Kind) -> bool {
        self.push(thread, read);
        let allowed = self.is_seq_cst_consistent();
        self.pop();
        allowed
    }

    /// Puts a write into modification order, if the graph stays consistent.
    pub(crate) fn try_place(&mut self, write: EventId, position: usize) -> bool {
        self.place(write, position);
        let consistent = self.is_seq_cst_consistent();
        if !consistent {
            let location = self.event(write).kind.location();
            let location = location.expect("a write has a location");
            self.locations[location].modification_order.remove(position);
        }
        consistent
    }
}
