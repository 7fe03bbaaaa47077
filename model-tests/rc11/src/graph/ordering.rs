//! Orderings in saved graphs, by their names.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

const NAMES: [(Ordering, &str); 5] = [
    (Ordering::Relaxed, "Relaxed"),
    (Ordering::Acquire, "Acquire"),
    (Ordering::Release, "Release"),
    (Ordering::AcqRel, "AcqRel"),
    (Ordering::SeqCst, "SeqCst"),
];

pub(super) fn serialize<S: Serializer>(order: &Ordering, to: S) -> Result<S::Ok, S::Error> {
    let known = NAMES.iter().find(|(known, _)| known == order);
    to.serialize_str(known.map_or("Relaxed", |(_, name)| name))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ordering, D::Error> {
    let name = Cow::<'_, str>::deserialize(from)?;
    NAMES
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(order, _)| *order)
        .ok_or_else(|| D::Error::custom(format!("`{name}` is no ordering")))
}
