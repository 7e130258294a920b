//! Processes that a test starts, kills and looks at: this test program itself, told by its environment what to be.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdout, Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{faults, server, witness};

/// Names the role; the directory to work in and what else it has to know stand beside it.
const ROLE: &str = "TIDELOG_TEST_ROLE";
const DIRECTORY: &str = "TIDELOG_TEST_DIRECTORY";
const ARGUMENT: &str = "TIDELOG_TEST_ARGUMENT";

/// Front of the lines that are meant for the parent: the test harness writes others.
const FRONT: &str = "said ";

/// A running child. Dropping it kills it.
pub(crate) struct Child {
    process: Process,
    lines: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program again in the role `role`.
    pub(crate) fn start(role: &str, directory: &Path) -> Child {
        Child::start_with(role, directory, "")
    }

    /// The same, and tells it `argument`.
    pub(crate) fn start_with(role: &str, directory: &Path, argument: &str) -> Child {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::a_child_plays_its_role", "--nocapture"])
            .env(ROLE, role)
            .env(DIRECTORY, directory)
            .env(ARGUMENT, argument)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Child { process, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line that the child said, whole; `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
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

    /// Waits for its end, which has to be a success.
    pub(crate) fn finish(mut self) {
        let last = std::iter::from_fn(|| self.hear()).last();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "the child ended with {status}, last said {last:?}");
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Runs a child in a directory of its own until its end, which has to be a success.
pub(crate) fn run(role: &str) {
    let directory = tempfile::tempdir().unwrap();
    Child::start(role, directory.path()).finish();
}

/// Allows this process, which ought to be a child, so many file descriptors.
pub(crate) fn allow_descriptors(count: u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).unwrap();
}

/// Opens as many files as can be.
pub(crate) fn take_descriptors(taken: &mut Vec<File>) {
    taken.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
}

/// Tells the parent something.
pub(crate) fn say(text: &str) {
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
    let argument = std::env::var(ARGUMENT).unwrap();
    match role.as_str() {
        "fork" => faults::forked_process::fork_while_working(directory),
        "no io_uring" => faults::confined::work_without_io_uring(directory),
        "little locked memory" => faults::confined::work_with_little_locked_memory(directory),
        "a history and few file descriptors" => {
            faults::confined::read_a_history_with_few_descriptors(directory);
        }
        "a server and few file descriptors" => server::descriptors::accept_with_few_descriptors(),
        "few file descriptors" => faults::confined::work_with_few_descriptors(directory),
        "many engines" => faults::lifecycle::start_and_stop_many(directory),
        "hold" => faults::second_process::hold_for_ever(directory),
        "hold and fork" => faults::second_process::hold_and_fork(directory),
        "serve" => witness::server::run(directory, &argument),
        "write down" => witness::victim::run(directory, &argument),
        other => panic!("no such role: {other}"),
    }
}
