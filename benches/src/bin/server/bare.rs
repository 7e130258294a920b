//! What the kernel alone can do: an echo with epoll, and files sent with sendfile, without a thought for anything else.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// Answers each request of a known size with an answer of a known size, one thread for all connections.
pub(crate) struct Echo {
    address: SocketAddr,
}

impl Echo {
    pub(crate) fn start(request_size: usize, answer_size: usize) -> Echo {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        std::thread::spawn(move || echo(&listener, request_size, &vec![0; answer_size]));
        Echo { address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn echo(listener: &TcpListener, request_size: usize, answer: &[u8]) {
    let poll = epoll::create(CreateFlags::CLOEXEC).expect("epoll");
    epoll::add(&poll, listener, EventData::new_u64(0), EventFlags::IN).expect("epoll");
    let mut streams: HashMap<u64, TcpStream> = HashMap::new();
    let mut buffer = vec![0; request_size];
    let mut events = Vec::with_capacity(512);
    loop {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None).expect("epoll");
        for event in &events {
            let token = event.data.u64();
            if token == 0 {
                let (stream, _) = listener.accept().expect("a connection");
                stream.set_nodelay(true).expect("an option");
                let token = u64::try_from(stream.as_raw_fd()).expect("a descriptor");
                epoll::add(&poll, &stream, EventData::new_u64(token), EventFlags::IN).expect("epoll");
                streams.insert(token, stream);
                continue;
            }
            let Some(stream) = streams.get_mut(&token) else { continue };
            // Requests are small: each comes in one piece.
            match stream.read(&mut buffer) {
                Ok(size) if size == request_size => drop(stream.write_all(answer)),
                _ => drop(streams.remove(&token)),
            }
        }
    }
}

/// Sends files, one after the other, to whoever connects.
pub(crate) struct FileServer {
    address: SocketAddr,
}

impl FileServer {
    pub(crate) fn start(files: &[PathBuf]) -> FileServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let files = files.to_vec();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                send(&stream.expect("a connection"), &files);
            }
        });
        FileServer { address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn send<P: AsRef<Path>>(stream: &TcpStream, files: &[P]) {
    for path in files {
        let file = File::open(path).expect("a segment");
        let mut left = file.metadata().expect("its size").len();
        while left > 0 {
            let turn = usize::try_from(left.min(1 << 20)).expect("a MiB");
            match rustix::fs::sendfile(stream, &file, None, turn) {
                Ok(sent) if sent > 0 => left -= sent as u64,
                _ => return,
            }
        }
    }
}
