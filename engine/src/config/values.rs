//! [`Value`], one setting's value, and [`Values`], all of one table: what typed settings are filled from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::definition::{ConfigType, Definition, Invalid};

/// Value of one setting, read from text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `BOOLEAN`
    Boolean(bool),
    /// `STRING`
    Text(String),
    /// `INT`
    Int(i32),
    /// `LONG`
    Long(i64),
    /// `DOUBLE`
    Double(f64),
    /// `LIST`
    List(Vec<String>),
}

impl Value {
    /// Reads `text` as Kafka's `ConfigDef.parseType` does: blanks around it do not count, a list drops repetitions.
    pub(super) fn read(kind: ConfigType, text: &str) -> Result<Value, Invalid> {
        let text = text.trim();
        let number = |_| Invalid::Number(kind);
        Ok(match kind {
            ConfigType::Boolean if text.eq_ignore_ascii_case("true") => Value::Boolean(true),
            ConfigType::Boolean if text.eq_ignore_ascii_case("false") => Value::Boolean(false),
            ConfigType::Boolean => return Err(Invalid::Boolean),
            ConfigType::String => Value::Text(text.to_owned()),
            ConfigType::Int => Value::Int(text.parse().map_err(number)?),
            ConfigType::Long => Value::Long(text.parse().map_err(number)?),
            ConfigType::Double => Value::Double(text.parse().map_err(|_| Invalid::Number(kind))?),
            ConfigType::List if text.is_empty() => Value::List(Vec::new()),
            ConfigType::List => {
                let mut entries: Vec<String> = Vec::new();
                for entry in text.split(',').map(str::trim) {
                    if !entries.iter().any(|known| known == entry) {
                        entries.push(entry.to_owned());
                    }
                }
                Value::List(entries)
            }
        })
    }

    /// The whole number, if it is one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(i64::from(*number)),
            Value::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, or the entries of a list.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        match self {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(entries) => entries.as_slice(),
            _ => &[],
        }
        .iter()
        .map(String::as_str)
    }
}

impl fmt::Display for Value {
    /// As Kafka shows it when it describes settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => value.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Int(number) => number.fmt(f),
            Value::Long(number) => number.fmt(f),
            Value::Double(number) => write!(f, "{number:?}"),
            Value::List(entries) => f.write_str(&entries.join(",")),
        }
    }
}

/// Values of all settings of one table that have a default or were given.
///
/// The accessors take names from the same table; asking for a name or a type that the table does not have is a
/// mistake in this module, which every test that builds the settings would show.
#[derive(Debug)]
pub(super) struct Values(pub(super) BTreeMap<&'static str, Value>);

impl Values {
    /// The table's defaults.
    pub(super) fn defaults(table: &'static [Definition]) -> Values {
        let parse = |definition: &'static Definition| {
            let value =
                definition.parse(definition.default?).expect("defaults of a table are valid (tested)");
            Some((definition.name, value))
        };
        Values(table.iter().filter_map(parse).collect())
    }

    pub(super) fn boolean(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Boolean(value)) => *value,
            other => unreachable!("{name} is a boolean, not {other:?}"),
        }
    }

    pub(super) fn number(&self, name: &str) -> i64 {
        match self.0.get(name).and_then(Value::number) {
            Some(number) => number,
            None => unreachable!("{name} is a number"),
        }
    }

    /// A number that the table bounds to 32 bits.
    pub(super) fn int(&self, name: &str) -> i32 {
        i32::try_from(self.number(name)).expect("the table bounds this setting to 32 bits")
    }

    /// A number that the table bounds to `0..=i32::MAX`.
    pub(super) fn unsigned(&self, name: &str) -> u32 {
        u32::try_from(self.int(name)).expect("the table bounds this setting from below by 0 or more")
    }

    pub(super) fn double(&self, name: &str) -> f64 {
        match self.0.get(name) {
            Some(Value::Double(value)) => *value,
            other => unreachable!("{name} is a fraction, not {other:?}"),
        }
    }

    /// The text, or the entries of a list.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flat_map(Value::texts)
    }

    /// A count of which every negative value means "no limit".
    pub(super) fn limit(&self, name: &str) -> Option<u64> {
        u64::try_from(self.number(name)).ok()
    }

    /// A time in milliseconds of which every negative value means "no limit".
    pub(super) fn time_limit(&self, name: &str) -> Option<Duration> {
        self.limit(name).map(Duration::from_millis)
    }

    /// A time in milliseconds that the table bounds from below by 0 or more.
    pub(super) fn millis(&self, name: &str) -> Duration {
        self.time_limit(name).expect("the table bounds this setting from below by 0 or more")
    }
}
