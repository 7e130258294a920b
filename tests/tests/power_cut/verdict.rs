//! What a number of power cuts have left.

/// Failures that are told in full.
const TOLD: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Disks that were looked at.
    pub(super) images: usize,
    /// Of them, those on which something was lost, wrong, or refused.
    pub(super) bad: usize,
    /// The first of those.
    pub(super) failures: Vec<String>,
    /// What the victim had noted by the end.
    pub(super) marks: usize,
    pub(super) acknowledged: usize,
}

impl Verdict {
    pub(super) fn add(&mut self, found: Result<(), String>) {
        self.images += 1;
        if let Err(failure) = found {
            self.bad += 1;
            if self.failures.len() < TOLD {
                self.failures.push(failure);
            }
        }
    }

    /// Prints the figures, and fails when one disk was bad.
    pub(super) fn expect_good(&self, of: &str) {
        println!(
            "{of}: {} disks, {} bad; {} marks, {} acknowledged",
            self.images, self.bad, self.marks, self.acknowledged
        );
        assert!(self.images > 0 && self.acknowledged > 0, "{of}: nothing was tested");
        assert!(self.bad == 0, "{of}: {} of {} disks: {:#?}", self.bad, self.images, self.failures);
    }

    /// Fails when no disk was bad.
    pub(super) fn expect_bad(&self, of: &str) {
        println!(
            "{of}: {} disks, {} bad of {} acknowledged: {:?}",
            self.images,
            self.bad,
            self.acknowledged,
            self.failures.first()
        );
        assert!(self.bad > 0, "{of}: not noticed on {} disks", self.images);
    }
}
