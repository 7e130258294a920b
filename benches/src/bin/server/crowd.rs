//! [`Crowd`]: connections that a server has to put up with.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections that say nothing.
const IDLE: usize = 9_000;

/// Connections that send a request byte by byte, one a second.
const SLOW: u32 = 500;

/// See the module. Gone when it is dropped.
pub(crate) struct Crowd {
    over: Arc<AtomicBool>,
    slow: Option<JoinHandle<()>>,
    _idle: Vec<TcpStream>,
}

impl Crowd {
    /// Lets everybody connect; those who are slow send `request`.
    pub(crate) fn gather(address: SocketAddr, request: &[u8]) -> Crowd {
        let connect = || TcpStream::connect(address).expect("a connection");
        let idle = (0..IDLE).map(|_| connect()).collect();
        let mut senders: Vec<TcpStream> = (0..SLOW).map(|_| connect()).collect();
        let (over, request) = (Arc::new(AtomicBool::new(false)), request.to_vec());
        let told = Arc::clone(&over);
        let slow = std::thread::spawn(move || {
            for byte in request.iter().cycle() {
                for sender in &mut senders {
                    sender.write_all(&[*byte]).expect("sent");
                    std::thread::sleep(Duration::from_secs(1) / SLOW);
                    if told.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        });
        Crowd { over, slow: Some(slow), _idle: idle }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(slow) = self.slow.take() {
            slow.join().expect("it sends");
        }
    }
}
