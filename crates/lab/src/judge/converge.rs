//! What keeps a cluster from having converged, and whether it is excused: without a quorum nothing is decided (a
//! leader that is cut off before it has told of its own removal leaves one that nobody can lead), a broker that is configured with
//! controllers that were removed may not find the others, one whose predecessor registered after it stays out, one that is elected with
//! the news of its failed directory leads nothing there, and a partition whose
//! eligible replicas are all gone has no leader, rightly.

use std::fmt;

use cluster::{BrokerImage, KafkaProcess, MetadataImage};
use kernel::{NodeId, NodeState};
use ordered::{SortedMap, SortedSet};
use partition_log::Log;
use protocol::metadata::PartitionRecord;
use protocol::{Batch, BrokerId, GroupId, Note, OFFSETS_TOPIC, TopicName, TopicPartition};

use crate::Lab;
use crate::replicas;

/// Something that has not converged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Obstacle {
    /// Who has not converged, and how.
    pub(crate) about: String,
    /// Figures, which the same run would have otherwise if it were shorter.
    figures: String,
    /// Nothing that runs could do better.
    pub(crate) is_excused: bool,
}

impl Obstacle {
    fn new(about: String, is_excused: bool) -> Obstacle {
        Obstacle { about, figures: String::new(), is_excused }
    }
    fn with(self, figures: String) -> Obstacle {
        Obstacle { figures, ..self }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.about, self.figures)
    }
}

/// Everything that has not converged; empty if all has.
pub(crate) fn obstacles(lab: &Lab) -> Vec<Obstacle> {
    let runs = |node: &kernel::NodeId| lab.world().state(*node) == NodeState::Running;
    let excused = |text: &str| vec![Obstacle::new(text.into(), true)];
    if lab.world().cuts().next().is_some() {
        return excused("the network is cut");
    }
    let Some(leader) = replicas::active_controller(lab.world(), lab.layout()) else {
        let is_stuck = !replicas::can_elect_controller(lab.world(), lab.layout());
        return vec![Obstacle::new("no controller is active".into(), is_stuck)];
    };
    if !replicas::has_majority(lab.world(), lab.layout(), leader) {
        return excused("no majority of controllers runs");
    }
    let out_of_touch = replicas::out_of_touch(lab.world(), lab.layout(), leader);
    if lab.layout().brokers.values().any(|node| out_of_touch.contains(node)) {
        return excused("a broker knows nobody who could tell it which controller is active");
    }
    let mut found = Vec::new();
    let Some(image) = replicas::image(lab.world(), lab.layout()) else { return found };
    let serves = |id: BrokerId, node| runs(node) && !is_superseded(lab, image, id, *node);
    let alive: SortedSet<BrokerId> =
        lab.layout().brokers.iter().filter(|(id, node)| serves(**id, node)).map(|(id, _)| *id).collect();
    let mut dead = SortedSet::new();
    for topic in image.topics.values() {
        for record in &topic.partitions {
            let tp = TopicPartition::new(topic.name.clone(), record.partition);
            if let Some(obstacle) = partition_obstacle(lab, &alive, &tp, record) {
                if obstacle.is_excused {
                    dead.insert(tp);
                }
                found.push(obstacle);
            }
        }
    }
    group_obstacles(lab, image, &alive, &dead, &mut found);
    found
}

/// Whether a broker's predecessor registered after it did: its request was on its way for longer. The controller refuses another
/// incarnation only while a session lasts, which the first heartbeat begins (`ClusterControlManager#registerBroker`), and the broker goes
/// on telling an epoch that is stale (`BrokerLifecycleManager`), until it is restarted (sweep seed 7687).
fn is_superseded(lab: &Lab, image: &MetadataImage, broker: BrokerId, node: NodeId) -> bool {
    let lifecycle = lab.world().machine(node).kafka().and_then(KafkaProcess::lifecycle);
    let epoch = lifecycle.map_or(-1, |lifecycle| lifecycle.broker_epoch());
    epoch >= 0 && image.brokers.get(&broker).is_some_and(|registered| registered.epoch > epoch)
}

