//! The file of a [`Catalog`]: text in and out, and through [`Disk`] whole files only.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use super::{Catalog, Topic};
use crate::config::TopicOverrides;
use crate::io::Disk;
use crate::types::{TopicId, TopicName};

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "tidelog-topics";

/// First line: what the file is, and the version of its form.
const HEADING: &str = "tidelog-topics 1";

/// Largest file that is read; 100,000 topics with a few settings each stay well below.
const SIZE_MAX: usize = 256 << 20;

/// Why the topics of a data directory cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The operating system's.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file's content.
    #[error("{} is corrupt at line {line}: {fault}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        fault: LineFault,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The first line is another: another file, or a later version.
    #[error("expected {HEADING:?}, found {0:?}")]
    Heading(String),
    /// The last line is not a checksum, or is cut.
    #[error("the checksum is missing: the end of the file is lost")]
    NoChecksum,
    /// The checksum is another than the bytes have.
    #[error("the checksum says {stated:08x} but the lines above have {actual:08x}")]
    Checksum {
        /// In the file.
        stated: u32,
        /// Of the bytes.
        actual: u32,
    },
    /// Not text.
    #[error("not UTF-8")]
    NotText,
    /// Neither a topic nor a setting of one.
    #[error("cannot be read: {0:?}")]
    Unreadable(String),
    /// A second topic of that name, a name that collides or an id that is taken.
    #[error("topic {0} cannot be here twice")]
    Twice(TopicName),
}

impl Catalog {
    /// Reads the topics of the data directory `root`; none when there is no file.
    ///
    /// # Errors
    /// [`CatalogError`] names the file and what is wrong with it.
    pub fn load(disk: &dyn Disk, root: &Path) -> Result<Catalog, CatalogError> {
        let path = root.join(FILE_NAME);
        let bytes = match disk.read_file(&path, SIZE_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Catalog::default()),
            Err(source) => return Err(CatalogError::Io { path, source }),
        };
        decode(&bytes).map_err(|(line, fault)| CatalogError::Corrupt { path, line, fault })
    }

    /// Writes the topics of the data directory `root`, durable when this returns.
    ///
    /// # Errors
    /// The operating system's; the file is then as it was.
    pub fn save(&self, disk: &dyn Disk, root: &Path) -> io::Result<()> {
        disk.write_file(&root.join(FILE_NAME), self.encode().as_bytes())
    }

    pub(super) fn encode(&self) -> String {
        let mut text = format!("{HEADING}\n");
        for (name, topic) in self.iter() {
            let id = u128::from_be_bytes(topic.id.0);
            push(&mut text, format_args!("topic {name} {id:032x} {}\n", topic.partitions));
            for (config, value) in &topic.overrides {
                push(&mut text, format_args!("config {config} {}\n", escape(value)));
            }
        }
        let crc = crc_fast::crc32_iscsi(text.as_bytes());
        push(&mut text, format_args!("crc {crc:08x}\n"));
        text
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string never fails");
}

pub(super) fn decode(bytes: &[u8]) -> Result<Catalog, (usize, LineFault)> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        (good.split(|byte| *byte == b'\n').count(), LineFault::NotText)
    })?;
    let heading = text.lines().next().unwrap_or_default();
    if heading != HEADING {
        return Err((1, LineFault::Heading(heading.to_owned())));
    }
    let body = check_sum(text)?;
    let mut catalog = Catalog::default();
    let mut current: Option<TopicName> = None;
    for (slot, line) in body.lines().enumerate().skip(1) {
        let unreadable = || (slot + 1, LineFault::Unreadable(line.to_owned()));
        if let Some(rest) = line.strip_prefix("config ") {
            let topic =
                current.as_ref().and_then(|name| catalog.topics.get_mut(name)).ok_or_else(unreadable)?;
            let (name, value) = rest.split_once(' ').ok_or_else(unreadable)?;
            let value = unescape(value).ok_or_else(unreadable)?;
            if topic.overrides.insert(name.to_owned(), value).is_some() {
                return Err(unreadable());
            }
            continue;
        }
        let (name, topic) = line.strip_prefix("topic ").and_then(read_topic).ok_or_else(unreadable)?;
        if catalog.check_name(&name).is_err() || catalog.by_id.contains_key(&topic.id) {
            return Err((slot + 1, LineFault::Twice(name)));
        }
        catalog.insert(name.clone(), topic);
        current = Some(name);
    }
    Ok(catalog)
}

/// The text before the checksum's line, once that has been found to agree.
fn check_sum(text: &str) -> Result<&str, (usize, LineFault)> {
    let last = text.lines().count();
    let missing = || (last, LineFault::NoChecksum);
    let (start, line) = match text.strip_suffix('\n').ok_or_else(missing)?.rsplit_once('\n') {
        Some((body, line)) => (body.len() + 1, line),
        None => return Err(missing()),
    };
    let digits = line.strip_prefix("crc ").filter(|digits| digits.len() == 8).ok_or_else(missing)?;
    let stated = u32::from_str_radix(digits, 16).map_err(|_| missing())?;
    let body = &text[..start];
    let actual = crc_fast::crc32_iscsi(body.as_bytes());
    if stated == actual { Ok(body) } else { Err((last, LineFault::Checksum { stated, actual })) }
}

/// `<name> <id> <partitions>`
fn read_topic(text: &str) -> Option<(TopicName, Topic)> {
    let mut words = text.split(' ');
    let name = TopicName::new(words.next()?).ok()?;
    let id = words.next().filter(|digits| digits.len() == 32)?;
    let id = TopicId(u128::from_str_radix(id, 16).ok()?.to_be_bytes());
    let partitions = words.next()?.parse().ok().filter(|count| *count > 0)?;
    let topic = Topic { id, partitions, overrides: TopicOverrides::new() };
    words.next().is_none().then_some((name, topic))
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(text: &str) -> Option<String> {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        value.push(match next {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(value)
}
