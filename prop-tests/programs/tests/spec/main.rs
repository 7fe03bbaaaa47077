//! The specification against outcome sets derived by hand and against a naive
//! search, and on weak memory.

mod by_hand;
mod machine;
mod naive;
mod text;
mod weak;
