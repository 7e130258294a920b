//! Processes that a test starts, kills and looks at: this test program itself, told by its environment what to be.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdout, Command, Stdio};

/// Names the role; the directory to work in stands beside it.
const ROLE: &str = "TIDELOG_TEST_ROLE";
const DIRECTORY: &str = "TIDELOG_TEST_DIRECTORY";

/// Front of the lines that are meant for the parent: the test harness writes others.
const FRONT: &str = "said ";

/// A running child. Dropping it kills it.
pub(super) struct Child {
    process: Process,
    lines: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program again in the role `role`.
    pub(super) fn start(role: &str, directory: &Path) -> Child {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::child::a_child_plays_its_role", "--nocapture"])
            .env(ROLE, role)
            .env(DIRECTORY, directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Child { process, lines }
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line that the child said, whole; `None` when it has ended.
    pub(super) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            // The harness does not end its own line before the first of ours.
            if let Some((_, said)) = line.split_once(FRONT) {
                return Some(said.trim_end().to_owned());
            }
        }
    }

    /// `kill -9`, then what the child had said before.
    pub(super) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Tells the parent something.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{FRONT}{text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: what a [`Child`] runs.
#[test]
fn a_child_plays_its_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let directory = std::env::var(DIRECTORY).unwrap();
    let directory = Path::new(&directory);
    match role.as_str() {
        "produce" => super::killed_process::produce_for_ever(directory),
        "fork" => super::forked_process::fork_while_working(directory),
        "no io_uring" => super::confined::work_without_io_uring(directory),
        "little locked memory" => super::confined::work_with_little_locked_memory(directory),
        "many engines" => super::lifecycle::start_and_stop_many(directory),
        "hold" => super::second_process::hold_for_ever(directory),
        other => panic!("no such role: {other}"),
    }
}
