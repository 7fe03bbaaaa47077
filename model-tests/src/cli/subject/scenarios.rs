//! What threads do with the files, and what may come of it.

use worker::Scenario;

use crate::files::spin_lock::SpinLock;

/// Each is explored by its name: `framecheck explore --subject PATH spin-lock`.
pub fn all() -> Vec<Scenario> {
    vec![spin_lock()]
}

fn spin_lock() -> Scenario {
    // Made anew in each execution, and dropped when all threads are done.
    Scenario::on("spin-lock", || SpinLock::new(0))
        .why("Two threads add one each under the lock: neither addition is lost.")
        .threads(2, |number, thread| {
            let mut number = number.lock();
            *number += 1;
            // What threads `say` is the outcome.
            thread.say(*number);
        })
        .end(|number, end| end.say(*number.lock()))
        // Without this line all outcomes are allowed, and are listed.
        .allowed(&["1 | 2 => 2", "2 | 1 => 2"])
        .into()
}
