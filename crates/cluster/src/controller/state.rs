//! The active controller's state: an image that runs ahead of what is committed, and indexes over it that save it
//! from scanning partitions (`BrokersToIsrs`, `ReplicationControlManager#imbalancedPartitions`).

use std::sync::Arc;

use ordered::{SortedMap, SortedSet};
use protocol::metadata::{MetadataRecord, PartitionRecord};
use protocol::{BrokerId, Note, PartitionIndex, TopicId, TopicPartition};

use crate::image::{MetadataImage, apply_change};

/// A partition by topic id.
pub(super) type PartitionKey = (TopicId, PartitionIndex);

/// Image and indexes. Only [`State::replay`] changes it.
#[derive(Clone, Debug, Hash)]
pub(super) struct State {
    image: MetadataImage,
    /// Partitions with a broker in ISR or ELR.
    in_sync: SortedMap<BrokerId, SortedSet<PartitionKey>>,
    leaderless: SortedSet<PartitionKey>,
    imbalanced: SortedSet<PartitionKey>,
    /// Where each broker's registration record lies.
    registered_at: SortedMap<BrokerId, i64>,
}

impl State {
    pub(super) fn new(image: &Arc<MetadataImage>) -> State {
        let mut state = State {
            image: MetadataImage::clone(image),
            in_sync: SortedMap::new(),
            leaderless: SortedSet::new(),
            imbalanced: SortedSet::new(),
            registered_at: image.brokers.iter().map(|(id, broker)| (*id, broker.epoch)).collect(),
        };
        for partition in image.topics.values().flat_map(|topic| &topic.partitions) {
            state.index(partition, true);
        }
        state
    }

    pub(super) fn image(&self) -> &MetadataImage {
        &self.image
    }
    /// Partitions with `broker` in ISR or ELR.
    pub(super) fn in_sync(&self, broker: BrokerId) -> Vec<PartitionKey> {
        self.in_sync.get(&broker).into_iter().flatten().copied().collect()
    }
    pub(super) fn leads_any(&self, broker: BrokerId) -> bool {
        let leads = |key: &PartitionKey| self.partition(*key).is_some_and(|partition| partition.leader == broker);
        self.in_sync.get(&broker).is_some_and(|keys| keys.iter().any(leads))
    }
    pub(super) fn leaderless(&self) -> &SortedSet<PartitionKey> {
        &self.leaderless
    }
    pub(super) fn imbalanced(&self) -> &SortedSet<PartitionKey> {
        &self.imbalanced
    }
    pub(super) fn registered_at(&self, broker: BrokerId) -> i64 {
        self.registered_at.get(&broker).copied().unwrap_or(-1)
    }
    pub(super) fn partition(&self, (topic_id, partition): PartitionKey) -> Option<&Arc<PartitionRecord>> {
        self.image.partition(topic_id, partition)
    }

    /// Replays a record, and reports what it means.
    pub(super) fn replay(&mut self, offset: i64, record: &MetadataRecord, note: impl FnMut(Note)) {
        let touched = match record {
            MetadataRecord::Partition(partition) => Some((partition.topic_id, partition.partition)),
            MetadataRecord::PartitionChange(change) => Some((change.topic_id, change.partition)),
            _ => None,
        };
        let before = touched.and_then(|key| self.partition(key)).cloned();
        if let Some(before) = &before {
            self.index(before, false);
        }
        let cleared = match record {
            MetadataRecord::ClearElr { topic } => self.image.with_elr(topic).cloned().collect(),
            _ => Vec::new(),
        };
        cleared.iter().for_each(|partition| self.index(partition, false));
        if let MetadataRecord::RemoveTopic { topic_id } = record {
            self.forget_topic(*topic_id);
        }
        if let MetadataRecord::RegisterBroker { broker, .. } = record {
            self.registered_at.insert(*broker, offset);
        }
        self.report(record, before.as_deref(), note);
        self.image.replay(offset, record);
        let keys = cleared.iter().map(|partition| (partition.topic_id, partition.partition));
        for key in touched.into_iter().chain(keys) {
            if let Some(after) = self.partition(key).cloned() {
                self.index(&after, true);
            }
        }
    }

