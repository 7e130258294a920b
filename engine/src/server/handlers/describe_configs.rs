//! DescribeConfigs: settings of topics and of the node, with where each value comes from.

use crate::config::{ConfigEntry, ConfigSource};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::config_resource::ConfigResource;
use crate::server::inbox::Reply;
use crate::server::refusal::{Refusal, outcome};
use crate::wire::api::describe_configs::{
    DescribeConfigs, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};

pub(in crate::server) fn handle(call: &Call, request: DescribeConfigsRequest, reply: Reply<DescribeConfigs>) {
    let (with_synonyms, with_texts) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|asked| {
        let described = describe(call, &asked);
        let mut result = DescribeConfigsResult {
            resource_type: asked.resource_type,
            resource_name: asked.resource_name,
            ..DescribeConfigsResult::default()
        };
        match described {
            Ok(entries) => {
                let wanted =
                    entries.into_iter().filter(|entry| is_wanted(asked.configuration_keys.as_ref(), entry));
                result.configs = wanted.map(|entry| answer(entry, with_synonyms, with_texts)).collect();
            }
            Err(refusal) => (result.error_code, result.error_message) = outcome(Err(refusal)),
        }
        result
    });
    reply.send(&DescribeConfigsResponse { results: results.collect(), ..Default::default() });
}

fn is_wanted(keys: Option<&Vec<String>>, entry: &ConfigEntry) -> bool {
    keys.is_none_or(|keys| keys.is_empty() || keys.iter().any(|key| key == entry.name))
}

fn describe(call: &Call, asked: &DescribeConfigsResource) -> Result<Vec<ConfigEntry>, Refusal> {
    match ConfigResource::of(call, asked.resource_type, &asked.resource_name)? {
        ConfigResource::Topic(name) => {
            if !call.allows(Operation::DescribeConfigs, Resource::Topic(name)) {
                return Err(ErrorCode::TopicAuthorizationFailed.into());
            }
            Ok(call.broker().describe_topic_config(name)?)
        }
        ConfigResource::Node => Ok(call.broker().config().describe()),
        // What holds for all nodes of a cluster: nothing is set that way here.
        ConfigResource::AllNodes | ConfigResource::Logger | ConfigResource::Nothing => Ok(Vec::new()),
    }
}

fn answer(entry: ConfigEntry, with_synonyms: bool, with_text: bool) -> DescribeConfigsResourceResult {
    let hidden = entry.sensitive;
    let value = |value: String| (!hidden).then_some(value);
    let synonyms =
        entry.synonyms.into_iter().filter(|_| with_synonyms).map(|synonym| DescribeConfigsSynonym {
            name: synonym.name,
            value: value(synonym.value),
            source: source(synonym.source),
        });
    DescribeConfigsResourceResult {
        name: entry.name.to_owned(),
        synonyms: synonyms.collect(),
        value: value(entry.value),
        read_only: entry.read_only,
        config_source: source(entry.source),
        is_sensitive: hidden,
        config_type: entry.kind as i8,
        documentation: with_text.then(|| entry.doc.to_owned()),
    }
}

fn source(source: ConfigSource) -> i8 {
    source as i8
}
