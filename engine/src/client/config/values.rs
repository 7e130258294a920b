//! [`Values`]: the values of all settings, by place in the table. A plain collection; it knows nothing of clients.

use std::sync::Arc;
use std::time::Duration;

use super::error::ConfigError;
use super::property::{Kind, Level, Property};
use super::table::{self, PROPERTIES};
use super::table::{BoolKey, ChoiceKey, FlagsKey, FloatKey, IntKey, PatternsKey, TextKey};
use super::value::Value;
use crate::client::subscription::PatternList;

/// Name of a topic setting without the `topic.` that may be in front of it.
pub(super) fn topic_name(name: &str) -> &str {
    name.strip_prefix("topic.").unwrap_or(name)
}

/// Values by place in the table; `None` is not set.
#[derive(Clone, PartialEq)]
pub(super) struct Values {
    slots: Vec<Option<Value>>,
}

impl Default for Values {
    fn default() -> Values {
        Values { slots: vec![None; PROPERTIES.len()] }
    }
}

impl Values {
    pub(super) fn set(&mut self, place: usize, value: Option<&str>) -> Result<(), ConfigError> {
        let slot = &mut self.slots[place];
        let value = value.filter(|value| !value.is_empty());
        if let Some(value) = Value::parse(&PROPERTIES[place], value, slot.as_ref())? {
            *slot = Some(value);
        }
        Ok(())
    }

    pub(super) fn set_topic(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfigError> {
        let name = topic_name(name);
        let place = table::find(Level::Topic, name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        self.set(place, value)
    }

    pub(super) fn get_topic(&self, name: &str) -> Option<String> {
        table::find(Level::Topic, topic_name(name)).and_then(|place| self.print(place))
    }

    fn value(&self, place: usize) -> Option<Value> {
        match &self.slots[place] {
            None | Some(Value::Text(None)) => PROPERTIES[place].kind().default_value(),
            set => set.clone(),
        }
    }

    pub(super) fn print(&self, place: usize) -> Option<String> {
        self.value(place)?.print(PROPERTIES[place].kind())
    }

    pub(super) fn is_set(&self, place: usize) -> bool {
        self.slots[place].is_some()
    }

    /// Whether the client setting `name` has been set, and to something.
    pub(super) fn is_given(&self, name: &str) -> bool {
        table::find(Level::Global, name)
            .is_some_and(|place| !matches!(self.slots[place], None | Some(Value::Text(None))))
    }

    /// Places of what has been set, in the order of the table.
    pub(super) fn set_places(&self) -> impl Iterator<Item = usize> {
        (0..PROPERTIES.len()).filter(|place| self.is_set(*place))
    }

    /// Whether any topic setting has been set.
    pub(super) fn any_topic_set(&self) -> bool {
        self.set_places().any(|place| PROPERTIES[place].level() == Level::Topic)
    }

    pub(super) fn dump(&self, level: Level) -> impl Iterator<Item = (String, String)> {
        let rows = PROPERTIES.iter().enumerate().filter(move |(_, row)| row.level() == level);
        rows.filter_map(|(place, row)| Some((row.name().to_owned(), self.print(place)?)))
    }

    /// What has been set, but no secret.
    pub(super) fn printable(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.set_places().map(|place| {
            let property = &PROPERTIES[place];
            let value = if property.is_sensitive() { Some("[redacted]".into()) } else { self.print(place) };
            (property.name(), value.unwrap_or_default())
        })
    }

    pub(super) fn at(&self, level: Level) -> Values {
        let mut values = Values::default();
        values.replace(level, self);
        values
    }

    pub(super) fn unset_where(&mut self, is_unset: impl Fn(&Property) -> bool) {
        for (slot, row) in self.slots.iter_mut().zip(PROPERTIES.iter()) {
            if is_unset(row) {
                *slot = None;
            }
        }
    }

    pub(super) fn replace(&mut self, level: Level, other: &Values) {
        for (place, row) in PROPERTIES.iter().enumerate() {
            if row.level() == level {
                self.slots[place].clone_from(&other.slots[place]);
            }
        }
    }
}

/// What a key names, as the type that the key stands for. A slot only ever holds what its row's kind reads.
impl Values {
    pub(super) fn boolean(&self, key: BoolKey) -> bool {
        match (&self.slots[key.0], PROPERTIES[key.0].kind()) {
            (Some(Value::Bool(value)), _) => *value,
            (_, Kind::Bool { default }) => *default,
            _ => unreachable!("a BoolKey names a row of Kind::Bool"),
        }
    }

    pub(super) fn int(&self, key: IntKey) -> i32 {
        match (&self.slots[key.0], PROPERTIES[key.0].kind()) {
            (Some(Value::Int(value)), _) => *value,
            (_, Kind::Int { default, .. }) => *default,
            _ => unreachable!("an IntKey names a row of Kind::Int"),
        }
    }

    /// A number of something; its row's range starts at 0 or above.
    pub(super) fn count(&self, key: IntKey) -> u32 {
        self.int(key).unsigned_abs()
    }

    /// A number of milliseconds; its row's range starts at 0 or above.
    pub(super) fn millis(&self, key: IntKey) -> Duration {
        Duration::from_millis(u64::from(self.count(key)))
    }

    pub(super) fn float(&self, key: FloatKey) -> f64 {
        match (&self.slots[key.0], PROPERTIES[key.0].kind()) {
            (Some(Value::Float(value)), _) => *value,
            (_, Kind::Float { default, .. }) => *default,
            _ => unreachable!("a FloatKey names a row of Kind::Float"),
        }
    }

    pub(super) fn text(&self, key: TextKey) -> Option<&str> {
        match (&self.slots[key.0], PROPERTIES[key.0].kind()) {
            (Some(Value::Text(Some(value))), _) => Some(value),
            (_, Kind::Text { default, .. }) => *default,
            _ => unreachable!("a TextKey names a row of Kind::Text"),
        }
    }

    pub(super) fn choice(&self, key: ChoiceKey) -> &'static str {
        match (&self.slots[key.0], PROPERTIES[key.0].kind()) {
            (Some(Value::Choice(value)), _) => value,
            (_, Kind::Choice { default, .. }) => default,
            _ => unreachable!("a ChoiceKey names a row of Kind::Choice"),
        }
    }

    /// The words that are set, in the order of the table.
    pub(super) fn flags(&self, key: FlagsKey) -> Vec<String> {
        let text = self.print(key.0).unwrap_or_default();
        text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn patterns(&self, key: PatternsKey) -> Arc<PatternList> {
        match &self.slots[key.0] {
            Some(Value::Patterns(list)) => Arc::clone(list),
            _ => Arc::default(),
        }
    }
}
