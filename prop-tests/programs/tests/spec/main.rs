//! The specification against outcome sets derived by hand and against a naive
//! search, on weak memory too, and the comparison of outcomes.

mod by_hand;
mod compare;
mod machine;
mod naive;
mod text;
mod weak;
