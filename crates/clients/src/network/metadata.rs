//! What a client believes about the cluster: brokers, topics, leaders (`Metadata`, `MetadataSnapshot`). It is what
//! some broker answered some time ago, and so may be wrong.

use kernel::{Address, Duration, Time};
use ordered::{SortedMap, SortedSet};
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::metadata::{MetadataResponse, TopicMetadata};
use protocol::api::{LeaderHint, Name, NodeEndpoints};
use protocol::{BrokerId, ErrorCode, TopicId, TopicName, TopicPartition};

use crate::Regex;

/// The cache, and when to renew it.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Metadata {
    pub(crate) brokers: SortedMap<BrokerId, Address>,
    racks: SortedMap<BrokerId, Name>,
    pub(crate) cluster_id: Option<Name>,
    /// The active controller, as far as controllers told (KIP-919).
    pub(crate) controller: BrokerId,
    topics: SortedMap<TopicName, Topic>,
    pub(crate) wanted: SortedSet<TopicName>,
    /// A consumer's pattern: it asks for all topics, and keeps those that match.
    pattern: Option<Pattern>,
    /// Java producers forget topics that they have not written to for so long (KIP-526).
    idle_max: Option<Duration>,
    /// When they last wrote to each.
    used: SortedMap<TopicName, Time>,
    /// Topics of theirs that no answer has named yet: they are asked for alone.
    fresh: SortedSet<TopicName>,
    pub(crate) allow_auto_create: bool,
    pub(super) update_requested: bool,
    /// The next refresh does not wait for the backoff: there is a new topic.
    pub(super) is_urgent: bool,
    pub(super) in_flight: bool,
    /// What is in flight asks for new topics only.
    pub(super) is_partial: bool,
    pub(super) attempts: u32,
    pub(super) not_before: Time,
    pub(super) last_success: Option<Time>,
    /// Since when it has tried to refresh, in vain (KIP-1102).
    pub(super) trying_since: Option<Time>,
    /// What it knew is forgotten: none of the brokers could be connected to (KIP-899).
    is_rebootstrapped: bool,
    /// Counts answers.
    pub(crate) version: u64,
    /// Counts what has been heard about leaders.
    pub(crate) leaders: u64,
}

/// Which topics are kept beside those that are wanted by name (`ConsumerMetadata#retainTopic`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Pattern {
    regex: Regex,
    /// `exclude.internal.topics`
    excludes_internal: bool,
}

/// A topic as last heard of.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Topic {
    pub(crate) id: TopicId,
    pub(crate) error: ErrorCode,
    pub(crate) partitions: Vec<Partition>,
}

/// A partition as last heard of.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Partition {
    pub(crate) leader: BrokerId,
    pub(crate) leader_epoch: i32,
    /// Empty if no broker has a rack.
    replicas: Vec<BrokerId>,
}

/// Errors of who was asked for a leader's answer and is none, or not in that epoch.
pub(crate) fn is_leader_error(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch)
}

impl Metadata {
    pub(super) fn new(allow_auto_create: bool) -> Metadata {
        Metadata {
            brokers: SortedMap::new(),
            racks: SortedMap::new(),
            cluster_id: None,
            controller: BrokerId::NONE,
            topics: SortedMap::new(),
            wanted: SortedSet::new(),
            pattern: None,
            idle_max: None,
            used: SortedMap::new(),
            fresh: SortedSet::new(),
            allow_auto_create,
            update_requested: true,
            is_urgent: true,
            in_flight: false,
            is_partial: false,
            attempts: 0,
            not_before: Time::ZERO,
            last_success: None,
            trying_since: None,
            is_rebootstrapped: false,
            version: 0,
            leaders: 0,
        }
    }

    /// Asks about a topic from now on; true if it was not asked about before.
    pub(crate) fn want(&mut self, topic: &TopicName) -> bool {
        // With a pattern all topics are asked for already.
        let is_known = self.pattern.is_some() && self.topics.contains_key(topic);
        let is_new = self.wanted.insert(topic.clone()) && !is_known;
        self.update_requested |= is_new;
        self.is_urgent |= is_new;
        is_new
    }

