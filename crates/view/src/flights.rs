//! Messages on their way, in a few words each.

use lab::{Lab, Tag};
use protocol::api::ApiKey;
use protocol::{Message, Request, Response};

use crate::observe::{clock_ns, process_name};
use crate::picture::FlightView;

/// Every message on its way, ordered by the time it was sent.
pub fn flights(lab: &Lab) -> Vec<FlightView> {
    let world = lab.world();
    let views = world.flights().into_iter().enumerate().map(|(n, flight)| {
        let tag = Tag::of(flight.message);
        let is_client = [flight.from, flight.to].iter().any(|node| world.machine(*node).app().is_some());
        FlightView {
            key: (flight.conn.0 << 24) ^ flight.sent.as_nanos() ^ ((n as u64) << 56),
            from: process_name(lab, flight.from),
            to: process_name(lab, flight.to),
            api: tag.api.name().into(),
            is_response: tag.is_response,
            role: role_of(tag, is_client).into(),
            summary: summary(flight.message, tag),
            records: if tag.is_metadata { 0 } else { tag.records },
            is_error: !tag.error.is_ok(),
            sent_ns: clock_ns(flight.sent),
            arrives_ns: clock_ns(flight.arrives),
            held: flight.held,
        }
    });
    views.collect()
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
        | ApiKey::AlterPartition
        | ApiKey::BrokerRegistration
        | ApiKey::BrokerHeartbeat
        | ApiKey::AllocateProducerIds => "controller",
        ApiKey::ListOffsets
        | ApiKey::DeleteRecords
        | ApiKey::DescribeLogDirs
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
        | ApiKey::ElectLeaders
        | ApiKey::IncrementalAlterConfigs
        | ApiKey::AlterPartitionReassignments
        | ApiKey::UnregisterBroker
        | ApiKey::ListPartitionReassignments
        | ApiKey::DescribeCluster
        | ApiKey::DescribeTopicPartitions => "metadata",
    }
}

/// What a message carries, in a few words.
fn summary(message: &Message, tag: Tag) -> String {
    if !tag.error.is_ok() {
        return tag.error.name().to_owned();
    }
    let records = tag.records;
    match message {
        Message::Request { request, .. } => match request {
            Request::Produce(produce) => format!("{records} records, acks={}", produce.acks),
            Request::Fetch(fetch) => match fetch.partitions.as_slice() {
                [one] => format!("from offset {}", one.fetch_offset),
                [] if fetch.session_epoch > 0 => "as before".to_owned(),
                many => format!("{} partitions", many.len()),
            },
            Request::JoinGroup(join) => format!("join {}", join.group),
            Request::SyncGroup(sync) => format!("sync {} generation {}", sync.group, sync.generation),
            Request::Heartbeat(beat) => format!("{} generation {}", beat.group, beat.generation),
            Request::OffsetCommit(commit) => format!("{} offsets of {}", commit.offsets.len(), commit.group),
            Request::Vote(vote) => format!(
                "{}vote for {} in epoch {}",
                if vote.pre_vote { "pre-" } else { "" },
                vote.candidate,
                vote.candidate_epoch
            ),
            Request::AlterPartition(alter) => format!("{} ISR changes", alter.partitions.len()),
            other => other.api().name().to_owned(),
        },
        Message::Response { response, .. } => match response {
            Response::Produce(_) => "acknowledged".to_owned(),
            Response::Fetch(_) if records == 0 => "nothing new".to_owned(),
            Response::Fetch(_) if tag.is_metadata => format!("{records} metadata records"),
            Response::Fetch(_) => format!("{records} records"),
            Response::JoinGroup(_) => "joined".to_owned(),
            Response::SyncGroup(sync) => format!("{} partitions assigned", sync.assignment.len()),
            Response::Heartbeat(_) => "ok".to_owned(),
            Response::Vote(vote) => if vote.granted { "granted" } else { "refused" }.to_owned(),
            Response::BrokerHeartbeat(beat) => if beat.is_fenced { "fenced" } else { "ok" }.to_owned(),
            Response::AlterPartition(_) => "ISR changed".to_owned(),
            other => other.api().name().to_owned(),
        },
    }
}
