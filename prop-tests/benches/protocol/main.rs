//! How long the operations of the protocol take, in the build that ships; a
//! model build measures nothing.

#[cfg(not(model))]
mod peers;

#[cfg(not(model))]
criterion::criterion_main!(peers::benches);

#[cfg(model)]
fn main() {}
