//! Figures for Prometheus.

use std::io::{Read, Write};
use std::net::TcpStream;

use tidelog::server::ServerOptions;

use super::raw::{RawClient, batch};
use super::rig::TestServer;

/// What is answered to these bytes.
fn ask(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.server.metrics_address().unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a metric with these labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{text}"))
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn what_has_happened_is_told_to_prometheus() {
    let metrics_listener = Some("127.0.0.1:0".parse().unwrap());
    let server = TestServer::with(&[], ServerOptions { metrics_listener, ..ServerOptions::default() });
    let mut client = RawClient::connect(&server);
    client.create_topic("measured", &[]);
    let bytes = batch(&[b"one", b"two"]);
    for _ in 0..3 {
        assert_eq!(client.produce("measured", &bytes).error_code, 0);
    }
    assert_ne!(client.produce("measured", &bytes[1..]).error_code, 0);
    let text = ask(&server, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("text/plain; version=0.0.4"), "{text}");
    let size = f64::from(u32::try_from(bytes.len()).unwrap());
    for (name, expected) in [
        ("kafka_server_brokertopicmetrics_messagesinpersec_total", 6.0),
        ("kafka_server_brokertopicmetrics_bytesinpersec_total", 3.0 * size),
        ("kafka_server_brokertopicmetrics_failedproducerequestspersec_total", 1.0),
        ("kafka_server_socket_server_metrics_connection_count", 1.0),
        ("kafka_network_requestmetrics_requestspersec_total{request=\"Produce\"}", 4.0),
        ("kafka_network_requestmetrics_totaltime_seconds_count{request=\"CreateTopics\"}", 1.0),
        ("kafka_log_log_logendoffset{topic=\"measured\",partition=\"0\"}", 6.0),
        ("kafka_log_log_size{topic=\"measured\",partition=\"0\"}", 3.0 * size),
        ("kafka_controller_kafkacontroller_offlinepartitionscount", 0.0),
    ] {
        assert!(
            (value(&text, name) - expected).abs() < 0.5,
            "{name}: {} is not {expected}",
            value(&text, name)
        );
    }
    let p99 = "kafka_network_requestmetrics_totaltime_seconds{request=\"Produce\",quantile=\"0.99\"}";
    assert!(value(&text, p99) > 0.0);
    assert!(ask(&server, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(ask(&server, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask(&server, "no request at all\r\n\r\n").starts_with("HTTP/1.1 400 "));
}
