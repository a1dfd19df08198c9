//! Kafka's clients as step machines: [`Producer`], [`Consumer`] and [`Admin`], each in two families ([`Profile`]).
//!
//! A client is a part of a program: the program hands it every [`kernel::Input`] (`handle` says whether it was the
//! client's), calls its methods, and takes its events out afterwards. Like the real ones, clients see only what
//! brokers answer them. What is left out on purpose: security, interceptors, metrics.

mod types;
mod regex;
mod settings;
mod soonest;
mod network;
pub mod producer;
pub mod consumer;
pub mod admin;

pub use admin::{Admin, AdminCall, AdminEvent, AdminResult};
pub use consumer::{Consumer, ConsumerEvent};
pub use producer::{Producer, ProducerEvent};
pub use regex::{Regex, RegexError};
pub use types::{
    ClientError, ConfigError, ConsumerRecord, Fx, LogLevel, LogLine, NO_BOOTSTRAP, Polled, ProducerRecord, Profile,
    Properties, StartAt, wall_ms,
};
