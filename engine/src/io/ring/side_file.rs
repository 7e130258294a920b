//! A side file of single sectors, with an image in memory. The device is written in units: a sector where it takes
//! sectors, else a whole block. Each unit has one write in flight; what comes meanwhile is joined in the next.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use super::operation::{DirectWrite, Step, UnitWrite};
use crate::io::Token;
use crate::io::aligned::{AlignedBuffer, AlignedPool};
use crate::io::append_file::open_side_file;
use crate::limits::{BLOCK_SIZE, SECTOR_SIZE};

/// An open side file.
#[derive(Debug)]
pub(super) struct SideFile {
    cached: Arc<File>,
    image: Vec<u8>,
    /// `None` where writes go through the page cache.
    direct: Option<DirectUnits>,
}

#[derive(Debug)]
struct DirectUnits {
    file: Arc<File>,
    size: usize,
    units: Vec<Unit>,
}

#[derive(Clone, Debug, Default)]
struct Unit {
    in_flight: bool,
    /// Writes of sectors that are in the image and not in the write in flight.
    waiting: Vec<Token>,
}

/// How a write went on.
pub(super) enum Write {
    Ended(io::Result<()>),
    Started(Arc<File>, Step),
    Joined,
}

impl SideFile {
    pub(super) fn open(path: &Path, size: u64) -> io::Result<SideFile> {
        let size = usize::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
        let (file, image) = open_side_file(path, size)?;
        Ok(SideFile { cached: Arc::new(file), image, direct: None })
    }

    /// Also opens the file past the page cache and tries which unit the device takes.
    ///
    /// # Errors
    /// When it takes none; the file works on without.
    pub(super) fn open_direct(&mut self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)?;
        let size = match self.try_unit(&file, SECTOR_SIZE) {
            Ok(()) => SECTOR_SIZE,
            Err(_) => self.try_unit(&file, BLOCK_SIZE).map(|()| BLOCK_SIZE)?,
        };
        let units = vec![Unit::default(); self.image.len() / size];
        self.direct = Some(DirectUnits { file: Arc::new(file), size, units });
        Ok(())
    }

    /// Writes what is there already.
    fn try_unit(&self, file: &File, size: usize) -> io::Result<()> {
        let mut buffer = AlignedBuffer::zeroed(size);
        buffer.copy_from_slice(self.image.get(..size).ok_or(io::ErrorKind::InvalidInput)?);
        file.write_all_at(&buffer, 0)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.direct.as_ref().is_some_and(|direct| direct.units.iter().any(|unit| unit.in_flight))
    }

    pub(super) fn write(&mut self, token: Token, sector: u32, bytes: &[u8], pool: &mut AlignedPool) -> Write {
        let start = sector as usize * SECTOR_SIZE;
        let Some(target) = self.image.get_mut(start..start + SECTOR_SIZE) else {
            return Write::Ended(Err(io::ErrorKind::InvalidInput.into()));
        };
        target.copy_from_slice(bytes);
        let Some(direct) = &mut self.direct else {
            return Write::Ended(self.cached.write_all_at(bytes, start as u64));
        };
        let unit = start / direct.size;
        direct.units[unit].waiting.push(token);
        self.begin(unit, pool)
    }

    /// Notes that the write of a unit has ended; goes on with what has come meanwhile.
    pub(super) fn written(&mut self, unit: usize, pool: &mut AlignedPool) -> Write {
        if let Some(direct) = &mut self.direct {
            direct.units[unit].in_flight = false;
        }
        self.begin(unit, pool)
    }

    pub(super) fn close(self) -> io::Result<()> {
        self.cached.sync_data()
    }

    fn begin(&mut self, unit: usize, pool: &mut AlignedPool) -> Write {
        let Some(direct) = &mut self.direct else { return Write::Joined };
        let state = &mut direct.units[unit];
        if state.in_flight || state.waiting.is_empty() {
            return Write::Joined;
        }
        let mut buffer = pool.take(direct.size);
        let start = unit * direct.size;
        buffer.copy_from_slice(&self.image[start..start + direct.size]);
        state.in_flight = true;
        let tokens = std::mem::take(&mut state.waiting);
        let write = DirectWrite::new(buffer, start as u64);
        Write::Started(Arc::clone(&direct.file), Step::Unit(UnitWrite { unit, tokens, write }))
    }
}
