//! ext4 and xfs, made on a file and mounted through a loop device.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, UnmountFlags};
use tempfile::TempDir;

use super::scratch;

/// Which file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileSystem {
    Ext4,
    Xfs,
}

impl FileSystem {
    /// Whether it can be made and mounted here; says so when not.
    pub(super) fn is_there(self) -> bool {
        let has = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
        let is_there = has(self.maker()) && has("losetup") && Path::new("/dev/loop-control").exists();
        if !is_there {
            println!("skipped: {self:?} needs {}, losetup and loop devices", self.maker());
        }
        is_there
    }

    fn maker(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "mkfs.ext4",
            FileSystem::Xfs => "mkfs.xfs",
        }
    }

    fn name(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
        }
    }

    /// Makes an empty one and returns its bytes.
    pub(super) fn make(self) -> Vec<u8> {
        let place = scratch();
        let image = place.path().join("image");
        let (size, options): (u64, &[&str]) = match self {
            FileSystem::Ext4 => (64 << 20, &["-q", "-b", "4096", "-J", "size=4"]),
            // The smallest that mkfs.xfs makes.
            FileSystem::Xfs => (304 << 20, &["-q"]),
        };
        File::create(&image).unwrap().set_len(size).unwrap();
        run(Command::new(self.maker()).args(options).arg(&image)).unwrap();
        std::fs::read(&image).unwrap()
    }

    fn mount(self, device: &Path, at: &Path) -> io::Result<()> {
        // All images of one file system have its identity.
        let options = (self == FileSystem::Xfs).then_some(c"nouuid");
        rustix::mount::mount(device, at, self.name(), MountFlags::empty(), options).map_err(io::Error::from)
    }
}

/// Runs a tool, returns what it printed.
fn run(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A loop device on a file. Detached when dropped.
pub(super) struct LoopDevice(PathBuf);

impl LoopDevice {
    pub(super) fn new(file: &Path) -> io::Result<LoopDevice> {
        let attach = ["--find", "--show", "--direct-io=on"];
        run(Command::new("losetup").args(attach).arg(file)).map(|device| LoopDevice(device.into()))
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        // Nothing can be done about it when it fails.
        drop(run(Command::new("losetup").arg("--detach").arg(&self.0)));
    }
}

/// A mounted file system. Unmounted when dropped.
pub(super) struct MountedFileSystem {
    at: TempDir,
}

impl MountedFileSystem {
    pub(super) fn new(file_system: FileSystem, device: &LoopDevice) -> io::Result<MountedFileSystem> {
        let at = tempfile::tempdir()?;
        file_system.mount(&device.0, at.path())?;
        Ok(MountedFileSystem { at })
    }

    pub(super) fn path(&self) -> &Path {
        self.at.path()
    }
}

impl Drop for MountedFileSystem {
    fn drop(&mut self) {
        // The kernel gives back the files of a ring some time after its process has ended.
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Err(error) = rustix::mount::unmount(self.at.path(), UnmountFlags::empty()) {
            if Instant::now() > deadline {
                eprintln!("{} cannot be unmounted: {error}", self.at.path().display());
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A disk that gets one content after the other.
pub(super) struct ReplayedDisk {
    file_system: FileSystem,
    // Detached before the file goes.
    device: LoopDevice,
    image: File,
    _place: TempDir,
}

impl ReplayedDisk {
    pub(super) fn new(file_system: FileSystem, size: u64) -> io::Result<ReplayedDisk> {
        let place = scratch();
        let path = place.path().join("image");
        let image = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path)?;
        image.set_len(size)?;
        let device = LoopDevice::new(&path)?;
        Ok(ReplayedDisk { file_system, device, image, _place: place })
    }

    /// What to write the content to.
    pub(super) fn image(&self) -> &File {
        &self.image
    }

    pub(super) fn mount(&self) -> io::Result<MountedFileSystem> {
        MountedFileSystem::new(self.file_system, &self.device)
    }
}
