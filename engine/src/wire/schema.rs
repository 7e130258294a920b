//! How a message is described: `schema!` declares structures with the versions of their fields and derives
//! reading and writing from that; `api!` joins a request and a response.
//!
//! ```text
//! schema! {
//!     /// Element of `topics`.
//!     pub struct FetchTopic {
//!         0..=12 => topic: String,           // versions up to 12 only
//!         13.. => topic_id: TopicId,
//!         _ => partitions: Vec<Partition>,   // all versions of the API
//!         _ => [null 1..] rack: Option<String>,   // may be null from version 1 on
//!         12.. => [tag 0] epoch: i64 = -1,   // a tagged field (KIP-482); its default is -1
//!     }
//! }
//! ```

use std::ops::RangeInclusive;

use bytes::Bytes;

use super::error::{DecodeError, Problem};
use super::reader::Reader;
use super::records::{Piece, Records};
use super::writer::Writer;
use crate::types::TopicId;

/// A value that stands in messages.
pub trait Wire: Sized {
    /// Reads one.
    ///
    /// # Errors
    /// [`DecodeError`].
    fn read(reader: &mut Reader) -> Result<Self, DecodeError>;

    /// Writes it.
    fn write(&self, writer: &mut Writer);
}

/// A value in whose place there may be null.
pub trait Nullable: Wire {
    /// Reads one, or null.
    ///
    /// # Errors
    /// [`DecodeError`].
    fn read_nullable(reader: &mut Reader) -> Result<Option<Self>, DecodeError>;

    /// Writes one, or null.
    fn write_nullable(value: Option<&Self>, writer: &mut Writer);
}

impl<T: Nullable> Wire for Option<T> {
    fn read(reader: &mut Reader) -> Result<Option<T>, DecodeError> {
        T::read_nullable(reader)
    }

    fn write(&self, writer: &mut Writer) {
        T::write_nullable(self.as_ref(), writer);
    }
}

/// Reads what may be null in some versions only.
pub(super) fn read_optional<T: Nullable>(
    reader: &mut Reader,
    nullable: bool,
) -> Result<Option<T>, DecodeError> {
    if nullable { T::read_nullable(reader) } else { T::read(reader).map(Some) }
}

/// Writes what may be null in some versions only; the others get an empty value.
pub(super) fn write_optional<T: Nullable + Default>(value: Option<&T>, writer: &mut Writer, nullable: bool) {
    match value {
        None if !nullable => T::default().write(writer),
        value => T::write_nullable(value, writer),
    }
}

macro_rules! integers {
    ($($integer:ty),*) => { $(
        impl Wire for $integer {
            fn read(reader: &mut Reader) -> Result<$integer, DecodeError> {
                Ok(<$integer>::from_be_bytes(reader.array()?))
            }

            fn write(&self, writer: &mut Writer) {
                writer.put(&self.to_be_bytes());
            }
        }
    )* };
}

integers!(i8, i16, u16, i32, i64);

impl Wire for bool {
    fn read(reader: &mut Reader) -> Result<bool, DecodeError> {
        Ok(reader.array::<1>()? != [0])
    }

    fn write(&self, writer: &mut Writer) {
        writer.put(&[u8::from(*self)]);
    }
}

impl Wire for TopicId {
    fn read(reader: &mut Reader) -> Result<TopicId, DecodeError> {
        reader.array().map(TopicId)
    }

    fn write(&self, writer: &mut Writer) {
        writer.put(&self.0);
    }
}

/// Where null is not allowed it is an error, so the one way of reading is the other with a check.
macro_rules! not_null {
    () => {
        fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
            Self::read_nullable(reader)?.ok_or_else(|| DecodeError::new(Problem::Length(-1)))
        }

        fn write(&self, writer: &mut Writer) {
            Self::write_nullable(Some(self), writer);
        }
    };
}

impl Wire for String {
    not_null!();
}

impl Nullable for String {
    fn read_nullable(reader: &mut Reader) -> Result<Option<String>, DecodeError> {
        reader.string()
    }

    fn write_nullable(value: Option<&String>, writer: &mut Writer) {
        writer.put_string(value.map(String::as_str));
    }
}

