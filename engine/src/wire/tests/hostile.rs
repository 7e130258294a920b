//! Bytes that no client of good will sends.

use bytes::{BufMut, Bytes, BytesMut};

use super::oracle::written;
use super::{Random, Sample};
use crate::wire::api::metadata::MetadataRequest;
use crate::wire::api::produce::ProduceRequest;
use crate::wire::api::{APIS, Request};
use crate::wire::error::Problem;
use crate::wire::header::{HeaderError, RequestHeader};

fn read(key: i16, version: i16, body: impl Into<Bytes>) -> Result<Request, Problem> {
    let api = crate::wire::api::ApiInfo::of(key).unwrap();
    Request::read(api, version, body.into()).map_err(|error| error.problem().clone())
}

#[test]
fn a_count_that_the_bytes_cannot_hold_is_refused_before_it_costs_memory() {
    let problem = read(3, 0, i32::MAX.to_be_bytes().to_vec()).unwrap_err();
    assert_eq!(problem, Problem::Truncated { needed: 0x7fff_ffff, left: 0 });
    let problem = read(3, 9, vec![0xff, 0xff, 0xff, 0xff, 0x0f]).unwrap_err();
    assert_eq!(problem, Problem::Truncated { needed: 0xffff_fffe, left: 0 });
    assert_eq!(read(3, 0, (-1i32).to_be_bytes().to_vec()).unwrap_err(), Problem::Length(-1));
    assert_eq!(read(3, 1, (-2i32).to_be_bytes().to_vec()).unwrap_err(), Problem::Length(-2));
    assert!(read(3, 1, (-1i32).to_be_bytes().to_vec()).is_ok(), "all topics");
}

#[test]
fn an_error_names_api_version_and_field() {
    let api = crate::wire::api::ApiInfo::of(3).unwrap();
    let mut body = BytesMut::new();
    body.put_i32(1);
    body.put_i16(9);
    body.put_slice(b"ab");
    let error = Request::read(api, 1, body.freeze()).unwrap_err();
    assert_eq!(error.to_string(), "Metadata version 1: topics.name needs 9 bytes, 2 are left");
}

#[test]
fn bytes_behind_a_message_are_passed_over() {
    let request = MetadataRequest::sample(&mut Random(2), 4);
    let mut body = written(&request, 4, false).to_vec();
    body.push(0);
    assert_eq!(read(3, 4, body), Ok(Request::Metadata(request)));
}

#[test]
fn tagged_fields_that_nobody_knows_are_passed_over() {
    let request = MetadataRequest::sample(&mut Random(1), 12);
    let mut body = written(&request, 12, true).to_vec();
    assert_eq!(body.pop(), Some(0), "no tagged fields");
    body.extend([2, 5, 3, 1, 2, 3, 0xff, 1, 0]);
    assert_eq!(read(3, 12, body), Ok(Request::Metadata(request)));
}

#[test]
fn record_bytes_stay_where_they_arrived() {
    let mut request = ProduceRequest::sample(&mut Random(4), 9);
    let records = Bytes::from(vec![7; 5000]);
    request.topic_data = vec![Default::default()];
    request.topic_data[0].partition_data = vec![Default::default()];
    request.topic_data[0].partition_data[0].records = Some(records);
    let body = written(&request, 9, true);
    let within = body.as_ptr_range();
    let Ok(Request::Produce(read)) = read(0, 9, body.clone()) else { panic!("a Produce request") };
    let found = read.topic_data[0].partition_data[0].records.clone().unwrap();
    assert!(within.contains(&found.as_ptr()) && found.len() == 5000);
}

#[test]
fn an_api_or_version_that_is_not_served_is_named() {
    let header = |key: i16, version: i16| {
        let mut bytes = BytesMut::new();
        bytes.put_i16(key);
        bytes.put_i16(version);
        bytes.put_i32(1);
        bytes.put_i16(-1);
        RequestHeader::read(bytes.freeze())
    };
    assert_eq!(header(999, 0), Err(HeaderError::UnknownApi { key: 999, version: 0 }));
    let error = header(0, 99).unwrap_err();
    assert_eq!(error.to_string(), "Produce version 99 is not served here; versions 3 to 13 are");
    assert!(header(0, -1).is_err());
    assert_eq!(header(0, 3).unwrap().0.client_id, None);
}

/// What is read from changed bytes may be anything, but it is read or refused: nothing panics, and a request that is read
/// never has more elements than bytes.
#[test]
fn no_change_of_a_request_does_more_than_refuse_it() {
    for api in APIS {
        for version in api.versions.clone() {
            for seed in 0..20 {
                let mut random = Random(seed);
                let request = super::oracle::sample_request(api, version, &mut random);
                let mut body = request.to_vec();
                for cut in 0..body.len().min(300) {
                    // A message that is cut short is never taken for whole.
                    assert!(Request::read(api, version, Bytes::copy_from_slice(&body[..cut])).is_err());
                }
                for _ in 0..50 {
                    if body.is_empty() {
                        break;
                    }
                    let place = random.below(body.len());
                    body[place] = random.next().to_be_bytes()[0];
                    drop(Request::read(api, version, Bytes::copy_from_slice(&body)));
                }
                let noise: Vec<u8> = (0..random.below(200)).map(|_| random.next().to_be_bytes()[0]).collect();
                drop(Request::read(api, version, Bytes::from(noise)));
            }
        }
    }
}
