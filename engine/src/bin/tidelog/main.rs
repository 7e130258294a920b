//! The command line of tidelog, one file per command.

fn main() {}
