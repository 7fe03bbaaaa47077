//! The audit: is every ordering needed, and is none missing?

pub mod joint;
pub mod oracle;
pub mod recorded;
mod rows;
pub mod table;
pub mod variants;

pub use rows::{AuditRow, RowVerdict, mend, rows};
