//! Settings of topics and of the engine.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::client::admin::{ConfigResource, ResourceAlteration, ResourceSettings};
use tidelog::client::{Admin, KafkaError};
use tidelog::config::{AlterOperation, Alteration, ConfigEntry};
use tidelog::error_code::ErrorCode;

use super::options::{Options, items};
use super::{_AdminClientImpl, Inner};
use crate::foreign::Run;
use crate::kafka_error::KafkaError as PyKafkaError;
use crate::package::class;

/// A resource as it was named: its type's number and its name.
struct Named {
    kind: i32,
    name: String,
}

impl Named {
    const TOPIC: i32 = 2;
    const GROUP: i32 = 3;
    const BROKER: i32 = 4;

    fn read(resource: &Bound<'_, PyAny>) -> PyResult<Named> {
        let is_resource = resource.hasattr("restype_int")?;
        if !is_resource {
            return Err(PyValueError::new_err("Expected list of ConfigResource objects"));
        }
        Ok(Named {
            kind: resource.getattr("restype_int")?.extract()?,
            name: resource.getattr("name")?.extract()?,
        })
    }

    /// # Errors
    /// `INVALID_REQUEST`, for what has no settings here.
    fn to_client(&self) -> Result<ConfigResource, KafkaError> {
        let refused = |text: String| KafkaError::with_reason(ErrorCode::InvalidRequest, text);
        match self.kind {
            Named::TOPIC => Ok(ConfigResource::Topic(self.name.clone())),
            Named::GROUP => Ok(ConfigResource::Group(self.name.clone())),
            Named::BROKER => match self.name.parse() {
                Ok(node) => Ok(ConfigResource::Broker(node)),
                Err(_) => Err(refused(format!("{:?} is not the number of a broker", self.name))),
            },
            kind => Err(refused(format!("resources of type {kind} have no settings here"))),
        }
    }

    fn object<'py>(&self, py: Python<'py>, error: Option<&KafkaError>) -> PyResult<Bound<'py, PyAny>> {
        let named = PyDict::new(py);
        named.set_item("error", PyKafkaError::make_optional(py, error)?)?;
        class(py, "admin", "ConfigResource")?.call((self.kind, &self.name), Some(&named))
    }
}

fn entry<'py>(py: Python<'py>, entry: &ConfigEntry) -> PyResult<Bound<'py, PyAny>> {
    let make = class(py, "admin", "ConfigEntry")?;
    let synonyms = PyDict::new(py);
    for synonym in &entry.synonyms {
        let fields = (
            &synonym.name,
            &synonym.value,
            synonym.source as i32,
            entry.read_only,
            false,
            entry.sensitive,
            true,
        );
        synonyms.set_item(&synonym.name, make.run(fields)?)?;
    }
    let value = (!entry.sensitive).then_some(&entry.value);
    let source = entry.source as i32;
    make.run((
        entry.name,
        value,
        source,
        entry.read_only,
        entry.is_default(),
        entry.sensitive,
        false,
        synonyms,
    ))
}

impl Inner {
    /// Does `alter` with each resource. The result is a dictionary of resources, those that failed with their error.
    fn begin_altering<T: Send + 'static>(
        &self,
        future: &Bound<'_, PyAny>,
        options: &Options,
        changes: Vec<(Named, T)>,
        alter: impl Fn(&Admin, ConfigResource, T) -> Vec<Result<(), KafkaError>> + Send + 'static,
    ) -> PyResult<()> {
        self.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let altered = changes.into_iter().map(|(named, change)| {
                let altered = named.to_client().map(|resource| alter(admin, resource, change).pop());
                (named, altered.and_then(|outcome| outcome.unwrap_or(Ok(()))))
            });
            let altered: Vec<_> = altered.collect();
            move |py: Python<'_>| {
                let dict = PyDict::new(py);
                for (named, outcome) in altered {
                    dict.set_item(named.object(py, outcome.err().as_ref())?, py.None())?;
                }
                Ok(dict.into_any().unbind())
            }
        })
    }
}

