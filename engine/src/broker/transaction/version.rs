//! [`TransactionVersion`]: how a client ends its transactions.

/// How a client ends its transactions (KIP-890; Kafka: the feature `transaction.version`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionVersion {
    /// A producer keeps its epoch until another one takes its id. It adds partitions before it writes to them.
    #[default]
    V0,
    /// A producer gets an epoch for each transaction, so that nothing that was long on its way can become part of a later
    /// one. Partitions are added by what is written to them.
    V2,
}

impl TransactionVersion {
    /// The name of Kafka's feature.
    pub const FEATURE: &str = "transaction.version";
    /// The newest that is served.
    pub const NEWEST: TransactionVersion = TransactionVersion::V2;

    /// Kafka's number of it.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            TransactionVersion::V0 => 0,
            TransactionVersion::V2 => 2,
        }
    }

    /// The version of this number. Kafka's 1 is about the records of the coordinator: clients do as with 0.
    #[must_use]
    pub const fn from_number(number: i16) -> TransactionVersion {
        if number >= 2 { TransactionVersion::V2 } else { TransactionVersion::V0 }
    }
}
