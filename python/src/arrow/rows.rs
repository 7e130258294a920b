//! [`Rows`]: columns become messages. Keys and values are borrowed from them.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, TimeUnit};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use tidelog::record::HeaderRef;

use super::column;

/// A batch's columns: ``value``, ``key``, ``partition``, ``timestamp``, ``headers``, each of them optional.
pub(crate) struct Rows<'a> {
    count: usize,
    key: Option<Bytes<'a>>,
    value: Option<Bytes<'a>>,
    partition: Option<&'a arrow_array::Int32Array>,
    timestamp: Option<Times<'a>>,
    headers: Option<&'a arrow_array::ListArray>,
}

/// One row.
pub(crate) struct Row<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: Vec<HeaderRef<'a>>,
}

/// A column of bytes or text.
enum Bytes<'a> {
    Binary(&'a arrow_array::BinaryArray),
    LargeBinary(&'a arrow_array::LargeBinaryArray),
    BinaryView(&'a arrow_array::BinaryViewArray),
    Text(&'a arrow_array::StringArray),
    LargeText(&'a arrow_array::LargeStringArray),
    TextView(&'a arrow_array::StringViewArray),
}

/// A column of milliseconds.
enum Times<'a> {
    Number(&'a arrow_array::Int64Array),
    Timestamp(&'a arrow_array::TimestampMillisecondArray),
}

fn wrong(name: &str, found: &DataType, expected: &str) -> PyErr {
    PyTypeError::new_err(format!("column {name:?} has type {found}: expected {expected}"))
}

impl<'a> Bytes<'a> {
    fn of(name: &str, column: &'a dyn Array) -> PyResult<Bytes<'a>> {
        match column.data_type() {
            DataType::Binary => Ok(Bytes::Binary(column.as_binary())),
            DataType::LargeBinary => Ok(Bytes::LargeBinary(column.as_binary())),
            DataType::BinaryView => Ok(Bytes::BinaryView(column.as_binary_view())),
            DataType::Utf8 => Ok(Bytes::Text(column.as_string())),
            DataType::LargeUtf8 => Ok(Bytes::LargeText(column.as_string())),
            DataType::Utf8View => Ok(Bytes::TextView(column.as_string_view())),
            other => Err(wrong(name, other, "binary or utf8")),
        }
    }

    fn get(&self, row: usize) -> Option<&'a [u8]> {
        match self {
            Bytes::Binary(column) => column.is_valid(row).then(|| column.value(row)),
            Bytes::LargeBinary(column) => column.is_valid(row).then(|| column.value(row)),
            Bytes::BinaryView(column) => column.is_valid(row).then(|| column.value(row)),
            Bytes::Text(column) => column.is_valid(row).then(|| column.value(row).as_bytes()),
            Bytes::LargeText(column) => column.is_valid(row).then(|| column.value(row).as_bytes()),
            Bytes::TextView(column) => column.is_valid(row).then(|| column.value(row).as_bytes()),
        }
    }
}

impl<'a> Times<'a> {
    fn of(column: &'a dyn Array) -> PyResult<Times<'a>> {
        match column.data_type() {
            DataType::Int64 => Ok(Times::Number(column.as_primitive::<Int64Type>())),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                Ok(Times::Timestamp(column.as_primitive::<TimestampMillisecondType>()))
            }
            other => Err(wrong("timestamp", other, "int64 or timestamp[ms]")),
        }
    }

    fn get(&self, row: usize) -> Option<i64> {
        match self {
            Times::Number(column) => column.is_valid(row).then(|| column.value(row)),
            Times::Timestamp(column) => column.is_valid(row).then(|| column.value(row)),
        }
    }
}

impl<'a> Rows<'a> {
    /// # Errors
    /// `TypeError`, for a column of a type that does not fit, and for a batch without `value` and `key`.
    pub(crate) fn of(batch: &'a RecordBatch) -> PyResult<Rows<'a>> {
        let bytes = |name: &str| column(batch, name).map(|column| Bytes::of(name, column)).transpose();
        let (key, value) = (bytes("key")?, bytes("value")?);
        if key.is_none() && value.is_none() {
            return Err(PyTypeError::new_err("expected a column \"value\" or \"key\""));
        }
        let partition = match column(batch, "partition") {
            None => None,
            Some(column) if *column.data_type() == DataType::Int32 => {
                Some(column.as_primitive::<Int32Type>())
            }
            Some(column) => return Err(wrong("partition", column.data_type(), "int32")),
        };
        let headers = match column(batch, "headers") {
            None => None,
            Some(column) => Some(headers_of(column)?),
        };
        let timestamp = column(batch, "timestamp").map(|column| Times::of(column)).transpose()?;
        Ok(Rows { count: batch.num_rows(), key, value, partition, timestamp, headers })
    }

    /// All rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'a>> + '_ {
        (0..self.count).map(|row| Row {
            key: self.key.as_ref().and_then(|key| key.get(row)),
            value: self.value.as_ref().and_then(|value| value.get(row)),
            partition: self.partition.filter(|column| column.is_valid(row)).map(|column| column.value(row)),
            timestamp: self.timestamp.as_ref().and_then(|times| times.get(row)),
            headers: self.headers_at(row),
        })
    }

    fn headers_at(&self, row: usize) -> Vec<HeaderRef<'a>> {
        let Some(lists) = self.headers.filter(|lists| lists.is_valid(row)) else { return Vec::new() };
        let pairs: &'a StructArray = lists.values().as_struct();
        let offsets = lists.value_offsets();
        let at = |place: usize| usize::try_from(offsets[place]).unwrap_or_default();
        let keys = pairs.column(0).as_string::<i32>();
        let values = pairs.column(1).as_binary::<i32>();
        let header = |place: usize| HeaderRef {
            key: keys.value(place),
            value: values.is_valid(place).then(|| values.value(place)),
        };
        (at(row)..at(row + 1)).map(header).collect()
    }
}

fn headers_of(column: &dyn Array) -> PyResult<&arrow_array::ListArray> {
    const EXPECTED: &str = "list<struct<key: utf8, value: binary>>";
    let refused = || wrong("headers", column.data_type(), EXPECTED);
    let lists = column.as_list_opt::<i32>().ok_or_else(refused)?;
    let pairs = lists.values().as_struct_opt().ok_or_else(refused)?;
    let types: Vec<&DataType> = pairs.columns().iter().map(|column| column.data_type()).collect();
    match types.as_slice() {
        [DataType::Utf8, DataType::Binary] => Ok(lists),
        _ => Err(refused()),
    }
}
