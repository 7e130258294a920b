//! DeleteGroups: groups without members go, with their offsets; answered when that is durable.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::delete_groups::{
    DeletableGroupResult, DeleteGroups, DeleteGroupsRequest, DeleteGroupsResponse,
};

/// The answer, which the last group completes.
struct Answer {
    response: DeleteGroupsResponse,
    left: usize,
    reply: Option<Reply<DeleteGroups>>,
}

impl Answer {
    fn fill(&mut self, place: usize, code: ErrorCode) {
        self.response.results[place].error_code = code.code();
        self.left -= 1;
        if self.left == 0
            && let Some(reply) = self.reply.take()
        {
            reply.send(&self.response);
        }
    }
}

pub(in crate::server) fn handle(call: &Call, request: DeleteGroupsRequest, reply: Reply<DeleteGroups>) {
    let names = request.groups_names;
    let result =
        |group_id: &String| DeletableGroupResult { group_id: group_id.clone(), ..Default::default() };
    let results = names.iter().map(result).collect();
    let response = DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() };
    if names.is_empty() {
        return reply.send(&response);
    }
    let answer = Arc::new(Mutex::new(Answer { response, left: names.len(), reply: Some(reply) }));
    let groups = call.broker().existing_groups();
    for (place, name) in names.iter().enumerate() {
        match &groups {
            _ if !call.allows(Operation::Delete, Resource::Group(name)) => {
                answer.lock().fill(place, ErrorCode::GroupAuthorizationFailed);
            }
            Err(error) => answer.lock().fill(place, error.code()),
            Ok(None) => answer.lock().fill(place, ErrorCode::GroupIdNotFound),
            Ok(Some(groups)) => {
                let answer = Arc::clone(&answer);
                groups.delete(name, move |code| answer.lock().fill(place, code));
            }
        }
    }
}
