//! Any bytes as the segment of a log, with another one behind it or not: recovery opens the log or says why not, and what it has
//! opened can be read to its end.

#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tidelog::config::topic::LogConfig;
use tidelog::io::{Disk, OpenMode, SimDisk};
use tidelog::log::{Log, OpenFrom, ReadCursor};
use tidelog::types::{Offset, TopicId};

const FOLDER: &str = "/data/a-0";

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::memory());
    let config = Arc::new(LogConfig::default());
    let folder = Path::new(FOLDER);
    let made =
        disk.create_dir_durably(Path::new("/data")).map_err(|error| error.to_string()).and_then(|()| {
            Log::create(Arc::clone(&disk), folder, TopicId([7; 16]), Arc::clone(&config))
                .map_err(|error| error.to_string())
        });
    assert!(made.is_ok(), "an empty log: {made:?}");
    let write = |name: &str, bytes: &[u8]| {
        let file = disk.open(&folder.join(name), OpenMode::Create);
        file.and_then(|file| file.write_at(bytes, 0)).is_ok()
    };
    // One bit cuts the bytes in two segments, one says that they were durable, one accepts that they are cut.
    let second = if how & 1 == 0 { bytes.len() } else { bytes.len() / 2 };
    assert!(write("00000000000000000000.log", &bytes[..second]));
    if how & 1 == 1 {
        assert!(write("00000000000000000003.log", &bytes[second..]));
    }
    let durable = Offset(i64::from(how >> 1 & 1) * 2);
    let from = OpenFrom { durable, accept_truncation: how >> 2 & 1 == 1, ..OpenFrom::default() };
    let Ok((log, _)) = Log::open(disk, folder, config, from) else { return };
    let view = log.view();
    let mut at = ReadCursor::from(view.log_start());
    while at.offset() < view.high_watermark() {
        let Ok(read) = view.read(at, 1 << 16, Offset(i64::MAX)) else { return };
        assert!(read.next.offset() > at.offset(), "a read goes on");
        at = read.next;
    }
});