impl Wire for Bytes {
    not_null!();
}

impl Nullable for Bytes {
    fn read_nullable(reader: &mut Reader) -> Result<Option<Bytes>, DecodeError> {
        reader.bytes()
    }

    fn write_nullable(value: Option<&Bytes>, writer: &mut Writer) {
        writer.put_bytes(value.map(|bytes| &bytes[..]));
    }
}

impl<T: Wire> Wire for Vec<T> {
    not_null!();
}

impl<T: Wire> Nullable for Vec<T> {
    fn read_nullable(reader: &mut Reader) -> Result<Option<Vec<T>>, DecodeError> {
        reader.list(T::read)
    }

    fn write_nullable(value: Option<&Vec<T>>, writer: &mut Writer) {
        writer.put_list(value.map(Vec::as_slice), |writer, item| item.write(writer));
    }
}

impl Wire for Records {
    fn read(reader: &mut Reader) -> Result<Records, DecodeError> {
        let pieces = reader.bytes()?.filter(|bytes| !bytes.is_empty());
        Ok(Records { pieces: pieces.into_iter().map(Piece::Memory).collect() })
    }

    fn write(&self, writer: &mut Writer) {
        writer.put_records(self);
    }
}

/// Compares a field with its default, which takes the field's type.
pub(super) fn is_same<T: PartialEq>(value: &T, default: &T) -> bool {
    value == default
}

/// A structure that may be missing, as one byte in front of it says.
pub(super) fn read_marked<T: Wire>(reader: &mut Reader) -> Result<Option<T>, DecodeError> {
    match i8::read(reader)? {
        -1 => Ok(None),
        1 => T::read(reader).map(Some),
        other => Err(DecodeError::new(Problem::Presence(other))),
    }
}

/// As [`read_marked`].
pub(super) fn write_marked<T: Wire>(value: Option<&T>, writer: &mut Writer) {
    let mark: i8 = if value.is_some() { 1 } else { -1 };
    mark.write(writer);
    if let Some(value) = value {
        value.write(writer);
    }
}