    /// Asks about all topics from now on, for the sake of those that match.
    pub(crate) fn want_matching(&mut self, regex: Regex, excludes_internal: bool) {
        self.pattern = Some(Pattern { regex, excludes_internal });
        self.request_update_now();
    }

    /// Whether a topic is of the pattern (`SubscriptionState#matchesSubscribedPattern`).
    pub(crate) fn is_match(&self, topic: &TopicName) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.regex.matches(topic))
    }

    /// The topics there are that match.
    pub(crate) fn matching(&self) -> Vec<TopicName> {
        let known = self.topics.iter().filter(|(_, topic)| !topic.partitions.is_empty());
        known.map(|(name, _)| name).filter(|name| self.is_match(name)).cloned().collect()
    }

    /// Whether a topic of an answer concerns this client.
    fn keeps(&self, heard: &TopicMetadata) -> bool {
        let Some(pattern) = &self.pattern else { return true };
        self.wanted.contains(&heard.name)
            || !(heard.is_internal && pattern.excludes_internal) && pattern.regex.matches(&heard.name)
    }

    /// Topics that are not used for `idle_max` are forgotten from now on (`metadata.max.idle.ms`).
    pub(crate) fn forget_after(&mut self, idle_max: Duration) {
        self.idle_max = Some(idle_max);
    }

    /// A topic is used now (`ProducerMetadata#add`); true if it was not asked about before.
    pub(crate) fn use_topic(&mut self, now: Time, topic: &TopicName) -> bool {
        if self.idle_max.is_none() {
            return self.want(topic);
        }
        if let Some(used) = self.used.get_shared_mut(topic) {
            *used = now;
            return false;
        }
        self.used.insert(topic.clone(), now);
        self.fresh.insert(topic.clone());
        self.is_urgent = true;
        self.wanted.insert(topic.clone());
        true
    }

    /// Asks about a topic again, unless the first question is still open (`ProducerMetadata#requestUpdateForTopic`).
    pub(crate) fn request_update_for(&mut self, topic: &TopicName) {
        if !self.fresh.contains(topic) {
            self.request_update();
        }
    }

    /// Whether there is something to ask that was not asked before.
    pub(super) fn is_requested(&self) -> bool {
        self.update_requested || !self.fresh.is_empty()
    }

    /// What to ask about now. New topics are asked for alone unless everything is to be renewed.
    pub(super) fn question(&mut self, is_stale: bool) -> Option<Vec<TopicName>> {
        if self.pattern.is_some() {
            return None;
        }
        self.is_partial = !self.update_requested && !is_stale && !self.fresh.is_empty();
        let topics = if self.is_partial { &self.fresh } else { &self.wanted };
        Some(topics.iter().cloned().collect())
    }

    /// Whether there is nothing to ask, and nothing was asked that is not answered.
    pub(crate) fn is_settled(&self) -> bool {
        !self.in_flight && !self.is_requested()
    }

    /// When the next refresh may go out (`Metadata#timeToAllowUpdate`).
    pub(crate) fn may_update_from(&self) -> Time {
        self.not_before
    }

    /// Forgets topics that have been idle for too long (`ProducerMetadata#retainTopic`).
    fn forget_idle(&mut self, now: Time) {
        let Some(idle_max) = self.idle_max else { return };
        let idle: Vec<TopicName> = self
            .used
            .iter()
            .filter(|(topic, used)| **used + idle_max <= now && !self.fresh.contains(*topic))
            .map(|(topic, _)| topic.clone())
            .collect();
        for topic in &idle {
            self.used.remove(topic);
            self.topics.remove(topic);
            self.wanted.remove(topic);
        }
    }

    /// Asks for a refresh as soon as the backoff allows.
    pub(crate) fn request_update(&mut self) {
        self.update_requested = true;
    }

    /// Asks for a refresh at once.
    pub(crate) fn request_update_now(&mut self) {
        self.update_requested = true;
        self.is_urgent = true;
    }

    /// The brokers, as far as there were answers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Address> {
        self.brokers.values()
    }

    /// Forgets brokers and topics, but not what leader epochs there were (`Metadata#rebootstrap`).
    pub(super) fn rebootstrap(&mut self, now: Time) {
        self.trying_since = Some(now);
        self.brokers.clear();
        self.is_rebootstrapped = true;
        self.update_requested = true;
        self.leaders += 1;
    }

    /// A topic without error.
    pub(crate) fn topic(&self, name: &TopicName) -> Option<&Topic> {
        self.topics.get_shared(name).filter(|topic| !topic.partitions.is_empty() && !self.is_rebootstrapped)
    }
    /// The name of a topic.
    pub(crate) fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, _)| name)
    }
    /// The last error heard about a topic, if it has been asked about.
    pub(crate) fn topic_error(&self, name: &str) -> Option<ErrorCode> {
        self.topics.get(name).map(|topic| topic.error)
    }
    /// How many partitions a topic has.
    pub(crate) fn partition_count(&self, name: &TopicName) -> Option<i32> {
        self.topic(name).map(|topic| topic.partitions.len() as i32)
    }
    fn partition(&self, tp: &TopicPartition) -> Option<&Partition> {
        self.topic(&tp.topic)?.partitions.get(usize::try_from(tp.partition).ok()?)
    }
    /// A partition's leader, if there is one and its address is known: id, address, epoch.
    pub(crate) fn leader(&self, tp: &TopicPartition) -> Option<(BrokerId, &Address, i32)> {
        let partition = self.partition(tp)?;
        let address = self.brokers.get(&partition.leader)?;
        Some((partition.leader, address, partition.leader_epoch))
    }
    /// As [`Metadata::leader`], without its id and with the topic's.
    pub(crate) fn place(&self, tp: &TopicPartition) -> Option<(TopicId, &Address, i32)> {
        let topic = self.topic(&tp.topic)?;
        let partition = topic.partitions.get(usize::try_from(tp.partition).ok()?)?;
        Some((topic.id, self.brokers.get(&partition.leader)?, partition.leader_epoch))
    }
    /// The nodes that lead the partitions of a topic, as far as they are known.
    pub(crate) fn nodes_of(&self, name: &TopicName) -> impl Iterator<Item = Option<&Address>> {
        let partitions = self.topic(name).map_or(&[][..], |topic| &topic.partitions);
        partitions.iter().map(|partition| self.brokers.get(&partition.leader))
    }
    /// The rack of a partition's leader, if it has one.
    pub(crate) fn leader_rack(&self, tp: &TopicPartition) -> Option<&Name> {
        self.racks.get(&self.partition(tp)?.leader)
    }
    /// For each partition of a topic the racks of its replicas.
    pub(crate) fn racks_of(&self, name: &str) -> Option<Vec<SortedSet<Name>>> {
        let racks = |p: &Partition| p.replicas.iter().filter_map(|id| self.racks.get(id).cloned()).collect();
        let known = self.topics.get(name).filter(|topic| !topic.partitions.is_empty());
        known.map(|topic| topic.partitions.iter().map(racks).collect())
    }
    /// Partitions of a topic that have a leader.
    pub(crate) fn available(&self, name: &TopicName) -> Vec<i32> {
        let partitions = self.topic(name).map_or(&[][..], |topic| &topic.partitions);
        partitions.iter().zip(0..).filter(|(p, _)| self.brokers.contains_key(&p.leader)).map(|(_, n)| n).collect()
    }

    /// Takes over leaders that an error answer names, and where they listen, if they are news and it knows where (KIP-951,
    /// `#updatePartitionLeadership`). Whose leader is another now.
    pub(crate) fn update_leaders(
        &mut self,
        mut told: Vec<(TopicPartition, LeaderHint)>,
        nodes: &NodeEndpoints,
    ) -> Vec<TopicPartition> {
        let nodes = nodes.0.as_deref().unwrap_or_default();
        told.retain(|(tp, hint)| {
            let has_place =
                || self.brokers.contains_key(&hint.leader) || nodes.iter().any(|node| node.id == hint.leader);
            self.partition(tp).is_some_and(|known| known.leader_epoch < hint.leader_epoch) && has_place()
        });
        if told.is_empty() {
            return Vec::new();
        }
        self.leaders += 1;
        for (tp, hint) in &told {
            let topic = self.topics.get_mut(&tp.topic);
            let known = topic.and_then(|topic| topic.partitions.get_mut(usize::try_from(tp.partition).ok()?));
            if let Some(known) = known {
                (known.leader, known.leader_epoch) = (hint.leader, hint.leader_epoch);
            }
        }
        for node in nodes {
            self.brokers.insert(node.id, (node.host.clone(), node.port));
            match &node.rack {
                Some(rack) => drop(self.racks.insert(node.id, rack.clone())),
                None => drop(self.racks.remove(&node.id)),
            }
        }
        told.into_iter().map(|(tp, _)| tp).collect()
    }

    /// The newest leader epoch it knows of a partition, if it does not know who leads in it.
    pub(crate) fn awaited_epoch(&self, tp: &TopicPartition) -> Option<i32> {
        self.partition(tp).filter(|partition| !partition.leader.is_some()).map(|partition| partition.leader_epoch)
    }

    /// An answer tells of a leader's epoch. If it is newer than what is known of the partition, then whoever led it leads it no more; who
    /// does is to be asked, and of nobody who knows less (`Metadata#updateLastSeenEpochIfNewer`, `#partitionMetadataIfCurrent`).
    pub(crate) fn saw_epoch(&mut self, tp: &TopicPartition, epoch: i32) {
        let partitions = self.topics.get_mut(&tp.topic).map_or(&mut [][..], |topic| &mut topic.partitions);
        let known = usize::try_from(tp.partition).ok().and_then(|n| partitions.get_mut(n));
        if let Some(partition) = known.filter(|known| known.leader_epoch < epoch) {
            (partition.leader, partition.leader_epoch) = (BrokerId::NONE, epoch);
            self.leaders += 1;
            self.update_requested = true;
        }
    }

    /// Takes over an answer; true if something in it asks for another refresh soon.
    pub(super) fn update(&mut self, now: Time, response: &MetadataResponse) -> bool {
        self.version += 1;
        self.leaders += 1;
        self.is_rebootstrapped = false;
        if !self.is_partial {
            self.last_success = Some(now);
        }
        self.cluster_id = Some(response.cluster_id.clone());
        let racks = response.brokers.iter().filter_map(|b| Some((b.id, b.rack.clone()?)));
        self.racks = racks.collect();
        self.brokers = response.brokers.iter().map(|b| (b.id, (b.host.clone(), b.port))).collect();
        let mut is_incomplete = false;
        for topic in &response.topics {
            if !self.keeps(topic) {
                continue;
            }
            is_incomplete |= topic.error.is_retriable() || topic.partitions.iter().any(|p| !p.leader.is_some());
            self.update_topic(topic);
            self.fresh.remove(&topic.name);
        }
        if self.pattern.is_some() {
            // All topics were asked for: what is not in the answer is gone.
            let there: SortedSet<&TopicName> = response.topics.iter().map(|topic| &topic.name).collect();
            self.topics.retain(|name, _| there.contains(name));
        }
        self.forget_idle(now);
        is_incomplete
    }

    /// Takes over what a controller answered: controllers stand where brokers do.
    pub(super) fn update_controllers(&mut self, now: Time, response: &DescribeClusterResponse) {
        self.version += 1;
        self.last_success = Some(now);
        self.cluster_id = Some(response.cluster_id.clone());
        self.controller = response.controller;
        self.brokers = response.brokers.iter().map(|(node, _)| (node.id, (node.host.clone(), node.port))).collect();
    }

    fn update_topic(&mut self, heard: &TopicMetadata) {
        let mut topic = Topic { id: heard.topic_id, error: heard.error, partitions: Vec::new() };
        if heard.error.is_ok() || !heard.partitions.is_empty() {
            let known = self.topics.get(&heard.name).filter(|known| known.id == heard.topic_id);
            for (n, p) in heard.partitions.iter().enumerate() {
                let replicas = if self.racks.is_empty() { Vec::new() } else { p.replicas.clone() };
                let fresh = Partition { leader: p.leader, leader_epoch: p.leader_epoch, replicas };
                // A broker that is behind does not take a newer leader epoch away (KIP-320).
                let newer = known.and_then(|t| t.partitions.get(n)).filter(|old| old.leader_epoch > fresh.leader_epoch);
                topic.partitions.push(newer.cloned().unwrap_or(fresh));
            }
        }
        self.topics.insert(heard.name.clone(), topic);
    }
}
