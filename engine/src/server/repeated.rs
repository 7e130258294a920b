//! What a request lists twice: it contradicts itself, so that Kafka does none of it, and answers it once.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::refusal::Refusal;

/// Whether something is listed more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Once,
    Repeatedly,
}

impl Listed {
    /// What `act` comes to with what is listed once; `repeated` for what is not.
    pub(super) fn once<T>(
        self,
        repeated: impl Into<Refusal>,
        act: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match self {
            Listed::Once => act(),
            Listed::Repeatedly => Err(repeated.into()),
        }
    }
}

/// One answer for each of `items` that differ in their `key`, in order.
pub(super) fn answer_each<T, K: Eq + Hash, R>(
    items: Vec<T>,
    key: impl Fn(&T) -> K,
    mut answer: impl FnMut(T, Listed) -> R,
) -> Vec<R> {
    let mut count: HashMap<K, usize> = HashMap::new();
    items.iter().for_each(|item| *count.entry(key(item)).or_default() += 1);
    let mut answered = HashSet::new();
    let mut answers = Vec::with_capacity(count.len());
    for item in items {
        let key = key(&item);
        let listed =
            if count.get(&key).is_some_and(|count| *count > 1) { Listed::Repeatedly } else { Listed::Once };
        if answered.insert(key) {
            answers.push(answer(item, listed));
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_twice_is_answered_once_in_its_first_place() {
        let answers = answer_each(vec!["a", "b", "a", "c", "a"], |item| *item, |item, listed| (item, listed));
        let expected = [("a", Listed::Repeatedly), ("b", Listed::Once), ("c", Listed::Once)];
        assert_eq!(answers, expected);
    }
}
