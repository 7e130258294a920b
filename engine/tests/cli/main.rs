//! The command line end to end: the built binary is run as a user runs it, on directories of its own.

mod bench;
mod check;
mod console;
mod dump;
mod groups;
mod topics;
