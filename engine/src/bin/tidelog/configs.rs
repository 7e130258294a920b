//! `tidelog configs`: shows settings, and changes those of topics.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use tidelog::client::admin::{Admin, ConfigResource, Mode, ResourceAlteration};
use tidelog::config::{AlterOperation, Alteration, ConfigEntry, ConfigSource};

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row};

/// Show settings, and change those of topics
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConfigsArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(subcommand)]
    command: ConfigsCommand,
}

const EXAMPLES: &str = "\
Examples:
  tidelog configs describe --topic orders --all
  tidelog configs alter --topic orders --add-config retention.ms=3600000,cleanup.policy=[compact,delete]
  tidelog configs alter --topic orders --delete-config retention.ms";

#[derive(Subcommand)]
enum ConfigsCommand {
    /// Show the settings of topics or of the engine
    Describe(DescribeArgs),
    /// Change settings of topics, at once and for good
    Alter(AlterArgs),
}

#[derive(Args)]
struct DescribeArgs {
    /// Topic whose settings to show; may be given several times
    #[arg(long = "topic", value_name = "TOPIC", required_unless_present = "engine")]
    topics: Vec<String>,
    /// Show the settings of the engine
    #[arg(long)]
    engine: bool,
    /// Show the defaults too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct AlterArgs {
    /// Topic whose settings to change; may be given several times
    #[arg(long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    /// Settings to make; a value with commas stands in brackets: cleanup.policy=[compact,delete]
    #[arg(long, value_name = "NAME=VALUE,...", required_unless_present = "delete_config")]
    add_config: Vec<String>,
    /// Settings to take back to their defaults
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    delete_config: Vec<String>,
    /// Only check whether the settings could be changed
    #[arg(long)]
    validate_only: bool,
}

pub(crate) fn run(args: &ConfigsArgs) -> Outcome {
    match &args.command {
        ConfigsCommand::Describe(describe_args) => describe(&args.directory, describe_args),
        ConfigsCommand::Alter(alter_args) => alter(&args.directory, alter_args),
    }
}

/// A setting as it is listed.
#[derive(Serialize)]
struct ListedSetting {
    resource: String,
    name: &'static str,
    value: String,
    source: &'static str,
    read_only: bool,
    doc: &'static str,
}

impl Row for ListedSetting {
    const COLUMNS: &'static [(&'static str, Align)] =
        &[("RESOURCE", Align::Left), ("NAME", Align::Left), ("VALUE", Align::Left), ("SOURCE", Align::Left)];

    fn cells(&self) -> Vec<String> {
        vec![self.resource.clone(), self.name.to_owned(), self.value.clone(), self.source.to_owned()]
    }
}

impl ListedSetting {
    fn new(resource: &str, entry: ConfigEntry) -> ListedSetting {
        ListedSetting {
            resource: resource.to_owned(),
            name: entry.name,
            value: entry.value,
            source: match entry.source {
                ConfigSource::Topic => "topic",
                ConfigSource::Engine => "engine",
                ConfigSource::Default => "default",
            },
            read_only: entry.read_only,
            doc: entry.doc,
        }
    }
}

fn describe(directory: &DirectoryArgs, args: &DescribeArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let mut resources: Vec<(String, ConfigResource)> =
        args.topics.iter().map(|topic| (topic.clone(), ConfigResource::Topic(topic.clone()))).collect();
    if args.engine {
        resources.push(("engine".to_owned(), engine_resource(admin)?));
    }
    let mut exit = ExitCode::SUCCESS;
    let mut rows = Vec::new();
    for (name, resource) in resources {
        match admin.describe_configs(&[resource]).remove(0) {
            Ok(entries) => {
                let shown = entries.into_iter().filter(|entry| args.all || !entry.is_default());
                rows.extend(shown.map(|entry| ListedSetting::new(&name, entry)));
            }
            Err(error) => exit = CliError::about(format!("topic {name}"))(error).report(),
        }
    }
    let mut output = Output::new(args.format);
    output.list(&rows)?;
    output.flush()?;
    if rows.is_empty() && !args.all && exit == ExitCode::SUCCESS {
        eprintln!("nothing differs from the defaults; --all shows them");
    }
    Ok(exit)
}

fn engine_resource(admin: &Admin) -> Result<ConfigResource, CliError> {
    Ok(ConfigResource::Broker(admin.describe_cluster()?.controller.id))
}

fn alter(directory: &DirectoryArgs, args: &AlterArgs) -> Outcome {
    let mut alterations = Vec::new();
    for text in &args.add_config {
        for (name, value) in split_settings(text).map_err(CliError::Usage)? {
            alterations.push(Alteration { name, operation: AlterOperation::Set(value) });
        }
    }
    let delete = |name: &String| Alteration { name: name.clone(), operation: AlterOperation::Delete };
    alterations.extend(args.delete_config.iter().map(delete));
    let directory = directory.open()?;
    let mode = if args.validate_only { Mode::ValidateOnly } else { Mode::Apply };
    let change = |topic: &String| ResourceAlteration {
        resource: ConfigResource::Topic(topic.clone()),
        alterations: alterations.clone(),
    };
    let changes: Vec<ResourceAlteration> = args.topics.iter().map(change).collect();
    let mut exit = ExitCode::SUCCESS;
    let mut output = Output::text();
    for (topic, result) in args.topics.iter().zip(directory.admin().incremental_alter_configs(&changes, mode))
    {
        match result {
            Ok(()) if args.validate_only => output.line(format_args!("topic {topic} can be altered"))?,
            Ok(()) => output.line(format_args!("topic {topic} altered"))?,
            Err(error) => exit = CliError::about(format!("topic {topic}"))(error).report(),
        }
    }
    output.flush()?;
    Ok(exit)
}

/// Reads `NAME=VALUE`, for arguments that hold one setting.
pub(crate) fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not NAME=VALUE")),
    }
}

/// Reads `NAME=VALUE,NAME=[VALUE,VALUE],...` as Kafka's tool does: brackets keep commas together.
fn split_settings(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut settings = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=').ok_or_else(|| format!("{rest:?} is not NAME=VALUE"))?;
        let (value, next) = match behind.strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or_else(|| format!("{rest:?} has no closing bracket"))?,
            None => behind.split_at(behind.find(',').unwrap_or(behind.len())),
        };
        settings.push(parse_setting(&format!("{name}={value}"))?);
        rest = match next.strip_prefix(',') {
            Some(next) => next,
            None if next.is_empty() => next,
            None => return Err(format!("{next:?} follows a closing bracket")),
        };
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Vec<(String, String)>, String> {
        split_settings(text)
    }

    fn pairs(expected: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        Ok(expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn settings_are_split_at_commas_outside_brackets() {
        assert_eq!(settings("a=1"), pairs(&[("a", "1")]));
        assert_eq!(settings("a=1,b=[x,y],c="), pairs(&[("a", "1"), ("b", "x,y"), ("c", "")]));
        assert_eq!(settings("a=b=c, d=e"), pairs(&[("a", "b=c"), ("d", "e")]));
        for wrong in ["a", "a=1,b", "=1", "a=[x,y", "a=[x]y"] {
            assert!(settings(wrong).is_err(), "{wrong}");
        }
    }
}