fn partition_obstacle(
    lab: &Lab,
    alive: &SortedSet<BrokerId>,
    tp: &TopicPartition,
    record: &PartitionRecord,
) -> Option<Obstacle> {
    let obstacle = |text: String, is_excused| Some(Obstacle::new(format!("{tp} {text}"), is_excused));
    let alive = &with_directory(lab, alive, record);
    if record.leader == BrokerId::NONE || !alive.contains(&record.leader) {
        let eligible = record.isr.iter().chain(&record.elr);
        let may_lead = |id: &BrokerId| alive.contains(id) && !has_new_disk(lab, *id);
        // A move may leave a broker eligible that is no replica any more; it cannot lead, and nobody is asked to come back for its sake
        // (`PartitionChangeBuilder#maybePopulateTargetElr`, `#canElectLastKnownLeader`; sweep seed 3818).
        let has_heir = eligible.clone().any(|id| record.replicas.contains(id) && may_lead(id));
        let is_bereft = eligible.count() == 0;
        let returns = is_bereft && record.last_known_elr.len() == 1 && may_lead(&record.last_known_elr[0]);
        let is_excused = (!has_heir && !returns) || was_elected_with_its_directory(lab, tp, record);
        return obstacle("has no leader".into(), is_excused);
    }
    let leads = replicas::find(lab.world(), lab.layout(), record.leader, tp)
        .filter(|replica| replica.is_leader && replica.leader_epoch == record.leader_epoch);
    let Some(leader) = leads else {
        return obstacle(format!("is not led by broker {}, its leader", record.leader), false);
    };
    let away: Vec<_> = record.replicas.iter().filter(|id| alive.contains(id) && !record.isr.contains(id)).collect();
    let is_stuck =
        |id: &BrokerId| may_give_up(lab, *id, tp, record, leader.log) || faces_a_hole(lab, *id, tp, leader.log);
    if let Some(id) = away.iter().find(|id| !is_stuck(id)).or(away.first()) {
        return obstacle(format!("has broker {id} out of sync"), is_stuck(id));
    }
    if let Some(id) = record.isr.iter().find(|id| !alive.contains(id)) {
        return obstacle(format!("counts broker {id} as in sync, which does not run"), false);
    }
    let (high_watermark, end) = (leader.log.high_watermark(), leader.log.log_end_offset());
    if high_watermark < end && !is_under_way(lab, leader.log, high_watermark) {
        let needed = usize::try_from(leader.log.config().min_insync_replicas).unwrap_or(1).min(record.replicas.len());
        let figures = format!(": its high watermark is {high_watermark}, and it ends at {end}");
        let is_excused = record.isr.len() < needed || nobody_makes_it_look(lab, tp, record);
        return obstacle("is not committed to its end".into(), is_excused).map(|obstacle| obstacle.with(figures));
    }
    None
}

/// Whether a follower has given up because nobody could tell it where its log parts from its leader's: the epochs that the leader knows
/// begin after its end. DeleteRecords had cut off what comes before, and the kill of the leader brought back the records and not their
/// epochs, because the log start is written down once a minute only (`LeaderEpochFileCache#truncateFromStartAsyncFlush`,
/// `LogManager#checkpointLogStartOffsets`; sweep seed 102658).
fn may_give_up(lab: &Lab, follower: BrokerId, tp: &TopicPartition, record: &PartitionRecord, leader: &Log) -> bool {
    let kafka = lab.layout().brokers.get(&follower).and_then(|node| lab.world().machine(*node).kafka());
    let broker = kafka.and_then(KafkaProcess::broker);
    let has_given_up = broker.is_some_and(|broker| broker.has_given_up(record.topic_id, record.partition));
    let first = leader.epochs().first().map_or(i64::MAX, |(_, start)| *start);
    has_given_up && end_of(lab, follower, tp).is_some_and(|end| end < first)
}

fn end_of(lab: &Lab, broker: BrokerId, tp: &TopicPartition) -> Option<i64> {
    replicas::find(lab.world(), lab.layout(), broker, tp).map(|replica| replica.log.log_end_offset())
}

