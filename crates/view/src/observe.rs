//! From the engine's state to a [`Picture`]. Times are those of the run's clock: boot is left out.

use kernel::{NodeId, NodeState, Time};
use lab::replicas::{self, GroupInfo};
use lab::{BOOT, Lab, LineKind};
use ordered::SortedMap;
use protocol::api::ConfigResourceKind;
use protocol::{BrokerId, TopicPartition, is_internal_topic};

use crate::flights::flights;
use crate::picture::*;
use crate::troubles;

/// What to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lens {
    /// Records shown at the end of each replica.
    pub tail: usize,
    /// Whether internal topics are shown.
    pub internal: bool,
    /// Lines shown of each terminal.
    pub terminal_lines: usize,
    /// With more partitions than this, replicas are counted, and only those out of sync are listed.
    pub partitions_max: usize,
    /// A partition whose replicas are listed all the same.
    pub focus: Option<(String, i32)>,
}

/// Replicas out of sync that are listed of a broker when there are too many partitions for all.
const OUT_LISTED: usize = 6;

impl Default for Lens {
    fn default() -> Lens {
        Lens { tail: 8, internal: false, terminal_lines: 200, partitions_max: usize::MAX, focus: None }
    }
}

/// The picture of this moment.
pub fn observe(lab: &Lab, lens: &Lens) -> Picture {
    Picture {
        now_ns: lab.clock().as_nanos(),
        event: lab.events(),
        controllers: controllers(lab),
        brokers: brokers(lab, lens),
        topics: topics(lab, lens),
        hidden_under: hidden_under(lab, lens),
        clients: clients(lab),
        groups: groups(lab),
        flights: flights(lab),
        cuts: lab.world().cuts().map(|(a, b)| (process_name(lab, a), process_name(lab, b))).collect(),
        delays: troubles::delays(lab),
        troubles: troubles::troubles(lab),
        ghosts: troubles::ghosts(lab),
        terminals: terminals(lab, lens),
    }
}

/// The name of a process.
pub fn process_name(lab: &Lab, node: NodeId) -> String {
    lab.world().name(node).to_string()
}

pub(crate) fn clock_ns(at: Time) -> u64 {
    at.since(BOOT).as_nanos()
}

pub(crate) fn state(lab: &Lab, node: NodeId) -> ProcessState {
    match lab.world().state(node) {
        NodeState::New => ProcessState::New,
        NodeState::Running => ProcessState::Running,
        NodeState::Paused => ProcessState::Paused,
        NodeState::Exited(_) => ProcessState::Stopped,
        NodeState::Killed => ProcessState::Killed,
        NodeState::PoweredOff => ProcessState::PoweredOff,
    }
}

fn controllers(lab: &Lab) -> Vec<ControllerView> {
    let active = replicas::active_controller(lab.world(), lab.layout());
    let views = lab.layout().controllers.iter().filter_map(|(id, node)| {
        let raft = lab.world().machine(*node).kafka()?.raft();
        Some(ControllerView {
            id: id.0,
            process: process_name(lab, *node),
            state: state(lab, *node),
            since_ns: clock_ns(lab.since(*node)),
            role: raft.role_name().into(),
            epoch: raft.epoch(),
            is_active: active == Some(*node),
            log_end: raft.log_end(),
            high_watermark: raft.high_watermark(),
        })
    });
    views.collect()
}

fn brokers(lab: &Lab, lens: &Lens) -> Vec<BrokerView> {
    let image = replicas::image(lab.world(), lab.layout());
    let sessions = sessions(lab);
    let views = lab.layout().brokers.iter().filter_map(|(id, node)| {
        let process = lab.world().machine(*node).kafka()?;
        Some(BrokerView {
            id: id.0,
            process: process_name(lab, *node),
            rack: process.spec().rack.as_ref().map(ToString::to_string),
            state: state(lab, *node),
            since_ns: clock_ns(lab.since(*node)),
            lifecycle: process.lifecycle().map_or(String::new(), |lifecycle| lifecycle.state().name().into()),
            fenced: image.and_then(|image| image.brokers.get(id)).is_none_or(|broker| broker.fenced),
            session_ends_ns: sessions.get(id).map(|at| clock_ns(*at)),
            holds: 0,
            leads: 0,
            out: 0,
            replicas: Vec::new(),
        })
    });
    let mut views: Vec<BrokerView> = views.collect();
    if let Some(image) = image {
        place_replicas(lab, image, lens, &mut views);
    }
    views
}

/// When the active controller would fence each broker that is not fenced.
fn sessions(lab: &Lab) -> SortedMap<BrokerId, Time> {
    let active = replicas::active_controller(lab.world(), lab.layout());
    let process = active.and_then(|node| lab.world().machine(node).kafka());
    let Some((process, heartbeats)) = process.and_then(|p| Some((p, p.controller()?.heartbeats()?))) else {
        return SortedMap::new();
    };
    let timeout = process.spec().millis("broker.session.timeout.ms", 9000);
    let live = heartbeats.iter().filter(|(_, heartbeat)| !heartbeat.is_fenced);
    live.map(|(id, heartbeat)| (*id, heartbeat.last_contact + timeout)).collect()
}

