//! Programs in C and C++, under `tests/c`: one per theme, and the examples.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::time::Duration;

use tidelog_tests::repository::{root, text as text_of};

use crate::programs::{installed, is_there, run, run_for, run_with_input, text};

/// Longest time that building the library, or one program under a tool that slows it down, may take.
const TIME_MAX: Duration = Duration::from_secs(600);

/// What everything is compiled with.
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Programs that test one theme each, on engines in memory.
const THEMES: [&str; 10] = [
    "settings",
    "producing",
    "consuming",
    "failing",
    "partitions",
    "transactions",
    "queues",
    "administering",
    "misusing",
    "engines",
];

/// On disk: under valgrind the ring's operations on files never end.
const ON_DISK: &str = "directories";

/// Where the library is installed, as a user installs it; kept from run to run.
struct Installed {
    prefix: PathBuf,
}

static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
    let prefix = installed("c");
    let mut install = Command::new(root().join("ffi/install"));
    run_for(TIME_MAX, install.arg(&prefix).arg("dev"));
    Installed { prefix }
});

/// How a program gets the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Linked {
    Shared,
    Static,
}

impl Installed {
    fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    /// What pkg-config says that a program needs.
    fn flags(&self, linked: Linked) -> Vec<String> {
        let mut asked = Command::new("pkg-config");
        asked.env("PKG_CONFIG_PATH", self.lib().join("pkgconfig")).args(["--cflags", "--libs"]);
        if linked == Linked::Static {
            asked.arg("--static");
        }
        let flags = text(&run(asked.arg("tidelog")));
        // The archive by its name: `-l` would take the shared library beside it.
        let archive = self.lib().join("libtidelog.a").display().to_string();
        let named = |flag: &str| match (linked, flag) {
            (Linked::Static, "-ltidelog") => archive.clone(),
            (_, flag) => flag.to_owned(),
        };
        flags.split_whitespace().map(named).collect()
    }

    /// Compiles a program of `tests/c`, once: another test may be running it.
    fn compile(&self, compiler: &str, source: &str, linked: Linked, more: &[&str]) -> PathBuf {
        static COMPILED: LazyLock<Mutex<HashMap<PathBuf, Arc<Once>>>> = LazyLock::new(Mutex::default);
        let program = self.prefix.join(format!("{source}-{linked:?}{}", more.concat().replace('/', "_")));
        let once = Arc::clone(
            COMPILED.lock().unwrap().entry(program.clone()).or_insert_with(|| Arc::new(Once::new())),
        );
        once.call_once(|| self.compile_to(&program, compiler, source, linked, more));
        program
    }

    fn compile_to(&self, program: &Path, compiler: &str, source: &str, linked: Linked, more: &[&str]) {
        let mut command = Command::new(compiler);
        command.args(WARNINGS).args(more).args(["-g", "-O1", "-pthread", "-o"]).arg(program);
        command.arg(root().join("tests/c").join(source)).args(self.flags(linked));
        run_for(TIME_MAX, &mut command);
    }

    /// The program, ready to find the library.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", self.lib());
        command
    }
}

fn can_compile() -> bool {
    ["gcc", "g++", "pkg-config"].into_iter().all(is_there)
}

#[test]
fn every_theme_holds_with_the_shared_library_and_with_the_archive() {
    if !can_compile() {
        return;
    }
    for theme in THEMES.into_iter().chain([ON_DISK]) {
        for linked in [Linked::Shared, Linked::Static] {
            let program = INSTALLED.compile("gcc", &format!("{theme}.c"), linked, &["-std=gnu99"]);
            run_for(TIME_MAX, &mut INSTALLED.command(&program));
        }
    }
}

#[test]
fn the_header_is_c99_and_cpp17() {
    if !can_compile() {
        return;
    }
    let program = INSTALLED.compile("gcc", "strict.c", Linked::Shared, &["-std=c99"]);
    run(&mut INSTALLED.command(&program));
    for linked in [Linked::Shared, Linked::Static] {
        let program = INSTALLED.compile("g++", "strict.cpp", linked, &["-std=c++17"]);
        run(&mut INSTALLED.command(&program));
    }
}

