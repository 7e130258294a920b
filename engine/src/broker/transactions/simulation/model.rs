//! [`Model`]: which values were written in which transaction, what its producer was told of its end, and so what readers
//! of committed records may, must and must not see.

use std::collections::{BTreeMap, BTreeSet};

use crate::broker::transaction::TransactionEnd;

/// What is known of a transaction.
#[derive(Debug, Default)]
struct Transaction {
    /// Values that were sent, by partition; true for those that were acknowledged.
    values: BTreeMap<String, bool>,
    /// The end that was asked for, and whether it was answered.
    end: Option<(TransactionEnd, bool)>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    transactions: Vec<Transaction>,
    /// What readers have seen of each partition.
    seen: BTreeMap<usize, Vec<String>>,
}

impl Model {
    pub(super) fn begin(&mut self) -> usize {
        self.transactions.push(Transaction::default());
        self.transactions.len() - 1
    }

    /// A value that says of itself whose it is.
    pub(super) fn send(&mut self, transaction: usize, slot: usize) -> String {
        let values = &mut self.transactions[transaction].values;
        let value = format!("{transaction}.{}.{slot}", values.len());
        values.insert(value.clone(), false);
        value
    }

    pub(super) fn acknowledge(&mut self, transaction: usize, value: &str) {
        *self.transactions[transaction].values.get_mut(value).unwrap() = true;
    }

    /// The end of a transaction is asked for.
    pub(super) fn ask(&mut self, transaction: usize, end: TransactionEnd) {
        self.transactions[transaction].end.get_or_insert((end, false));
    }

    /// It has ended as was asked.
    pub(super) fn answer(&mut self, transaction: usize) {
        if let Some((_, answered)) = &mut self.transactions[transaction].end {
            *answered = true;
        }
    }

    /// Transactions whose commit, and whose abort, was answered.
    pub(super) fn ended(&self) -> (usize, usize) {
        let count = |wanted| self.transactions.iter().filter(|one| one.end == Some((wanted, true))).count();
        (count(TransactionEnd::Commit), count(TransactionEnd::Abort))
    }

    /// Holds what a reader of committed records of a partition sees against what is known.
    pub(super) fn check(&mut self, slot: usize, seen: &[String]) {
        let before = self.seen.entry(slot).or_default();
        assert!(seen.starts_with(before), "partition {slot}: readers saw {before:?}, now {seen:?}");
        *before = seen.to_vec();
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "partition {slot}: something is there twice");
        for value in seen {
            let of = self.transaction_of(value);
            let commits = matches!(of.end, Some((TransactionEnd::Commit, _)));
            assert!(commits, "partition {slot}: {value} is seen, of {of:?}");
        }
    }

    /// When nothing is open any more, all of a transaction is seen or nothing, and all if its commit was answered.
    pub(super) fn check_all_or_nothing(&self, seen: &[String]) {
        let seen: BTreeSet<&String> = seen.iter().collect();
        for of in &self.transactions {
            let count = of.values.keys().filter(|value| seen.contains(value)).count();
            let is_committed = of.end == Some((TransactionEnd::Commit, true));
            let is_whole = count == of.values.len();
            assert!(is_whole || count == 0 && !is_committed, "{count} are seen of {of:?}");
        }
    }

    fn transaction_of(&self, value: &str) -> &Transaction {
        let number: usize = value.split('.').next().unwrap().parse().unwrap();
        &self.transactions[number]
    }
}
