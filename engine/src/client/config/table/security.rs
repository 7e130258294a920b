//! Rows about TLS and SASL. An engine in the same process has nobody to authenticate to: they are checked, so that a
//! configuration that a cluster would refuse is refused here too, and then ignored.

use super::super::property::Handling::{Honoured, Ignored};
use super::super::property::{Kind, Property, TextRule, alias, any, boolean, choice, int, text, text_or};

const NO_JAAS: &str = "Java JAAS configuration is not supported, see \
    https://github.com/confluentinc/librdkafka/wiki/Using-SASL-with-librdkafka for more information.";

const NO_TRUSTSTORE: &str = "Java TrustStores are not supported, use `ssl.ca.location` and a certificate file \
    instead. See https://github.com/confluentinc/librdkafka/wiki/Using-SSL-with-librdkafka for more information.";

const WINDOWS_STORES: Kind =
    Kind::Unsupported { default: Some("Root"), reason: "configuration only valid on Windows" };

/// Despite the plural in the property's name it is one.
const SASL_MECHANISM: Kind = Kind::Text { default: Some("GSSAPI"), rule: TextRule::Single };

pub(super) const SECURITY: &[Property] = &[
    any(
        "security.protocol",
        choice("plaintext", &["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]),
        Ignored,
    ),
    any("ssl.cipher.suites", text(), Ignored),
    any("ssl.curves.list", text(), Ignored),
    any("ssl.sigalgs.list", text(), Ignored),
    any("ssl.key.location", text(), Ignored),
    any("ssl.key.password", text(), Ignored).sensitive(),
    any("ssl.key.pem", text(), Ignored).sensitive(),
    any("ssl_key", Kind::Internal, Ignored).sensitive(),
    any("ssl.certificate.location", text(), Ignored),
    any("ssl.certificate.pem", text(), Ignored),
    any("ssl_certificate", Kind::Internal, Ignored).sensitive(),
    any("ssl.ca.location", text(), Ignored),
    any("https.ca.location", text(), Ignored),
    any("https.ca.pem", text(), Ignored).sensitive(),
    any("ssl.ca.pem", text(), Ignored).sensitive(),
    any("ssl_ca", Kind::Internal, Ignored).sensitive(),
    any("ssl.ca.certificate.stores", WINDOWS_STORES, Ignored),
    any("ssl.crl.location", text(), Ignored),
    any("ssl.keystore.location", text(), Ignored),
    any("ssl.keystore.password", text(), Ignored).sensitive(),
    any("ssl.providers", text(), Ignored),
    any("ssl.engine.location", text(), Ignored).deprecated(),
    any("ssl.engine.id", text_or("dynamic"), Ignored),
    any("ssl_engine_callback_data", Kind::Dedicated, Ignored),
    any("enable.ssl.certificate.verification", boolean(true), Ignored),
    any("ssl.endpoint.identification.algorithm", choice("https", &["none", "https"]), Ignored),
    any("ssl.certificate.verify_cb", Kind::Dedicated, Ignored),
    any("sasl.mechanisms", SASL_MECHANISM, Ignored),
    any("sasl.mechanism", alias("sasl.mechanisms"), Ignored),
    any("sasl.kerberos.service.name", text_or("kafka"), Ignored),
    any("sasl.kerberos.principal", text_or("kafkaclient"), Ignored),
    any(
        "sasl.kerberos.kinit.cmd",
        text_or(
            "kinit -R -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal} || kinit -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal}",
        ),
        Ignored,
    ),
    any("sasl.kerberos.keytab", text(), Ignored),
    any("sasl.kerberos.min.time.before.relogin", int(0, 86_400_000, 60_000), Ignored),
    any("sasl.username", text(), Ignored).sensitive(),
    any("sasl.password", text(), Ignored).sensitive(),
    any("sasl.oauthbearer.config", text(), Ignored).sensitive(),
    any("enable.sasl.oauthbearer.unsecure.jwt", boolean(false), Ignored),
    any("oauthbearer_token_refresh_cb", Kind::Dedicated, Honoured),
    any("sasl.oauthbearer.method", choice("default", &["default", "oidc"]), Ignored),
    any("sasl.oauthbearer.client.id", text(), Ignored),
    any("sasl.oauthbearer.client.credentials.client.id", alias("sasl.oauthbearer.client.id"), Ignored),
    any(
        "sasl.oauthbearer.client.credentials.client.secret",
        alias("sasl.oauthbearer.client.secret"),
        Ignored,
    ),
    any("sasl.oauthbearer.client.secret", text(), Ignored).sensitive(),
    any("sasl.oauthbearer.scope", text(), Ignored),
    any("sasl.oauthbearer.extensions", text(), Ignored),
    any("sasl.oauthbearer.token.endpoint.url", text(), Ignored),
    any("sasl.oauthbearer.sub.claim.name", text_or("sub"), Ignored),
    any(
        "sasl.oauthbearer.grant.type",
        choice("client_credentials", &["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"]),
        Ignored,
    ),
    any("sasl.oauthbearer.assertion.algorithm", choice("RS256", &["RS256", "ES256"]), Ignored),
    any("sasl.oauthbearer.assertion.private.key.file", text(), Ignored).sensitive(),
    any("sasl.oauthbearer.assertion.private.key.passphrase", text(), Ignored).sensitive(),
    any("sasl.oauthbearer.assertion.private.key.pem", text(), Ignored).sensitive(),
    any("sasl.oauthbearer.assertion.file", text(), Ignored),
    any("sasl.oauthbearer.assertion.claim.aud", text(), Ignored),
    any("sasl.oauthbearer.assertion.claim.exp.seconds", int(1, i32::MAX, 300), Ignored),
    any("sasl.oauthbearer.assertion.claim.iss", text(), Ignored),
    any("sasl.oauthbearer.assertion.claim.jti.include", boolean(false), Ignored),
    any("sasl.oauthbearer.assertion.claim.nbf.seconds", int(0, i32::MAX, 60), Ignored),
    any("sasl.oauthbearer.assertion.claim.sub", text(), Ignored),
    any("sasl.oauthbearer.assertion.jwt.template.file", text(), Ignored),
    any(
        "sasl.oauthbearer.metadata.authentication.type",
        choice("none", &["none", "azure_imds", "aws_iam"]),
        Ignored,
    ),
    any("sasl.jaas.config", Kind::Foreign { explanation: NO_JAAS }, Ignored).hidden(),
    any("ssl.truststore.location", Kind::Foreign { explanation: NO_TRUSTSTORE }, Ignored).hidden(),
    any("enable_sasl_queue", boolean(false), Ignored).hidden(),
];
