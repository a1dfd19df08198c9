//! What each answer means for its call.

use kernel::Time;
use protocol::api::Name;
use protocol::api::add_raft_voter::AddRaftVoterResponse;
use protocol::api::delete_records::DeleteRecordsResponse;
use protocol::api::describe_topic_partitions::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};
use protocol::api::list_groups::ListGroupsRequest;
use protocol::api::list_offsets::ListOffsetsResponse;
use protocol::api::remove_raft_voter::RemoveRaftVoterResponse;
use protocol::{ApiKey, BrokerId, ErrorCode, Note, Response, TopicPartition};

use super::{Admin, AdminCall, AdminResult, Described, GroupOffset, Target, Task};
use crate::{ClientError, Fx};

/// What to do with a part after its answer.
enum Verdict {
    Done,
    Retry(ErrorCode),
    Fail(ErrorCode, Option<Name>),
}

fn is_coordinator_error(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::CoordinatorLoadInProgress
    )
}

fn of_group(code: ErrorCode) -> Verdict {
    match code {
        ErrorCode::None => Verdict::Done,
        code if is_coordinator_error(code) => Verdict::Retry(code),
        code => Verdict::Fail(code, None),
    }
}

fn of_controller(code: ErrorCode) -> Verdict {
    if code.is_retriable() { Verdict::Retry(code) } else { Verdict::Fail(code, None) }
}

impl Admin {
    pub(super) fn part_answered(&mut self, now: Time, fx: &mut Fx, number: u64, part: u64, response: Response) {
        let Some(mut task) = self.tasks.remove(&number) else { return };
        let Some(at) = task.parts.iter().position(|candidate| candidate.number == part) else {
            self.tasks.insert(number, task);
            return;
        };
        let from = task.parts[at].to;
        let api = response.api();
        let verdict = self.judge(now, fx, &mut task, from, response);
        match verdict {
            Verdict::Done => {
                task.parts.retain(|candidate| candidate.number != part);
                self.tasks.insert(number, task);
            }
            Verdict::Retry(code) => {
                self.note_error(fx, api, code);
                self.tasks.insert(number, task);
                self.retry_part(now, fx, number, part);
            }
            Verdict::Fail(code, message) => {
                self.note_error(fx, api, code);
                let error = ClientError::of(self.profile, code).with_message(message.as_deref());
                self.results.push((number, AdminResult::Failed(error)));
            }
        }
    }

    fn note_error(&self, fx: &mut Fx, api: ApiKey, error: ErrorCode) {
        fx.note(Note::ClientError { client_id: self.net.client_id.clone(), api, error });
    }

    fn described<T>(&self, code: ErrorCode, message: Option<&Name>, value: T) -> Described<T> {
        if code.is_ok() {
            Ok(value)
        } else {
            Err(ClientError::of(self.profile, code).with_message(message.map(|m| &**m)))
        }
    }

