//! The Python package: its wheel is built, installed where nothing of it is, and tested from there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tidelog_tests::repository::root;

use crate::programs::{install_once, is_there, run, run_for, text};

/// Longest time that building the wheel, or all of its tests, may take.
const TIME_MAX: Duration = Duration::from_secs(900);

/// An environment with what the tests need: `name` is that of its list of requirements.
fn environment(name: &str) -> PathBuf {
    let manifest = root().join(format!("python/tests/{name}.txt"));
    install_once(name, &manifest, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let mut pip = Command::new(folder.join("bin/pip"));
        run_for(TIME_MAX, pip.args(["install", "--quiet", "-r"]).arg(&manifest));
    })
}

/// Builds the wheel in `folder` and returns its path.
fn wheel(environment: &Path, folder: &Path) -> PathBuf {
    let mut maturin = Command::new(environment.join("bin/maturin"));
    maturin
        .args(["build", "--quiet", "--profile", "dev", "--interpreter"])
        .arg(environment.join("bin/python"));
    maturin.arg("--out").arg(folder).current_dir(root().join("python"));
    run_for(TIME_MAX, &mut maturin);
    let mut found = std::fs::read_dir(folder).unwrap();
    found.next().unwrap().unwrap().path()
}

/// Installs the wheel and runs tests in a folder that has nothing of the repository.
fn test(environment: &Path, wheel: &Path, tests: &[&str]) -> String {
    let mut pip = Command::new(environment.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--no-deps", "--force-reinstall"]).arg(wheel));
    let elsewhere = tempfile::tempdir().unwrap();
    let python = root().join("python");
    let mut pytest = Command::new(environment.join("bin/pytest"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(elsewhere.path());
    pytest.args(["-p", "no:cacheprovider", "-ra", "--tb=short", "-c"]).arg(python.join("pyproject.toml"));
    pytest.arg("--rootdir").arg(&python);
    pytest.args(tests.iter().map(|test| python.join("tests").join(test)));
    text(&run_for(TIME_MAX, &mut pytest))
}

#[test]
fn the_wheel_passes_its_tests() {
    if !is_there("python3") {
        return;
    }
    let own = environment("requirements");
    let folder = tempfile::tempdir().unwrap();
    let wheel = wheel(&own, folder.path());
    let report = test(&own, &wheel, &[""]);
    assert!(report.contains(" passed"), "{report}");
    // Quix Streams wants another confluent-kafka than the one that ours is held against.
    let quix = environment("requirements-quix");
    let report = test(&quix, &wheel, &["test_stand_in.py"]);
    assert!(report.contains(" passed") && !report.contains("skipped"), "{report}");
}
