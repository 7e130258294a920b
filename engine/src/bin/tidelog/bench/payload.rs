//! [`Payload`]: values and keys as applications have them: text that a codec halves or thirds, and keys by their
//! distribution.

use super::plan::Keys;
use super::stamp::Stamp;

/// Values are pieces of so many bytes of text: few enough to stay in a cache of the processor.
const TEXT_SIZE: usize = 1 << 16;

/// Different words.
const WORDS: usize = 1_000;

/// Bytes of a key.
const KEY_SIZE: usize = 16;

/// See the module. The same seed gives the same records.
pub(super) struct Payload {
    random: fastrand::Rng,
    text: Vec<u8>,
    value: Vec<u8>,
    keys: Keys,
    /// For [`Keys::Zipf`]: what part of all records has this key or one before it.
    shares: Vec<f64>,
    /// Of the next record.
    number: u64,
    key: Vec<u8>,
}

impl Payload {
    pub(super) fn new(size: usize, keys: Keys, seed: u64) -> Payload {
        let mut random = fastrand::Rng::with_seed(seed);
        let text = text(&mut random, TEXT_SIZE + size);
        let shares = match keys {
            Keys::Zipf(count) => shares(count),
            _ => Vec::new(),
        };
        Payload { random, text, value: vec![0; size], keys, shares, number: 0, key: Vec::new() }
    }

    /// Key and value of the next record.
    pub(super) fn next(&mut self, stamp: Stamp) -> (Option<&[u8]>, &[u8]) {
        let size = self.value.len();
        let start = self.random.usize(..TEXT_SIZE);
        self.value.copy_from_slice(&self.text[start..start + size]);
        stamp.write(&mut self.value);
        let key = self.next_key();
        self.number += 1;
        let Some(key) = key else { return (None, &self.value) };
        self.key.clear();
        self.key.extend_from_slice(format!("key-{key:0width$}", width = KEY_SIZE - 4).as_bytes());
        (Some(&self.key), &self.value)
    }

    fn next_key(&mut self) -> Option<u64> {
        match self.keys {
            Keys::None => None,
            Keys::Sequential(count) => Some(self.number % u64::from(count)),
            Keys::Uniform(count) => Some(self.random.u64(..u64::from(count))),
            Keys::Zipf(_) => {
                let place = self.random.f64();
                Some(self.shares.partition_point(|share| *share < place) as u64)
            }
        }
    }
}

/// Words, separated by blanks.
fn text(random: &mut fastrand::Rng, size: usize) -> Vec<u8> {
    let word = |random: &mut fastrand::Rng| -> Vec<u8> {
        (0..random.usize(3..12)).map(|_| random.lowercase() as u8).collect()
    };
    let words: Vec<Vec<u8>> = (0..WORDS).map(|_| word(random)).collect();
    let mut text = Vec::with_capacity(size + 16);
    while text.len() < size {
        text.extend_from_slice(&words[random.usize(..WORDS)]);
        text.push(b' ');
    }
    text.truncate(size);
    text
}

fn shares(count: u32) -> Vec<f64> {
    let mut sum = 0.0;
    let mut shares: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        })
        .collect();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn keys_of(keys: Keys) -> HashMap<String, u32> {
        let mut payload = Payload::new(20, keys, 1);
        let mut counts = HashMap::new();
        for _ in 0..10_000 {
            let (key, value) = payload.next(Stamp { run: 1, due: 2 });
            assert_eq!(value.len(), 20);
            let key = key.map_or("none".to_owned(), |key| String::from_utf8(key.to_vec()).unwrap());
            *counts.entry(key).or_default() += 1;
        }
        counts
    }

    #[test]
    fn keys_are_distributed_as_asked_for() {
        assert_eq!(keys_of(Keys::None).len(), 1);
        assert!(keys_of(Keys::Sequential(10)).values().all(|count| *count == 1000));
        let uniform = keys_of(Keys::Uniform(10));
        assert!(
            uniform.len() == 10 && uniform.values().all(|count| (800..1200).contains(count)),
            "{uniform:?}"
        );
        let zipf = keys_of(Keys::Zipf(10));
        let count = |key: u32| f64::from(zipf[&format!("key-{key:012}")]);
        assert!((1.6..2.4).contains(&(count(0) / count(1))), "{zipf:?}");
        assert!((8.0..12.5).contains(&(count(0) / count(9))), "{zipf:?}");
    }
}
