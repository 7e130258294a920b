//! AlterConfigs: replaces all settings of a topic.

use crate::broker::BrokerError;
use crate::config::{ConfigError, TopicOverrides};
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::config_resource::alterable;
use crate::server::inbox::Reply;
use crate::server::refusal::{Refusal, outcome};
use crate::server::repeated::answer_each;
use crate::wire::api::alter_configs::{
    AlterConfigs, AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse,
    AlterConfigsResponse,
};

pub(in crate::server) fn handle(call: &Call, request: AlterConfigsRequest, reply: Reply<AlterConfigs>) {
    let resource = |asked: &AlterConfigsResource| (asked.resource_type, asked.resource_name.clone());
    let responses = answer_each(request.resources, resource, |asked, listed| {
        let altered =
            listed.once(BrokerError::RepeatedResource, || alter(call, &asked, request.validate_only));
        let (error_code, error_message) = outcome(altered);
        AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: asked.resource_type,
            resource_name: asked.resource_name,
        }
    });
    reply.send(&AlterConfigsResponse { responses, ..AlterConfigsResponse::default() });
}

fn alter(call: &Call, asked: &AlterConfigsResource, validate_only: bool) -> Result<(), Refusal> {
    let names = asked.configs.iter().map(|config| config.name.as_str());
    let topic = alterable(call, asked.resource_type, &asked.resource_name, names)?;
    let mut settings = TopicOverrides::new();
    for config in &asked.configs {
        let Some(value) = &config.value else {
            let text = format!("Null value not supported for : {}", config.name);
            return Err(Refusal::new(ErrorCode::InvalidRequest, text));
        };
        if settings.insert(config.name.clone(), value.clone()).is_some() {
            return Err(BrokerError::from(ConfigError::DuplicateKey).into());
        }
    }
    Ok(call.broker().replace_topic_config(topic, &settings, validate_only)?)
}
