//! What becomes of the engine when disks fail or fill up, processes die, and the system says no.

pub(crate) mod confined;
mod corruption;
mod failing_disk;
pub(crate) mod forked_process;
mod full_disk;
mod hostile_names;
mod killed_process;
pub(crate) mod lifecycle;
pub(crate) mod second_process;
mod slow_disk;
