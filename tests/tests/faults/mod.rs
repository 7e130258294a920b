//! What becomes of the engine when disks fail, fill up or lose power, processes die, and the system says no.

mod failing_disk;
mod rig;
