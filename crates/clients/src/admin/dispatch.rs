//! Sending what can be sent: picking nodes (of controllers, the active one), finding coordinators, grouping look-ups by leader, retrying.

use kernel::{Address, Time};
use ordered::SortedMap;
use protocol::api::delete_records::DeleteRecordsRequest;
use protocol::api::find_coordinator::FindCoordinatorRequest;
use protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest};
use protocol::{BrokerId, GroupId, Request, Response, TopicPartition};

use super::{Admin, AdminCall, Asked, Coordinator, Target};
use crate::Fx;
use crate::network::{Lane, purpose};

impl Admin {
    pub(super) fn dispatch(&mut self, now: Time, fx: &mut Fx) {
        let numbers: Vec<u64> = self.tasks.keys().copied().collect();
        for number in numbers {
            self.group_look_ups(number, now);
            self.send_parts(number, now, fx);
        }
    }

    fn send_parts(&mut self, number: u64, now: Time, fx: &mut Fx) {
        let Some(task) = self.tasks.get(&number) else { return };
        let waiting: Vec<(u64, Target)> = task
            .parts
            .iter()
            .filter(|part| !part.is_sent && part.not_before <= now)
            .map(|part| (part.number, part.target.clone()))
            .collect();
        for (part, target) in waiting {
            let Some((id, lane, node)) = self.node_for(now, fx, &target) else { continue };
            let task = self.tasks.get_mut(&number).expect("looked up above");
            let timeout = self.net.settings.request_timeout.min(task.deadline.since(now));
            let Some(found) = task.parts.iter_mut().find(|candidate| candidate.number == part) else { continue };
            found.is_sent = true;
            found.tries += 1;
            found.to = id;
            let request = found.request.clone();
            self.net.send(now, fx, lane, &node, timeout, Asked::Part { task: number, part }, request);
        }
    }

    /// A node that can take the request now; sees to it that there is one later.
    fn node_for(&mut self, now: Time, fx: &mut Fx, target: &Target) -> Option<(BrokerId, Lane, Address)> {
        let (id, node) = match target {
            Target::Any => {
                // Kafka's admin client first learns the real brokers from the bootstrap servers.
                if self.net.metadata.version == 0 {
                    return None;
                }
                if self.net.settings.asks_controllers {
                    return self.node_for(now, fx, &Target::Broker(self.net.metadata.controller));
                }
                let (lane, node) = self.net.any_node(now, fx)?;
                let id = self
                    .net
                    .metadata
                    .brokers
                    .iter()
                    .find(|(_, address)| **address == node)
                    .map_or(BrokerId::NONE, |(id, _)| *id);
                return Some((id, lane, node));
            }
            Target::Broker(id) => match self.net.broker(*id) {
                Some(node) => (*id, node.clone()),
                None => {
                    self.net.metadata.request_update();
                    return None;
                }
            },
            Target::Coordinator(group) => match self.coordinators.get(group) {
                Some(Coordinator::Known(id, node)) => (*id, node.clone()),
                _ => {
                    self.find_coordinator(now, fx, group);
                    return None;
                }
            },
        };
        self.net.ready(now, fx, Lane::Data, &node).then_some((id, Lane::Data, node))
    }

    // ---- coordinators

    fn find_coordinator(&mut self, now: Time, fx: &mut Fx, group: &GroupId) {
        let tries = match self.coordinators.get(group) {
            None => 0,
            Some(Coordinator::Unknown { not_before, tries }) if *not_before <= now => *tries,
            Some(Coordinator::Unknown { .. } | Coordinator::Finding { .. } | Coordinator::Known(..)) => return,
        };
        if self.net.metadata.version == 0 {
            return;
        }
        let Some((lane, node)) = self.net.any_node(now, fx) else { return };
        self.coordinators.insert(group.clone(), Coordinator::Finding { tries: tries + 1 });
        let timeout = self.net.settings.request_timeout;
        let request = FindCoordinatorRequest { group: group.clone() };
        self.net.send(now, fx, lane, &node, timeout, Asked::Coordinator(group.clone()), request.into());
    }

    pub(super) fn coordinator_answered(&mut self, now: Time, fx: &mut Fx, group: &GroupId, response: &Response) {
        match response {
            Response::FindCoordinator(answer) if answer.error.is_ok() => {
                if let Some(broker) = &answer.broker {
                    let known = Coordinator::Known(broker.id, (broker.host.clone(), broker.port));
                    self.coordinators.insert(group.clone(), known);
                    return;
                }
                self.coordinator_failed(now, fx, group);
            }
            _ => self.coordinator_failed(now, fx, group),
        }
    }

