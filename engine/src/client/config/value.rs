//! [`Value`]: a setting's value, read from text by the rules of its [`Kind`] and printed back. Pure.

use std::sync::Arc;

use super::error::ConfigError;
use super::number;
use super::property::{Kind, Property, TextRule};
use crate::client::subscription::PatternList;

/// A value that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i32),
    Float(f64),
    /// `None` was set to nothing: the default counts, yet it was set.
    Text(Option<Arc<str>>),
    Choice(&'static str),
    Flags(u32),
    Patterns(Arc<PatternList>),
}

impl Value {
    /// Reads `text` for `property`, whose value is `current` so far. `None` when `text` says nothing at all, as a
    /// list of no words does.
    pub(super) fn parse(
        property: &'static Property,
        text: Option<&str>,
        current: Option<&Value>,
    ) -> Result<Option<Value>, ConfigError> {
        let name = property.name();
        match *property.kind() {
            Kind::Bool { .. } => boolean(name, text).map(|value| Some(Value::Bool(value))),
            Kind::Int { min, max, words, .. } => {
                integer(name, text, words, (min, max)).map(|value| Some(Value::Int(value)))
            }
            Kind::Float { min, max, .. } => {
                real(name, text, (min, max)).map(|value| Some(Value::Float(value)))
            }
            Kind::Text { rule, .. } => {
                texts(name, text, rule).map(|text| Some(Value::Text(text.map(Arc::from))))
            }
            Kind::Choice { words, synonyms, .. } => choice(name, text, words, synonyms),
            Kind::Flags { words, default } => {
                let set = match current {
                    Some(Value::Flags(set)) => *set,
                    _ => default,
                };
                flags(name, text, words, set)
            }
            Kind::Patterns => {
                let list = PatternList::parse(text.unwrap_or_default())?;
                Ok(Some(Value::Patterns(Arc::new(list))))
            }
            Kind::Dedicated => Err(ConfigError::Dedicated(name)),
            Kind::Internal => Err(ConfigError::Internal(name)),
            Kind::Unsupported { reason, .. } => Err(ConfigError::Unsupported { name, reason }),
            Kind::Foreign { explanation } => Err(ConfigError::Foreign(explanation)),
            Kind::Alias { .. } => Err(ConfigError::Unknown(name.to_owned())),
        }
    }

    /// The value as text, `None` when there is none. Flags are listed in the order of the table.
    pub(super) fn print(&self, kind: &Kind) -> Option<String> {
        match self {
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(number::general(*value)),
            Value::Text(Some(text)) => Some(text.as_ref().to_owned()),
            Value::Text(None) => None,
            Value::Choice(word) => Some((*word).to_owned()),
            Value::Flags(set) => match kind {
                Kind::Flags { words, .. } => Some(flags_text(*set, words)),
                _ => None,
            },
            Value::Patterns(list) => Some(list.as_str().to_owned()).filter(|text| !text.is_empty()),
        }
    }
}

impl Kind {
    /// The value of a property that is not set; `None` where none can be.
    pub(super) fn default_value(&self) -> Option<Value> {
        match *self {
            Kind::Bool { default } => Some(Value::Bool(default)),
            Kind::Int { default, .. } => Some(Value::Int(default)),
            Kind::Float { default, .. } => Some(Value::Float(default)),
            Kind::Text { default, .. } | Kind::Unsupported { default, .. } => {
                default.map(|text| Value::Text(Some(Arc::from(text))))
            }
            Kind::Choice { default, .. } => Some(Value::Choice(default)),
            Kind::Flags { default, .. } => Some(Value::Flags(default)),
            Kind::Patterns | Kind::Dedicated | Kind::Internal | Kind::Alias { .. } | Kind::Foreign { .. } => {
                None
            }
        }
    }
}

