//! What a member is subscribed to, and whether it has changed (`ConsumerCoordinator#maybeUpdateSubscriptionMetadata`,
//! `#updatePatternSubscription`, `#rejoinNeededOrPending`).
//!
//! With a pattern the topics are those of the last metadata that match. New ones are found when metadata is refreshed, at the latest
//! after `metadata.max.age.ms`, and before each joining. The leader of a group watches the partitions of all its topics.

use kernel::Time;
use ordered::SortedSet;
use protocol::{ErrorCode, PartitionIndex, TopicName};

use super::state::{Coordinator, GroupPhase, Subscription, Watched};
use super::{Consumer, ConsumerEvent};
use crate::{ClientError, Fx, Profile};

impl Consumer {
    /// Brings the topics of a pattern up to date, and finds out whether to join again for a changed subscription. False as long as a
    /// member with a pattern waits for newer metadata before it goes on (`ConsumerNetworkClient#ensureFreshMetadata`).
    pub(super) fn has_current_subscription(&mut self, now: Time, fx: &mut Fx) -> bool {
        let awaited = self.membership.metadata_awaited.take_if(|awaited| *awaited != self.net.metadata.version);
        self.take_matching();
        if self.membership.metadata_awaited.is_some() {
            return false;
        }
        self.watch_subscription();
        if !self.has_pattern() {
            return true;
        }
        let has_coordinator = matches!(self.membership.coordinator, Coordinator::Known(..));
        let looks = awaited.is_none() && self.is_joining() && has_coordinator;
        if looks && self.net.metadata.may_update_from() <= now {
            self.net.metadata.request_update();
        }
        self.net.refresh(now, fx);
        if !looks {
            return true;
        }
        let is_fresh = self.net.metadata.is_settled();
        if !is_fresh {
            self.membership.metadata_awaited = Some(self.net.metadata.version);
        }
        is_fresh
    }

    /// Whether the member has to join, or is about it.
    fn is_joining(&self) -> bool {
        self.membership.phase != GroupPhase::Stable || self.membership.rejoin.is_some()
    }

    /// With a pattern: the topics that match now. If they are others, metadata is asked for once more, at once.
    fn take_matching(&mut self) {
        let version = self.net.metadata.version;
        let is_new = std::mem::replace(&mut self.membership.metadata_seen, version) != version;
        if is_new && self.has_pattern() {
            self.set_matching(self.net.metadata.matching());
            self.watch_topics();
        }
    }

    fn set_matching(&mut self, topics: Vec<TopicName>) {
        if self.topics() != topics {
            self.subscription = Subscription::Pattern(topics);
            self.net.metadata.request_update_now();
        }
    }

    /// The leader knew of topics that match, and this member has not heard of them (`#maybeUpdateJoinedSubscription`).
    pub(super) fn add_assigned_topics(&mut self, assignment: &[(TopicName, PartitionIndex)]) {
        let Some(joined) = self.membership.joined_topics.as_ref().filter(|_| self.has_pattern()) else { return };
        let added: SortedSet<TopicName> =
            assignment.iter().map(|(topic, _)| topic).filter(|topic| !joined.contains(topic)).cloned().collect();
        if added.is_empty() {
            return;
        }
        let with_added = |topics: &[TopicName]| -> Vec<TopicName> {
            topics.iter().chain(&added).cloned().collect::<SortedSet<TopicName>>().into_iter().collect()
        };
        let (joined, topics) = (with_added(joined), with_added(self.topics()));
        self.membership.joined_topics = Some(joined);
        self.set_matching(topics);
    }

    /// Who is in the group joins again when what it is subscribed to is not what it joined with.
    fn watch_subscription(&mut self) {
        if self.membership.phase != GroupPhase::Stable || self.membership.rejoin.is_some() {
            return;
        }
        if self.membership.joined_topics.as_deref().is_some_and(|joined| joined != self.topics()) {
            self.membership.rejoin = Some("subscription has changed");
        }
    }

    /// The leader makes a new assignment if the group's topics are no more what the last one was made for.
    pub(super) fn watch_topics(&mut self) {
        let Some(watched) = &self.membership.watched else { return };
        let has_changed = watched.iter().any(|(topic, known)| self.watched_as(topic) != *known);
        let is_new = |topic: &TopicName| watched.iter().all(|(known, _)| known != topic);
        let has_more = self.topics().iter().any(|topic| is_new(topic) && self.watched_as(topic).is_some());
        if (has_changed || has_more) && self.membership.phase == GroupPhase::Stable {
            self.membership.rejoin.get_or_insert("cached metadata has changed");
        }
    }

    /// What the leader compares of a topic (`MetadataSnapshot`).
    pub(super) fn watched_as(&self, topic: &str) -> Watched {
        let racks = self.net.metadata.racks_of(topic)?;
        let has_rack = self.settings.rack.is_some();
        Some(if has_rack { racks } else { vec![SortedSet::new(); racks.len()] })
    }

    /// When a member that is about to join looks at the topics again. Before it knows where to read it polls that often; later it looks
    /// when something happens (`ClassicKafkaConsumer#pollForFetches`).
    pub(super) fn looks_at_topics_from(&self) -> Option<Time> {
        let polls = self.has_pattern() && self.is_joining() && !self.membership.has_read;
        polls.then(|| self.membership.last_poll + self.net.settings.retry_backoff.base())
    }

    /// The leader watches the group's topics; everybody hears of topics that do not exist.
    pub(super) fn metadata_changed(&mut self, _now: Time, _fx: &mut Fx) {
        self.watch_topics();
        let Subscription::Topics(topics) = &self.subscription else { return };
        for topic in topics.clone() {
            match self.net.metadata.topic_error(&topic) {
                Some(ErrorCode::InvalidTopic) => {
                    let text = format!("Invalid topics: [{topic}]");
                    self.fail(ClientError::of(self.profile, ErrorCode::InvalidTopic).with_message(Some(&text)));
                }
                Some(code @ ErrorCode::UnknownTopicOrPartition)
                    if self.profile == Profile::Librdkafka && self.reported_missing.insert(topic.clone()) =>
                {
                    let text = format!("Subscribed topic not available: {topic}: Broker: Unknown topic or partition");
                    self.events.push(ConsumerEvent::Error(ClientError::new(code.name(), text, code)));
                }
                _ => {}
            }
        }
    }
}
