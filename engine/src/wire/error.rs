//! [`DecodeError`]: what is wrong with a request, and where.

use std::fmt;

/// Bytes that are not the message they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    /// Names of the fields around the bad bytes, the innermost first.
    path: Vec<&'static str>,
    message: Option<(&'static str, i16)>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The message ends too early.
    #[error("needs {needed} bytes, {left} are left")]
    Truncated {
        /// Bytes the field has by its own account.
        needed: u64,
        /// Bytes that are there.
        left: usize,
    },
    /// A length below zero where there is no null.
    #[error("has the length {0}; null is not allowed here")]
    Length(i64),
    /// A variable-length integer that does not end.
    #[error("is not a variable-length integer of at most five bytes")]
    Varint,
    /// Bytes that are no text.
    #[error("is not UTF-8")]
    Utf8,
    /// A mark of an optional structure that is neither -1 nor 1.
    #[error("is marked with {0}; -1 (null) and 1 are allowed")]
    Presence(i8),
    /// A tagged field with another size than it says.
    #[error("has {size} bytes by its tag and {read} by its content")]
    Tag {
        /// What the tag says.
        size: usize,
        /// What the content is.
        read: usize,
    },
}

impl DecodeError {
    pub(super) fn new(problem: Problem) -> DecodeError {
        DecodeError(Box::new(Inner { problem, path: Vec::new(), message: None }))
    }

    /// Says which field it was; called from the inside to the outside.
    pub(super) fn at(mut self, field: &'static str) -> DecodeError {
        self.0.path.push(field);
        self
    }

    /// Says which message of which version it was.
    pub(super) fn of(mut self, message: &'static str, version: i16) -> DecodeError {
        self.0.message = Some((message, version));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((message, version)) = self.0.message {
            write!(f, "{message} version {version}: ")?;
        }
        for (place, field) in self.0.path.iter().rev().enumerate() {
            write!(f, "{}{field}", if place == 0 { "" } else { "." })?;
        }
        write!(f, "{}{}", if self.0.path.is_empty() { "it " } else { " " }, self.0.problem)
    }
}
