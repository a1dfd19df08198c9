//! Brokers and controllers of a KRaft cluster: [`KafkaProcess`] is one process on one host, as a step machine.
//!
//! Inside it, from the bottom up: [`raft::Replica`] keeps the metadata log; [`controller::Controller`] (on
//! controllers) decides; [`MetadataImage`] is what the committed log says; [`Lifecycle`] and [`broker::Broker`]
//! (on brokers) register, replicate and serve.

pub mod spec;
pub mod process;
pub mod raft;
pub mod controller;
pub mod broker;
mod files;
mod idle;
mod storage;

pub use broker::Served;
pub use broker::lifecycle::Lifecycle;
pub use process::{Context, Fx, KafkaProcess};
pub use protocol::image::{self, BrokerImage, MetadataImage, TopicImage};
pub use spec::{BROKER_PORT, CONTROLLER_PORT, ClusterSpec, ProcessSpec, Replaced};
