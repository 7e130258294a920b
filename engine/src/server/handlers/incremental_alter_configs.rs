//! IncrementalAlterConfigs: changes single settings of a topic and leaves the others.

use crate::broker::BrokerError;
use crate::config::{AlterOperation, Alteration};
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::config_resource::alterable;
use crate::server::inbox::Reply;
use crate::server::refusal::{Refusal, outcome};
use crate::server::repeated::answer_each;
use crate::wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig, IncrementalAlterConfigs,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: IncrementalAlterConfigsRequest,
    reply: Reply<IncrementalAlterConfigs>,
) {
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
    reply.send(&IncrementalAlterConfigsResponse { responses, ..Default::default() });
}

fn alter(call: &Call, asked: &AlterConfigsResource, validate_only: bool) -> Result<(), Refusal> {
    let names = asked.configs.iter().map(|config| config.name.as_str());
    let topic = alterable(call, asked.resource_type, &asked.resource_name, names)?;
    let alterations: Result<Vec<Alteration>, _> = asked.configs.iter().map(alteration).collect();
    Ok(call.broker().alter_topic(topic, &alterations?, validate_only)?)
}

fn alteration(config: &AlterableConfig) -> Result<Alteration, Refusal> {
    let name = config.name.clone();
    let value = || {
        let missing =
            || Refusal::new(ErrorCode::InvalidRequest, format!("Null value not supported for : {name}"));
        config.value.clone().ok_or_else(missing)
    };
    let operation = match config.config_operation {
        0 => AlterOperation::Set(value()?),
        1 => AlterOperation::Delete,
        2 => AlterOperation::Append(value()?),
        3 => AlterOperation::Subtract(value()?),
        other => {
            let text = format!("Unknown operation type {other} for {name}: 0 to 3 are allowed");
            return Err(Refusal::new(ErrorCode::InvalidRequest, text));
        }
    };
    Ok(Alteration { name, operation })
}
