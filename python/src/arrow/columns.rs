//! [`Columns`]: messages become columns. Keys and values stay where they are: the columns hold views of the batches that
//! the messages came in.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryViewArray, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{Buffer, NullBufferBuilder, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use tidelog::client::MessageRef;
use tidelog::record::Headers;

/// Longest value that a view holds itself.
const INLINE_MAX: usize = 12;

static HEADER_FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)])
});

static HEADER: LazyLock<FieldRef> =
    LazyLock::new(|| Arc::new(Field::new("item", DataType::Struct(HEADER_FIELDS.clone()), true)));

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let topic = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("topic", topic, false),
        Field::new("partition", DataType::Int32, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        Field::new("key", DataType::BinaryView, true),
        Field::new("value", DataType::BinaryView, true),
        Field::new("headers", DataType::List(Arc::clone(&HEADER)), true),
    ]))
});

/// Columns that grow.
pub(crate) struct Columns {
    topics: Vec<String>,
    topic: Vec<i32>,
    partition: Vec<i32>,
    offset: Vec<i64>,
    timestamp: Vec<i64>,
    key: Views,
    value: Views,
    /// From the first record with headers on.
    headers: Option<HeadersBuilder>,
    /// Memory that views point into.
    buffers: Vec<Buffer>,
    /// Where the last buffer lies.
    last: (usize, usize),
}

/// A column of views.
struct Views {
    views: Vec<u128>,
    nulls: NullBufferBuilder,
}

type HeadersBuilder = ListBuilder<StructBuilder>;

impl Views {
    fn new(capacity: usize) -> Views {
        Views { views: Vec::with_capacity(capacity), nulls: NullBufferBuilder::new(capacity) }
    }

    /// Adds `bytes`, which lie in buffer number `buffer`, which is `whole`.
    #[inline]
    fn push(&mut self, bytes: Option<&[u8]>, whole: &[u8], buffer: u32) {
        let Some(bytes) = bytes else {
            self.views.push(0);
            return self.nulls.append_null();
        };
        self.nulls.append_non_null();
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut view = [0_u8; 16];
        view[..4].copy_from_slice(&size.to_le_bytes());
        if bytes.len() <= INLINE_MAX {
            view[4..4 + bytes.len()].copy_from_slice(bytes);
        } else {
            let start = bytes.as_ptr().addr() - whole.as_ptr().addr();
            view[4..8].copy_from_slice(&bytes[..4]);
            view[8..12].copy_from_slice(&buffer.to_le_bytes());
            view[12..].copy_from_slice(&u32::try_from(start).unwrap_or(u32::MAX).to_le_bytes());
        }
        self.views.push(u128::from_le_bytes(view));
    }

    fn finish(mut self, buffers: &[Buffer]) -> Result<ArrayRef, ArrowError> {
        let views = ScalarBuffer::from(self.views);
        Ok(Arc::new(BinaryViewArray::try_new(views, buffers.to_vec(), self.nulls.finish())?))
    }
}

fn headers_builder() -> HeadersBuilder {
    let fields = HEADER_FIELDS.clone();
    let columns =
        StructBuilder::new(fields, vec![Box::new(StringBuilder::new()), Box::new(BinaryBuilder::new())]);
    ListBuilder::new(columns)
}

impl Columns {
    /// Room for `capacity` records.
    pub(crate) fn new(capacity: usize) -> Columns {
        Columns {
            topics: Vec::new(),
            topic: Vec::with_capacity(capacity),
            partition: Vec::with_capacity(capacity),
            offset: Vec::with_capacity(capacity),
            timestamp: Vec::with_capacity(capacity),
            key: Views::new(capacity),
            value: Views::new(capacity),
            headers: None,
            buffers: Vec::new(),
            last: (0, 0),
        }
    }

    /// Adds a record.
    #[inline]
    pub(crate) fn push(&mut self, message: &MessageRef<'_>) {
        let (record, whole) = (message.record(), &**message.batch_bytes());
        if self.buffers.is_empty() || self.last != (whole.as_ptr().addr(), whole.len()) {
            self.begin_batch(message);
        }
        let buffer = u32::try_from(self.buffers.len() - 1).unwrap_or(u32::MAX);
        self.topic.push(i32::try_from(self.topics.len() - 1).unwrap_or(i32::MAX));
        self.partition.push(message.partition().0);
        self.offset.push(record.offset.0);
        self.timestamp.push(record.timestamp.0);
        self.key.push(record.key, whole, buffer);
        self.value.push(record.value, whole, buffer);
        if record.headers.len() > 0 || self.headers.is_some() {
            self.push_headers(record.headers);
        }
    }

    /// Keeps the memory of another batch.
    fn begin_batch(&mut self, message: &MessageRef<'_>) {
        let whole = message.batch_bytes();
        self.last = (whole.as_ptr().addr(), whole.len());
        self.buffers.push(Buffer::from(whole.clone()));
        if self.topics.last().is_none_or(|topic| topic != message.topic()) {
            self.topics.push(message.topic().to_owned());
        }
    }

    fn push_headers(&mut self, headers: Headers<'_>) {
        let before = self.topic.len() - 1;
        let builder = self.headers.get_or_insert_with(|| {
            let mut builder = headers_builder();
            (0..before).for_each(|_| builder.append_null());
            builder
        });
        if headers.len() == 0 {
            return builder.append_null();
        }
        for header in headers {
            let columns = builder.values();
            if let Some(keys) = columns.field_builder::<StringBuilder>(0) {
                keys.append_value(header.key_lossy());
            }
            if let Some(values) = columns.field_builder::<BinaryBuilder>(1) {
                values.append_option(header.value);
            }
            columns.append(true);
        }
        builder.append(true);
    }

    /// The columns together.
    ///
    /// # Errors
    /// When they do not fit each other, which they always do.
    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let headers: ArrayRef = match self.headers {
            Some(mut builder) => Arc::new(builder.finish()),
            None => Arc::new(ListArray::new_null(Arc::clone(&HEADER), self.topic.len())),
        };
        let topics = Arc::new(StringArray::from(self.topics));
        let topic = DictionaryArray::<Int32Type>::try_new(Int32Array::from(self.topic), topics)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(topic),
            Arc::new(Int32Array::from(self.partition)),
            Arc::new(Int64Array::from(self.offset)),
            Arc::new(TimestampMillisecondArray::from(self.timestamp).with_timezone("UTC")),
            self.key.finish(&self.buffers)?,
            self.value.finish(&self.buffers)?,
            headers,
        ];
        RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
    }
}
