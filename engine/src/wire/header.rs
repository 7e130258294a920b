//! What stands in front of every request and response.

use bytes::Bytes;

use super::api::ApiInfo;
use super::api::api_versions::ApiVersions;
use super::error::DecodeError;
use super::reader::Reader;
use super::schema::{Api, Wire};
use super::writer::{Frame, Writer};

/// The header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which API.
    pub api: &'static ApiInfo,
    /// Which of its versions.
    pub version: i16,
    /// What the answer begins with.
    pub correlation_id: i32,
    /// `client.id`.
    pub client_id: Option<String>,
}

/// Why the header of a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is no such API here.
    #[error("API key {key} (version {version}) is not served here")]
    UnknownApi {
        /// The number.
        key: i16,
        /// The version.
        version: i16,
    },
    /// The API has no such version here.
    #[error("{} version {version} is not served here; versions {} to {} are", api.name, api.versions.start(), api.versions.end())]
    UnsupportedVersion {
        /// The API.
        api: &'static ApiInfo,
        /// The version.
        version: i16,
        /// What the answer, if there is one, begins with.
        correlation_id: i32,
    },
    /// It is no header.
    #[error("request header: {0}")]
    Decode(#[from] DecodeError),
}

impl HeaderError {
    /// Whether a client only asks, in words of a newer Kafka, which versions there are: it gets an answer (KIP-511).
    #[must_use]
    pub fn of_api_versions(&self) -> Option<i32> {
        match self {
            HeaderError::UnsupportedVersion { api, correlation_id, .. } if api.key == ApiVersions::KEY => {
                Some(*correlation_id)
            }
            _ => None,
        }
    }
}

impl RequestHeader {
    /// Reads the header of a request; returns it with the body.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn read(message: Bytes) -> Result<(RequestHeader, Bytes), HeaderError> {
        let size = message.len();
        let mut reader = Reader::new(message.clone(), 0, false);
        let key = i16::read(&mut reader).map_err(|error| error.at("request_api_key"))?;
        let version = i16::read(&mut reader).map_err(|error| error.at("request_api_version"))?;
        let correlation_id = i32::read(&mut reader).map_err(|error| error.at("correlation_id"))?;
        let api = ApiInfo::of(key).ok_or(HeaderError::UnknownApi { key, version })?;
        if !api.versions.contains(&version) {
            return Err(HeaderError::UnsupportedVersion { api, version, correlation_id });
        }
        let rest = message.slice(size - reader.remaining()..);
        let mut reader = Reader::new(rest, version, api.is_flexible(version));
        let client_id = reader.classic_string().map_err(|error| error.at("client_id"))?;
        reader.tags(|_, _| Ok(false)).map_err(|error| error.at("tagged fields"))?;
        let body = message.slice(size - reader.remaining()..);
        Ok((RequestHeader { api, version, correlation_id, client_id }, body))
    }
}

/// Puts the response to a request together.
#[must_use]
pub fn respond<A: Api>(version: i16, correlation_id: i32, response: &A::Response) -> Frame {
    let flexible = version >= A::FLEXIBLE_FROM;
    let mut writer = Writer::new(version, flexible);
    correlation_id.write(&mut writer);
    // Whoever asks which versions there are does not know yet which headers to expect (KIP-511).
    if A::KEY != ApiVersions::KEY {
        writer.put_tags(&[]);
    }
    response.write(&mut writer);
    writer.finish()
}
