//! [`Bench`]: a data directory, and the binary to work on it with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A data directory that is gone when the test is.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    /// A file or folder beside the data.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the data is.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The only file in the folder of a partition whose name ends so.
    pub fn partition_file(&self, partition: &str, suffix: &str) -> PathBuf {
        let folder = self.data().join(partition);
        let mut names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| path.to_str().unwrap().ends_with(suffix)).unwrap()
    }

    /// The command, with the data directory behind the given arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidelog"));
        command.args(arguments).arg("--data-dir").arg(self.data()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command with something to read.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = piped(&mut self.command(arguments));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The command may end before it has read everything.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run::of(&output)
    }

    /// Runs a command that must succeed; returns its output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.out
    }

    /// Runs a command that must succeed with `--json`; returns what it printed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// Produces lines, which must succeed.
    pub fn produce(&self, topic: &str, lines: &[u8]) {
        let run = self.feed(&["produce", "--topic", topic], lines);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

impl Run {
    fn of(output: &Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Ended with `code` and an error that holds each of `texts`.
    pub fn fails(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is not in {self:?}");
        }
        assert!(self.err.contains("error: "), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
    }
}

/// Starts a command with all its streams in pipes.
pub fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Changes one byte of a file.
pub fn flip(path: &Path, position: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[position] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}
