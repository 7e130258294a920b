//! The disks that may be found after a power cut of a block device: what a finished flush has covered is sure; of what was written
//! since, any subset is found, and of a write any of its sectors.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

use super::CHECKER;
use super::block_box::Access;
use super::real_file_system::{FileSystem, ReplayedDisk};
use super::survivors::{Cuts, Survivors};
use super::verdict::Verdict;
use crate::witness::evidence::{Evidence, Mark};
use crate::witness::victim;
use crate::witness::workload::Workload;

/// What is written whole or not at all.
const SECTOR: usize = 512;
/// Pieces of an image that are written only when something is in them.
const BLOCK: usize = 4096;

#[derive(Clone)]
struct Write {
    number: u64,
    at: usize,
    bytes: Bytes,
}

impl Write {
    /// Some sectors of it: those before or behind a place, or any.
    fn torn(&self, seed: u64) -> Vec<Write> {
        let mut random = fastrand::Rng::with_seed(seed);
        let sectors = self.bytes.len() / SECTOR;
        let (cut, way) = (random.usize(0..=sectors), random.u8(..3));
        let stays = |sector: usize, random: &mut fastrand::Rng| match way {
            0 => sector < cut,
            1 => sector >= cut,
            _ => random.bool(),
        };
        let kept = (0..sectors).filter(|sector| stays(*sector, &mut random)).collect::<Vec<_>>();
        let part = |sector: usize| Write {
            number: self.number,
            at: self.at + sector * SECTOR,
            bytes: self.bytes.slice(sector * SECTOR..(sector + 1) * SECTOR),
        };
        kept.into_iter().map(part).collect()
    }
}

/// The device at one moment of the recorded history.
struct Moment {
    durable: Vec<u8>,
    /// Blocks that are not all zero.
    filled: BTreeSet<usize>,
    pending: Vec<Write>,
    evidence: Evidence,
}

impl Moment {
    fn new(content: Vec<u8>) -> Moment {
        let is_filled =
            |block: &usize| content[block * BLOCK..(block + 1) * BLOCK].iter().any(|byte| *byte != 0);
        let filled = (0..content.len() / BLOCK).filter(is_filled).collect();
        Moment { durable: content, filled, pending: Vec::new(), evidence: Evidence::default() }
    }

    /// What is sure from now on.
    fn flush(&mut self, covers: u64) {
        let (sure, pending): (Vec<Write>, Vec<Write>) =
            self.pending.drain(..).partition(|write| write.number <= covers);
        self.pending = pending;
        for Write { at, bytes, .. } in sure {
            self.durable[at..at + bytes.len()].copy_from_slice(&bytes);
            self.filled.extend(at / BLOCK..(at + bytes.len()).div_ceil(BLOCK));
        }
    }

    /// Writes the image that these survivors make.
    fn write_to(&self, image: &File, survivors: &Survivors) -> io::Result<()> {
        image.set_len(0)?;
        image.set_len(self.durable.len() as u64)?;
        for (first, count) in runs(&self.filled) {
            let bytes = &self.durable[first * BLOCK..(first + count) * BLOCK];
            image.write_all_at(bytes, (first * BLOCK) as u64)?;
        }
        for (place, write) in self.pending.iter().enumerate() {
            let parts = match survivors.torn {
                Some((torn, seed)) if torn == place => write.torn(seed),
                _ if survivors.whole[place] => vec![write.clone()],
                _ => Vec::new(),
            };
            for part in parts {
                image.write_all_at(&part.bytes, part.at as u64)?;
            }
        }
        Ok(())
    }
}

/// Neighbouring numbers as first and count.
fn runs(numbers: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == *number => *count += 1,
            _ => runs.push((*number, 1)),
        }
    }
    runs
}

/// Cuts the power about `wanted` times, at every moment of the history from the first mark on, and checks what is found.
pub(super) fn replay(
    content: Vec<u8>,
    accesses: &[Access],
    file_system: FileSystem,
    workload: &Workload,
    wanted: usize,
) -> Verdict {
    let disk = ReplayedDisk::new(file_system, content.len() as u64).unwrap();
    let end = Access::Flush { covers: u64::MAX };
    let accesses: Vec<&Access> = accesses.iter().chain([&end]).collect();
    // Before it there is only what makes and mounts the file system.
    let first =
        accesses.iter().position(|access| matches!(access, Access::Note(Mark::Done(..)))).unwrap_or(0);
    let is_flush = |access: &&&Access| matches!(access, Access::Flush { .. });
    let moments = accesses[first..].iter().filter(is_flush).count();
    let (mut now, mut cuts) = (Moment::new(content), Cuts::new(wanted, moments));
    for (place, access) in accesses.into_iter().enumerate() {
        match access {
            Access::Note(mark) => now.evidence.add(*mark),
            Access::Write { number, at, bytes } => {
                now.pending.push(Write { number: *number, at: *at as usize, bytes: bytes.clone() });
            }
            Access::Flush { covers } => {
                if place >= first {
                    cuts.at_moment(now.pending.len(), |survivors| check(&now, &disk, survivors, workload));
                }
                now.flush(*covers);
            }
        }
    }
    cuts.finish(&now.evidence)
}

fn check(
    now: &Moment,
    disk: &ReplayedDisk,
    survivors: &Survivors,
    workload: &Workload,
) -> Result<(), String> {
    now.write_to(disk.image(), survivors).map_err(|error| format!("the image: {error}"))?;
    let mounted = disk.mount().map_err(|error| format!("cannot be mounted: {error}"))?;
    now.evidence.check(&mounted.path().join(victim::DATA), workload, CHECKER)
}
