//! Where records may be lost without anybody having broken a promise: after an unclean election, or when so many hosts
//! lost power that every replica which had to hold a record may have.

use ordered::{SortedMap, SortedSet};
use protocol::{BrokerId, Note, TopicId, TopicName, TopicPartition};

use crate::Lab;
use crate::replicas;

/// Who may have lost what.
#[derive(Debug)]
pub(super) struct Excuses {
    unclean: SortedSet<TopicPartition>,
    /// Partitions by topic, with how many replicas an acks=all write reaches at least.
    reach: SortedMap<TopicPartition, usize>,
    dark: SortedSet<BrokerId>,
    made_again: SortedSet<TopicName>,
    /// Of which topic of its name each partition is.
    today: SortedMap<TopicName, TopicId>,
}

impl Excuses {
    pub(super) fn of(lab: &Lab) -> Excuses {
        let mut excuses = Excuses {
            unclean: SortedSet::new(),
            reach: SortedMap::new(),
            dark: lab.without_power().iter().copied().collect(),
            made_again: SortedSet::new(),
            today: SortedMap::new(),
        };
        for stamped in lab.history().iter() {
            match &stamped.note {
                Note::LeaderElected { tp, unclean: true, .. } => drop(excuses.unclean.insert(tp.clone())),
                Note::TopicDeleted { topic } => {
                    excuses.unclean.retain(|tp| tp.topic != *topic);
                    excuses.made_again.insert(topic.clone());
                }
                _ => {}
            }
        }
        let Some(image) = replicas::image(lab.world(), lab.layout()) else { return excuses };
        for topic in image.topics.values() {
            excuses.today.insert(topic.name.clone(), topic.id);
            for record in &topic.partitions {
                let tp = TopicPartition::new(topic.name.clone(), record.partition);
                let reach = replicas::all(lab.world(), lab.layout(), &tp)
                    .first()
                    .map_or(1, |(_, replica)| usize::try_from(replica.log.config().min_insync_replicas).unwrap_or(1));
                excuses.reach.insert(tp, reach.min(record.replicas.len()));
            }
        }
        excuses
    }

    /// Whether records of a partition may be gone that were acknowledged by all.
    pub(super) fn may_have_lost(&self, tp: &TopicPartition) -> bool {
        let reach = self.reach.get(tp).copied().unwrap_or(1);
        self.unclean.contains(tp) || self.dark.len() >= reach
    }

    /// Whether an id is that of the topic that has the name now, and not of one that was deleted.
    pub(super) fn is_of_today(&self, topic: &TopicName, id: TopicId) -> bool {
        self.today.get(topic) == Some(&id)
    }

    /// Whether a topic of that name was deleted. Clients go on in the next as if it were the same: consumers where they were
    /// (offsets are committed by name), producers with their sequence numbers, of which its log takes any as the first.
    pub(super) fn was_made_again(&self, topic: &TopicName) -> bool {
        self.made_again.contains(topic)
    }
}
