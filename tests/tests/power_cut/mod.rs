//! What is left when the power goes at any moment: all that was acknowledged, and nothing that was never sent.
//!
//! Three disks lose their power: the simulated one (`simulated.rs`), and under a process of its own (`witness/victim.rs`) a file system
//! that promises only what POSIX does (`posix_*.rs`) and a real file system on a block device (`block_*.rs`). The latter
//! two are ours, by FUSE, and record what is done to them; a replay makes of each moment the disks that may be found
//! (`survivors.rs`), opens an engine there and holds it against what the victim had noted down (`witness/evidence.rs`).

#![allow(
    clippy::cast_possible_truncation,
    reason = "sizes and positions of small disks, on machines with 64 bits"
)]

mod block_box;
mod block_device;
mod block_replay;
mod fuse;
mod posix_box;
mod posix_replay;
mod posix_tree;
mod real_file_system;
mod simulated;
mod strict_posix;
mod survivors;
mod verdict;

use std::path::Path;

use tempfile::TempDir;

/// The producer that writes on where the power went: no victim has it.
const CHECKER: u64 = 1000;

/// Memory, if there is some with names: thousands of disks are written.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Whether a file system of ours can be mounted here; says so when not.
fn can_mount() -> bool {
    let can = Path::new("/dev/fuse").exists() && rustix::process::getuid().is_root();
    if !can {
        println!("skipped: needs root and /dev/fuse");
    }
    can
}
