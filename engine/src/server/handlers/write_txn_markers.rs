//! WriteTxnMarkers: an administrator ends a transaction that hangs in some partitions. There are no other brokers that
//! could ask.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error_code::ErrorCode;
use crate::record::{ControlMarker, ControlRecord};
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::{PartitionIndex, ProducerEpoch, ProducerId, TopicName, TopicPartition};
use crate::wire::api::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult, WriteTxnMarkers, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};

/// The answer while markers are being written.
struct Filling {
    response: WriteTxnMarkersResponse,
    reply: Option<Reply<WriteTxnMarkers>>,
    left: usize,
}

pub(in crate::server) fn handle(call: &Call, request: WriteTxnMarkersRequest, reply: Reply<WriteTxnMarkers>) {
    let response = WriteTxnMarkersResponse { markers: request.markers.iter().map(outline).collect() };
    let places =
        response.markers.iter().flat_map(|marker| &marker.topics).map(|topic| topic.partitions.len());
    // One more, so that the answer does not leave before all have been asked for.
    let left = places.sum::<usize>() + 1;
    let filling = Arc::new(Mutex::new(Filling { response, reply: Some(reply), left }));
    let may = call.allows(Operation::Alter, Resource::Cluster);
    for (number, marker) in request.markers.iter().enumerate() {
        for (topic_number, topic) in marker.topics.iter().enumerate() {
            for (at, index) in topic.partition_indexes.iter().enumerate() {
                let filling = Arc::clone(&filling);
                let answer = move |code: ErrorCode| {
                    let mut filling = filling.lock();
                    let topics = &mut filling.response.markers[number].topics;
                    topics[topic_number].partitions[at].error_code = code.code();
                    filling.done();
                };
                match TopicName::new(&topic.name) {
                    _ if !may => answer(ErrorCode::ClusterAuthorizationFailed),
                    Err(_) => answer(ErrorCode::UnknownTopicOrPartition),
                    Ok(topic) => {
                        let place = TopicPartition { topic, partition: PartitionIndex(*index) };
                        write(call, marker, &place, answer);
                    }
                }
            }
        }
    }
    filling.lock().done();
}

fn write(
    call: &Call,
    marker: &WritableTxnMarker,
    place: &TopicPartition,
    answer: impl FnOnce(ErrorCode) + Send + 'static,
) {
    let producer = (ProducerId(marker.producer_id), ProducerEpoch(marker.producer_epoch));
    let record = ControlRecord {
        marker: if marker.transaction_result { ControlMarker::Commit } else { ControlMarker::Abort },
        coordinator_epoch: marker.coordinator_epoch,
    };
    call.broker().write_marker(place, producer, record, answer);
}

/// The answer to one marker, without codes.
fn outline(marker: &WritableTxnMarker) -> WritableTxnMarkerResult {
    let place = |index: &i32| WritableTxnMarkerPartitionResult { partition_index: *index, error_code: 0 };
    let topics = marker.topics.iter().map(|topic| WritableTxnMarkerTopicResult {
        name: topic.name.clone(),
        partitions: topic.partition_indexes.iter().map(place).collect(),
    });
    WritableTxnMarkerResult { producer_id: marker.producer_id, topics: topics.collect() }
}

impl Filling {
    fn done(&mut self) {
        self.left -= 1;
        if self.left == 0
            && let Some(reply) = self.reply.take()
        {
            reply.send(&self.response);
        }
    }
}