/// Declares structures of messages, see the page of this file.
macro_rules! schema {
    ($(
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($versions:pat => $([$($mark:tt)*])? $field:ident : $type:ty $(= $default:expr)?),* $(,)?
        }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "the fields are those of Kafka's message of this name")]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $crate::wire::schema::schema!(@default $($default)?),)* }
            }
        }

        impl $crate::wire::schema::Wire for $name {
            #[allow(unused_variables, unreachable_patterns)]
            fn read(
                reader: &mut $crate::wire::reader::Reader,
            ) -> Result<$name, $crate::wire::error::DecodeError> {
                let version = reader.version();
                let mut value = $name::default();
                $($crate::wire::schema::schema!(
                    @read [$($($mark)*)?] version $versions, reader, value.$field, stringify!($field)
                );)*
                reader.tags(|number, reader| {
                    $($crate::wire::schema::schema!(
                        @read_tag [$($($mark)*)?] version $versions, reader, value.$field, number,
                        stringify!($field)
                    );)*
                    Ok(false)
                })?;
                Ok(value)
            }

            #[allow(unused_variables, unused_mut, unreachable_patterns)]
            fn write(&self, writer: &mut $crate::wire::writer::Writer) {
                let version = writer.version();
                let mut tags = Vec::new();
                $($crate::wire::schema::schema!(
                    @write [$($($mark)*)?] version $versions, writer, self.$field, tags,
                    $crate::wire::schema::schema!(@default $($default)?)
                );)*
                writer.put_tags(&tags);
            }
        }

        #[cfg(test)]
        impl $crate::wire::tests::Sample for $name {
            #[allow(unreachable_patterns)]
            fn sample(random: &mut $crate::wire::tests::Random, version: i16) -> $name {
                let mut value = $name::default();
                $(if matches!(version, $versions) {
                    value.$field = $crate::wire::schema::schema!(
                        @sample [$($($mark)*)?] random, version
                    );
                })*
                value
            }
        }
    )* };

    (@sample [null $nullable:pat] $random:ident, $version:ident) => {
        $crate::wire::tests::sample_optional($random, $version, matches!($version, $nullable))
    };
    (@sample [$($mark:tt)*] $random:ident, $version:ident) => {
        $crate::wire::tests::Sample::sample($random, $version)
    };

    (@default) => { Default::default() };
    (@default $default:expr) => { $default };

    (@read [] $version:ident $versions:pat, $reader:ident, $place:expr, $field:expr) => {
        if matches!($version, $versions) {
            $place = $crate::wire::schema::Wire::read($reader).map_err(|error| error.at($field))?;
        }
    };
    (@read [null $nullable:pat] $version:ident $versions:pat, $reader:ident, $place:expr, $field:expr) => {
        if matches!($version, $versions) {
            $place = $crate::wire::schema::read_optional($reader, matches!($version, $nullable))
                .map_err(|error| error.at($field))?;
        }
    };
    (@read [marked] $version:ident $versions:pat, $reader:ident, $place:expr, $field:expr) => {
        if matches!($version, $versions) {
            $place = $crate::wire::schema::read_marked($reader).map_err(|error| error.at($field))?;
        }
    };
    (@read [tag $number:literal] $($rest:tt)*) => {};

    (@read_tag [tag $tag:literal] $version:ident $versions:pat, $reader:ident, $place:expr, $number:ident, $field:expr) => {
        if $number == $tag && matches!($version, $versions) {
            $place = $crate::wire::schema::Wire::read($reader).map_err(|error| error.at($field))?;
            return Ok(true);
        }
    };
    (@read_tag [$($mark:tt)*] $($rest:tt)*) => {};

    (@write [] $version:ident $versions:pat, $writer:ident, $place:expr, $tags:ident, $default:expr) => {
        if matches!($version, $versions) {
            $crate::wire::schema::Wire::write(&$place, $writer);
        }
    };
    (@write [null $nullable:pat] $version:ident $versions:pat, $writer:ident, $place:expr, $tags:ident, $default:expr) => {
        if matches!($version, $versions) {
            let nullable = matches!($version, $nullable);
            $crate::wire::schema::write_optional($place.as_ref(), $writer, nullable);
        }
    };
    (@write [marked] $version:ident $versions:pat, $writer:ident, $place:expr, $tags:ident, $default:expr) => {
        if matches!($version, $versions) {
            $crate::wire::schema::write_marked($place.as_ref(), $writer);
        }
    };
    // A tagged field that holds its default is left out: some clients skip those they do not know wrongly.
    (@write [tag $number:literal] $version:ident $versions:pat, $writer:ident, $place:expr, $tags:ident, $default:expr) => {
        if matches!($version, $versions) && !$crate::wire::schema::is_same(&$place, &$default) {
            let content = $writer.tag_content(|inner| $crate::wire::schema::Wire::write(&$place, inner));
            $tags.push(($number, content));
        }
    };
}

/// First flexible version of an API that has none.
pub(super) const NEVER: i16 = i16::MAX;

/// One of Kafka's APIs, as it is served here.
pub trait Api {
    /// Its number.
    const KEY: i16;
    /// Its name in Kafka's documentation.
    const NAME: &'static str;
    /// Versions that are served.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields (KIP-482).
    const FLEXIBLE_FROM: i16;
    /// What is asked.
    type Request: Wire;
    /// What is answered.
    type Response: Wire;
}

/// Declares an API: its key, the versions that are served, the first flexible one, and its two messages.
macro_rules! api {
    (
        $name:ident = $key:literal, versions $versions:expr, flexible from $flexible:expr,
        $request:ident => $response:ident
    ) => {
        #[doc = concat!(stringify!($name), " (", stringify!($key), ").")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::wire::schema::Api for $name {
            const KEY: i16 = $key;
            const NAME: &'static str = stringify!($name);
            const VERSIONS: std::ops::RangeInclusive<i16> = $versions;
            const FLEXIBLE_FROM: i16 = $flexible;
            type Request = $request;
            type Response = $response;
        }
    };
}

pub(crate) use {api, schema};