    fn judge(&mut self, now: Time, fx: &mut Fx, task: &mut Task, from: BrokerId, response: Response) -> Verdict {
        match response {
            Response::Metadata(answer) => return self.metadata_for(task, answer),
            Response::ListOffsets(answer) => return self.look_ups_answered(now, fx, task, answer),
            Response::DeleteRecords(answer) => return self.records_deleted(now, fx, task, answer),
            Response::DescribeLogDirs(answer) => {
                if let Some(AdminResult::DescribeLogDirs(all)) = &mut task.result {
                    all.push((from, answer));
                    ordered::sort_by_key(all, |(broker, _)| *broker);
                }
            }
            Response::AlterReplicaLogDirs(answer) => {
                let results = answer.replicas.into_iter().map(|(tp, code)| (tp, from, self.described(code, None, ())));
                if let Some(AdminResult::AlterReplicaLogDirs(all)) = &mut task.result {
                    all.extend(results);
                }
            }
            Response::CreateTopics(answer) => {
                if answer.topics.iter().any(|topic| topic.error == ErrorCode::NotController) {
                    return Verdict::Retry(ErrorCode::NotController);
                }
                let topics = answer
                    .topics
                    .into_iter()
                    .map(|t| (t.name.clone(), self.described(t.error, t.message.clone().as_ref(), t)));
                task.result = Some(AdminResult::CreateTopics(topics.collect()));
            }
            Response::DeleteTopics(answer) => {
                let topics = answer
                    .topics
                    .into_iter()
                    .map(|(name, code, message)| (name, self.described(code, message.as_ref(), ())));
                task.result = Some(AdminResult::DeleteTopics(topics.collect()));
            }
            Response::CreatePartitions(answer) => {
                let topics = answer
                    .topics
                    .into_iter()
                    .map(|(name, code, message)| (name, self.described(code, message.as_ref(), ())));
                task.result = Some(AdminResult::CreatePartitions(topics.collect()));
            }
            Response::DescribeTopicPartitions(answer) => {
                self.topics_described(task, answer);
            }
            Response::DescribeConfigs(answer) => {
                let found = answer
                    .results
                    .into_iter()
                    .map(|r| (r.resource.clone(), self.described(r.error, r.message.clone().as_ref(), r)));
                if let Some(AdminResult::DescribeConfigs(all)) = &mut task.result {
                    all.extend(found);
                }
            }
            Response::IncrementalAlterConfigs(answer) => {
                if answer.error == ErrorCode::NotController {
                    return Verdict::Retry(answer.error);
                }
                task.result =
                    Some(AdminResult::AlterConfigs(self.described(answer.error, answer.message.as_ref(), ())));
            }
            Response::DescribeCluster(answer) if !answer.error.is_ok() => {
                return Verdict::Fail(answer.error, answer.message);
            }
            Response::DescribeCluster(answer) => task.result = Some(AdminResult::DescribeCluster(answer)),
            Response::ElectLeaders(answer) => {
                if !answer.error.is_ok() {
                    return Verdict::Fail(answer.error, None);
                }
                let results = answer.partitions.into_iter().map(|(topic, p, code, text)| {
                    (TopicPartition::new(topic, p), self.described(code, text.as_ref(), ()))
                });
                task.result = Some(AdminResult::ElectLeaders(results.collect()));
            }
            Response::AlterPartitionReassignments(answer) => {
                if !answer.error.is_ok() {
                    return of_controller(answer.error);
                }
                let results = answer.partitions.into_iter().map(|(topic, p, code, message)| {
                    (TopicPartition::new(topic, p), self.described(code, message.as_ref(), ()))
                });
                task.result = Some(AdminResult::AlterReassignments(results.collect()));
            }
            Response::ListPartitionReassignments(answer) => {
                if !answer.error.is_ok() {
                    return of_controller(answer.error);
                }
                task.result = Some(AdminResult::ListReassignments(answer.partitions));
            }
            Response::UnregisterBroker(answer) => {
                if answer.error == ErrorCode::NotController {
                    return Verdict::Retry(answer.error);
                }
                let outcome = self.described(answer.error, answer.message.as_ref(), ());
                if let (Err(error), AdminCall::UnregisterBroker { broker }) = (&outcome, &task.call) {
                    let text = format!("Unregister broker request for broker ID {broker} failed: {}", error.message);
                    self.net.error("org.apache.kafka.clients.admin.KafkaAdminClient", text);
                }
                task.result = Some(AdminResult::UnregisterBroker(outcome));
            }
            Response::ApiVersions(answer) => task.result = Some(AdminResult::DescribeFeatures(answer)),
            Response::UpdateFeatures(answer) => {
                if answer.error.is_retriable() {
                    return Verdict::Retry(answer.error);
                }
                let outcome = self.described(answer.error, answer.message.as_ref(), ());
                task.result = Some(AdminResult::UpdateFeatures(outcome));
            }
            Response::AddRaftVoter(AddRaftVoterResponse { error, message })
            | Response::RemoveRaftVoter(RemoveRaftVoterResponse { error, message }) => {
                if matches!(error, ErrorCode::NotController | ErrorCode::NotLeaderOrFollower) {
                    return Verdict::Retry(error);
                }
                task.result = Some(AdminResult::ChangeVoters(self.described(error, message.as_ref(), ())));
            }
            Response::DescribeQuorum(answer) => match answer.error {
                ErrorCode::None => task.result = Some(AdminResult::DescribeQuorum(answer)),
                code => return of_controller(code),
            },
            other => return self.judge_group(task, from, other),
        }
        Verdict::Done
    }

