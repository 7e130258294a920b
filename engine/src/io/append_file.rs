//! The page-cache side of an append-only file: opening at a size, writing pieces, trimming. Owned by the queue that
//! opened it.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::posix::{FILE_MODE, sync_directory};

/// Pieces handed to one `pwritev`; the kernel takes at most 1024.
const PIECES_MAX: usize = 256;

/// A file that grows at its end.
#[derive(Debug)]
pub(super) struct AppendFile {
    file: Arc<File>,
    size: u64,
}

impl AppendFile {
    /// Opens `path` and cuts it to `size`; creates it when that is 0. Name, size and bytes are durable on return.
    pub(super) fn open(path: &Path, size: u64) -> io::Result<AppendFile> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && size == 0 => create(path)?,
            opened => opened?,
        };
        let found = file.metadata()?.len();
        if found < size {
            let text = format!("{} has {found} bytes, {size} are expected", path.display());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        if found > size {
            // Whatever a crash left there must not show up again behind the next append.
            file.set_len(size)?;
        }
        if found > 0 {
            // A process that crashed may have left its bytes in the page cache only; from here on they count as durable.
            file.sync_data()?;
        }
        Ok(AppendFile { file: Arc::new(file), size })
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Valid bytes: where the next append goes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn advance(&mut self, bytes: u64) {
        self.size += bytes;
    }

    /// Removes what lies beyond the valid size and makes the file durable.
    pub(super) fn trim(&self) -> io::Result<()> {
        self.file.set_len(self.size)?;
        self.file.sync_data()
    }
}

/// A new file whose name is durable.
fn create(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.sync_all()?;
    sync_directory(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    Ok(file)
}

/// Opens a side file of `size` bytes and returns it with its content; makes it, zero-filled and durable, when it is
/// missing or shorter.
pub(super) fn open_side_file(path: &Path, size: usize) -> io::Result<(File, Vec<u8>)> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
        opened => opened?,
    };
    let mut content = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match file.read_at(&mut content[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled < size {
        file.write_all_at(&content[filled..], filled as u64)?;
        file.sync_all()?;
    }
    Ok((file, content))
}

/// Writes all of `pieces`, back to back, from `position` on.
pub(super) fn write_pieces(file: &File, pieces: &[Bytes], mut position: u64) -> io::Result<()> {
    for pieces in pieces.chunks(PIECES_MAX) {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut rest = slices.as_mut_slice();
        // Skips empty pieces at the front, so that an empty rest means that all is written.
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match write_vectored_at(file, rest, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    position += count as u64;
                    IoSlice::advance_slices(&mut rest, count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn write_vectored_at(file: &File, slices: &[IoSlice<'_>], position: u64) -> io::Result<usize> {
    let position = i64::try_from(position).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let count = i32::try_from(slices.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: `IoSlice` is guaranteed to have the layout of `iovec` on Unix, `count` is the slice's length, and the
    // borrowed bytes and the descriptor outlive the call.
    let written = unsafe { libc::pwritev(file.as_raw_fd(), slices.as_ptr().cast(), count, position) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}
