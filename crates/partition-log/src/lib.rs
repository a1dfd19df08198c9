//! One replica's log of one partition: `UnifiedLog`, `LocalLog`, `LogSegment` and what hangs on them.
//!
//! A [`Log`] is a value: closed segments and full chunks of batches are shared by `Arc`, so that a clone costs
//! about one pointer a log and an append after a clone copies none of them. Nothing here looks at a clock, sends,
//! or knows of other replicas: the broker says what time it is and who leads.
//!
//! Left out on purpose: transactions, tiered storage, checksums, and message formats before v2.

mod log;
mod config;
mod append;
mod producers;
mod snapshots;
mod epochs;
mod read;
mod truncation;
mod retention;
mod compaction;
mod timestamps;
mod durability;
mod segment;
mod batches;
mod files;
mod invariants;

pub use append::{AppendError, Appended, RecordError};
pub use compaction::{Cleanable, Compaction};
pub use config::LogConfig;
pub use epochs::{EpochCache, EpochEnd};
pub use log::Log;
pub use producers::{BatchMetadata, PRODUCER_BATCHES_MAX, ProducerEntry};
pub use read::Found;
pub use retention::{DeletedSegment, RetentionReason};
pub use segment::{IndexEntry, Segment, TimeIndexEntry};
pub use timestamps::TimestampOffset;
