//! DescribeGroups: groups with their members. One that does not exist is dead.

use crate::broker::group::{DescribedMember, GroupState};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::describe_groups::{
    DescribeGroups, DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};

/// First version that tells a group that does not exist from one that is dead (KIP-1043).
const NOT_FOUND_SINCE: i16 = 6;

pub(in crate::server) fn handle(call: &Call, request: DescribeGroupsRequest, reply: Reply<DescribeGroups>) {
    let version = reply.version();
    let describe = |group: String| {
        let mut described = describe(call, group, version);
        if request.include_authorized_operations && described.error_code == ErrorCode::None.code() {
            described.authorized_operations = Operation::bits(&Operation::OF_GROUPS);
        }
        described
    };
    let groups = request.groups.into_iter().map(describe).collect();
    reply.send(&DescribeGroupsResponse { groups, ..DescribeGroupsResponse::default() });
}

fn describe(call: &Call, group_id: String, version: i16) -> DescribedGroup {
    if !call.allows(Operation::Describe, Resource::Group(&group_id)) {
        return refusal(group_id, ErrorCode::GroupAuthorizationFailed, None);
    }
    let groups = match call.broker().existing_groups() {
        Ok(groups) => groups,
        Err(error) => return refusal(group_id, error.code(), Some(error.to_string())),
    };
    let Some(found) = groups.as_ref().and_then(|groups| groups.describe(&group_id)) else {
        if version >= NOT_FOUND_SINCE {
            let text = match groups.and_then(|groups| groups.kind_of(&group_id)) {
                Some(_) => format!("Group {group_id} is not a classic group."),
                None => format!("Group {group_id} not found."),
            };
            return refusal(group_id, ErrorCode::GroupIdNotFound, Some(text));
        }
        return refusal(group_id, ErrorCode::None, None);
    };
    DescribedGroup {
        group_id,
        group_state: found.state.name().to_owned(),
        protocol_type: found.protocol_type,
        protocol_data: found.protocol,
        members: found.members.into_iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn refusal(group_id: String, code: ErrorCode, error_message: Option<String>) -> DescribedGroup {
    let group_state = GroupState::Dead.name().to_owned();
    DescribedGroup {
        error_code: code.code(),
        error_message,
        group_id,
        group_state,
        ..DescribedGroup::default()
    }
}

fn member(member: DescribedMember) -> DescribedGroupMember {
    DescribedGroupMember {
        member_id: member.member_id,
        group_instance_id: member.instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        member_metadata: member.metadata,
        member_assignment: member.assignment,
    }
}
