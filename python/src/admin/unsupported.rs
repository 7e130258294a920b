//! What needs users and their rights, which the in-process engine does not have.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::client::Admin;
use tidelog::error_code::ErrorCode;

use super::_AdminClientImpl;
use super::options::{Options, items};
use crate::kafka_error::exception_with;

impl _AdminClientImpl {
    fn refuse(
        &self,
        what: &'static str,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &[])?;
        inner.jobs.begin(future, options.request_timeout, move |_: &Admin| {
            move |_: Python<'_>| {
                let text = format!("{what} are not supported by the in-process engine: it has no users");
                Err(exception_with(ErrorCode::LocalUnsupportedFeature, text))
            }
        })
    }
}

#[pymethods]
impl _AdminClientImpl {
    /// create_acls(acls, future, **options): not supported.
    #[pyo3(signature = (acls, future, **options))]
    fn create_acls(
        &self,
        acls: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        items(acls, "AclBinding objects")?;
        self.refuse("ACLs", future, options)
    }

    /// describe_acls(acl_filter, future, **options): not supported.
    #[pyo3(signature = (acl_filter, future, **options))]
    fn describe_acls(
        &self,
        acl_filter: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let _ = acl_filter;
        self.refuse("ACLs", future, options)
    }

    /// delete_acls(acl_filters, future, **options): not supported.
    #[pyo3(signature = (acl_filters, future, **options))]
    fn delete_acls(
        &self,
        acl_filters: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        items(acl_filters, "AclBindingFilter objects")?;
        self.refuse("ACLs", future, options)
    }

    /// describe_user_scram_credentials(users, future, **options): not supported.
    #[pyo3(signature = (users, future, **options))]
    fn describe_user_scram_credentials(
        &self,
        users: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let _ = users;
        self.refuse("SCRAM credentials", future, options)
    }

    /// alter_user_scram_credentials(alterations, future, **options): not supported.
    #[pyo3(signature = (alterations, future, **options))]
    fn alter_user_scram_credentials(
        &self,
        alterations: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let _ = alterations;
        self.refuse("SCRAM credentials", future, options)
    }
}
