//! Programs that are not ours: whether they are there, and running them with an end to their time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tidelog_tests::repository::root;

/// Longest time that one program may take; a loaded machine is slow.
const TIME_MAX: Duration = Duration::from_secs(240);

/// Whether a program can be run. Says so when it cannot, and that a test is skipped for it.
pub(crate) fn is_there(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").output();
    let asked = asked.or_else(|_| Command::new(program).arg("version").output());
    if let Err(error) = &asked {
        eprintln!("skipped: {program} is not on this machine ({error})");
    }
    asked.is_ok()
}

/// Where the sources of the client programs are.
pub(crate) fn sources(language: &str) -> PathBuf {
    root().join("tests/clients").join(language)
}

/// Where what they need is installed; kept from run to run.
pub(crate) fn installed(language: &str) -> PathBuf {
    let folder = root().join("target/clients").join(language);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a program to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Output {
    run_with_input(command, "")
}

/// The same for programs that take their time, such as compilers.
pub(crate) fn run_for(time_max: Duration, command: &mut Command) -> Output {
    run_to_end(time_max, command, "")
}

/// The same with text for its standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Output {
    run_to_end(TIME_MAX, command, input)
}

fn run_to_end(time_max: Duration, command: &mut Command, input: &str) -> Output {
    let mut child = Running::start(command);
    std::io::Write::write_all(&mut child.0.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.finish(time_max);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}\n{out}\n{err}", output.status);
    output
}

/// A program that runs. It is killed when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// One whose words go to a file, for those that say much and that nobody listens to.
    pub(crate) fn start_quietly(command: &mut Command, said: &Path) -> Running {
        let file = std::fs::File::create(said).unwrap();
        let quiet = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Running(quiet.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Waits for its end, reading what it says.
    fn finish(mut self, time_max: Duration) -> Output {
        let (mut out, mut err) = (self.0.stdout.take().unwrap(), self.0.stderr.take().unwrap());
        let read_out = std::thread::spawn(move || read(&mut out));
        let read_err = std::thread::spawn(move || read(&mut err));
        let start = Instant::now();
        let status = loop {
            match self.0.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() > time_max => {
                    self.0.kill().unwrap();
                    break self.0.wait().unwrap();
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        Output { status, stdout: read_out.join().unwrap(), stderr: read_err.join().unwrap() }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read(from: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}

/// What a program has said on its standard output.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs `install` unless what it installs is there for this content of `manifest`.
pub(crate) fn install_once(language: &str, manifest: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = installed(language);
    let (mark, wanted) = (folder.join("installed"), std::fs::read(manifest).unwrap());
    if std::fs::read(&mark).ok().as_ref() != Some(&wanted) {
        install(&folder);
        std::fs::write(mark, wanted).unwrap();
    }
    folder
}
