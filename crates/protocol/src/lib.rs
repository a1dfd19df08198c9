//! Kafka's vocabulary as data: ids, error codes, records and batches, configuration definitions, one file per
//! request and response, metadata records, and the notes (facts) that processes report. No behaviour beyond
//! sizes, hashes and encodings, but for what every asker keeps of a fetch session, and what the metadata log says when it is replayed.

mod gap;
pub mod ids;
pub mod error;
pub mod batch;
mod content;
pub mod record;
mod run;
pub mod varint;
mod codec;
mod encode;
pub mod wire;
pub mod file;
pub mod hashing;
pub mod config;
pub mod api;
pub mod metadata;
pub mod image;
pub mod note;
pub mod fetch_session;
pub mod features;
pub mod java_random;
mod java_duration;
mod seldom;
mod topic_name;
pub mod placement;
pub mod plant;

pub use api::{ApiKey, Message, Request, Response};
pub use batch::Batch;
pub use codec::Codec;
pub use error::ErrorCode;
pub use file::{DirEntry, FileContent, ProducerLine};
pub use ids::{
    BrokerId, DirectoryId, GroupId, MemberId, OFFSETS_TOPIC, PartitionIndex, ProducerId, TopicId, TopicName,
    TopicPartition, is_internal_topic,
};
pub use java_duration::java_duration_ms;
pub use note::Note;
pub use plant::Plant;
pub use record::{Header, Record};
pub use run::{Run, splittable_draw};
pub use seldom::Seldom;
pub use topic_name::{CLUSTER_METADATA, validate_topic_name};

/// The wall clock of every run at virtual time 0, in ms since the epoch: 2027-01-15T08:00:00Z.
pub const EPOCH_MS: i64 = 1_800_000_000_000;

/// The wall clock `ns` nanoseconds after the start of a run, in ms since the epoch.
pub const fn wall_ms(ns: u64) -> i64 {
    EPOCH_MS + (ns / 1_000_000) as i64
}
