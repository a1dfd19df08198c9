//! Kafka's vocabulary as data: ids, error codes, records and batches, configuration definitions, one file per
//! request and response, metadata records, and the notes (facts) that processes report. No behaviour beyond
//! sizes, hashes and encodings.

pub mod ids;
pub mod error;
pub mod record;
pub mod varint;
pub mod hashing;
pub mod config;
pub mod api;
pub mod metadata;
pub mod note;

pub use api::{ApiKey, Message, Request, Response};
pub use error::ErrorCode;
pub use ids::{BrokerId, GroupId, MemberId, PartitionIndex, ProducerId, TopicId, TopicName, TopicPartition};
pub use note::Note;
pub use record::{Batch, Header, Record};