/// Whether there is nothing in the leader's log from a follower's end on, though it ends later: what was there lost power, and left the
/// name of its segment, which tells where the log ends (`LocalLog#roll`, `LogLoader#load`). With nothing to append the follower does not
/// get any further before the leader has something new (sweep seed 106887).
fn faces_a_hole(lab: &Lab, follower: BrokerId, tp: &TopicPartition, leader: &Log) -> bool {
    let is_hole = |end| end < leader.log_end_offset() && leader.batches_from(end).next().is_none();
    end_of(lab, follower, tp).is_some_and(is_hole)
}

/// Whether a leader did not look at its high watermark again. A replica whose directory failed counts as caught up for
/// `replica.lag.time.max.ms` more, and when that is over nothing is appended any more and no follower gets any further, which would have
/// the leader look (`Partition#maybeIncrementLeaderHW`, `#updateFollowerFetchState`; sweep seeds 100468 and 104182).
fn nobody_makes_it_look(lab: &Lab, tp: &TopicPartition, record: &PartitionRecord) -> bool {
    let offline = |id: &BrokerId| replicas::offline(lab.world(), lab.layout(), *id, record.topic_id, tp.partition);
    record.replicas.iter().any(|id| offline(id).is_some())
}

/// Those brokers that run and that do not have this partition's replica in a log directory that failed: only the next start brings it back.
fn with_directory(lab: &Lab, alive: &SortedSet<BrokerId>, record: &PartitionRecord) -> SortedSet<BrokerId> {
    let offline = |id| replicas::offline(lab.world(), lab.layout(), id, record.topic_id, record.partition);
    alive.iter().copied().filter(|id| offline(*id).is_none()).collect()
}

/// Whether the leader was unfenced, and so elected, by the heartbeat that told that the directory of its replica had failed. The controller
/// does the one before the other, and both look at its registration as it was (`ReplicationControlManager#processBrokerHeartbeat`): it
/// leads what it does not have, until it restarts (sweep seed 3302).
fn was_elected_with_its_directory(lab: &Lab, tp: &TopicPartition, record: &PartitionRecord) -> bool {
    let Some(image) = replicas::image(lab.world(), lab.layout()) else { return false };
    let is_online = |registered: &BrokerImage| registered.log_dirs.contains(&record.directory_of(record.leader));
    if image.brokers.get(&record.leader).is_none_or(is_online) {
        return false;
    }
    let is_election = |note: &Note| matches!(note, Note::LeaderElected { tp: of, leader_epoch, .. } if of == tp && *leader_epoch == record.leader_epoch);
    let is_unfencing =
        |note: &Note| matches!(note, Note::BrokerFenced { broker, fenced: false } if *broker == record.leader);
    let events = |is_it: &dyn Fn(&Note) -> bool| -> SortedSet<u64> {
        lab.history().iter().filter(|stamped| is_it(&stamped.note)).map(|stamped| stamped.event).collect()
    };
    let unfencings = events(&is_unfencing);
    events(&is_election).iter().any(|event| unfencings.contains(event))
}

/// Whether a disk of a broker was replaced. Who comes back on a new one is not elected where nobody else may lead: it tells where its
/// replica lies after it is unfenced, and that elects nobody (`ReplicationControlManager#handleAssignReplicasToDirs`).
fn has_new_disk(lab: &Lab, broker: BrokerId) -> bool {
    let kafka = lab.layout().brokers.get(&broker).and_then(|node| lab.world().machine(*node).kafka());
    kafka.is_some_and(|kafka| kafka.spec().replaced.0.is_some())
}

/// Whether the first record that is not committed was written just now. Consumers commit several times a second, and each
/// commit is on its way for some milliseconds: looked at only now and then, such a log may never be seen at rest.
fn is_under_way(lab: &Lab, log: &partition_log::Log, high_watermark: i64) -> bool {
    const JUST_NOW_MS: i64 = 1_000;
    let now_ms = protocol::wall_ms(lab.now().as_nanos());
    replicas::batch_at(log, high_watermark).is_some_and(|batch| now_ms - batch.max_timestamp_ms() < JUST_NOW_MS)
}

/// Whether there is a record to read from an offset on. Compaction may have left none below the high watermark, and a consumer
/// then stays where it is.
fn has_more(log: &Log, from: i64) -> bool {
    let below = log.batches_from(from).take_while(|batch| batch.base_offset < log.high_watermark());
    let first = |batch: &Batch| batch.offset_of(batch.part(from, 1).start);
    below.filter_map(first).any(|offset| offset < log.high_watermark())
}

