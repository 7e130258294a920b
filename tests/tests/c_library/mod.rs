//! The C library: its header is up to date, and programs in C and C++ that are built with it do what they should, linked
//! both ways, and under tools that see what C does not.

mod header;
mod programs;
