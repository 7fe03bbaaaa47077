//! The files under test, as they ship. Give the path of each in your tree, so that
//! none is a copy:
//!
//! ```text
//! #[path = "../../../kernel/src/sync/spin.rs"]
//! pub mod spin;
//! ```

pub mod spin_lock;
