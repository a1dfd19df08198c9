//! Committing offsets: for the application, by auto-commit, and before partitions are given up
//! (`ConsumerCoordinator#commitOffsets*`; librdkafka `rd_kafka_cgrp_offsets_commit`).

use kernel::Time;
use protocol::api::offset_commit::{OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse};
use protocol::{ApiKey, ErrorCode, Plant, TopicPartition};

use super::state::{Asked, Commit, CommitKind, Completed, GroupPhase};
use super::{Consumer, ConsumerEvent, Life};
use crate::network::Lane;
use crate::{ClientError, Fx, Profile};

/// How often librdkafka sends a commit that a partition refuses (`RD_KAFKA_REQUEST_DEFAULT_RETRIES`). Java goes on until the
/// deadline: a member whose topic came back with fewer partitions holds up its group for `max.poll.interval.ms`.
const LIBRDKAFKA_ATTEMPTS: u32 = 3;

const COORDINATOR: &str = "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator";

impl Consumer {
    pub(super) fn arm_auto_commit(&mut self, now: Time) {
        let is_never =
            self.profile == Profile::Librdkafka && self.settings.auto_commit_interval == kernel::Duration::ZERO;
        let is_on = self.settings.auto_commit && !is_never;
        self.auto_commit_due = if is_on { now + self.settings.auto_commit_interval } else { Time::MAX };
    }

    /// What a commit without arguments commits. Java: every position (`allConsumed`), whether or not anything was read;
    /// librdkafka: stored offsets that have not been committed.
    pub(super) fn consumed(&self) -> Vec<(TopicPartition, i64, i32)> {
        let offsets = self.partitions.iter().filter_map(|(tp, p)| match self.profile {
            Profile::Java => Some((tp.clone(), p.position?, p.epoch)),
            Profile::Librdkafka => {
                let stored = p.stored.filter(|stored| p.committed != Some(*stored))?;
                Some((tp.clone(), stored, p.epoch))
            }
        });
        offsets.collect()
    }

    pub(super) fn auto_commit(&mut self, now: Time) {
        if self.auto_commit_due > now || !self.settings.auto_commit {
            return;
        }
        self.arm_auto_commit(now);
        let is_away = self.is_subscribed() && self.membership.phase != GroupPhase::Stable;
        let offsets = self.consumed();
        if !offsets.is_empty() && !is_away {
            self.commit(now, CommitKind::Auto, offsets);
        }
    }

    /// The bug, if it is planted: what is about to be handed out is committed as if it had been handled.
    pub(super) fn commit_ahead(&mut self, now: Time, fx: &mut Fx) {
        let is_in_group = !self.is_subscribed() || self.membership.phase == GroupPhase::Stable;
        if self.plant == Plant::CommitBeforeProcess && self.settings.auto_commit && is_in_group && self.has_data() {
            let end = |completed: &Completed| {
                let last = completed.batches.back()?;
                Some((completed.tp.clone(), last.next_offset(), last.leader_epoch))
            };
            let offsets = self.completed.iter().filter_map(end).collect();
            self.commit(now, CommitKind::Auto, offsets);
            self.send_commits(now, fx);
        }
    }

    /// Starts a commit; returns its number.
    pub(super) fn commit(&mut self, now: Time, kind: CommitKind, offsets: Vec<(TopicPartition, i64, i32)>) -> u64 {
        self.next_commit += 1;
        let generation = self.membership.generation;
        self.commits.insert(
            self.next_commit,
            Commit { kind, offsets, is_sent: false, not_before: now, attempts: 0, generation },
        );
        self.next_commit
    }

    pub(super) fn application_commit(
        &mut self,
        now: Time,
        fx: &mut Fx,
        kind: CommitKind,
        offsets: Option<Vec<(TopicPartition, i64)>>,
    ) {
        if self.settings.group.is_none() {
            let text = "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration.";
            let error = ClientError::new(
                "org.apache.kafka.common.errors.InvalidGroupIdException",
                text,
                ErrorCode::InvalidGroupId,
            );
            self.events.push(ConsumerEvent::Committed(Err(error)));
            return;
        }
        let offsets = match offsets {
            Some(offsets) => offsets
                .into_iter()
                .map(|(tp, offset)| (tp.clone(), offset, self.partitions.get(&tp).map_or(-1, |p| p.epoch)))
                .collect(),
            None => self.consumed(),
        };
        if offsets.is_empty() {
            let outcome = match self.profile {
                Profile::Java => Ok(Vec::new()),
                Profile::Librdkafka => {
                    Err(ClientError::new("_NO_OFFSET", "Local: No offset stored", ErrorCode::InvalidRequest))
                }
            };
            self.events.push(ConsumerEvent::Committed(outcome));
            return;
        }
        self.commit(now, kind, offsets);
        self.run(now, fx, false);
    }