    /// Looks for the coordinator again, after a while.
    pub(super) fn coordinator_failed(&mut self, now: Time, fx: &mut Fx, group: &GroupId) {
        let tries = match self.coordinators.get(group) {
            Some(Coordinator::Finding { tries } | Coordinator::Unknown { tries, .. }) => *tries,
            Some(Coordinator::Known(..)) | None => 0,
        };
        let not_before = now + self.net.settings.retry_backoff.wait(tries.max(1), fx.rng(purpose::BACKOFF));
        self.coordinators.insert(group.clone(), Coordinator::Unknown { not_before, tries });
    }

    // ---- look-ups

    /// Makes one request a leader out of look-ups whose leaders are known.
    fn group_look_ups(&mut self, number: u64, now: Time) {
        let Some(task) = self.tasks.get_mut(&number) else { return };
        if task.look_ups.is_empty() || task.look_up_not_before > now || self.net.metadata.version <= task.metadata_after
        {
            return;
        }
        let deletes = matches!(task.call, AdminCall::DeleteRecords { .. });
        let mut by_leader: SortedMap<BrokerId, Vec<(TopicPartition, i64, i32)>> = SortedMap::new();
        let mut missing = Vec::new();
        for (tp, value) in std::mem::take(&mut task.look_ups) {
            match self.net.metadata.leader(&tp) {
                Some((leader, _, epoch)) => by_leader.entry(leader).or_default().push((tp, value, epoch)),
                None => missing.push((tp, value)),
            }
        }
        task.look_ups = missing;
        let mut task = self.tasks.remove(&number).expect("looked up above");
        for (leader, asked) in by_leader {
            let request = if deletes { delete_request(asked) } else { look_up_request(asked) };
            self.part(&mut task, Target::Broker(leader), request);
        }
        if !task.look_ups.is_empty() {
            self.net.metadata.request_update();
            task.metadata_after = self.net.metadata.version;
        }
        self.tasks.insert(number, task);
    }

    // ---- retries

    /// Sends a part again, after a while, to a node chosen anew.
    pub(super) fn retry_part(&mut self, now: Time, fx: &mut Fx, task: u64, part: u64) {
        let backoff = self.net.settings.retry_backoff;
        let Some(task) = self.tasks.get_mut(&task) else { return };
        let Some(at) = task.parts.iter().position(|candidate| candidate.number == part) else { return };
        let tries = task.parts[at].tries;
        let wait = backoff.wait(tries, fx.rng(purpose::BACKOFF));
        task.parts[at].is_sent = false;
        task.parts[at].not_before = now + wait;
        match (&task.parts[at].target, &task.parts[at].request) {
            (Target::Coordinator(group), _) => {
                let group = group.clone();
                self.coordinators.insert(group, Coordinator::Unknown { not_before: now + wait, tries: 0 });
            }
            (Target::Broker(_), request) if look_ups_of(request).is_some() => {
                task.look_ups.extend(look_ups_of(request).unwrap_or_default());
                task.look_up_not_before = now + wait;
                task.metadata_after = self.net.metadata.version;
                task.tries = tries;
                task.parts.remove(at);
                self.net.metadata.request_update();
            }
            (Target::Any | Target::Broker(_), _) => self.net.metadata.request_update(),
        }
    }
}

fn look_up_request(asked: Vec<(TopicPartition, i64, i32)>) -> Request {
    let partition = |(tp, timestamp, current_leader_epoch): (TopicPartition, i64, i32)| ListOffsetsPartition {
        topic: tp.topic,
        partition: tp.partition,
        current_leader_epoch,
        timestamp,
    };
    let partitions = asked.into_iter().map(partition).collect();
    ListOffsetsRequest { replica: BrokerId::NONE, read_committed: false, partitions }.into()
}

fn delete_request(asked: Vec<(TopicPartition, i64, i32)>) -> Request {
    let partitions = asked.into_iter().map(|(tp, offset, _)| (tp.topic, tp.partition, offset)).collect();
    DeleteRecordsRequest { partitions, timeout_ms: 30_000 }.into()
}

/// What a request asked of a leader, to ask it of the next one.
fn look_ups_of(request: &Request) -> Option<Vec<(TopicPartition, i64)>> {
    match request {
        Request::ListOffsets(request) => {
            let again =
                request.partitions.iter().map(|p| (TopicPartition::new(p.topic.clone(), p.partition), p.timestamp));
            Some(again.collect())
        }
        Request::DeleteRecords(request) => {
            let again =
                request.partitions.iter().map(|(topic, p, offset)| (TopicPartition::new(topic.clone(), *p), *offset));
            Some(again.collect())
        }
        _ => None,
    }
}