/// Gives each broker its replicas: all of them, or counts and what stands out.
fn place_replicas(lab: &Lab, image: &cluster::MetadataImage, lens: &Lens, brokers: &mut [BrokerView]) {
    let shown = || image.by_name.iter().filter(|(name, _)| lens.internal || !is_internal_topic(name));
    let topics = || shown().filter_map(|(name, id)| Some((name, image.topics.get(id)?)));
    let partitions: usize = topics().map(|(_, topic)| topic.partitions.len()).sum();
    let lists_all = partitions <= lens.partitions_max;
    for (name, topic) in topics() {
        for registered in &topic.partitions {
            let is_focus = lens.focus.as_ref().is_some_and(|(t, p)| **t == **name && *p == registered.partition);
            for id in &registered.replicas {
                let Some(broker) = brokers.iter_mut().find(|broker| broker.id == id.0) else { continue };
                let in_sync = registered.isr.contains(id);
                broker.holds += 1;
                broker.leads += u32::from(registered.leader == *id);
                broker.out += u32::from(!in_sync);
                if lists_all || is_focus || (!in_sync && broker.out as usize <= OUT_LISTED) {
                    let tp = TopicPartition::new(name.clone(), registered.partition);
                    broker.replicas.extend(replica_view(lab, *id, &tp, registered, lens));
                }
            }
        }
    }
}

fn replica_view(
    lab: &Lab,
    broker: BrokerId,
    tp: &TopicPartition,
    registered: &protocol::metadata::PartitionRecord,
    lens: &Lens,
) -> Option<ReplicaView> {
    let replica = replicas::find(lab.world(), lab.layout(), broker, tp)?;
    let log = replica.log;
    Some(ReplicaView {
        topic: tp.topic.to_string(),
        partition: tp.partition,
        is_leader: replica.is_leader,
        in_sync: registered.isr.contains(&broker),
        is_preferred: registered.replicas.first() == Some(&broker),
        leader_epoch: replica.leader_epoch,
        log_start: log.log_start_offset(),
        high_watermark: log.high_watermark(),
        log_end: log.log_end_offset(),
        bytes: log.size_bytes(),
        segments: log.segment_count() as u32,
        tail: tail(log, lens.tail),
    })
}

fn tail(log: &partition_log::Log, count: usize) -> Vec<RecordView> {
    let end = log.log_end_offset();
    crate::log::records(log, end - count as i64, end)
}

fn topics(lab: &Lab, lens: &Lens) -> Vec<TopicView> {
    let Some(image) = replicas::image(lab.world(), lab.layout()) else { return Vec::new() };
    let shown = image.by_name.iter().filter(|(name, _)| lens.internal || !is_internal_topic(name));
    let views = shown.filter_map(|(name, topic_id)| {
        let topic = image.topics.get(topic_id)?;
        let partitions = topic.partitions.iter().map(|p| {
            let tp = TopicPartition::new(name.clone(), p.partition);
            let log = replicas::leader_among(lab.world(), lab.layout(), &tp, &p.replicas).map(|replica| replica.log);
            let min_isr = image.config(ConfigResourceKind::Topic, name, "min.insync.replicas");
            PartitionView {
                partition: p.partition,
                leader: p.leader.0,
                leader_epoch: p.leader_epoch,
                partition_epoch: p.partition_epoch,
                replicas: p.replicas.iter().map(|id| id.0).collect(),
                isr: p.isr.iter().map(|id| id.0).collect(),
                elr: p.elr.iter().map(|id| id.0).collect(),
                min_isr: min_isr.and_then(|value| value.parse().ok()).unwrap_or(1),
                log_end: log.map_or(-1, |log| log.log_end_offset()),
                high_watermark: log.map_or(-1, |log| log.high_watermark()),
            }
        });
        Some(TopicView {
            name: name.to_string(),
            id: topic_id.to_string(),
            is_internal: is_internal_topic(name),
            partitions: partitions.collect(),
        })
    });
    views.collect()
}

fn hidden_under(lab: &Lab, lens: &Lens) -> usize {
    let Some(image) = replicas::image(lab.world(), lab.layout()).filter(|_| !lens.internal) else { return 0 };
    let hidden = image.by_name.iter().filter(|(name, _)| is_internal_topic(name));
    let partitions = hidden.filter_map(|(_, id)| image.topics.get(id)).flat_map(|topic| &topic.partitions);
    partitions.filter(|p| p.isr.len() < p.replicas.len()).count()
}