    pub(super) fn send_commits(&mut self, now: Time, fx: &mut Fx) {
        let numbers: Vec<u64> = self
            .commits
            .iter()
            .filter(|(_, commit)| !commit.is_sent && commit.not_before <= now)
            .map(|(n, _)| *n)
            .collect();
        for number in numbers {
            self.send_commit(now, fx, number);
        }
        let late: Vec<u64> = self.commits.iter().filter(|(_, c)| matches!(c.kind, CommitKind::Sync { deadline } | CommitKind::Final { deadline } if deadline <= now)).map(|(n, _)| *n).collect();
        for number in late {
            let Some(commit) = self.commits.remove(&number) else { continue };
            if let CommitKind::Sync { .. } = commit.kind {
                let waited = self.settings.api_timeout.as_millis();
                let text = format!(
                    "Timeout of {waited}ms expired before successfully committing offsets {}",
                    shown(&commit.offsets)
                );
                self.events.push(ConsumerEvent::Committed(Err(ClientError::timeout(text))));
            }
        }
    }

    fn send_commit(&mut self, now: Time, fx: &mut Fx, number: u64) {
        let (Some(node), Some(group)) = (self.coordinator(now, fx), self.settings.group.clone()) else { return };
        let is_member = self.is_subscribed();
        let Some(commit) = self.commits.get_mut(&number) else { return };
        if is_member && commit.generation < 0 && self.life == Life::Open {
            // The application commits while it is not in the group.
            let kind = commit.kind;
            self.commits.remove(&number);
            if matches!(kind, CommitKind::Auto | CommitKind::Final { .. }) {
                return;
            }
            let text = "Offset commit cannot be completed since the consumer is not part of an active group for auto partition assignment; it is likely that the consumer was kicked out of the group.";
            self.commit_refused(text);
            return;
        }
        if is_member && self.membership.phase.is_between_generations() && self.profile == Profile::Java {
            // The member knows that it is between two generations (`generationIfStable`).
            let Some(commit) = self.commits.remove(&number) else { return };
            if matches!(commit.kind, CommitKind::Sync { .. } | CommitKind::Async) {
                self.report_commit_error(ErrorCode::RebalanceInProgress);
            }
            return;
        }
        commit.is_sent = true;
        commit.attempts += 1;
        let committed = |(tp, offset, leader_epoch): &(TopicPartition, i64, i32)| OffsetCommitPartition {
            topic: tp.topic.clone(),
            partition: tp.partition,
            offset: *offset,
            leader_epoch: *leader_epoch,
            metadata: "".into(),
        };
        let request = OffsetCommitRequest {
            group,
            generation: if is_member { commit.generation } else { -1 },
            member: if is_member { self.membership.member.clone() } else { "".into() },
            group_instance_id: self.settings.instance.clone().filter(|_| is_member),
            offsets: commit.offsets.iter().map(committed).collect(),
        };
        let timeout = self.net.settings.request_timeout;
        self.net.send(now, fx, Lane::Coordinator, &node, timeout, Asked::Commit(number), request.into());
    }

    fn commit_refused(&mut self, text: &str) {
        let class = "org.apache.kafka.clients.consumer.CommitFailedException";
        let error = match self.profile {
            Profile::Java => ClientError::new(class, text, ErrorCode::IllegalGeneration),
            Profile::Librdkafka => ClientError::of(Profile::Librdkafka, ErrorCode::UnknownMemberId),
        };
        self.events.push(ConsumerEvent::Committed(Err(error)));
    }

    pub(super) fn commit_answered(&mut self, now: Time, fx: &mut Fx, number: u64, answer: &OffsetCommitResponse) {
        let mut failed = answer.partitions.iter().filter(|(_, _, code)| !code.is_ok());
        match failed.next() {
            Some((topic, partition, code)) => {
                let code = *code;
                self.note_error(fx, ApiKey::OffsetCommit, code);
                self.log_commit_error(number, &TopicPartition::new(topic.clone(), *partition), code);
                let is_whole = failed.count() + 1 == answer.partitions.len();
                if !is_whole
                    && let Some(commit) = self.commits.get_mut(&number).filter(|_| self.profile == Profile::Librdkafka)
                {
                    // librdkafka sends nothing again of which a part went well.
                    commit.attempts = LIBRDKAFKA_ATTEMPTS;
                }
                self.commit_failed(now, fx, number, code);
            }
            None => {
                let Some(commit) = self.commits.remove(&number) else { return };
                for (tp, offset, _) in &commit.offsets {
                    if let Some(partition) = self.partitions.get_mut(tp) {
                        partition.committed = Some(*offset);
                    }
                }
                if let CommitKind::Sync { .. } | CommitKind::Async = commit.kind {
                    let offsets = commit.offsets.into_iter().map(|(tp, offset, _)| (tp, offset)).collect();
                    self.events.push(ConsumerEvent::Committed(Ok(offsets)));
                }
            }
        }
    }

    /// What Java logs of the first partition that was refused (`OffsetCommitResponseHandler`).
    fn log_commit_error(&mut self, number: u64, tp: &TopicPartition, code: ErrorCode) {
        let commit = self.commits.get(&number).filter(|_| self.profile == Profile::Java);
        let offset =
            commit.and_then(|commit| commit.offsets.iter().find(|(of, ..)| of == tp)).map(|(_, offset, _)| *offset);
        let Some(offset) = offset else { return };
        let text = format!("Offset commit failed on partition {tp} at offset {offset}: {}", code.message());
        match code.is_retriable() {
            true => self.net.warn(COORDINATOR, text),
            false => self.net.error(COORDINATOR, text),
        }
    }

