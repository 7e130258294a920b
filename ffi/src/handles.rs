//! [`Table`]: the long-lived objects that C names by handles: clients, topics, queues, settings, engines.
//!
//! A handle looks like a pointer to C and is a number: a place in a table, and how often that place has been given out. It
//! is looked up and never followed, so that one that is NULL, was destroyed or was made up gives an error instead of a
//! crash. Looking one up takes no lock.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwapOption, Guard};
use parking_lot::Mutex;
use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

/// Places of a chunk of the table.
const CHUNK: usize = 1 << PLACE_BITS;
/// Chunks of a table.
const CHUNKS: usize = 256;
const PLACE_BITS: u32 = 8;
/// The lowest bits tell kinds of handles apart.
const KIND_BITS: u32 = 4;
/// Then comes the place, then how often it has been given out.
const GENERATION_SHIFT: u32 = KIND_BITS + PLACE_BITS + CHUNKS.ilog2();

/// What a kind of handle is called, and the number that its handles end with.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) number: usize,
}

/// Everything of one kind that is alive.
pub(crate) struct Table<T> {
    kind: Kind,
    chunks: [OnceLock<Box<[Place<T>]>>; CHUNKS],
    free: Mutex<Free>,
}

/// What one handle after the other names.
struct Place<T> {
    /// The handle that is alive; 0 for none. Changes after `entry` is set and before it is emptied.
    current: AtomicUsize,
    entry: ArcSwapOption<Entry<T>>,
}

struct Entry<T> {
    handle: usize,
    value: T,
}

/// Which handles can be given out.
struct Free {
    /// Handles that were given back, to be given out once more with the next generation.
    returned: Vec<usize>,
    /// Places that were ever given out.
    used: usize,
}

/// Something that was looked up, borrowed for the time of a call that does not wait.
pub(crate) struct Borrowed<T>(Guard<Option<Arc<Entry<T>>>>);

impl<T> Deref for Borrowed<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // `Table::borrow` makes none without.
        match &*self.0 {
            Some(entry) => &entry.value,
            None => unreachable!("an empty place was borrowed"),
        }
    }
}

/// Something that was looked up, kept alive by this.
pub(crate) struct Held<T>(Arc<Entry<T>>);

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Table<T> {
    pub(crate) const fn new(kind: Kind) -> Table<T> {
        let free = Mutex::new(Free { returned: Vec::new(), used: 0 });
        Table { kind, chunks: [const { OnceLock::new() }; CHUNKS], free }
    }

    fn place(&self, handle: usize) -> Option<&Place<T>> {
        if handle & ((1 << KIND_BITS) - 1) != self.kind.number {
            return None;
        }
        let place = handle >> KIND_BITS;
        self.chunks[(place >> PLACE_BITS) % CHUNKS].get()?.get(place % CHUNK)
    }

    /// What `handle` names.
    ///
    /// # Errors
    /// `_INVALID_ARG` for NULL, `_STATE` for what is not alive.
    #[inline]
    pub(crate) fn borrow(&self, handle: *const T) -> Result<Borrowed<T>, KafkaError> {
        let number = handle.addr();
        if let Some(place) = self.place(number) {
            let entry = place.entry.load();
            if entry.as_ref().is_some_and(|entry| entry.handle == number) {
                return Ok(Borrowed(entry));
            }
        }
        Err(self.nothing(number))
    }

    /// What `handle` names, for calls that wait.
    ///
    /// # Errors
    /// As [`Table::borrow`].
    pub(crate) fn get(&self, handle: *const T) -> Result<Held<T>, KafkaError> {
        let borrowed = self.borrow(handle)?;
        let entry = Guard::into_inner(borrowed.0);
        entry.map(Held).ok_or_else(|| self.nothing(handle.addr()))
    }

    /// Whether `held` is still what `handle` names: as sure as looking it up, and cheaper.
    #[inline]
    pub(crate) fn names(&self, handle: *const T, held: &Held<T>) -> bool {
        let number = handle.addr();
        held.0.handle == number
            && self.place(number).is_some_and(|place| place.current.load(Ordering::Acquire) == number)
    }

    #[cold]
    fn nothing(&self, handle: usize) -> KafkaError {
        let name = self.kind.name;
        if handle == 0 {
            return KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("the {name} is NULL"));
        }
        let reason = format!("the {name} has been destroyed, or is not one");
        KafkaError::with_reason(ErrorCode::LocalState, reason)
    }

    /// Gives a handle to what `make` makes, who is told it.
    ///
    /// # Errors
    /// What `make` fails with; `_CRIT_SYS_RESOURCE` when there are too many.
    pub(crate) fn insert(
        &self,
        make: impl FnOnce(*mut T) -> Result<T, KafkaError>,
    ) -> Result<*mut T, KafkaError> {
        let number = self.reserve()?;
        let handle = std::ptr::without_provenance_mut(number);
        match make(handle) {
            Ok(value) => {
                if let Some(place) = self.place(number) {
                    place.entry.store(Some(Arc::new(Entry { handle: number, value })));
                    place.current.store(number, Ordering::Release);
                }
                Ok(handle)
            }
            Err(error) => {
                self.free.lock().returned.push(number);
                Err(error)
            }
        }
    }

    /// How many are alive, or being made.
    pub(crate) fn count(&self) -> usize {
        let free = self.free.lock();
        free.used - free.returned.len()
    }

    fn reserve(&self) -> Result<usize, KafkaError> {
        let mut free = self.free.lock();
        if let Some(returned) = free.returned.pop() {
            return Ok(returned.wrapping_add(1 << GENERATION_SHIFT));
        }
        let place = free.used;
        let Some(chunk) = self.chunks.get(place >> PLACE_BITS) else {
            let reason = format!("there are {place} handles of the kind {} already", self.kind.name);
            return Err(KafkaError::with_reason(ErrorCode::LocalCritSysResource, reason));
        };
        let empty = || Place { current: AtomicUsize::new(0), entry: ArcSwapOption::empty() };
        chunk.get_or_init(|| (0..CHUNK).map(|_| empty()).collect());
        free.used += 1;
        Ok((1 << GENERATION_SHIFT) | (place << KIND_BITS) | self.kind.number)
    }

    /// Takes what `handle` names out of the table: from now on it names nothing.
    ///
    /// # Errors
    /// As [`Table::borrow`].
    pub(crate) fn remove(&self, handle: *const T) -> Result<Held<T>, KafkaError> {
        let number = handle.addr();
        let current = self.borrow(handle)?;
        let Some(place) = self.place(number) else { return Err(self.nothing(number)) };
        // Another thread may be quicker: only one takes it out.
        let mine = place.current.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
        if mine.is_err() {
            return Err(self.nothing(number));
        }
        place.entry.store(None);
        self.free.lock().returned.push(number);
        current.0.as_ref().map(|entry| Held(Arc::clone(entry))).ok_or_else(|| self.nothing(number))
    }
}

impl<T> Held<T> {
    /// Whether it is this very one.
    pub(crate) fn is(&self, other: &T) -> bool {
        std::ptr::eq(&self.0.value, other)
    }
}
