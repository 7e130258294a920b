//! A process that works with an engine and writes down what it is promised, and the check of what is found afterwards.

pub(crate) mod careless;
pub(crate) mod evidence;
pub(crate) mod sent;
pub(crate) mod server;
pub(crate) mod victim;
pub(crate) mod workload;
