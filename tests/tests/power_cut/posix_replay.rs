//! The strict reading of POSIX: the trees of files that may be found after a power cut.
//!
//! What was written to a file is sure once that file has been flushed, a name once its directory has been; until then any
//! subset of it is found, and of a write any part.

use std::path::Path;

use super::posix_tree::{Operation, Tree};
use super::survivors::{Cuts, Survivors};
use super::verdict::Verdict;
use super::{CHECKER, scratch};
use crate::witness::evidence::Evidence;
use crate::witness::victim;
use crate::witness::workload::Workload;

/// An operation that need not have reached the disk, or stands behind one of those.
struct Pending {
    operation: Operation,
    /// It has.
    is_sure: bool,
    /// No later flush will make it sure: the one that had to has failed.
    is_given_up: bool,
}

/// The disk at one moment of the recorded history.
struct Moment {
    /// What every power cut leaves.
    durable: Tree,
    pending: Vec<Pending>,
    evidence: Evidence,
}

impl Moment {
    /// Counts what may be lost.
    fn unsure(&self) -> usize {
        self.pending.iter().filter(|pending| !pending.is_sure).count()
    }

    /// The tree that these survivors make.
    fn tree(&self, survivors: &Survivors) -> Tree {
        let mut tree = self.durable.clone();
        let mut number = 0;
        for pending in &self.pending {
            if pending.is_sure {
                tree.apply(&pending.operation);
                continue;
            }
            match survivors.torn {
                Some((torn, seed)) if torn == number => {
                    pending.operation.torn(seed).iter().for_each(|part| tree.apply(part));
                }
                _ if survivors.whole[number] => tree.apply(&pending.operation),
                _ => {}
            }
            number += 1;
        }
        tree
    }

    /// Takes in the next operation of the history.
    fn advance(&mut self, operation: &Operation) {
        match operation {
            Operation::Note(mark) => self.evidence.add(*mark),
            Operation::Sync { number } | Operation::SyncNames { number } => {
                for pending in &mut self.pending {
                    pending.is_sure |= !pending.is_given_up && pending.operation.changes().contains(number);
                }
                self.settle();
            }
            Operation::FailedSync { number } => {
                for pending in &mut self.pending {
                    pending.is_given_up |= pending.operation.changes() == [*number];
                }
            }
            operation => {
                let is_sure = matches!(operation, Operation::Write { synced: true, .. });
                let operation = operation.clone();
                self.pending.push(Pending { operation, is_sure, is_given_up: false });
                if is_sure {
                    self.settle();
                }
            }
        }
    }

    /// Moves what is sure, and does not stand behind something unsure, to where it is durable.
    fn settle(&mut self) {
        let mut behind = Vec::new();
        let durable = &mut self.durable;
        self.pending.retain(|pending| {
            let changes = pending.operation.changes();
            let stays = !pending.is_sure || changes.iter().any(|number| behind.contains(number));
            if stays {
                behind.extend(changes);
            } else {
                durable.apply(&pending.operation);
            }
            stays
        });
    }
}

/// Whether the power is cut before this operation: it changes what is sure.
fn is_moment(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Sync { .. } | Operation::SyncNames { .. } | Operation::Write { synced: true, .. }
    )
}

/// Cuts the power about `wanted` times, at every moment of the history, and checks what is found.
pub(super) fn replay(operations: &[Operation], workload: &Workload, wanted: usize) -> Verdict {
    // The last moment is the end.
    let end = Operation::Sync { number: 0 };
    let operations: Vec<&Operation> = operations.iter().chain([&end]).collect();
    let moments = operations.iter().filter(|operation| is_moment(operation)).count();
    let mut cuts = Cuts::new(wanted, moments);
    let mut now = Moment { durable: Tree::new(), pending: Vec::new(), evidence: Evidence::default() };
    for operation in operations {
        if is_moment(operation) {
            // It may have reached the disk, and nobody knows yet.
            if let Operation::Write { .. } = operation {
                let operation = operation.clone();
                now.pending.push(Pending { operation, is_sure: false, is_given_up: false });
            }
            cuts.at_moment(now.unsure(), |survivors| {
                let place = scratch();
                now.tree(survivors).write_to(place.path()).unwrap();
                check(place.path(), &now.evidence, workload)
            });
            if let Operation::Write { .. } = operation {
                now.pending.pop();
            }
        }
        now.advance(operation);
    }
    cuts.finish(&now.evidence)
}

fn check(place: &Path, evidence: &Evidence, workload: &Workload) -> Result<(), String> {
    // As an operator would who finds nothing there.
    let root = place.join(victim::DATA);
    std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
    evidence.check(&root, workload, CHECKER)
}