    /// Answers of coordinators.
    fn judge_group(&mut self, task: &mut Task, from: BrokerId, response: Response) -> Verdict {
        match response {
            Response::ListGroups(answer) => {
                if !answer.error.is_ok() {
                    return of_group(answer.error);
                }
                if let Some(AdminResult::ListGroups(all)) = &mut task.result {
                    all.extend(answer.groups.into_iter().map(|group| (group, from)));
                    ordered::sort_by(all, |a, b| a.0.group.cmp(&b.0.group));
                }
            }
            Response::DescribeGroups(answer) => {
                if let Some(code) =
                    answer.groups.iter().map(|group| group.error).find(|code| is_coordinator_error(*code))
                {
                    return Verdict::Retry(code);
                }
                let found = answer.groups.into_iter().map(|g| {
                    let text =
                        (g.error == ErrorCode::GroupIdNotFound).then(|| format!("Group {} not found.", g.group).into());
                    (g.group.clone(), self.described(g.error, text.as_ref(), (g, from)))
                });
                if let Some(AdminResult::DescribeGroups(all)) = &mut task.result {
                    all.extend(found);
                }
            }
            Response::OffsetFetch(answer) => {
                let code = answer
                    .partitions
                    .iter()
                    .map(|p| p.error)
                    .find(|code| is_coordinator_error(*code))
                    .unwrap_or(answer.error);
                if !code.is_ok() {
                    return of_group(code);
                }
                let found = answer.partitions.into_iter().filter(|p| p.offset >= 0).map(|p| GroupOffset {
                    tp: TopicPartition::new(p.topic, p.partition),
                    offset: p.offset,
                    leader_epoch: p.leader_epoch,
                    metadata: p.metadata,
                });
                task.result = Some(AdminResult::ListGroupOffsets(found.collect()));
            }
            Response::OffsetCommit(answer) => {
                if let Some((_, _, code)) = answer.partitions.iter().find(|(_, _, code)| is_coordinator_error(*code)) {
                    return Verdict::Retry(*code);
                }
                let results = answer
                    .partitions
                    .into_iter()
                    .map(|(topic, p, code)| (TopicPartition::new(topic, p), self.described(code, None, ())));
                task.result = Some(AdminResult::AlterGroupOffsets(results.collect()));
            }
            Response::DeleteGroups(answer) => {
                if let Some((_, code)) = answer.groups.iter().find(|(_, code)| is_coordinator_error(*code)) {
                    return Verdict::Retry(*code);
                }
                let found = answer.groups.into_iter().map(|(group, code)| (group, self.described(code, None, ())));
                if let Some(AdminResult::DeleteGroups(all)) = &mut task.result {
                    all.extend(found);
                }
            }
            Response::OffsetDelete(answer) => {
                if is_coordinator_error(answer.error) {
                    return Verdict::Retry(answer.error);
                }
                let results = answer
                    .partitions
                    .into_iter()
                    .map(|(topic, p, code)| (TopicPartition::new(topic, p), self.described(code, None, ())));
                let results = results.collect();
                task.result = Some(AdminResult::DeleteGroupOffsets(self.described(answer.error, None, results)));
            }
            Response::LeaveGroup(answer) => {
                if !answer.error.is_ok() {
                    return of_group(answer.error);
                }
                let results = answer.members.into_iter().map(|(member, code)| (member, self.described(code, None, ())));
                task.result = Some(AdminResult::RemoveMembers(results.collect()));
            }
            _ => return Verdict::Fail(ErrorCode::UnknownServerError, None),
        }
        Verdict::Done
    }

    /// A page of topics; the next one is asked for from where it ends (`generateDescribeTopicsCallWithDescribeTopicPartitionsApi`).
    fn topics_described(&mut self, task: &mut Task, answer: DescribeTopicPartitionsResponse) {
        let Some(AdminResult::DescribeTopics(mut all)) = task.result.take() else { return };
        let mut topics = answer.topics.into_iter().peekable();
        if let Some((name, Ok(begun))) = all.last_mut()
            && let Some(rest) = topics.next_if(|topic| topic.name == *name)
        {
            begun.partitions.extend(rest.partitions);
        }
        all.extend(topics.map(|t| (t.name.clone(), self.described(t.error, None, t))));
        task.result = Some(AdminResult::DescribeTopics(all));
        let (Some(cursor), AdminCall::DescribeTopics { topics, partition_limit }) = (answer.next_cursor, &task.call)
        else {
            return;
        };
        let mut topics = topics.clone().unwrap_or_default();
        topics.retain(|topic| *topic >= cursor.topic);
        let request =
            DescribeTopicPartitionsRequest { topics, partition_limit: *partition_limit, cursor: Some(cursor) };
        self.part(task, Target::Any, request);
    }