#[test]
fn four_threads_produce_while_two_groups_read() {
    if !can_compile() {
        return;
    }
    let program = INSTALLED.compile("gcc", "threads.c", Linked::Shared, &["-std=gnu99"]);
    let directory = tempfile::tempdir().unwrap();
    for engine in ["tidelog::memory:threads".to_owned(), format!("tidelog:{}", directory.path().display())] {
        run_for(TIME_MAX, INSTALLED.command(&program).arg(engine));
    }
}

#[test]
fn the_examples_do_what_they_say() {
    if !can_compile() {
        return;
    }
    let compile = |name| INSTALLED.compile("gcc", name, Linked::Shared, &["-std=c99"]);
    let (producer, consumer, bench) = (compile("producer.c"), compile("consumer.c"), compile("bench.c"));
    let directory = tempfile::tempdir().unwrap();
    let said = run_with_input(INSTALLED.command(&producer).arg(directory.path()).arg("t"), "one\ntwo\n");
    assert_eq!(text(&said), "t-0 at 0\nt-0 at 1\n");
    let said = run(INSTALLED.command(&consumer).arg(directory.path()).args(["g", "t"]));
    assert_eq!(text(&said), "0: one\n1: two\n");
    let said = text(&run(INSTALLED.command(&bench).arg(directory.path()).args(["1", "100", "20000"])));
    for line in ["produced", "consumed", "one in flight"] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn the_readmes_program_is_built_by_the_readmes_command() {
    if !can_compile() {
        return;
    }
    let readme = text_of("README.md");
    let block = |start: &str| {
        let found = readme.split_once(start).unwrap_or_else(|| panic!("the README has no {start:?}"));
        found.1.split_once("```").unwrap().0.to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hello.c"), block("```c\n")).unwrap();
    let command = readme.lines().find(|line| line.starts_with("cc hello.c")).unwrap();
    let mut shell = INSTALLED.command(Path::new("sh"));
    // Where the README installs it.
    std::os::unix::fs::symlink(&INSTALLED.prefix, folder.path().join(".local")).unwrap();
    shell.current_dir(folder.path()).env("HOME", folder.path()).env_remove("LD_LIBRARY_PATH");
    let said = run(shell.arg("-c").arg(format!("{command} && ./hello")));
    assert_eq!(text(&said), "hello from C\n");
}

#[test]
fn only_names_of_the_library_are_exported() {
    if !can_compile() {
        return;
    }
    let library = INSTALLED.lib().join("libtidelog.so.0");
    let names = text(&run(Command::new("nm").args(["-D", "--defined-only"]).arg(&library)));
    let names: Vec<&str> = names.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert!(names.len() > 200, "{names:?}");
    let foreign: Vec<&&str> = names.iter().filter(|name| !name.starts_with("tl_")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let header = text_of("include/tidelog.h");
    let unknown: Vec<&&str> = names.iter().filter(|name| !header.contains(&format!("{name}("))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let dynamic = text(&run(Command::new("readelf").arg("-d").arg(&library)));
    assert!(dynamic.contains("Library soname: [libtidelog.so.0]"), "{dynamic}");
}

#[test]
fn nothing_leaks_and_no_memory_is_touched_that_is_not_there() {
    if !can_compile() || !is_there("valgrind") {
        return;
    }
    for theme in THEMES {
        let program = INSTALLED.compile("gcc", &format!("{theme}.c"), Linked::Shared, &["-std=gnu99"]);
        let mut valgrind = INSTALLED.command(Path::new("valgrind"));
        valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
        // Tables of the standard library point into their memory, not to its beginning: that is not lost.
        valgrind.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]);
        run_for(TIME_MAX, valgrind.arg(program));
    }
}

/// Whether the compiler has the sanitizers' libraries.
fn can_sanitize(flags: &[&str]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("empty.c");
    std::fs::write(&source, "int main(void) { return 0; }").unwrap();
    let built =
        Command::new("gcc").args(flags).arg("-o").arg(folder.path().join("empty")).arg(source).output();
    let can = built.is_ok_and(|built| built.status.success());
    if !can {
        eprintln!("skipped: gcc has no sanitizers here");
    }
    can
}

#[test]
fn the_address_sanitizer_finds_nothing() {
    let flags = ["-std=gnu99", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    if !can_compile() || !can_sanitize(&flags) {
        return;
    }
    for theme in THEMES.into_iter().chain([ON_DISK]) {
        let program = INSTALLED.compile("gcc", &format!("{theme}.c"), Linked::Shared, &flags);
        run_for(TIME_MAX, &mut INSTALLED.command(&program));
    }
}
