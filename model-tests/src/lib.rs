//! Engines that explore programs, and their verdicts.
