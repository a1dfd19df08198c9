//! Messages on their way, in a few words each.

use lab::Lab;
use protocol::api::ApiKey;
use protocol::{BrokerId, ErrorCode, Message, Request, Response};

use crate::observe::{clock_ns, process_name};
use crate::picture::FlightView;

/// Every message on its way, ordered by the time it was sent.
pub fn flights(lab: &Lab) -> Vec<FlightView> {
    let world = lab.world();
    let views = world.flights().into_iter().enumerate().map(|(n, flight)| {
        let (records, error, summary) = content(flight.message);
        FlightView {
            key: (flight.conn.0 << 24) ^ flight.sent.as_nanos() ^ ((n as u64) << 56),
            from: process_name(lab, flight.from),
            to: process_name(lab, flight.to),
            api: flight.message.api().name().into(),
            is_response: matches!(flight.message, Message::Response { .. }),
            role: role(flight.message).into(),
            summary,
            records,
            is_error: !error.is_ok(),
            sent_ns: clock_ns(flight.sent),
            arrives_ns: clock_ns(flight.arrives),
            held: flight.held,
        }
    });
    views.collect()
}

/// What a message is for, which decides its shape on the stage.
fn role(message: &Message) -> &'static str {
    match message.api() {
        ApiKey::Produce | ApiKey::InitProducerId => "produce",
        ApiKey::Fetch => match message {
            Message::Request { request: Request::Fetch(fetch), .. } if fetch.replica != BrokerId::NONE => {
                "replica-fetch"
            }
            Message::Response { response: Response::Fetch(fetch), .. }
                if fetch.partitions.iter().any(|p| !p.metadata.is_empty()) =>
            {
                "controller"
            }
            _ => "fetch",
        },
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
        | ApiKey::DescribeCluster
        | ApiKey::DescribeTopicPartitions => "metadata",
    }
}

/// Records, error, and what it carries in a few words.
fn content(message: &Message) -> (u32, ErrorCode, String) {
    let plain = |text: &str| (0, ErrorCode::None, text.to_owned());
    let with = |error: ErrorCode, text: &str| match error.is_ok() {
        true => (0, error, text.to_owned()),
        false => (0, error, error.name().to_owned()),
    };
    match message {
        Message::Request { request, .. } => match request {
            Request::Produce(produce) => {
                let records = produce.partitions.iter().map(|p| p.batch.count()).sum();
                (records, ErrorCode::None, format!("{records} records, acks={}", produce.acks))
            }
            Request::Fetch(fetch) => match fetch.partitions.as_slice() {
                [one] => plain(&format!("from offset {}", one.fetch_offset)),
                many => plain(&format!("{} partitions", many.len())),
            },
            Request::JoinGroup(join) => plain(&format!("join {}", join.group)),
            Request::SyncGroup(sync) => plain(&format!("sync {} generation {}", sync.group, sync.generation)),
            Request::Heartbeat(beat) => plain(&format!("{} generation {}", beat.group, beat.generation)),
            Request::OffsetCommit(commit) => plain(&format!("{} offsets of {}", commit.offsets.len(), commit.group)),
            Request::Vote(vote) => plain(&format!(
                "{}vote for {} in epoch {}",
                if vote.pre_vote { "pre-" } else { "" },
                vote.candidate,
                vote.candidate_epoch
            )),
            Request::AlterPartition(alter) => plain(&format!("{} ISR changes", alter.partitions.len())),
            other => plain(other.api().name()),
        },
        Message::Response { response, .. } => match response {
            Response::Produce(produce) => {
                let error = produce.partitions.iter().map(|p| p.error).find(|e| !e.is_ok()).unwrap_or_default();
                with(error, "acknowledged")
            }
            Response::Fetch(fetch) => {
                let error = fetch.partitions.iter().map(|p| p.error).find(|e| !e.is_ok()).unwrap_or(fetch.error);
                let records: u32 = fetch.partitions.iter().flat_map(|p| &p.batches).map(protocol::Batch::count).sum();
                let metadata: usize = fetch.partitions.iter().flat_map(|p| &p.metadata).map(|b| b.records.len()).sum();
                match (error.is_ok(), records, metadata) {
                    (false, ..) => with(error, ""),
                    (true, 0, 0) => plain("nothing new"),
                    (true, 0, n) => (0, error, format!("{n} metadata records")),
                    (true, n, _) => (n, error, format!("{n} records")),
                }
            }
            Response::JoinGroup(join) => with(join.error, "joined"),
            Response::SyncGroup(sync) => with(sync.error, &format!("{} partitions assigned", sync.assignment.len())),
            Response::Heartbeat(beat) => with(beat.error, "ok"),
            Response::Vote(vote) => with(vote.error, if vote.granted { "granted" } else { "refused" }),
            Response::BrokerHeartbeat(beat) => with(beat.error, if beat.is_fenced { "fenced" } else { "ok" }),
            Response::AlterPartition(alter) => {
                let error = alter.partitions.iter().map(|p| p.error).find(|e| !e.is_ok()).unwrap_or(alter.error);
                with(error, "ISR changed")
            }
            other => plain(other.api().name()),
        },
    }
}