/// One change of a setting, as its entry says.
fn alteration(entry: &Bound<'_, PyAny>) -> PyResult<Alteration> {
    let operation = entry.getattr("incremental_operation")?;
    let Ok(operation) = operation.getattr("value") else {
        return Err(PyTypeError::new_err("Required attribute .value missing"));
    };
    let value = entry.getattr("value")?;
    let text = if value.is_none() { String::new() } else { value.str()?.to_string() };
    let operation = match operation.extract::<i32>()? {
        0 => AlterOperation::Set(text),
        1 => AlterOperation::Delete,
        2 => AlterOperation::Append(text),
        3 => AlterOperation::Subtract(text),
        other => return Err(PyValueError::new_err(format!("{other} is not an AlterConfigOpType"))),
    };
    Ok(Alteration { name: entry.getattr("name")?.extract()?, operation })
}

#[pymethods]
impl _AdminClientImpl {
    /// describe_configs(resources, future, **options): all settings of resources.
    #[pyo3(signature = (resources, future, **options))]
    fn describe_configs(
        &self,
        resources: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["broker"])?;
        let named = items(resources, "ConfigResource objects")?;
        let named: Vec<Named> = named.iter().map(Named::read).collect::<PyResult<_>>()?;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let describe = |named: &Named| -> Result<Vec<ConfigEntry>, KafkaError> {
                let described = admin.describe_configs(&[named.to_client()?]).pop();
                described.unwrap_or_else(|| Ok(Vec::new()))
            };
            let described: Vec<_> = named.iter().map(describe).collect();
            move |py: Python<'_>| {
                let dict = PyDict::new(py);
                for (named, described) in named.iter().zip(described) {
                    let entries = PyDict::new(py);
                    for one in described.iter().flatten() {
                        entries.set_item(one.name, entry(py, one)?)?;
                    }
                    dict.set_item(named.object(py, described.as_ref().err())?, entries)?;
                }
                Ok(dict.into_any().unbind())
            }
        })
    }

    /// alter_configs(resources, future, **options): replaces all settings of resources.
    #[pyo3(signature = (resources, future, **options))]
    fn alter_configs(
        &self,
        resources: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["validate_only", "broker"])?;
        let mut changes = Vec::new();
        for resource in items(resources, "ConfigResource objects")? {
            let settings = resource.getattr("set_config_dict")?;
            let mut all = std::collections::BTreeMap::new();
            for (name, value) in settings.cast::<PyDict>()?.iter() {
                all.insert(name.str()?.to_string(), value.str()?.to_string());
            }
            changes.push((Named::read(&resource)?, all));
        }
        let mode = options.mode;
        inner.begin_altering(future, &options, changes, move |admin, resource, settings| {
            admin.alter_configs(&[ResourceSettings { resource, settings }], mode)
        })
    }

    /// incremental_alter_configs(resources, future, **options): changes some settings of resources.
    #[pyo3(signature = (resources, future, **options))]
    fn incremental_alter_configs(
        &self,
        resources: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["validate_only", "broker"])?;
        let mut changes = Vec::new();
        for resource in items(resources, "ConfigResource objects")? {
            let entries: Vec<Bound<'_, PyAny>> = resource.getattr("incremental_configs")?.extract()?;
            if entries.is_empty() {
                return Err(PyValueError::new_err(
                    "expected non-empty list of ConfigEntry to alter incrementally in incremental_configs field",
                ));
            }
            let all: Vec<Alteration> = entries.iter().map(alteration).collect::<PyResult<_>>()?;
            changes.push((Named::read(&resource)?, all));
        }
        let mode = options.mode;
        inner.begin_altering(future, &options, changes, move |admin, resource, alterations| {
            admin.incremental_alter_configs(&[ResourceAlteration { resource, alterations }], mode)
        })
    }
}