/// The fewest replicas that a broker that runs would make the groups' topic with (`AutoTopicCreationManager`).
fn offsets_replicas(lab: &Lab, alive: &SortedSet<BrokerId>) -> usize {
    let kafka = |id| lab.layout().brokers.get(id).and_then(|node| lab.world().machine(*node).kafka());
    let factors =
        alive.iter().filter_map(kafka).map(|kafka| kafka.spec().number("offsets.topic.replication.factor", 3));
    factors.min().and_then(|factor| usize::try_from(factor).ok()).unwrap_or(0)
}

/// Consumers that run: in their groups, with every partition of their topics, at the end.
fn group_obstacles(
    lab: &Lab,
    image: &MetadataImage,
    alive: &SortedSet<BrokerId>,
    dead: &SortedSet<TopicPartition>,
    found: &mut Vec<Obstacle>,
) {
    // A group without coordinator can do nothing.
    if dead.iter().any(|tp| &*tp.topic == OFFSETS_TOPIC) {
        return;
    }
    let replicas = offsets_replicas(lab, alive);
    // A broker that is registered may be given replicas, whether it runs or not.
    let registered = image.brokers.len();
    let lacks_topic = image.topic(OFFSETS_TOPIC).is_none() && registered < replicas;
    let mut owned: SortedMap<GroupId, SortedSet<TopicPartition>> = SortedMap::new();
    let mut wanted: SortedMap<GroupId, SortedSet<TopicName>> = SortedMap::new();
    for app in lab.apps().iter().filter(|app| lab.world().state(app.node) == NodeState::Running) {
        let Some(consumer) = lab.world().machine(app.node).app().and_then(shell::AppProcess::consumer) else {
            continue;
        };
        let Some(group) = consumer.group() else { continue };
        if lacks_topic {
            let why = format!(
                "group {group} has no coordinator: {OFFSETS_TOPIC} is to have {replicas} replicas \
                 (offsets.topic.replication.factor), and there are {registered} brokers"
            );
            return found.push(Obstacle::new(why, true));
        }
        let owns = owned.entry(group.clone()).or_default();
        wanted.entry(group.clone()).or_default().extend(consumer.topics().iter().cloned());
        if consumer.group_state() != "stable" {
            let text = format!("a consumer of group {group} is {}", consumer.group_state());
            found.push(Obstacle::new(text, false));
        }
        for tp in consumer.assignment() {
            let position = consumer.position(&tp);
            let behind = lab.leader_log(&tp).filter(|log| position.is_none_or(|at| has_more(log, at)));
            if let Some(log) = behind {
                let at = position.map_or("nowhere".to_owned(), |at| at.to_string());
                let figures = format!(": it is at {at}, and the high watermark is {}", log.high_watermark());
                let about = format!("group {group} is not at the end of {tp}");
                // It was given an offset with an epoch that only the topic had that was there before, under the same name: it waits for a
                // leader of that epoch (`ConsumerUtils#refreshCommittedOffsets`, `Metadata#updateLatestMetadata`; sweep seed 1682).
                let led_in = image.partition_of(&tp.topic, tp.partition).map_or(i32::MAX, |record| record.leader_epoch);
                let awaits = consumer.awaited_epoch(&tp).is_some_and(|epoch| led_in < epoch);
                found.push(Obstacle::new(about, dead.contains(&tp) || awaits).with(figures));
            }
            owns.insert(tp);
        }
    }
    for (group, owns) in owned {
        // Those that there are: one may have been deleted and never have come again.
        let topics = wanted.remove(&group).unwrap_or_default();
        let mut all = topics.iter().filter_map(|topic| image.topic(topic)).flat_map(|topic| {
            topic.partitions.iter().map(|record| TopicPartition::new(topic.name.clone(), record.partition))
        });
        if let Some(tp) = all.find(|tp| !owns.contains(tp)) {
            found.push(Obstacle::new(format!("nobody of group {group} owns {tp}"), false));
        }
    }
}
