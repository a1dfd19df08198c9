//! The producer.

use kernel::{Input, Time};
use protocol::api::Name;
use protocol::{Message, TopicName, TopicPartition};

use crate::{ClientError, ConfigError, Fx, LogLine, ProducerRecord, Profile, Properties};

/// A Kafka producer.
#[derive(Clone, Hash, Debug)]
pub struct Producer {
    profile: Profile,
    client_id: Name,
    next: u64,
}

/// What a producer tells its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ProducerEvent {
    /// A record was accepted.
    Acked {
        /// As returned by `send`.
        handle: u64,
        /// Where it is.
        tp: TopicPartition,
        /// Its offset; −1 with acks=0 or for a duplicate.
        offset: i64,
        /// Its timestamp, ms since the epoch.
        timestamp_ms: i64,
    },
    /// The producer gave up on a record.
    Failed {
        /// As returned by `send`.
        handle: u64,
        /// Where it should have gone.
        topic: TopicName,
        /// Bytes of the key; none for a null key.
        key_len: Option<usize>,
        /// Bytes of the value; none for a null value.
        value_len: Option<usize>,
        /// Why.
        error: ClientError,
    },
    /// A log line.
    Log(LogLine),
    /// Everything sent before `flush` is done.
    Flushed,
    /// The producer cannot go on, e.g. none of the bootstrap servers has a known name.
    Fatal(ClientError),
    /// `close` is complete.
    Closed,
}

impl Producer {
    /// A producer; its timers carry `space`.
    pub fn new(profile: Profile, properties: &Properties, client_id: &str, space: u16) -> Result<Producer, ConfigError> {
        let _ = (properties, space);
        Ok(Producer { profile, client_id: client_id.into(), next: 0 })
    }
    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, _now: Time, _input: &Input<Message>, _fx: &mut Fx) -> bool {
        false
    }
    /// Sends a record; an event with the same handle tells what became of it.
    pub fn send(&mut self, _now: Time, _fx: &mut Fx, _record: ProducerRecord) -> u64 {
        self.next += 1;
        self.next
    }
    /// Asks for `Flushed` once everything sent so far is done; nothing lingers until then.
    pub fn flush(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Sends what is left, then closes.
    pub fn close(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Takes out what happened.
    pub fn events(&mut self) -> Vec<ProducerEvent> {
        Vec::new()
    }
    /// Records sent and not yet done.
    pub fn pending(&self) -> usize {
        0
    }
    /// Java: whether `send` is blocked (waiting for metadata or memory), so that its caller cannot go on.
    pub fn is_blocked(&self) -> bool {
        false
    }
    /// Whether `close` is complete.
    pub fn is_closed(&self) -> bool {
        false
    }
    /// The family.
    pub fn profile(&self) -> Profile {
        self.profile
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.client_id
    }
}
