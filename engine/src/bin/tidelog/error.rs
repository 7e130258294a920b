//! [`CliError`]: why a command ends, and with which exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tidelog::client::KafkaError;
use tidelog::client::consumer::CallError;
use tidelog::error_code::ErrorCode;
use tidelog::io::LockError;
use tidelog::log::DataDirectoryError;
use tidelog::log::inspection::InspectError;
use tidelog::record::BatchError;

use crate::interrupt::INTERRUPTED;

/// What a command ends with: the exit code, or why there is none of its own.
pub(crate) type Outcome = Result<ExitCode, CliError>;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The engine refused.
    #[error("{}", .0.reason())]
    Engine(#[from] KafkaError),
    /// The engine refused something about one thing.
    #[error("{what}: {}", plain_reason(source))]
    Item {
        /// What it was about, such as `topic orders`.
        what: String,
        /// The engine's reason.
        source: KafkaError,
    },
    /// There is nothing to work on.
    #[error("{} is no tidelog data directory: --data-dir names another, `topics create` and `produce` make one", .0.display())]
    NoDirectory(PathBuf),
    /// Clients name their engine in text.
    #[error("the name of the data directory is not UTF-8: {}", .0.display())]
    DirectoryName(PathBuf),
    /// A file cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A partition could not be repaired.
    #[error("{0}")]
    Repair(String),
    /// Another process works on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file at the root of a data directory cannot be used.
    #[error(transparent)]
    Root(#[from] DataDirectoryError),
    /// A file of a log cannot be looked into.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// A line of standard input that is no record.
    #[error("line {number}: {reason}")]
    Line {
        /// Its number, from 1.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A line that is larger than a record may be.
    #[error("{input}: line {number} has more than {size_max} bytes, which is message.max.bytes")]
    LineTooLong {
        /// Where it is.
        input: String,
        /// Its number, from 1.
        number: u64,
        /// Bytes that it may have.
        size_max: usize,
    },
    /// The user does not want to wait for the end.
    #[error("interrupted")]
    Interrupted,
    /// A server refused something, or cannot be reached.
    #[error("{0}")]
    #[cfg(feature = "librdkafka")]
    Remote(String),
    /// What is measured stands still, or cannot be started.
    #[error("cannot be measured: {0}")]
    Measure(String),
    /// What arrived is not what was sent.
    #[error("not proven: {0}")]
    NotProven(String),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Ctrl-C cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(#[source] io::Error),
    /// Nobody reads the output any more, or it cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// The arguments cannot be what was meant; found later than the parser could.
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// For `map_err`: the engine's reason, with what it is about.
    pub(crate) fn about(what: impl Into<String>) -> impl FnOnce(KafkaError) -> CliError {
        move |source| CliError::Item { what: what.into(), source }
    }

    /// For `map_err`: the operating system's reason, with the file.
    pub(crate) fn of_file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> CliError {
        move |source| CliError::File { path: path.into(), source }
    }

    fn print(&self, exit_code: u8) -> ExitCode {
        eprintln!("error: {self}");
        ExitCode::from(exit_code)
    }

    /// Tells the user and says which exit code that makes. A reader of the output that has gone away, such as `head`,
    /// has what it wanted.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            CliError::Usage(_) => self.print(2),
            CliError::Interrupted => self.print(INTERRUPTED),
            _ => self.print(1),
        }
    }
}

/// For `map_err`: why a call of a consumer failed. These commands close theirs last, so that it is never because of that.
pub(crate) fn of_consumer(error: CallError) -> KafkaError {
    match error {
        CallError::Kafka(error) => error,
        CallError::Closed => KafkaError::new(ErrorCode::LocalDestroy),
    }
}

/// For `map_err`: why what was fetched cannot be read.
pub(crate) fn of_batch(error: BatchError) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalBadMsg, error.to_string())
}

/// The engine's text, or a plainer one where Kafka's speaks to programs.
fn plain_reason(error: &KafkaError) -> &str {
    match error.code() {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::GroupIdNotFound => "does not exist",
        _ => error.reason(),
    }
}
