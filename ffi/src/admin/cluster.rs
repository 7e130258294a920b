//! The cluster, and its one node.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::admin::Node as Described;

use tidelog::types::Operation;

use super::answer::{AnswerBody, answer_of, request};
use super::operations::{AclOperation, Authorized};
use super::options::AdminOptions;
use super::{Objects, tell};
use crate::client::Client;
use crate::event::{Event, TL_EVENT_DESCRIBECLUSTER_RESULT};
use crate::guard::guard;
use crate::queue::Queue;
use crate::text::c_text;

/// A node. It belongs to its event.
pub struct Node {
    id: c_int,
    host: CString,
    port: u16,
}

impl Node {
    pub(super) fn of(node: &Described) -> Node {
        Node { id: node.id, host: c_text(&node.host), port: node.port }
    }
}

/// Its number; -1 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Node_id(node: Option<&Node>) -> c_int {
    guard(|| node.map_or(-1, |node| node.id))
}

/// Its host.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Node_host(node: Option<&Node>) -> *const c_char {
    guard(|| node.map_or(std::ptr::null(), |node| CStr::as_ptr(&node.host)))
}

/// Its port; 0 for an engine that is only used from its own process.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Node_port(node: Option<&Node>) -> u16 {
    guard(|| c_int::from(node.map_or(0, |node| node.port))).try_into().unwrap_or(0)
}

/// Its rack: NULL, there are none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Node_rack(node: Option<&Node>) -> *const c_char {
    let _ = node;
    std::ptr::null()
}

/// The answer to ::tl_DescribeCluster. It belongs to its event.
pub struct DescribeClusterResult {
    cluster_id: CString,
    controller: Node,
    nodes: Objects<Node>,
    authorized: Authorized,
}

/// Describes the engine as a cluster of one node. `options` may be NULL. The answer comes into `rkqu` as a
/// `TL_EVENT_DESCRIBECLUSTER_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeCluster(rk: *mut Client, options: Option<&AdminOptions>, rkqu: *mut Queue) {
    request(
        rk,
        rkqu,
        TL_EVENT_DESCRIBECLUSTER_RESULT,
        options,
        || Ok(()),
        |admin, (), settings| {
            let described = admin.describe_cluster()?;
            Ok(AnswerBody::DescribeCluster(DescribeClusterResult {
                cluster_id: c_text(&described.cluster_id),
                controller: Node::of(&described.controller),
                nodes: described.nodes.iter().map(|node| Box::new(Node::of(node))).collect(),
                authorized: Authorized::asked(settings, &Operation::OF_CLUSTER),
            }))
        },
    );
}

/// The answer to ::tl_DescribeCluster; NULL for another event, or when the request failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DescribeCluster_result(rkev: Option<&Event>) -> Option<&DescribeClusterResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DESCRIBECLUSTER_RESULT) {
        Some(AnswerBody::DescribeCluster(result)) => Some(result),
        _ => None,
    })
}

/// Identity of the engine's data. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeCluster_result_cluster_id(
    result: Option<&DescribeClusterResult>,
) -> *const c_char {
    guard(|| result.map_or(std::ptr::null(), |result| CStr::as_ptr(&result.cluster_id)))
}

/// The node that administers. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeCluster_result_controller(
    result: Option<&DescribeClusterResult>,
) -> Option<&Node> {
    guard(|| result.map(|result| &result.controller))
}

/// All nodes, `*cntp` of them: one. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeCluster_result_nodes(
    result: Option<&DescribeClusterResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const Node {
    guard(|| tell(result.map(|result| &result.nodes), cntp))
}

/// What may be done with the cluster, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
/// ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeCluster_result_authorized_operations(
    result: Option<&DescribeClusterResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *const AclOperation {
    guard(|| Authorized::tell(result.map(|result| &result.authorized), cntp))
}