    /// The first step of calls that start with a list of topics or brokers.
    fn metadata_for(&mut self, task: &mut Task, answer: protocol::api::metadata::MetadataResponse) -> Verdict {
        match task.call.clone() {
            AdminCall::ListTopics => {
                let mut topics: Vec<_> = answer
                    .topics
                    .into_iter()
                    .filter(|t| t.error.is_ok())
                    .map(|t| (t.name, t.topic_id, t.is_internal))
                    .collect();
                ordered::sort(&mut topics);
                task.result = Some(AdminResult::ListTopics(topics));
            }
            AdminCall::DescribeTopics { partition_limit, .. } => {
                let mut topics: Vec<_> = answer.topics.into_iter().map(|t| t.name).collect();
                ordered::sort(&mut topics);
                if !topics.is_empty() {
                    let request = DescribeTopicPartitionsRequest { topics, partition_limit, cursor: None };
                    self.part(task, Target::Any, request);
                }
            }
            AdminCall::ListGroups { states } => {
                for broker in answer.brokers {
                    self.part(task, Target::Broker(broker.id), ListGroupsRequest { states: states.clone() });
                }
            }
            _ => return Verdict::Fail(ErrorCode::UnknownServerError, None),
        }
        Verdict::Done
    }

    fn look_ups_answered(&mut self, now: Time, fx: &mut Fx, task: &mut Task, answer: ListOffsetsResponse) -> Verdict {
        let mut again = Vec::new();
        let Some(AdminResult::ListOffsets(found)) = &mut task.result else {
            return Verdict::Fail(ErrorCode::UnknownServerError, None);
        };
        for result in answer.partitions {
            let tp = TopicPartition::new(result.topic, result.partition);
            match result.error {
                ErrorCode::None => found.push((tp, Ok((result.offset, result.timestamp, result.leader_epoch)))),
                code if code.is_retriable() => again.push(tp),
                code => {
                    // `ListOffsetsHandler#handlePartitionError`
                    let text = format!(
                        "ListOffsets request for topic partition {tp} failed due to an unexpected error {}",
                        code.name()
                    );
                    self.net.error("org.apache.kafka.clients.admin.internals.ListOffsetsHandler", text);
                    found.push((tp, Err(ClientError::of(self.profile, code))));
                }
            }
        }
        let AdminCall::ListOffsets { partitions } = &task.call else { return Verdict::Done };
        let wanted = partitions.iter().filter(|(tp, _)| again.contains(tp));
        let wanted = wanted.map(|(tp, at)| (tp.clone(), at.timestamp(0))).collect();
        self.ask_leaders_again(now, fx, task, wanted);
        Verdict::Done
    }

    fn records_deleted(&mut self, now: Time, fx: &mut Fx, task: &mut Task, answer: DeleteRecordsResponse) -> Verdict {
        let (AdminCall::DeleteRecords { partitions }, Some(AdminResult::DeleteRecords(done))) =
            (&task.call, &mut task.result)
        else {
            return Verdict::Fail(ErrorCode::UnknownServerError, None);
        };
        let mut again = Vec::new();
        for result in answer.partitions {
            let tp = TopicPartition::new(result.topic, result.partition);
            match result.error {
                ErrorCode::None => done.push((tp, Ok(result.low_watermark))),
                code if code.is_retriable() => {
                    again.extend(partitions.iter().find(|(asked, _)| *asked == tp).cloned());
                }
                code => {
                    // `DeleteRecordsHandler#handlePartitionError`
                    let text = format!(
                        "DeleteRecords request for topic partition {tp} failed due to an unexpected error {}",
                        code.name()
                    );
                    self.net.error("org.apache.kafka.clients.admin.internals.DeleteRecordsHandler", text);
                    done.push((tp, Err(ClientError::of(self.profile, code))));
                }
            }
        }
        self.ask_leaders_again(now, fx, task, again);
        Verdict::Done
    }

    /// Looks for the leaders of what was refused, after a while.
    fn ask_leaders_again(&mut self, now: Time, fx: &mut Fx, task: &mut Task, wanted: Vec<(TopicPartition, i64)>) {
        if wanted.is_empty() {
            return;
        }
        task.look_ups.extend(wanted);
        task.tries += 1;
        let wait = self.net.settings.retry_backoff.wait(task.tries, fx.rng(crate::network::purpose::BACKOFF));
        task.look_up_not_before = now + wait;
        task.metadata_after = self.net.metadata.version;
        self.net.metadata.request_update();
    }
}
