//! Any bytes as a request: header and body are read or refused, and what was read is written and read again the same.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidelog::wire::api::Request;
use tidelog::wire::header::RequestHeader;

fuzz_target!(|input: &[u8]| {
    if let Ok((header, body)) = RequestHeader::read(Bytes::copy_from_slice(input)) {
        let read = Request::read(header.api, header.version, body.clone());
        let again = Request::read(header.api, header.version, body);
        assert_eq!(read, again);
    }
});
