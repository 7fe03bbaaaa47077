//! Values that have to be dropped, once.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::world::{Fault, FaultKind};

/// A value that has to be dropped before the execution ends, and once. Put it
/// where what is tested keeps its data: a [leak](FaultKind::Leak) and a
/// [double drop](FaultKind::DoubleDrop) are noticed then.
#[derive(Debug)]
pub struct Live {
    of: Arc<Mutex<Lives>>,
    number: usize,
}

/// How often each value of an execution was dropped.
#[derive(Debug, Default)]
pub(super) struct Lives(Vec<(Cow<'static, str>, u32)>);

// Explorers run all threads on one OS thread, and several explorations may run
// side by side in a process; real threads take turns.
#[cfg(model)]
std::thread_local! {
    static NOW: Mutex<Arc<Mutex<Lives>>> = Mutex::default();
}

#[cfg(not(model))]
static NOW: std::sync::LazyLock<Mutex<Arc<Mutex<Lives>>>> =
    std::sync::LazyLock::new(Mutex::default);

/// Those of the execution under way.
fn now<R>(look: impl FnOnce(&mut Arc<Mutex<Lives>>) -> R) -> R {
    #[cfg(model)]
    return NOW.with(|now| look(&mut lock(now)));
    #[cfg(not(model))]
    look(&mut lock(&NOW))
}

impl Live {
    /// A value of this name.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let of = now(|now| now.clone());
        let mut lives = lock(&of);
        lives.0.push((name.into(), 0));
        let number = lives.0.len() - 1;
        drop(lives);
        Live { of, number }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        lock(&self.of).0[self.number].1 += 1;
    }
}

/// An execution begins: what those before it left behind is no longer looked at.
pub(super) fn begin() {
    now(|now| *now = Arc::default());
}

/// The first value of this execution that was not dropped, or twice.
pub(super) fn fault() -> Option<Fault> {
    let lives = now(|now| now.clone());
    let lives = lock(&lives);
    let (name, drops) = lives.0.iter().find(|(_, drops)| *drops != 1)?;
    let (kind, what) = match drops {
        0 => (FaultKind::Leak, format!("`{name}` was never dropped")),
        _ => (FaultKind::DoubleDrop, format!("`{name}` was dropped twice")),
    };
    Some(Fault {
        kind,
        slot: None,
        what: what.into(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
