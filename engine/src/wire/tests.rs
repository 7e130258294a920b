//! The codec against another one: what one has written the other reads, for every API in every version. And against
//! what nobody has written: bytes cut short, bytes changed, no sense at all.

mod hostile;
mod oracle;

use bytes::Bytes;

use super::records::{Piece, Records};
use super::schema::Nullable;
use crate::types::TopicId;

/// Numbers from a seed (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn bytes(&mut self) -> [u8; 8] {
        self.next().to_be_bytes()
    }
}

/// A value as it may stand in a message of `version`.
pub(super) trait Sample {
    fn sample(random: &mut Random, version: i16) -> Self;
}

macro_rules! integers {
    ($($integer:ty),*) => { $(
        impl Sample for $integer {
            fn sample(random: &mut Random, _: i16) -> $integer {
                let bytes = random.bytes();
                <$integer>::from_be_bytes(*bytes.first_chunk().unwrap())
            }
        }
    )* };
}

integers!(i8, i16, u16, i32, i64);

impl Sample for bool {
    fn sample(random: &mut Random, _: i16) -> bool {
        random.below(2) == 1
    }
}

impl Sample for TopicId {
    fn sample(random: &mut Random, _: i16) -> TopicId {
        TopicId([random.bytes(), random.bytes()].concat().try_into().unwrap())
    }
}

impl Sample for String {
    fn sample(random: &mut Random, _: i16) -> String {
        // Long enough for lengths of two compact bytes.
        let count = [0, 1, 5, 200][random.below(4)];
        (0..count).map(|_| ['a', '.', 'ß', '流'][random.below(4)]).collect()
    }
}

impl Sample for Bytes {
    fn sample(random: &mut Random, _: i16) -> Bytes {
        let count = [0, 1, 7, 300][random.below(4)];
        (0..count).map(|_| random.bytes()[0]).collect()
    }
}

impl Sample for Records {
    fn sample(random: &mut Random, version: i16) -> Records {
        let bytes = Some(Bytes::sample(random, version)).filter(|bytes| !bytes.is_empty());
        Records { pieces: bytes.into_iter().map(Piece::Memory).collect() }
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(random: &mut Random, version: i16) -> Vec<T> {
        (0..random.below(4)).map(|_| T::sample(random, version)).collect()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(random: &mut Random, version: i16) -> Option<T> {
        (random.below(3) > 0).then(|| T::sample(random, version))
    }
}

/// For a field that may be null in some versions.
pub(super) fn sample_optional<T: Sample + Nullable>(
    random: &mut Random,
    version: i16,
    nullable: bool,
) -> Option<T> {
    if nullable { Option::sample(random, version) } else { Some(T::sample(random, version)) }
}