    /// What takes back the epochs of the elections among `records`: only for a planted bug.
    pub(super) fn epochs_back(&self, records: &[MetadataRecord]) -> Vec<MetadataRecord> {
        let back = |record: &MetadataRecord| {
            let MetadataRecord::PartitionChange(change) = record else { return None };
            let before = self.partition((change.topic_id, change.partition)).filter(|_| change.leader.is_some())?;
            let mut after = PartitionRecord::clone(before);
            apply_change(&mut after, change);
            after.leader_epoch = before.leader_epoch;
            Some(MetadataRecord::Partition(Arc::new(after)))
        };
        records.iter().filter_map(back).collect()
    }

    fn forget_topic(&mut self, topic_id: TopicId) {
        let partitions = self.image.topics.get(&topic_id).map(|topic| topic.partitions.clone());
        for partition in partitions.into_iter().flatten() {
            self.index(&partition, false);
        }
    }

    /// Enters a partition into the indexes, or takes it out.
    fn index(&mut self, partition: &PartitionRecord, enter: bool) {
        let key = (partition.topic_id, partition.partition);
        let set = |set: &mut SortedSet<PartitionKey>, is_member: bool| {
            if enter && is_member {
                set.insert(key);
            } else {
                set.remove(&key);
            }
        };
        for broker in partition.isr.iter().chain(&partition.elr) {
            set(self.in_sync.entry(*broker).or_default(), true);
        }
        set(&mut self.leaderless, !partition.leader.is_some());
        set(&mut self.imbalanced, partition.replicas.first() != Some(&partition.leader));
    }

    fn report(&self, record: &MetadataRecord, before: Option<&PartitionRecord>, mut note: impl FnMut(Note)) {
        match record {
            MetadataRecord::RegisterBroker { broker, broker_epoch, .. } => {
                note(Note::BrokerRegistered { broker: *broker, broker_epoch: *broker_epoch });
            }
            MetadataRecord::BrokerRegistrationChange { broker, fenced: Some(fenced), .. } => {
                note(Note::BrokerFenced { broker: *broker, fenced: *fenced });
            }
            MetadataRecord::RemoveTopic { topic_id } => {
                if let Some(topic) = self.image.topics.get(topic_id) {
                    note(Note::TopicDeleted { topic: topic.name.clone() });
                }
            }
            MetadataRecord::PartitionChange(change) => {
                let (Some(before), Some(topic)) = (before, self.image.topics.get(&change.topic_id)) else { return };
                let tp = TopicPartition::new(topic.name.clone(), change.partition);
                if let Some(leader) = change.leader {
                    let leader_epoch = before.leader_epoch + 1;
                    // Once uncleanly elected, a partition may still be recovering when that happens again.
                    let was_eligible = before.isr.contains(&leader) || before.elr.contains(&leader);
                    let is_alone = change.isr.as_ref().is_some_and(|isr| isr[..] == [leader]);
                    // The only replica of a reassignment that ends has caught up.
                    let moves = change.replicas.is_some();
                    let again = before.recovering && is_alone && !was_eligible && !moves;
                    let unclean = change.recovering == Some(true) || again;
                    note(Note::LeaderElected {
                        tp: tp.clone(),
                        leader,
                        leader_epoch,
                        previous: before.leader,
                        unclean,
                    });
                }
                if change.adding.is_some() || change.removing.is_some() {
                    let new =
                        |new: &Option<Vec<BrokerId>>, old: &[BrokerId]| new.clone().unwrap_or_else(|| old.to_vec());
                    note(Note::Reassigned {
                        tp: tp.clone(),
                        replicas: new(&change.replicas, &before.replicas),
                        adding: new(&change.adding, &before.adding),
                        removing: new(&change.removing, &before.removing),
                    });
                }
                if let Some(isr) = &change.isr {
                    let partition_epoch = before.partition_epoch + 1;
                    note(Note::IsrChanged { tp, isr: isr.clone(), previous: before.isr.clone(), partition_epoch });
                }
            }
            _ => {}
        }
    }
}
