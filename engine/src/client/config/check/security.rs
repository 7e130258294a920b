//! The checks of TLS and SASL settings. They have no effect on an engine in the same process; what a cluster's client
//! would refuse is refused all the same.

use crate::client::config::error::Conflict;
use crate::client::config::keys;
use crate::client::config::values::Values;

/// Settings of an assertion that is made here. With one that is read from a file they make no sense.
const ASSERTION: [&str; 10] = [
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
];

const ASSERTION_FILE: &str = "sasl.oauthbearer.assertion.file";

/// Whether `security.protocol` authenticates with SASL.
pub(in crate::client::config) fn is_sasl(values: &Values) -> bool {
    matches!(values.choice(keys::SECURITY_PROTOCOL), "sasl_plaintext" | "sasl_ssl")
}

/// Unlike librdkafka this does not look whether `https.ca.location` exists.
pub(super) fn certificates(values: &Values) -> Result<(), Conflict> {
    if values.text(keys::KEYSTORE_LOCATION).is_some() && values.text(keys::KEYSTORE_PASSWORD).is_none() {
        return Err(Conflict::KeystorePassword);
    }
    if values.text(keys::HTTPS_CA_LOCATION).is_some() && values.text(keys::HTTPS_CA_PEM).is_some() {
        return Err(Conflict::HttpsCertificates);
    }
    Ok(())
}

/// Unlike librdkafka's, this build has no Kerberos that it could be missing: GSSAPI passes.
pub(super) fn mechanism(values: &Values) -> Result<(), Conflict> {
    if !is_sasl(values) {
        return Ok(());
    }
    let mechanism = values.text(keys::SASL_MECHANISM).unwrap_or_default();
    let hash = mechanism.strip_prefix("SCRAM-SHA-");
    match mechanism {
        "GSSAPI" | "OAUTHBEARER" => return Ok(()),
        "PLAIN" => {}
        _ if hash.is_some() => {}
        _ => return Err(Conflict::SaslMechanism(mechanism.to_owned())),
    }
    if values.text(keys::SASL_USERNAME).is_none() || values.text(keys::SASL_PASSWORD).is_none() {
        return Err(Conflict::SaslCredentials);
    }
    match hash {
        None | Some("1" | "256" | "512") => Ok(()),
        Some(_) => Err(Conflict::SaslHash(mechanism.to_owned())),
    }
}

pub(super) fn oauthbearer(values: &Values) -> Result<(), Conflict> {
    let mechanism = values.text(keys::SASL_MECHANISM).unwrap_or_default();
    if !mechanism.eq_ignore_ascii_case("OAUTHBEARER") || values.choice(keys::OAUTH_METHOD) != "oidc" {
        return Ok(());
    }
    if values.boolean(keys::OAUTH_UNSECURED) {
        return Err(Conflict::UnsecuredOidc);
    }
    let endpoint = values.text(keys::OAUTH_TOKEN_ENDPOINT);
    if values.choice(keys::OAUTH_AUTHENTICATION) == "azure_imds" {
        let query = values.text(keys::OAUTH_CONFIG).is_some_and(|config| config.contains("query="));
        return if endpoint.is_none() && !query { Err(Conflict::AzureEndpoint) } else { Ok(()) };
    }
    if endpoint.is_none() {
        return Err(Conflict::OidcMandatory("sasl.oauthbearer.token.endpoint.url"));
    }
    match values.choice(keys::OAUTH_GRANT_TYPE) {
        "client_credentials" => client_credentials(values)?,
        _ => assertion(values)?,
    }
    let claim = values.text(keys::OAUTH_SUBJECT_CLAIM).unwrap_or_default();
    if claim.trim().is_empty() { Err(Conflict::OidcSubjectClaim) } else { Ok(()) }
}

fn client_credentials(values: &Values) -> Result<(), Conflict> {
    if values.text(keys::OAUTH_CLIENT_ID).is_none() {
        return Err(Conflict::OidcMandatory("sasl.oauthbearer.client.id"));
    }
    if values.text(keys::OAUTH_CLIENT_SECRET).is_none() {
        return Err(Conflict::OidcMandatory("sasl.oauthbearer.client.secret"));
    }
    Ok(())
}

fn assertion(values: &Values) -> Result<(), Conflict> {
    let [key_file, key_pem, ..] = ASSERTION;
    if values.is_given(ASSERTION_FILE) {
        let other = ASSERTION.into_iter().find(|name| values.is_given(name));
        return other.map_or(Ok(()), |other| Err(Conflict::Assertion(ASSERTION_FILE, other)));
    }
    match (values.is_given(key_file), values.is_given(key_pem)) {
        (true, true) => Err(Conflict::Assertion(key_file, key_pem)),
        (false, false) => Err(Conflict::AssertionKey),
        _ => Ok(()),
    }
}
