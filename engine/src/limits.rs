//! Every bound of the engine, in one place: what comes from outside is held against these before it costs memory.

/// Size of a disk block for O_DIRECT: positions, sizes and addresses of direct writes are multiples of it.
pub const BLOCK_SIZE: usize = 4096;

/// Largest segment: positions in a segment are 32-bit and Kafka's are signed.
pub const SEGMENT_SIZE_MAX: u64 = i32::MAX as u64;

/// Largest record batch, header included, that is ever read or written (Kafka's `message.max.bytes` is lower by
/// default; this is the format's own bound).
pub const BATCH_SIZE_MAX: usize = 1 << 30;

/// Largest size a compressed batch may unpack to: a bomb of zeroes stops here.
pub const DECOMPRESSED_SIZE_MAX: usize = 256 << 20;

/// Most headers one record may carry.
pub const HEADERS_COUNT_MAX: usize = 1 << 16;

/// Most bytes that one append of a partition hands to the disk: what arrives beyond waits for the next one.
pub const COMMIT_SIZE_MAX: usize = 4 << 20;

/// Messages that a shard's mailbox holds before senders wait.
pub const MAILBOX_COUNT_MAX: usize = 1 << 14;

/// Messages that a shard takes out of its mailbox before it looks at the disk again.
pub const MAILBOX_ROUND_MAX: usize = 1024;

/// Size of a disk sector: the largest piece of a write that a power cut leaves whole.
pub const SECTOR_SIZE: usize = 512;

/// Threads of one commit queue that has to do without io_uring.
pub const COMMIT_THREADS: usize = 8;

/// Partitions of one shard that have a durable watermark; those beyond do without.
pub const WATERMARK_PARTITIONS_MAX: usize = 4096;

/// Memory for direct writes that one commit queue keeps while idle.
pub const ALIGNED_RETAINED_MAX: usize = 8 << 20;

/// Largest span of blocks that one durable append copies for a direct write; larger ones go through the page cache.
pub const DIRECT_WRITE_MAX: usize = 1 << 20;

/// Operations one commit queue has in the kernel's hands before it waits for some to end.
pub const RING_ENTRIES: u32 = 256;

/// Kernel worker threads of one shard's rings, for each of the kernel's two kinds.
pub const KERNEL_WORKERS: u32 = 64;

/// Threads of a server for requests that have to wait for a disk or a coordinator.
pub const REQUEST_THREADS: usize = 4;

/// Requests of one connection that may be under way at the same time.
pub const PIPELINE_COUNT_MAX: usize = 1024;

/// Bytes of answers that a server holds in memory for clients that are slow to take them; records beyond are sent from their
/// files.
pub const ANSWERS_SIZE_MAX: usize = 8 << 20;

/// Fetch sessions (KIP-227) that one shard keeps; the one unused for longest makes room.
pub const FETCH_SESSIONS_MAX: usize = 1000;