    /// Nobody will answer a commit that was sent: it may be carried out yet, after later ones even, which go over another connection.
    pub(super) fn doubt_commit(&mut self, number: u64) {
        let generation = self.membership.generation;
        self.commits_in_doubt.retain(|(of, ..)| *of == generation);
        let Some(commit) = self.commits.get(&number) else { return };
        let offsets = commit.offsets.iter().map(|(tp, offset, _)| (commit.generation, tp.clone(), *offset));
        self.commits_in_doubt.extend(offsets);
    }

    pub(super) fn commit_failed(&mut self, now: Time, fx: &mut Fx, number: u64, code: ErrorCode) {
        let Some(mut commit) = self.commits.remove(&number) else { return };
        if matches!(code, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::RequestTimedOut) {
            self.lose_coordinator(now, fx);
        }
        let is_current = commit.generation == self.membership.generation;
        let is_limited = matches!(code, ErrorCode::UnknownTopicOrPartition | ErrorCode::CoordinatorLoadInProgress);
        let gives_up = self.profile == Profile::Librdkafka && is_limited && commit.attempts >= LIBRDKAFKA_ATTEMPTS;
        let is_retried = code.is_retriable() && !gives_up;
        match code {
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId if is_current => self.membership_lost(code),
            ErrorCode::RebalanceInProgress => {
                self.membership.rejoin.get_or_insert("offset commit failed since group is already rebalancing");
            }
            ErrorCode::FencedInstanceId if is_current => self.fail(ClientError::of(self.profile, code)),
            _ => {}
        }
        match commit.kind {
            CommitKind::Sync { deadline } | CommitKind::Final { deadline } if is_retried && deadline > now => {
                // Before a rebalance it is another commit each time, of what is consumed by then (`#onJoinPrepare`).
                let prepares = matches!(self.membership.phase, GroupPhase::Preparing { commit } if commit == number);
                if prepares && self.profile == Profile::Java {
                    commit.offsets = self.consumed();
                    if commit.offsets.is_empty() {
                        return;
                    }
                }
                commit.is_sent = false;
                commit.not_before = now
                    + match prepares && self.profile == Profile::Java {
                        true => self.net.settings.retry_backoff.base(),
                        false => self.backoff(commit.attempts, fx),
                    };
                self.commits.insert(number, commit);
            }
            CommitKind::Sync { .. } | CommitKind::Async => self.report_commit_error(code),
            CommitKind::Auto if is_retried => self.auto_commit_due = now + self.backoff(commit.attempts, fx),
            CommitKind::Auto | CommitKind::Final { .. } => {
                if self.profile == Profile::Java {
                    let text = format!(
                        "Asynchronous auto-commit of offsets {} failed: {}",
                        shown(&commit.offsets),
                        code.message()
                    );
                    self.net.warn(COORDINATOR, text);
                }
            }
        }
    }

    fn report_commit_error(&mut self, code: ErrorCode) {
        if self.profile == Profile::Librdkafka {
            self.events.push(ConsumerEvent::Committed(Err(ClientError::of(Profile::Librdkafka, code))));
            return;
        }
        match code {
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId => self.commit_refused("Commit cannot be completed since the group has already rebalanced and assigned the partitions to another member. This means that the time between subsequent calls to poll() was longer than the configured max.poll.interval.ms, which typically implies that the poll loop is spending too much time message processing. You can address this either by increasing max.poll.interval.ms or by reducing the maximum size of batches returned in poll() with max.poll.records."),
            ErrorCode::RebalanceInProgress => {
                let text = "Offset commit cannot be completed since the consumer is undergoing a rebalance for auto partition assignment. You can try completing the rebalance by calling poll() and then retry the operation.";
                let error = ClientError::of(Profile::Java, code).with_message(Some(text));
                self.events.push(ConsumerEvent::Committed(Err(error)));
            }
            code if code.is_retriable() => {
                let class = "org.apache.kafka.clients.consumer.RetriableCommitFailedException";
                let text = "Offset commit failed with a retriable exception. You should retry committing the latest consumed offsets.";
                self.events.push(ConsumerEvent::Committed(Err(ClientError::new(class, text, code))));
            }
            code => self.events.push(ConsumerEvent::Committed(Err(ClientError::of(Profile::Java, code)))),
        }
    }
}

/// Offsets as Java's maps of `OffsetAndMetadata` print.
fn shown(offsets: &[(TopicPartition, i64, i32)]) -> String {
    let one = |(tp, offset, epoch): &(TopicPartition, i64, i32)| {
        let epoch = if *epoch < 0 { "null".to_string() } else { epoch.to_string() };
        format!("{tp}=OffsetAndMetadata{{offset={offset}, leaderEpoch={epoch}, metadata=''}}")
    };
    format!("{{{}}}", offsets.iter().map(one).collect::<Vec<_>>().join(", "))
}
