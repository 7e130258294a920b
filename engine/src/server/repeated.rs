//! What a request lists twice: Kafka answers it once, and does none of it where the request contradicts itself.

use std::collections::HashMap;
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
    let keys: Vec<K> = items.iter().map(key).collect();
    let mut count: HashMap<&K, usize> = HashMap::new();
    keys.iter().for_each(|key| *count.entry(key).or_default() += 1);
    let mut answers = Vec::with_capacity(count.len());
    for (item, key) in items.into_iter().zip(&keys) {
        // What has been answered is not there any more.
        match count.remove(key) {
            None => {}
            Some(1) => answers.push(answer(item, Listed::Once)),
            Some(_) => answers.push(answer(item, Listed::Repeatedly)),
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
