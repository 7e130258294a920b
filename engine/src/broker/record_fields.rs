//! Field by field in and out of Kafka's record schemas. Every length is held against the bytes that are there
//! before anything is taken.

/// Versions of a kind of value.
#[derive(Clone, Copy, Debug)]
pub(in crate::broker) struct Versions {
    /// The newest that is read.
    pub(in crate::broker) newest: i16,
    /// The first that is flexible (KIP-482).
    pub(in crate::broker) flexible_since: i16,
}

/// Why a record of a coordinator cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The bytes end inside this field.
    #[error("the bytes end inside the field {0}")]
    Truncated(&'static str),
    /// A field that must be there is null, or a length is impossible.
    #[error("the length {length} of the field {field} is not possible")]
    Length {
        /// The field.
        field: &'static str,
        /// The length stated.
        length: i64,
    },
    /// Text that is not UTF-8.
    #[error("the field {0} is not UTF-8")]
    NotText(&'static str),
    /// A version this engine does not know.
    #[error("the version {0} is not known")]
    Version(i16),
}

/// Takes fields off a record that starts with its version.
pub(in crate::broker) struct Reader<'a> {
    bytes: &'a [u8],
    version: i16,
    flexible: bool,
}

impl<'a> Reader<'a> {
    /// Starts with the version; sizes are those of versions that are not flexible.
    pub(in crate::broker) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, SchemaError> {
        let mut reader = Reader { bytes, version: 0, flexible: false };
        reader.version = i16::from_be_bytes(reader.array("version")?);
        Ok(reader)
    }

