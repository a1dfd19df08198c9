//! Messages on their way, in a few words each.

use std::sync::Arc;

use lab::{Lab, Tag};
use protocol::api::ApiKey;
use protocol::{Message, Request, Response};

use crate::message::MessageId;
use crate::observe::clock_ns;
use crate::picture::FlightView;
use crate::say;
use crate::text::Text;

/// Every message on its way, ordered by the time it was sent.
pub fn flights(lab: &Lab) -> Vec<FlightView> {
    let (world, mut said) = (lab.world(), Said::default());
    let views = world.flights().into_iter().enumerate().map(|(n, flight)| {
        let tag = Tag::of(flight.message);
        let is_client = [flight.from, flight.to].iter().any(|node| world.machine(*node).app().is_some());
        FlightView {
            key: (flight.conn.0 << 24) ^ flight.sent.as_nanos() ^ ((n as u64) << 56),
            id: MessageId { conn: flight.conn.0, number: flight.number },
            from: world.name(flight.from).clone(),
            to: world.name(flight.to).clone(),
            api: tag.api.name(),
            is_response: tag.is_response,
            role: role_of(tag, is_client),
            summary: said.of(flight.message, tag),
            records: if tag.is_metadata { 0 } else { tag.records },
            is_error: !tag.error.is_ok(),
            sent_ns: clock_ns(flight.sent),
            arrives_ns: clock_ns(flight.arrives),
            held: flight.held,
        }
    });
    views.collect()
}

/// What was said of a batch of records last: of thousands on their way most say the same, and each is looked at many times a second.
#[derive(Default)]
struct Said(Option<((u32, i16), Arc<Text>)>);

impl Said {
    fn of(&mut self, message: &Message, tag: Tag) -> Arc<Text> {
        let Message::Request { request: Request::Produce(produce), .. } = message else {
            return Arc::new(summary(message, tag));
        };
        let asked = (tag.records, produce.acks);
        match &self.0 {
            Some((last, text)) if *last == asked => text.clone(),
            _ => self.0.insert((asked, Arc::new(summary(message, tag)))).1.clone(),
        }
    }
}

/// What a message is for, which decides its shape on the stage. `is_client`: a program sends or gets it.
pub(crate) fn role_of(tag: Tag, is_client: bool) -> &'static str {
    match tag.api {
        ApiKey::Produce | ApiKey::InitProducerId => "produce",
        ApiKey::Fetch if tag.is_metadata => "controller",
        ApiKey::Fetch if is_client => "fetch",
        ApiKey::Fetch => "replica-fetch",
        ApiKey::JoinGroup
        | ApiKey::SyncGroup
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::OffsetCommit
        | ApiKey::OffsetFetch
        | ApiKey::FindCoordinator => "group",
        ApiKey::Vote
        | ApiKey::BeginQuorumEpoch
        | ApiKey::EndQuorumEpoch
        | ApiKey::FetchSnapshot
        | ApiKey::DescribeQuorum
        | ApiKey::AddRaftVoter
        | ApiKey::RemoveRaftVoter
        | ApiKey::UpdateRaftVoter
        | ApiKey::AlterPartition
        | ApiKey::BrokerRegistration
        | ApiKey::BrokerHeartbeat
        | ApiKey::ControllerRegistration
        | ApiKey::AssignReplicasToDirs
        | ApiKey::AllocateProducerIds => "controller",
        ApiKey::ListOffsets
        | ApiKey::DeleteRecords
        | ApiKey::DescribeLogDirs
        | ApiKey::AlterReplicaLogDirs
        | ApiKey::Metadata
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::ApiVersions
        | ApiKey::CreateTopics
        | ApiKey::DeleteTopics
        | ApiKey::OffsetForLeaderEpoch
        | ApiKey::DescribeConfigs
        | ApiKey::CreatePartitions
        | ApiKey::DeleteGroups
        | ApiKey::OffsetDelete
        | ApiKey::ElectLeaders
        | ApiKey::IncrementalAlterConfigs
        | ApiKey::AlterPartitionReassignments
        | ApiKey::UnregisterBroker
        | ApiKey::UpdateFeatures
        | ApiKey::ListPartitionReassignments
        | ApiKey::DescribeCluster
        | ApiKey::DescribeTopicPartitions => "metadata",
    }
}

/// What a message carries, in a few words.
fn summary(message: &Message, tag: Tag) -> Text {
    let records = tag.records;
    match message {
        _ if !tag.error.is_ok() => say!("{}", tag.error.name()),
        Message::Request { request, .. } => match request {
            Request::Produce(produce) => say!("{} records, acks={}", records, produce.acks),
            Request::Fetch(fetch) => match fetch.partitions.as_slice() {
                [one] => say!("from offset {}", one.fetch_offset),
                [] if fetch.session_epoch > 0 => say!("as before"),
                many => say!("{} partitions", many.len()),
            },
            Request::JoinGroup(join) => say!("joins {}", join.group),
            Request::SyncGroup(sync) => say!("syncs {}, generation {}", sync.group, sync.generation),
            Request::Heartbeat(beat) => say!("{}, generation {}", beat.group, beat.generation),
            Request::OffsetCommit(commit) => say!("{} offsets of {}", commit.offsets.len(), commit.group),
            Request::Vote(vote) if vote.pre_vote => {
                say!("pre-vote for {} in epoch {}", vote.candidate, vote.candidate_epoch)
            }
            Request::Vote(vote) => say!("vote for {} in epoch {}", vote.candidate, vote.candidate_epoch),
            Request::AlterPartition(alter) => say!("{} ISR changes", alter.partitions.len()),
            other => say!("{}", other.api().name()),
        },
        Message::Response { response, .. } => match response {
            Response::Produce(_) => say!("acknowledged"),
            Response::Fetch(_) if records == 0 => say!("nothing new"),
            Response::Fetch(_) if tag.is_metadata => say!("{} metadata records", records),
            Response::Fetch(_) => say!("{} records", records),
            Response::JoinGroup(_) => say!("joined"),
            Response::SyncGroup(sync) => say!("{} partitions assigned", sync.assignment.len()),
            Response::Heartbeat(_) => say!("ok"),
            Response::Vote(vote) if vote.granted => say!("granted"),
            Response::Vote(_) => say!("refused"),
            Response::BrokerHeartbeat(beat) if beat.is_fenced => say!("fenced"),
            Response::BrokerHeartbeat(_) => say!("ok"),
            Response::AlterPartition(_) => say!("ISR changed"),
            other => say!("{}", other.api().name()),
        },
    }
}