fn clients(lab: &Lab) -> Vec<ClientView> {
    let groups = replicas::groups(lab.world(), lab.layout());
    let running = |node| matches!(lab.world().state(node), NodeState::Running | NodeState::Paused);
    let recent = |node| {
        lab.now().since(lab.since(node)).as_millis() < GHOST_MS && matches!(lab.world().state(node), NodeState::Killed)
    };
    let shown = lab.apps().iter().filter(|app| running(app.node) || recent(app.node));
    let views = shown.filter_map(|app| {
        let program = lab.world().machine(app.node).app()?;
        let consumer = program.consumer();
        let assignment = consumer.map_or(Vec::new(), |consumer| consumer.assignment()).into_iter().map(|tp| {
            let position = consumer.and_then(|consumer| consumer.position(&tp));
            let committed = program.group().and_then(|group| committed(&groups, group, &tp));
            position_view(lab, &tp, position.unwrap_or(-1), committed.unwrap_or(-1))
        });
        let tally = lab.ledger().tally(app.node);
        Some(ClientView {
            process: process_name(lab, app.node),
            title: program.title(),
            kind: program.kind().name().into(),
            profile: format!("{:?}", program.profile()).to_ascii_lowercase(),
            terminal: Some(app.term),
            command: app.command.to_string(),
            state: state(lab, app.node),
            since_ns: clock_ns(lab.since(app.node)),
            group: program.group().map(ToString::to_string),
            member: program.member().map(|member| member.to_string()),
            phase: consumer.map_or("", |consumer| consumer.group_state()).into(),
            assignment: assignment.collect(),
            records: tally.records,
            errors: tally.errors,
            pending: program.producer().map_or(0, |producer| producer.pending() as u64),
            acks: tally.acks,
        })
    });
    views.collect()
}

/// How long a killed program is still shown, ms.
const GHOST_MS: u64 = 60_000;

fn committed(groups: &[GroupInfo], group: &str, tp: &TopicPartition) -> Option<i64> {
    let group = groups.iter().find(|found| &*found.id == group)?;
    group.offsets.iter().find(|(other, _)| other == tp).map(|(_, offset)| *offset)
}

fn position_view(lab: &Lab, tp: &TopicPartition, position: i64, committed: i64) -> PositionView {
    let end = lab.leader_log(tp).map_or(-1, |log| log.high_watermark());
    PositionView { topic: tp.topic.to_string(), partition: tp.partition, position, committed, end }
}

/// All groups, as their coordinators have them.
pub fn groups(lab: &Lab) -> Vec<GroupView> {
    let groups = replicas::groups(lab.world(), lab.layout());
    groups.into_iter().map(|group| group_view(lab, group)).collect()
}

fn group_view(lab: &Lab, group: GroupInfo) -> GroupView {
    let process_of = |member: &str| {
        let alive = |node| matches!(lab.world().state(node), NodeState::Running | NodeState::Paused);
        let is_it = |app: &&lab::App| {
            alive(app.node)
                && lab.world().machine(app.node).app().and_then(|p| p.member()).is_some_and(|m| *m == *member)
        };
        lab.apps().iter().find(is_it).map(|app| process_name(lab, app.node))
    };
    let mut members: Vec<_> = group
        .members
        .iter()
        .map(|member| MemberView {
            member: member.id.to_string(),
            client_id: member.client_id.to_string(),
            process: process_of(&member.id),
            assignment: member.assignment.iter().map(|(topic, partition)| (topic.to_string(), *partition)).collect(),
            session_ends_ns: member.session_ends.map(clock_ns),
        })
        .collect();
    // Member ids are drawn: by the order of processes, members stand where the stage and the ribbons have them. Who is gone is last.
    ordered::sort_by_key(&mut members, |m| (m.process.is_none(), m.process.as_ref().map(|p| (p.len(), p.clone()))));
    GroupView {
        group: group.id.to_string(),
        state: group.state.into(),
        generation: group.generation,
        protocol: group.protocol.as_ref().map_or(String::new(), |name| name.to_string()),
        coordinator: group.coordinator.0,
        members,
        offsets: group.offsets.iter().map(|(tp, offset)| position_view(lab, tp, -1, *offset)).collect(),
    }
}

fn terminals(lab: &Lab, lens: &Lens) -> Vec<TerminalView> {
    let views = lab.terminals().iter().map(|(id, terminal)| {
        let skip = terminal.lines().len().saturating_sub(lens.terminal_lines);
        let lines = terminal.lines().iter().skip(skip).map(|line| LineView {
            at_ns: clock_ns(line.at),
            kind: match line.kind {
                LineKind::Command => "command",
                LineKind::Out => "out",
                LineKind::Err => "err",
                LineKind::Input => "input",
                LineKind::Sim => "sim",
            },
            text: line.text.clone(),
        });
        let running = terminal.foreground.and_then(|node| lab.apps().iter().find(|app| app.node == node));
        let lines: Vec<LineView> = lines.collect();
        let first = terminal.written.saturating_sub(lines.len() as u64);
        let running = running.map(|app| app.command.to_string());
        TerminalView { id: *id, first, lines, is_read: running.is_some() && terminal.is_read, running }
    });
    views.collect()
}
