//! What becomes of the engine when disks fail, fill up or lose power, processes die, and the system says no.

mod child;
mod confined;
mod corruption;
mod failing_disk;
mod forked_process;
mod full_disk;
mod killed_process;
mod lifecycle;
mod power_cut;
mod rig;
mod second_process;
