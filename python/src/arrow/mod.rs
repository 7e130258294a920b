//! Records as Arrow columns, through Arrow's C stream interface: what pyarrow, polars, duckdb and others take and give
//! without copying. `columns` makes them, `rows` reads them.

mod columns;
mod rows;

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::foreign::{ARROW_STREAM, Run, take_arrow_stream};

pub(crate) use columns::Columns;
pub(crate) use rows::{Row, Rows};

/// Records in columns: ``topic``, ``partition``, ``offset``, ``timestamp``, ``key``, ``value``, ``headers``.
///
/// Anything that takes Arrow's C stream interface reads it without a copy of keys and values:
/// ``pyarrow.table(records)``, ``polars.DataFrame(records)``, ``duckdb.sql("select ... from records")``.
#[pyclass(module = "tidelog", frozen)]
pub(crate) struct ArrowRecords {
    batch: RecordBatch,
}

impl ArrowRecords {
    pub(crate) fn new(batch: RecordBatch) -> ArrowRecords {
        ArrowRecords { batch }
    }
}

#[pymethods]
impl ArrowRecords {
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __bool__(&self) -> bool {
        self.batch.num_rows() > 0
    }

    fn __repr__(&self) -> String {
        format!("ArrowRecords({} records)", self.batch.num_rows())
    }

    /// __arrow_c_stream__(requested_schema=None): Arrow's PyCapsule interface. Columns are handed out as they are, whatever
    /// schema is requested.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let schema = self.batch.schema();
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], schema);
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, ARROW_STREAM)
    }
}

/// Reads what `object` gives through Arrow's C stream interface; `None` when it has none.
///
/// # Errors
/// When what it gives is not such a stream.
pub(crate) fn read_stream(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<RecordBatch>>> {
    if !object.hasattr("__arrow_c_stream__")? {
        return Ok(None);
    }
    let capsule = object.run_method(intern!(object.py(), "__arrow_c_stream__"), ())?;
    let capsule = capsule.cast::<PyCapsule>()?;
    let refused = |error| PyValueError::new_err(format!("not an Arrow stream of records: {error}"));
    let reader = take_arrow_stream(capsule)?.map_err(refused)?;
    reader.collect::<Result<Vec<_>, _>>().map(Some).map_err(refused)
}

/// A column of a batch by its name.
fn column<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a Arc<dyn arrow_array::Array>> {
    batch.column_by_name(name)
}
