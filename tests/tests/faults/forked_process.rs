//! A forked child that has its parent's clients: they tell it so, hang nowhere, and leave the parent alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fork::{Fork, fork};
use tidelog::client::config::{Config, ConsumerConfig};
use tidelog::client::consumer::Event;
use tidelog::client::{Admin, Consumer, Engine};
use tidelog::error_code::ErrorCode;
use tidelog::types::Offset;

use crate::child::{Child, say};
use crate::engines::{create, on_directory, produce, producer, record, records};

/// The child of the test: has clients at work, forks, and looks at both sides.
pub(crate) fn fork_while_working(directory: &Path) {
    let broker = on_directory(directory).unwrap();
    create(&broker, "a", 1, &[]).unwrap();
    let engine = Engine::from(Arc::clone(&broker));
    let producer = producer(&broker, &[]);
    assert_eq!(produce(&producer, "a", 0, b"before"), Ok(Offset(0)));
    let mut config = Config::new();
    config.set("group.id", Some("g")).unwrap();
    config.set("auto.offset.reset", Some("earliest")).unwrap();
    let consumer = Consumer::on_engine(ConsumerConfig::new(&config).unwrap(), Some(engine.clone()));
    consumer.subscribe(&["a"]).unwrap();
    let message = || match consumer.poll(Some(Duration::from_secs(10))).unwrap() {
        Some(Event::Message(message)) => message.value().unwrap().to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message(), b"before");
    let admin = Admin::on_engine(Some(engine.clone()));
    match fork().unwrap() {
        Fork::Child => {
            let refused = producer.produce("a", record(0, b"child")).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::LocalState);
            assert!(refused.reason().contains("forked"), "{refused}");
            assert_eq!(producer.flush(None), 0);
            assert_eq!(producer.poll(None), 0);
            let refused = consumer.poll(None).unwrap_err();
            assert_eq!(refused.kafka().map(|error| error.code()), Some(ErrorCode::LocalState));
            let refused = admin.delete_topics(&["a"]).remove(0).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::LocalState);
            assert!(create(&broker, "child", 1, &[]).is_err() && broker.delete_topic("a").is_err());
            consumer.close();
            drop((admin, consumer, producer, engine));
            broker.close();
            drop(broker);
            // While the parent has it open, a child is another process like any.
            let other = tidelog::io::DirectoryLock::acquire(directory);
            assert!(other.is_err());
            say("the child has left");
            std::process::exit(0);
        }
        Fork::Parent(pid) => {
            let status = fork::waitpid(pid);
            assert!(status.is_ok(), "{status:?}");
            assert_eq!(produce(&producer, "a", 0, b"after"), Ok(Offset(1)));
            assert_eq!(message(), b"after");
            assert_eq!(records(&broker, "a", 0).len(), 2);
            consumer.close();
            drop((admin, consumer, producer, engine));
            broker.close();
            say("the parent has left");
        }
    }
}

#[test]
fn a_forked_child_is_told_so_and_leaves_its_parent_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Child::start("fork", directory.path());
    assert_eq!(child.hear().as_deref(), Some("the child has left"));
    assert_eq!(child.hear().as_deref(), Some("the parent has left"));
}
