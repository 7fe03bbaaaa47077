//! Nights: random programs under shuttle's random schedulers, for as long as
//! there is time.

mod draw;
pub mod planted;
mod summary;

pub use draw::{Batch, Draw, Family};
pub use summary::Summary;
