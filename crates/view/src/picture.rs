//! The picture of a moment.

use std::sync::Arc;

use serde::Serialize;

use crate::message::MessageId;
use crate::text::Text;
use crate::troubles::{DelayView, GhostView, TroubleView};

/// All there is to see at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct Picture {
    /// Virtual time, ns.
    pub now_ns: u64,
    /// Events run so far.
    pub event: u64,
    /// Controllers, by id.
    pub controllers: Vec<ControllerView>,
    /// Brokers, by id.
    pub brokers: Vec<BrokerView>,
    /// Topics, by name, as the active controller's image has them.
    pub topics: Vec<TopicView>,
    /// Partitions of internal topics, left out of `topics`, whose ISR lacks a replica.
    pub hidden_under: usize,
    /// Running client programs, in the order they were started.
    pub clients: Vec<ClientView>,
    /// Groups, by name.
    pub groups: Vec<GroupView>,
    /// Messages on their way.
    pub flights: Vec<FlightView>,
    /// Cut links, one way each, by process name.
    pub cuts: Vec<(String, String)>,
    /// Slow links, one way each.
    pub delays: Vec<DelayView>,
    /// What is out of order with hosts, and what waits for a process or a condition.
    pub troubles: Vec<TroubleView>,
    /// Messages that reached nobody in the last second, latest first.
    pub ghosts: Vec<GhostView>,
    /// Terminals with their text.
    pub terminals: Vec<TerminalView>,
}

/// How a process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ProcessState {
    /// Not started yet.
    #[default]
    New,
    /// Runs.
    Running,
    /// Runs, but gets no CPU.
    Paused,
    /// Ended by itself.
    Stopped,
    /// Was killed; its page cache survives.
    Killed,
    /// Its host has no power.
    PoweredOff,
}

impl ProcessState {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            ProcessState::New => "not started",
            ProcessState::Running => "running",
            ProcessState::Paused => "paused",
            ProcessState::Stopped => "stopped",
            ProcessState::Killed => "killed",
            ProcessState::PoweredOff => "powered off",
        }
    }
}

/// A controller.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct ControllerView {
    /// node.id.
    pub id: i32,
    /// Process name: `controller-101`, or `broker-1` when combined.
    pub process: String,
    /// How its process is.
    pub state: ProcessState,
    /// When that became so, ns.
    pub since_ns: u64,
    /// Raft state: `Leader`, `Follower`, …
    pub role: String,
    /// Raft epoch.
    pub epoch: i32,
    /// Whether it is the active controller.
    pub is_active: bool,
    /// End of its metadata log.
    pub log_end: i64,
    /// High watermark it knows.
    pub high_watermark: i64,
}

/// A broker.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct BrokerView {
    /// node.id.
    pub id: i32,
    /// Process name, e.g. `broker-1`.
    pub process: String,
    /// broker.rack.
    pub rack: Option<String>,
    /// How its process is.
    pub state: ProcessState,
    /// When that became so, ns.
    pub since_ns: u64,
    /// Lifecycle state: STARTING, RECOVERY, RUNNING, …
    pub lifecycle: String,
    /// Whether the active controller holds it for fenced.
    pub fenced: bool,
    /// When the active controller fences it if nothing more is heard, ns.
    pub session_ends_ns: Option<u64>,
    /// How many replicas it is to hold, as the active controller has it.
    pub holds: u32,
    /// How many partitions it leads.
    pub leads: u32,
    /// How many of its replicas are out of sync.
    pub out: u32,
    /// Its replicas, by topic and partition; in a big cluster only those that stand out.
    pub replicas: Vec<ReplicaView>,
}

/// A replica on a broker.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct ReplicaView {
    /// Topic name.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// `leader` or `follower`, as this broker believes.
    pub is_leader: bool,
    /// Whether the active controller has it in the ISR.
    pub in_sync: bool,
    /// Whether it is the preferred leader.
    pub is_preferred: bool,
    /// Leader epoch this broker knows.
    pub leader_epoch: i32,
    /// First readable offset.
    pub log_start: i64,
    /// High watermark here.
    pub high_watermark: i64,
    /// Log end offset here.
    pub log_end: i64,
    /// Size of the log, bytes.
    pub bytes: u64,
    /// Number of segments.
    pub segments: u32,
    /// The last records (at most the lens asks for), oldest first.
    pub tail: Vec<RecordView>,
}

/// A record in a replica.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct RecordView {
    /// Its offset.
    pub offset: i64,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
    /// Its key as text.
    pub key: Option<String>,
    /// Its value as text, cut at 80 characters.
    pub value: Option<String>,
    /// CreateTime, ms since the epoch.
    pub timestamp_ms: i64,
    /// Below the high watermark of this replica.
    pub committed: bool,
}