    /// Starts with the version of a value, which must be one of `versions`.
    pub(in crate::broker) fn of_value(
        bytes: &'a [u8],
        versions: Versions,
    ) -> Result<Reader<'a>, SchemaError> {
        let mut reader = Reader::new(bytes)?;
        if !(0..=versions.newest).contains(&reader.version) {
            return Err(SchemaError::Version(reader.version));
        }
        reader.flexible = reader.version >= versions.flexible_since;
        Ok(reader)
    }

    /// The content of a tagged field.
    pub(in crate::broker) fn of_tag(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, version: 0, flexible: true }
    }

    pub(in crate::broker) fn version(&self) -> i16 {
        self.version
    }

    fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], SchemaError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(SchemaError::Truncated(field))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], SchemaError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(SchemaError::Truncated(field))?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(in crate::broker) fn i8(&mut self, field: &'static str) -> Result<i8, SchemaError> {
        self.array(field).map(i8::from_be_bytes)
    }

    pub(in crate::broker) fn i16(&mut self, field: &'static str) -> Result<i16, SchemaError> {
        self.array(field).map(i16::from_be_bytes)
    }

    pub(in crate::broker) fn i32(&mut self, field: &'static str) -> Result<i32, SchemaError> {
        self.array(field).map(i32::from_be_bytes)
    }

    pub(in crate::broker) fn i64(&mut self, field: &'static str) -> Result<i64, SchemaError> {
        self.array(field).map(i64::from_be_bytes)
    }

    pub(in crate::broker) fn uuid(&mut self, field: &'static str) -> Result<[u8; 16], SchemaError> {
        self.array(field)
    }

    /// Unsigned varint of at most 32 bits.
    fn varint(&mut self, field: &'static str) -> Result<u32, SchemaError> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array(field)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let length = i64::try_from(value).unwrap_or(i64::MAX);
        u32::try_from(value).map_err(|_| SchemaError::Length { field, length })
    }

    /// A length; `None` for null. `fixed` reads it when it is not a varint.
    fn length(
        &mut self,
        field: &'static str,
        fixed: impl Fn(&mut Self) -> Result<i32, SchemaError>,
    ) -> Result<Option<usize>, SchemaError> {
        let length = match self.flexible {
            true => i64::from(self.varint(field)?) - 1,
            false => i64::from(fixed(self)?),
        };
        match length {
            -1 => Ok(None),
            length => usize::try_from(length).map(Some).map_err(|_| SchemaError::Length { field, length }),
        }
    }

    pub(in crate::broker) fn optional_string(
        &mut self,
        field: &'static str,
    ) -> Result<Option<String>, SchemaError> {
        let fixed = |reader: &mut Self| reader.array(field).map(|two| i32::from(i16::from_be_bytes(two)));
        let Some(length) = self.length(field, fixed)? else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length, field)?);
        text.map(|text| Some(text.to_owned())).map_err(|_| SchemaError::NotText(field))
    }

    pub(in crate::broker) fn string(&mut self, field: &'static str) -> Result<String, SchemaError> {
        self.optional_string(field)?.ok_or(SchemaError::Length { field, length: -1 })
    }

    pub(in crate::broker) fn blob(&mut self, field: &'static str) -> Result<&'a [u8], SchemaError> {
        let length = self.length(field, |reader| reader.i32(field))?;
        self.take(length.ok_or(SchemaError::Length { field, length: -1 })?, field)
    }

    /// Count of the entries of a list; `None` for null.
    pub(in crate::broker) fn optional_count(
        &mut self,
        field: &'static str,
    ) -> Result<Option<usize>, SchemaError> {
        self.length(field, |reader| reader.i32(field))
    }

    /// Count of the entries of a list.
    pub(in crate::broker) fn count(&mut self, field: &'static str) -> Result<usize, SchemaError> {
        self.optional_count(field)?.ok_or(SchemaError::Length { field, length: -1 })
    }

    /// The tagged fields at the end of a structure: the content of `tag` if it is there. None before the flexible versions.
    pub(in crate::broker) fn tagged(&mut self, tag: u32) -> Result<Option<&'a [u8]>, SchemaError> {
        let mut found = None;
        self.each_tagged(|this, content| {
            if this == tag {
                found = Some(content);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The tagged fields at the end of a structure. None before the flexible versions.
    pub(in crate::broker) fn each_tagged(
        &mut self,
        mut look: impl FnMut(u32, &'a [u8]) -> Result<(), SchemaError>,
    ) -> Result<(), SchemaError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.varint("count of tagged fields")? {
            let tag = self.varint("tag")?;
            let size = usize::try_from(self.varint("size of a tagged field")?).unwrap_or(usize::MAX);
            look(tag, self.take(size, "tagged field")?)?;
        }
        Ok(())
    }
}

/// Puts fields into a record that starts with its version.
///
/// Texts and lists come from the state of a coordinator, which bounds them when it takes them in; the writer asserts that.
pub(in crate::broker) struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    /// Starts a key.
    pub(in crate::broker) fn new(version: i16) -> Writer {
        Writer { bytes: version.to_be_bytes().to_vec(), flexible: false }
    }

    /// Starts a value.
    pub(in crate::broker) fn of_value(version: i16, versions: Versions) -> Writer {
        Writer { flexible: version >= versions.flexible_since, ..Writer::new(version) }
    }

    /// Starts the content of a tagged field.
    pub(in crate::broker) fn of_tag() -> Writer {
        Writer { bytes: Vec::new(), flexible: true }
    }

    pub(in crate::broker) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(in crate::broker) fn i8(&mut self, value: i8) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(in crate::broker) fn i16(&mut self, value: i16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(in crate::broker) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(in crate::broker) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(in crate::broker) fn uuid(&mut self, value: [u8; 16]) {
        self.bytes.extend_from_slice(&value);
    }

    fn varint(&mut self, mut value: usize) {
        while value > 0x7f {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }

    pub(in crate::broker) fn string(&mut self, text: &str) {
        if self.flexible {
            self.varint(text.len() + 1);
        } else {
            let length = i16::try_from(text.len()).expect("texts of a coordinator are shorter than 32 KiB");
            self.bytes.extend_from_slice(&length.to_be_bytes());
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(in crate::broker) fn optional_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None if self.flexible => self.varint(0),
            None => self.bytes.extend_from_slice(&(-1_i16).to_be_bytes()),
        }
    }

    /// A list that is null.
    pub(in crate::broker) fn no_list(&mut self) {
        if self.flexible {
            self.varint(0);
        } else {
            self.i32(-1);
        }
    }

    pub(in crate::broker) fn count(&mut self, count: usize) {
        if self.flexible {
            self.varint(count + 1);
        } else {
            self.i32(i32::try_from(count).expect("a coordinator's lists and blobs are bounded below 2 GiB"));
        }
    }

    pub(in crate::broker) fn blob(&mut self, blob: &[u8]) {
        self.count(blob.len());
        self.bytes.extend_from_slice(blob);
    }

    /// The tagged fields at the end of a structure, in the order of their tags. Nothing before the flexible versions.
    pub(in crate::broker) fn tagged(&mut self, fields: &[(usize, &[u8])]) {
        if !self.flexible {
            return;
        }
        self.varint(fields.len());
        for (tag, content) in fields {
            self.varint(*tag);
            self.varint(content.len());
            self.bytes.extend_from_slice(content);
        }
    }
}
