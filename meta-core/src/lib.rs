//! The frame-metadata protocol.
