//! ListGroups: all groups, or those of some states and types.

use crate::broker::group::{GroupKind, GroupState};
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::list_groups::{ListGroups, ListGroupsRequest, ListGroupsResponse, ListedGroup};

pub(in crate::server) fn handle(call: &Call, request: ListGroupsRequest, reply: Reply<ListGroups>) {
    let groups = match call.broker().existing_groups() {
        Ok(groups) => groups,
        Err(error) => {
            let error_code = error.code().code();
            return reply.send(&ListGroupsResponse { error_code, ..ListGroupsResponse::default() });
        }
    };
    let states: Vec<Option<GroupState>> =
        request.states_filter.iter().map(|name| GroupState::parse(name)).collect();
    let types = &request.types_filter;
    let of_type =
        |kind: GroupKind| types.is_empty() || types.iter().any(|name| name.eq_ignore_ascii_case(kind.name()));
    let all = groups.map(|groups| groups.list()).unwrap_or_default();
    let listed = all
        .into_iter()
        .filter(|group| of_type(group.kind) && (states.is_empty() || states.contains(&Some(group.state))))
        .filter(|group| call.allows(Operation::Describe, Resource::Group(&group.group)))
        .map(|group| ListedGroup {
            group_id: group.group,
            protocol_type: group.protocol_type,
            group_state: group.state.name().to_owned(),
            group_type: group.kind.name().to_owned(),
        });
    reply.send(&ListGroupsResponse { groups: listed.collect(), ..ListGroupsResponse::default() });
}