fn boolean(name: &'static str, text: Option<&str>) -> Result<bool, ConfigError> {
    let text = text.ok_or(ConfigError::Empty { kind: "Bool c", name })?;
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "t", "1"]) {
        Ok(true)
    } else if is(["false", "f", "0"]) {
        Ok(false)
    } else {
        Err(ConfigError::Bool(name))
    }
}

/// A number too large for 32 bits is out of range. librdkafka cuts its upper bits off instead and may then accept
/// what is left of it; that is not followed.
fn integer(
    name: &'static str,
    text: Option<&str>,
    words: &[(&str, i32)],
    (min, max): (i32, i32),
) -> Result<i32, ConfigError> {
    let text = text.ok_or(ConfigError::Empty { kind: "Integer c", name })?;
    let word = || words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, number)| *number);
    let value = match number::integer(text) {
        Some(value) => value,
        None => i64::from(word().ok_or(ConfigError::Number(name))?),
    };
    match i32::try_from(value) {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(ConfigError::IntRange { name, value, min, max }),
    }
}

fn real(name: &'static str, text: Option<&str>, (min, max): (f64, f64)) -> Result<f64, ConfigError> {
    let text = text.ok_or(ConfigError::Empty { kind: "Float c", name })?;
    let value = number::real(text).ok_or(ConfigError::Number(name))?;
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::FloatRange { name, value, min, max })
    }
}

fn texts<'a>(
    name: &'static str,
    text: Option<&'a str>,
    rule: TextRule,
) -> Result<Option<&'a str>, ConfigError> {
    let trimmed = text.map(number::trim_start);
    let (text, allowed) = match rule {
        TextRule::Any => (trimmed, true),
        TextRule::Verbatim => (text, true),
        TextRule::Required => (trimmed, trimmed.is_some()),
        TextRule::Single => (trimmed, trimmed.is_some_and(|text| !text.contains([',', ' ']))),
        TextRule::OneOf(texts) => (trimmed, trimmed.is_some_and(|text| texts.contains(&text))),
    };
    if allowed { Ok(text) } else { Err(ConfigError::Text { name, value: text.map(str::to_owned) }) }
}

fn choice(
    name: &'static str,
    text: Option<&str>,
    words: &'static [&'static str],
    synonyms: &[(&str, &'static str)],
) -> Result<Option<Value>, ConfigError> {
    let text = text.ok_or(ConfigError::Empty { kind: "C", name })?;
    let given = number::trim_start(text);
    if given.is_empty() {
        return Ok(None);
    }
    let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(given)) else {
        return Err(ConfigError::Word { name, value: given.to_owned() });
    };
    let meant = synonyms.iter().find(|(synonym, _)| synonym == word).map_or(*word, |(_, meant)| meant);
    Ok(Some(Value::Choice(meant)))
}

fn flags(
    name: &'static str,
    text: Option<&str>,
    words: &[&str],
    mut set: u32,
) -> Result<Option<Value>, ConfigError> {
    let text = text.ok_or(ConfigError::Empty { kind: "C", name })?;
    let mut any = false;
    for given in text.split(',').map(number::trim_start) {
        let (remove, given) = match given.strip_prefix('-') {
            Some(given) => (true, given),
            None => (false, given.strip_prefix('+').unwrap_or(given)),
        };
        if given.is_empty() {
            continue;
        }
        let Some(at) = words.iter().position(|word| word.eq_ignore_ascii_case(given)) else {
            return Err(ConfigError::Word { name, value: given.to_owned() });
        };
        any = true;
        set = if remove { set & !flag(words, at) } else { set | flag(words, at) };
    }
    Ok(any.then_some(Value::Flags(set)))
}

fn flags_text(set: u32, words: &[&str]) -> String {
    let is_set = |at: &usize| set & flag(words, *at) == flag(words, *at);
    (0..words.len()).filter(is_set).map(|at| words[at]).collect::<Vec<_>>().join(",")
}

fn flag(words: &[&str], at: usize) -> u32 {
    if words[at] == "all" { u32::MAX } else { 1 << at }
}
