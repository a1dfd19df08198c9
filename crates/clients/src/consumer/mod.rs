//! The consumer.

use kernel::{Input, Time};
use protocol::api::Name;
use protocol::{GroupId, MemberId, Message, TopicName, TopicPartition};

use crate::{ClientError, ConfigError, ConsumerRecord, Fx, LogLine, Profile, Properties, StartAt};

/// A Kafka consumer (classic group protocol).
#[derive(Clone, Hash, Debug)]
pub struct Consumer {
    profile: Profile,
    client_id: Name,
}

/// What a consumer tells its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ConsumerEvent {
    /// `onPartitionsAssigned`; with the eager protocol, all of them.
    Assigned(Vec<TopicPartition>),
    /// `onPartitionsRevoked`.
    Revoked(Vec<TopicPartition>),
    /// `onPartitionsLost`.
    Lost(Vec<TopicPartition>),
    /// A commit the application asked for is done.
    Committed(Result<Vec<(TopicPartition, i64)>, ClientError>),
    /// An exception from `poll`; the consumer cannot go on.
    Fatal(ClientError),
    /// An error the application is told of while the consumer goes on (librdkafka's error callback and messages with an error).
    Error(ClientError),
    /// A log line.
    Log(LogLine),
    /// `close` is complete.
    Closed,
}

impl Consumer {
    /// A consumer; its timers carry `space`.
    pub fn new(profile: Profile, properties: &Properties, client_id: &str, space: u16) -> Result<Consumer, ConfigError> {
        let _ = (properties, space);
        Ok(Consumer { profile, client_id: client_id.into() })
    }
    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, _now: Time, _input: &Input<Message>, _fx: &mut Fx) -> bool {
        false
    }
    /// Joins the group for these topics.
    pub fn subscribe(&mut self, _topics: Vec<TopicName>, _now: Time, _fx: &mut Fx) {}
    /// Reads these partitions, without a group membership.
    pub fn assign(&mut self, _partitions: Vec<(TopicPartition, StartAt)>, _now: Time, _fx: &mut Fx) {}
    /// What poll() returns now: at most `max` (and `max.poll.records`) records; advances the positions. Call it after
    /// every step while the program is in its poll loop.
    pub fn poll(&mut self, _now: Time, _fx: &mut Fx, _max: usize) -> Vec<ConsumerRecord> {
        Vec::new()
    }
    /// Whether records are buffered.
    pub fn has_data(&self) -> bool {
        false
    }
    /// Commits positions (or `offsets`), retrying until `default.api.timeout.ms`; `Committed` tells the end of it.
    pub fn commit_sync(&mut self, _now: Time, _fx: &mut Fx, _offsets: Option<Vec<(TopicPartition, i64)>>) {}
    /// Commits positions (or `offsets`) once; `Committed` tells the end of it.
    pub fn commit_async(&mut self, _now: Time, _fx: &mut Fx, _offsets: Option<Vec<(TopicPartition, i64)>>) {}
    /// Sets the position of an assigned partition; false if it is not assigned.
    pub fn seek(&mut self, _tp: &TopicPartition, _to: StartAt) -> bool {
        false
    }
    /// Commits (if auto-commit is on), leaves the group, closes.
    pub fn close(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Takes out what happened.
    pub fn events(&mut self) -> Vec<ConsumerEvent> {
        Vec::new()
    }
    /// Whether `close` is complete.
    pub fn is_closed(&self) -> bool {
        false
    }
    /// The partitions it has now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        Vec::new()
    }
    /// The next offset it will hand out, once known.
    pub fn position(&self, _tp: &TopicPartition) -> Option<i64> {
        None
    }
    /// Its group.
    pub fn group(&self) -> Option<&GroupId> {
        None
    }
    /// Its member id, `""` until it has one.
    pub fn member(&self) -> MemberId {
        "".into()
    }
    /// The generation it is in, −1 for none.
    pub fn generation(&self) -> i32 {
        -1
    }
    /// Where it stands with its group: `unjoined`, `preparing`, `joining`, `syncing`, `stable`.
    pub fn group_state(&self) -> &'static str {
        "unjoined"
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
