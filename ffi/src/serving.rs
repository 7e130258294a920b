//! [`Told`]: who is told what a client has to say: a callback, or a queue.

use std::ffi::c_int;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidelog::client::config::ClientConfig;
use tidelog::client::consumer::{CommitCallback, ConsumerCallbacks, Rebalance, RebalanceCallback};
use tidelog::client::producer::{DeliveryCallback, ErrorCallback};
use tidelog::client::{ClientLog, KafkaError, LogLine, StatisticsCallback, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;

use crate::boundary::Malloced;
use crate::client::{ClientHandle, clients};
use crate::conf::Settings;
use crate::error::ResponseError;
use crate::event::{
    Body, Event, TL_EVENT_DR, TL_EVENT_LOG, TL_EVENT_OFFSET_COMMIT, TL_EVENT_REBALANCE, TL_EVENT_STATS,
};
use crate::event_queue::EventQueue;
use crate::message::Message;
use crate::text::c_text;
use crate::topic_partition::TopicPartitionList;
use crate::yielding;

/// A client that is being made.
pub(crate) struct Told<'a> {
    pub(crate) handle: ClientHandle,
    /// `node.id` of its engine.
    pub(crate) broker: i32,
    pub(crate) settings: &'a Settings,
    pub(crate) main: &'a Arc<EventQueue>,
    pub(crate) messages: &'a Arc<EventQueue>,
}

impl Told<'_> {
    /// Who is told of deliveries.
    pub(crate) fn delivery(&self, only_errors: bool) -> Option<DeliveryCallback> {
        let (handle, broker, opaque) = (self.handle, self.broker, self.settings.callbacks.opaque);
        if self.settings.hands_out(TL_EVENT_DR) {
            let main = Arc::clone(self.main);
            return Some(Box::new(move |report, delivery| {
                if !only_errors || report.error.is_some() {
                    main.add_delivery(Message::delivered(report, delivery, broker).into_owned());
                }
                ControlFlow::Continue(())
            }));
        }
        let callback = self.settings.callbacks.delivery?;
        Some(Box::new(move |report, delivery| {
            if only_errors && report.error.is_none() {
                return ControlFlow::Continue(());
            }
            let message = Message::delivered(report, delivery, broker);
            yielding::call(|| callback(handle.pointer(), &message, opaque.pointer()))
        }))
    }

    /// Who is told of rebalances and commits.
    pub(crate) fn consumer_callbacks(&self, is_closing: &Arc<AtomicBool>) -> ConsumerCallbacks {
        ConsumerCallbacks { on_rebalance: self.rebalance(is_closing), on_commit: self.offset_commit() }
    }

    fn rebalance(&self, is_closing: &Arc<AtomicBool>) -> Option<RebalanceCallback> {
        let (handle, opaque) = (self.handle, self.settings.callbacks.opaque);
        if self.settings.hands_out(TL_EVENT_REBALANCE) {
            let (messages, is_closing) = (Arc::clone(self.messages), Arc::clone(is_closing));
            return Some(Box::new(move |consumer, rebalance| {
                // Nobody polls any more for the last one.
                if !is_closing.load(Ordering::Acquire) {
                    consumer.postpone_rebalance();
                    let list = TopicPartitionList::of(rebalance.partitions());
                    let body = Body::Rebalance { client: handle, error: meaning(rebalance), list };
                    messages.add(Event::new(body));
                }
                ControlFlow::Break(())
            }));
        }
        let callback = self.settings.callbacks.rebalance?;
        Some(Box::new(move |_, rebalance| {
            let mut list = TopicPartitionList::of(rebalance.partitions());
            yielding::call(|| callback(handle.pointer(), meaning(rebalance), &mut list, opaque.pointer()))
        }))
    }

    fn offset_commit(&self) -> Option<CommitCallback> {
        let (handle, opaque) = (self.handle, self.settings.callbacks.opaque);
        if self.settings.hands_out(TL_EVENT_OFFSET_COMMIT) {
            let messages = Arc::clone(self.messages);
            return Some(Box::new(move |_, error, offsets| {
                messages.add(Event::new(Body::committed(error.cloned(), offsets)));
                ControlFlow::Continue(())
            }));
        }
        let callback = self.settings.callbacks.offset_commit?;
        Some(Box::new(move |_, error: Option<&KafkaError>, offsets: &[TopicPartitionOffset]| {
            let mut list = TopicPartitionList::of(offsets);
            yielding::call(|| callback(handle.pointer(), error.into(), &mut list, opaque.pointer()))
        }))
    }

    /// Who is told of a producer's fatal error.
    pub(crate) fn fatal_error(&self) -> ErrorCallback {
        let handle = self.handle;
        Box::new(move |error| {
            if let Ok(client) = clients().get(handle.pointer()) {
                client.tell_fatal(error);
            }
            ControlFlow::Continue(())
        })
    }

    /// Who is told statistics.
    pub(crate) fn statistics(&self) -> Option<StatisticsCallback> {
        let (handle, opaque) = (self.handle, self.settings.callbacks.opaque);
        if self.settings.hands_out(TL_EVENT_STATS) {
            let main = Arc::clone(self.main);
            return Some(Box::new(move |statistics| {
                main.add(Event::new(Body::Stats(c_text(statistics))));
                ControlFlow::Continue(())
            }));
        }
        let callback = self.settings.callbacks.stats?;
        Some(Box::new(move |statistics| {
            let json = Malloced::new(statistics);
            yielding::call(|| {
                if callback(handle.pointer(), json.pointer(), statistics.len(), opaque.pointer()) == 1 {
                    json.forget();
                }
            })
        }))
    }

    /// Hands out what the client has to say when it is made. Returns its name.
    pub(crate) fn log(&self, log: ClientLog, config: &ClientConfig) -> String {
        let ClientLog { name, lines } = log;
        for line in lines {
            if config.log_queue || self.settings.hands_out(TL_EVENT_LOG) {
                self.main.add(Event::new(Body::Log(line)));
            } else {
                self.settings.print(self.handle, &name, &line);
            }
        }
        name
    }
}

impl Settings {
    /// Hands a log line to whoever logs.
    pub(crate) fn print(&self, client: ClientHandle, name: &str, line: &LogLine) {
        let Some(callback) = self.callbacks.log else { return line.print(name) };
        let (facility, text) = (c_text(line.facility), c_text(&line.text));
        let level = c_int::try_from(line.level).unwrap_or(c_int::MAX);
        callback(client.pointer(), level, facility.as_ptr(), text.as_ptr());
    }
}

/// What a rebalance is to C.
fn meaning(rebalance: &Rebalance) -> ResponseError {
    match rebalance {
        Rebalance::Assign(_) => ErrorCode::LocalAssignPartitions.into(),
        Rebalance::Revoke(_) | Rebalance::Lost(_) => ErrorCode::LocalRevokePartitions.into(),
    }
}
