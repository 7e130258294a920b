//! [`Input`]: cuts what a connection receives into frames. Memory grows with the bytes that have arrived, never with what a
//! length promises.

use std::io;

use bytes::Bytes;

use crate::io::Socket;

/// Bytes that one call of the kernel takes at the start of a frame.
pub(super) const SCRATCH_SIZE: usize = 64 << 10;

/// How much further than what has arrived memory is made ready.
const GROWTH: usize = 16;

/// The bytes of a length.
const LENGTH_SIZE: usize = 4;

/// Why a stream cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// A length that no request has.
    #[error("a request of {size} bytes, at most {size_max} are allowed (socket.request.max.bytes)")]
    Size { size: i32, size_max: usize },
    /// The network's.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What has been received and not been taken.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Starts at the start of a frame, with its length.
    bytes: Vec<u8>,
    /// Bytes at the front that have been taken.
    taken: usize,
    /// The socket may have more.
    readable: bool,
    /// The end of the stream is there, behind what has not been received: it is not told again.
    ending: bool,
    /// The other side sends nothing more.
    ended: bool,
}

impl Input {
    /// Notes that the socket may have more; `ending`, that its end follows.
    pub(super) fn set_readable(&mut self, ending: bool) {
        self.readable = !self.ended;
        self.ending |= ending;
    }

    /// Whether [`Input::fill`] may find something.
    pub(super) fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether the other side sends nothing more, though it may still listen.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes that are held.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Receives once. `scratch` is memory that is empty before and after.
    pub(super) fn fill(
        &mut self,
        socket: &Socket,
        scratch: &mut Vec<u8>,
        size_max: usize,
    ) -> Result<(), InputError> {
        self.compact();
        let missing = missing_in(&self.bytes, size_max)?;
        // A large frame goes where it will stay; what comes first goes where there is room for all kinds.
        let own = missing > SCRATCH_SIZE / 2;
        let into = if own { &mut self.bytes } else { &mut *scratch };
        if own {
            into.reserve_exact(missing.min(ready(into.len())));
        }
        let room = into.capacity() - into.len();
        let received = match socket.receive(into) {
            Ok(0) if room > 0 => {
                self.ended = true;
                0
            }
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // A stream that has given less than was asked for is empty, and it will be told when there is more.
        self.readable = (received == room || self.ending && received > 0) && !self.ended;
        if !own {
            // Batches stay in memory as they have come: with room for more behind them they would cost more than they are.
            let missing = match self.bytes.is_empty() {
                true => scratch.len() + missing_in(scratch, size_max).unwrap_or(0),
                false => missing,
            };
            self.bytes.reserve_exact(scratch.len().max(missing.min(ready(scratch.len()))));
            self.bytes.extend_from_slice(scratch);
            scratch.clear();
        }
        Ok(())
    }

    /// The next frame without its length, if it is there whole.
    pub(super) fn next_frame(&mut self, size_max: usize) -> Result<Option<Bytes>, InputError> {
        let Some(size) = self.frame_size(size_max)? else { return Ok(None) };
        let (start, end) = (self.taken + LENGTH_SIZE, self.taken + LENGTH_SIZE + size);
        if self.bytes.len() < end {
            return Ok(None);
        }
        if self.taken == 0 && self.bytes.len() == end && size > SCRATCH_SIZE / 2 {
            let whole = Bytes::from(std::mem::take(&mut self.bytes));
            return Ok(Some(whole.slice(LENGTH_SIZE..)));
        }
        let frame = Bytes::copy_from_slice(&self.bytes[start..end]);
        self.taken = end;
        if self.taken == self.bytes.len() {
            // An idle connection holds no memory.
            self.bytes = Vec::new();
            self.taken = 0;
        }
        Ok(Some(frame))
    }

    /// Whether [`Input::next_frame`] would find one, or an error.
    pub(super) fn has_frame(&self, size_max: usize) -> bool {
        match self.frame_size(size_max) {
            Ok(Some(size)) => self.size() >= LENGTH_SIZE + size,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    fn frame_size(&self, size_max: usize) -> Result<Option<usize>, InputError> {
        frame_size_in(&self.bytes[self.taken..], size_max)
    }

    fn compact(&mut self) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }
}

/// What the length in front promises, if it is there.
fn frame_size_in(bytes: &[u8], size_max: usize) -> Result<Option<usize>, InputError> {
    let Some(length) = bytes.first_chunk::<LENGTH_SIZE>() else { return Ok(None) };
    let size = i32::from_be_bytes(*length);
    match usize::try_from(size) {
        Ok(fits) if fits <= size_max => Ok(Some(fits)),
        _ => Err(InputError::Size { size, size_max }),
    }
}

/// Bytes of the frame in front that have not arrived; none as long as its length has not.
fn missing_in(bytes: &[u8], size_max: usize) -> Result<usize, InputError> {
    let size = frame_size_in(bytes, size_max)?;
    Ok(size.map_or(0, |size| (LENGTH_SIZE + size).saturating_sub(bytes.len())))
}

/// For how many bytes memory is made ready when so many have arrived.
fn ready(arrived: usize) -> usize {
    (arrived * GROWTH).max(SCRATCH_SIZE)
}
