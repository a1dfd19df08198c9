//! The partitions a consumer holds: taking them over and giving them up (`SubscriptionState#assignFromSubscribed`,
//! `ConsumerCoordinator#onJoinPrepare` and `#onJoinComplete`; librdkafka `rd_kafka_cgrp_handle_assignment`).
//!
//! In an eager rebalance (KIP-429) all are given up before joining. In a cooperative one they are kept and read on; those
//! that the new assignment leaves out are given up when it arrives, and the member joins once more, so that they can go to another.

use kernel::Time;
use protocol::{Note, PartitionIndex, TopicName, TopicPartition};

use super::state::{CommitKind, GroupPhase, Partition};
use super::{Consumer, ConsumerEvent};
use crate::{Fx, Profile, StartAt};

impl Consumer {
    /// Takes these and no others, all of them anew.
    pub(super) fn set_assignment(&mut self, partitions: Vec<(TopicPartition, StartAt)>) {
        self.completed.clear();
        self.partitions.clear();
        self.take_over(partitions);
    }

    fn take_over(&mut self, partitions: Vec<(TopicPartition, StartAt)>) {
        self.assignment += 1;
        self.leaders_seen = None;
        for (tp, start) in partitions {
            self.net.metadata.want(&tp.topic);
            self.partitions.insert(tp, Partition::new(start, self.assignment));
        }
    }

    /// Gives all partitions up, and says so.
    pub(super) fn drop_assignment(&mut self, fx: &mut Fx, lost: bool) {
        let all = self.assignment();
        self.give_up(fx, all, lost);
    }

    fn give_up(&mut self, fx: &mut Fx, partitions: Vec<TopicPartition>, lost: bool) {
        if partitions.is_empty() {
            return;
        }
        self.partitions.retain(|tp, _| !partitions.contains(tp));
        self.completed.retain(|completed| !partitions.contains(&completed.tp));
        if let Some(group) = self.settings.group.clone().filter(|_| self.is_subscribed()) {
            let client_id = self.net.client_id.clone();
            fx.note(Note::Revoked { group, client_id, partitions: pairs(&partitions), kept: self.held(), lost });
            self.events.push(if lost { ConsumerEvent::Lost(partitions) } else { ConsumerEvent::Revoked(partitions) });
        }
    }

    /// What it has, as notes say it.
    fn held(&self) -> Vec<(TopicName, PartitionIndex)> {
        self.partitions.keys().map(|tp| (tp.topic.clone(), tp.partition)).collect()
    }

    /// Before joining: everything, or in a cooperative rebalance what is not subscribed to any more. Who is out of the group has lost
    /// everything.
    pub(super) fn give_up_to_join(&mut self, fx: &mut Fx, topics: &[TopicName]) {
        if self.membership.generation < 0 || self.membership.member.is_empty() {
            self.drop_assignment(fx, true);
        } else if self.settings.is_cooperative() {
            let unwanted = self.assignment().into_iter().filter(|tp| !topics.contains(&tp.topic)).collect();
            self.give_up(fx, unwanted, false);
        } else {
            self.drop_assignment(fx, false);
        }
    }

    /// The assignment has come.
    pub(super) fn assigned(&mut self, now: Time, fx: &mut Fx, assignment: &[(TopicName, PartitionIndex)]) {
        let all: Vec<TopicPartition> = assignment.iter().map(|(t, p)| TopicPartition::new(t.clone(), *p)).collect();
        let owned = self.assignment();
        let revoked: Vec<TopicPartition> = owned.iter().filter(|tp| !all.contains(tp)).cloned().collect();
        let mut added: Vec<TopicPartition> = all.into_iter().filter(|tp| !owned.contains(tp)).collect();
        ordered::sort(&mut added);
        let has_revoked = !revoked.is_empty();
        if has_revoked {
            self.commit_before_giving_up(now, &revoked);
            self.give_up(fx, revoked, false);
            self.membership.rejoin.get_or_insert("need to revoke partitions and re-join");
        }
        let kept = self.held();
        self.take_over(added.iter().map(|tp| (tp.clone(), StartAt::Committed)).collect());
        if let Some(group) = self.settings.group.clone() {
            fx.note(Note::Assigned { group, client_id: self.net.client_id.clone(), partitions: pairs(&added), kept });
        }
        // librdkafka says nothing of an assignment that only takes away.
        if !(self.profile == Profile::Librdkafka && has_revoked && added.is_empty()) {
            self.events.push(ConsumerEvent::Assigned(added));
        }
    }

    /// librdkafka commits what it stored of partitions it gives up in a cooperative rebalance, and waits for that before it joins
    /// again. Java has committed before it joined; what it handed out since is read again by the next owner.
    fn commit_before_giving_up(&mut self, now: Time, revoked: &[TopicPartition]) {
        if self.profile == Profile::Java || !self.settings.auto_commit {
            return;
        }
        let offsets: Vec<_> = self.consumed().into_iter().filter(|(tp, ..)| revoked.contains(tp)).collect();
        if !offsets.is_empty() {
            let deadline = now + self.settings.max_poll_interval;
            let commit = self.commit(now, CommitKind::Final { deadline }, offsets);
            self.membership.phase = GroupPhase::Preparing { commit };
        }
    }
}

fn pairs(partitions: &[TopicPartition]) -> Vec<(TopicName, PartitionIndex)> {
    partitions.iter().map(|tp| (tp.topic.clone(), tp.partition)).collect()
}