/// A topic.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// Its id as Kafka prints it.
    pub id: String,
    /// `__consumer_offsets` and its kind.
    pub is_internal: bool,
    /// By number.
    pub partitions: Vec<PartitionView>,
}

/// A partition, as the active controller has it.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct PartitionView {
    /// Its number.
    pub partition: i32,
    /// −1 when there is none.
    pub leader: i32,
    /// Leader epoch.
    pub leader_epoch: i32,
    /// Partition epoch.
    pub partition_epoch: i32,
    /// In assignment order.
    pub replicas: Vec<i32>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Eligible leader replicas.
    pub elr: Vec<i32>,
    /// Effective min.insync.replicas.
    pub min_isr: i32,
    /// Log end at the leader; −1 when there is none.
    pub log_end: i64,
    /// High watermark at the leader; −1 when there is none.
    pub high_watermark: i64,
}

/// A running client program.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct ClientView {
    /// Process name, e.g. `app-3`.
    pub process: String,
    /// What it is called on the stage: client.id, or the program.
    pub title: String,
    /// `producer`, `consumer` or `tool`.
    pub kind: String,
    /// `java` or `librdkafka`.
    pub profile: String,
    /// The terminal it runs in, if any.
    pub terminal: Option<u32>,
    /// The command line that started it.
    pub command: String,
    /// How its process is.
    pub state: ProcessState,
    /// When that became so, ns.
    pub since_ns: u64,
    /// Group, for consumers.
    pub group: Option<String>,
    /// Member id, for consumers.
    pub member: Option<String>,
    /// Consumer state: e.g. `joining`, `stable`.
    pub phase: String,
    /// Assigned partitions with the position in each.
    pub assignment: Vec<PositionView>,
    /// Records acknowledged (producer) or handed to the application (consumer) so far.
    pub records: u64,
    /// Records that failed.
    pub errors: u64,
    /// Records that wait in the accumulator or in flight.
    pub pending: u64,
    /// `acks`, for producers.
    pub acks: Option<i16>,
}

/// Where a consumer stands in a partition.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct PositionView {
    /// Topic name.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// Next offset to read; −1 unknown.
    pub position: i64,
    /// Committed offset of the group; −1 none.
    pub committed: i64,
    /// High watermark at the leader; −1 unknown.
    pub end: i64,
}

/// A group, as its coordinator has it.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct GroupView {
    /// group.id.
    pub group: String,
    /// Empty, PreparingRebalance, CompletingRebalance, Stable, Dead.
    pub state: String,
    /// Generation.
    pub generation: i32,
    /// Assignor; empty while not stable.
    pub protocol: String,
    /// The coordinating broker; −1 unknown.
    pub coordinator: i32,
    /// Members in the coordinator's order.
    pub members: Vec<MemberView>,
    /// Committed offsets with lag.
    pub offsets: Vec<PositionView>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct MemberView {
    /// Member id.
    pub member: String,
    /// client.id.
    pub client_id: String,
    /// Process it runs in, if it is alive.
    pub process: Option<String>,
    /// Assigned partitions.
    pub assignment: Vec<(String, i32)>,
    /// When the coordinator evicts it if nothing more is heard, ns.
    pub session_ends_ns: Option<u64>,
}

/// A message on its way.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct FlightView {
    /// Unique while it flies.
    pub key: u64,
    /// Which message it is.
    pub id: MessageId,
    /// Sender's process name.
    pub from: Arc<str>,
    /// Receiver's process name.
    pub to: Arc<str>,
    /// API name, e.g. `Produce`.
    pub api: &'static str,
    /// Whether it is an answer.
    pub is_response: bool,
    /// `produce`, `fetch`, `replica-fetch`, `group`, `controller`, `metadata`.
    pub role: &'static str,
    /// What it carries, in a few words: `2 records for orders-0`, `error NOT_LEADER_OR_FOLLOWER`.
    pub summary: Arc<Text>,
    /// Records in it.
    pub records: u32,
    /// Whether it carries an error.
    pub is_error: bool,
    /// Sent, ns.
    pub sent_ns: u64,
    /// Arrives, ns.
    pub arrives_ns: u64,
    /// Held by a cut link.
    pub held: bool,
}

/// A terminal.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct TerminalView {
    /// Its number, from 1.
    pub id: u32,
    /// The number of the first of its last lines, of all that were written to it.
    pub first: u64,
    /// Its last lines.
    pub lines: Vec<LineView>,
    /// The command line in the foreground, if one runs.
    pub running: Option<String>,
    /// Whether that reads what is typed; else it is the next command.
    pub is_read: bool,
}

/// A line in a terminal.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct LineView {
    /// When it was written, ns.
    pub at_ns: u64,
    /// `command`, `out`, `err` or `input`.
    pub kind: &'static str,
    /// Its text.
    pub text: Arc<str>,
}
