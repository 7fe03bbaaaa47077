//! Whether an event may stand where coherence lets it: the rule of `SeqCst`
//! judges it, and it is taken back.

use super::Graph;
use super::event::{EventId, Kind, ThreadId};

impl Graph {
    /// Whether the graph stays consistent when `thread` makes a read, and right
    /// after it the write of the same read-modify-write.
    pub(crate) fn allows_read(
        &mut self,
        thread: ThreadId,
        read: Kind,
        write: Option<Kind>,
    ) -> bool {
        self.push(thread, read);
        let mut allowed = self.is_seq_cst_consistent();
        if allowed && let Some(write) = write {
            let write = self.push(thread, write);
            let place = self.places(write).next();
            allowed = place.is_some_and(|place| self.try_place(write, place));
            if allowed {
                self.take_out(write);
            }
            self.pop();
        }
        self.pop();
        allowed
    }

    /// Puts a write into modification order, if the graph stays consistent.
    pub(crate) fn try_place(&mut self, write: EventId, position: usize) -> bool {
        self.place(write, position);
        let consistent = self.is_seq_cst_consistent();
        if !consistent {
            self.take_out(write);
        }
        consistent
    }

    /// Takes a write out of modification order.
    fn take_out(&mut self, write: EventId) {
        let location = self.event(write).kind.location();
        let location = location.expect("a write has a location");
        self.locations[location]
            .modification_order
            .retain(|&other| other != write);
    }
}
