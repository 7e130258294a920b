//! `tidelog groups`: lists consumer groups, shows how far they are, moves them and deletes them.

mod lag;
mod reset;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use tidelog::broker::group::GroupState;
use tidelog::client::KafkaError;
use tidelog::client::admin::{Admin, GroupDescription};
use tidelog::error_code::ErrorCode;

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row, count_text};
use lag::PartitionLag;

/// List consumer groups, show their lag, reset their offsets, delete them
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GroupsArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(subcommand)]
    command: GroupsCommand,
}

const EXAMPLES: &str = "\
Examples:
  tidelog groups list
  tidelog groups describe --group billing
  tidelog groups reset-offsets --group billing --topic orders --to-earliest --execute
  tidelog groups reset-offsets --group billing --all-topics --to-datetime 2026-01-31T12:00:00";

#[derive(Subcommand)]
enum GroupsCommand {
    /// List all groups
    List(ListArgs),
    /// Show what a group has committed and how far it is behind
    Describe(DescribeArgs),
    /// Show where a group would go on, and with --execute make it so
    ResetOffsets(reset::ResetArgs),
    /// Delete groups with their offsets
    Delete(DeleteArgs),
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct DescribeArgs {
    /// Name of the group; may be given several times [default: all]
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct DeleteArgs {
    /// Name of the group; may be given several times
    #[arg(long = "group", value_name = "GROUP", required = true)]
    groups: Vec<String>,
}

pub(crate) fn run(args: &GroupsArgs) -> Outcome {
    match &args.command {
        GroupsCommand::List(list_args) => list(&args.directory, list_args),
        GroupsCommand::Describe(describe_args) => describe(&args.directory, describe_args),
        GroupsCommand::ResetOffsets(reset_args) => reset::run(&args.directory, reset_args),
        GroupsCommand::Delete(delete_args) => delete(&args.directory, delete_args),
    }
}

/// A group in the list.
#[derive(Serialize)]
struct ListedGroup {
    group: String,
    state: &'static str,
    members: usize,
    /// Records that it has not committed, of the partitions that it has committed anything of.
    lag: i64,
}

impl Row for ListedGroup {
    const COLUMNS: &'static [(&'static str, Align)] =
        &[("GROUP", Align::Left), ("STATE", Align::Left), ("MEMBERS", Align::Right), ("LAG", Align::Right)];

    fn cells(&self) -> Vec<String> {
        vec![self.group.clone(), self.state.to_owned(), self.members.to_string(), self.lag.to_string()]
    }
}

fn list(directory: &DirectoryArgs, args: &ListArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let mut rows = Vec::new();
    for listed in admin.list_consumer_groups(&[])? {
        let group = described(admin, &listed.group)?;
        let lags = lag::of_group(admin, &group)?;
        rows.push(ListedGroup {
            state: group.state.name(),
            members: group.members.len(),
            lag: lags.iter().filter_map(|partition| partition.lag).sum(),
            group: listed.group,
        });
    }
    let mut output = Output::new(args.format);
    output.list(&rows)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A group in detail.
#[derive(Serialize)]
struct DescribedGroup {
    group: String,
    state: &'static str,
    assignor: String,
    members: Vec<DescribedMember>,
    partitions: Vec<PartitionLag>,
}

/// A member of a [`DescribedGroup`].
#[derive(Serialize)]
struct DescribedMember {
    member_id: String,
    instance_id: Option<String>,
    client_id: String,
    host: String,
}

fn describe(directory: &DirectoryArgs, args: &DescribeArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let names = match args.groups.is_empty() {
        true => admin.list_consumer_groups(&[])?.into_iter().map(|listed| listed.group).collect(),
        false => args.groups.clone(),
    };
    let mut exit = ExitCode::SUCCESS;
    let mut groups = Vec::new();
    for name in &names {
        match described(admin, name) {
            Ok(group) => groups.push(describe_one(admin, group)?),
            Err(error) => exit = error.report(),
        }
    }
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&groups)?;
    } else {
        for group in &groups {
            print_group(&mut output, group)?;
        }
    }
    output.flush()?;
    Ok(exit)
}

/// A group that exists.
fn described(admin: &Admin, name: &str) -> Result<GroupDescription, CliError> {
    let what = || CliError::about(format!("group {name}"));
    let group = admin.describe_consumer_groups(&[name]).remove(0).map_err(what())?;
    match group.state {
        GroupState::Dead => Err(what()(KafkaError::new(ErrorCode::GroupIdNotFound))),
        _ => Ok(group),
    }
}

fn describe_one(admin: &Admin, group: GroupDescription) -> Result<DescribedGroup, CliError> {
    let partitions = lag::of_group(admin, &group)?;
    let members = group.members.into_iter().map(|member| DescribedMember {
        member_id: member.member_id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.host,
    });
    Ok(DescribedGroup {
        members: members.collect(),
        group: group.group,
        state: group.state.name(),
        assignor: group.assignor,
        partitions,
    })
}

fn print_group(output: &mut Output, group: &DescribedGroup) -> Result<(), CliError> {
    let members = count_text(group.members.len() as u64, "member", "members");
    output.line(format_args!("{}  {}  {members}", group.group, group.state))?;
    output.table(&group.partitions)?;
    output.line("")
}

fn delete(directory: &DirectoryArgs, args: &DeleteArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let mut output = Output::text();
    let mut exit = ExitCode::SUCCESS;
    for group in &args.groups {
        let deleted = remove_ghosts(admin, group).and_then(|()| {
            admin
                .delete_consumer_groups(&[group])
                .remove(0)
                .map_err(CliError::about(format!("group {group}")))
        });
        match deleted {
            Ok(()) => output.line(format_args!("group {group} deleted"))?,
            Err(error) => exit = error.report(),
        }
    }
    output.flush()?;
    Ok(exit)
}

/// Takes out members that a crash has left in the group. None can be alive: this process has the directory, and this
/// command is no member.
pub(crate) fn remove_ghosts(admin: &Admin, group: &str) -> Result<(), CliError> {
    match admin.remove_members_from_consumer_group(group) {
        Ok(0) => Ok(()),
        Ok(count) => {
            tracing::info!(group, count, "took out members of a process that has ended");
            Ok(())
        }
        Err(error) => Err(CliError::about(format!("group {group}"))(error)),
    }
}
