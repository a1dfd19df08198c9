//! Writes on their way: appended and replayed, not below the high watermark yet. Who waits is answered when they are;
//! what a failed one said is undone (`CoordinatorRuntime`: deferred events and snapshots).

use protocol::api::join_group::JoinProtocol;
use protocol::{ErrorCode, GroupId, MemberId, Note, PartitionIndex, Response, TopicName};

use crate::context::Context;
use crate::hard::{Change, CommittedOffset, Hard, OffsetKey};
use crate::{Group, GroupShard, GroupState, ReplyTo, Soft};

/// What happens when a write is through or has failed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// Nobody waits.
    Nothing,
    /// Answer this, or its variant with an error.
    Answer { to: ReplyTo, response: Response, notes: Vec<Note> },
    /// The leader's assignment: everybody gets theirs.
    Assign { group: GroupId, generation: i32, assignments: Vec<(MemberId, Vec<(TopicName, PartitionIndex)>)> },
    /// A static member that returned goes on.
    Replace(Box<Replacement>),
    /// A new group: without its first record it does not exist.
    Create { group: GroupId },
}

/// A static member's return, and what it was before.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Replacement {
    pub(crate) group: GroupId,
    pub(crate) old: MemberId,
    pub(crate) new: MemberId,
    pub(crate) old_protocols: Vec<JoinProtocol>,
    pub(crate) old_rebalance_timeout_ms: i32,
    pub(crate) old_session_timeout_ms: i32,
}

/// The writes on their way, oldest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct PendingWrites {
    next_id: u64,
    writes: Vec<Pending>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Pending {
    id: u64,
    records: usize,
    /// What was replayed of it, each with what brings the value before back.
    replayed: Vec<(Change, Change)>,
    then: Then,
    /// Answers that wait for it to be through.
    followers: Vec<(ReplyTo, Response)>,
    timed_out: bool,
}

impl PendingWrites {
    pub(crate) fn push(&mut self, records: usize, then: Then) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.writes.push(Pending { id, records, replayed: Vec::new(), then, followers: Vec::new(), timed_out: false });
        id
    }

    /// A record was appended: it belongs to the first write that lacks one.
    pub(crate) fn replayed(&mut self, hard: &Hard, change: &Change) {
        if let Some(write) = self.writes.iter_mut().find(|w| w.replayed.len() < w.records) {
            write.replayed.push((change.clone(), hard.undo_of(change)));
        }
    }

    /// An offset's value before the writes on their way, if they touch it.
    pub(crate) fn before(&self, group: &str, key: &OffsetKey) -> Option<Option<&CommittedOffset>> {
        self.writes.iter().flat_map(|w| &w.replayed).find_map(|(_, undo)| match undo {
            Change::Offset(g, k, old) if &**g == group && k == key => Some(old.as_ref()),
            Change::Offset(..) | Change::Group(..) => None,
        })
    }

    /// The offsets of a group that the writes on their way touch.
    pub(crate) fn touched<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a OffsetKey> {
        self.writes.iter().flat_map(|w| &w.replayed).filter_map(move |(change, _)| match change {
            Change::Offset(g, k, _) if &**g == group => Some(k),
            Change::Offset(..) | Change::Group(..) => None,
        })
    }

    /// Lets an answer wait for the last write; gives it back if there is nothing to wait for.
    pub(crate) fn follow(&mut self, to: ReplyTo, response: Response) -> Option<Response> {
        match self.writes.last_mut().filter(|w| !w.timed_out) {
            Some(last) => {
                last.followers.push((to, response));
                None
            }
            None => Some(response),
        }
    }

    /// Everybody who waits for a write, and the answers behind them.
    pub(crate) fn drain(&mut self) -> (Vec<Then>, Vec<(ReplyTo, Response)>) {
        let (then, followers): (Vec<_>, Vec<_>) = self.writes.drain(..).map(|w| (w.then, w.followers)).unzip();
        (then, followers.into_iter().flatten().collect())
    }
}

impl Soft {
    /// A group whose record became a tombstone is gone.
    pub(crate) fn forget_deleted(&mut self, change: &Change) {
        if let Change::Group(group, None) = change
            && self.groups.get(group).is_some_and(|g| g.members.is_empty())
        {
            self.groups.remove(group);
        }
    }
}

impl GroupShard {
    pub(crate) fn settle(&mut self, cx: &mut Context, id: u64, result: ErrorCode) {
        let writes = &mut self.soft.pending.writes;
        let Some(at) = writes.iter().position(|w| w.id == id) else { return };
        let then = std::mem::replace(&mut writes[at].then, Then::Nothing);
        let followers = std::mem::take(&mut writes[at].followers);
        match result {
            ErrorCode::None => {
                // The high watermark is beyond it, so it is beyond earlier ones that timed out.
                let mut index = 0;
                writes.retain(|w| {
                    let done = index == at || (index < at && w.timed_out);
                    index += 1;
                    !done
                });
            }
            ErrorCode::RequestTimedOut => writes[at].timed_out = true,
            _ => self.undo(cx, at),
        }
        self.carry_out(cx, then, translate(result));
        for (to, response) in followers {
            let error = translate(result);
            cx.reply(to, if error.is_ok() { response } else { with_error(response, error) });
        }
    }

    /// Takes a write back from under the later ones.
    fn undo(&mut self, cx: &Context, at: usize) {
        let writes = &mut self.soft.pending.writes;
        for (_, undo) in writes[at..].iter().rev().flat_map(|w| w.replayed.iter().rev()) {
            self.hard.apply(undo.clone());
        }
        let failed = writes.remove(at);
        for (change, undo) in writes[at..].iter_mut().flat_map(|w| w.replayed.iter_mut()) {
            *undo = self.hard.undo_of(change);
            self.hard.apply(change.clone());
        }
        for (change, _) in &failed.replayed {
            let id = change.group();
            let is_unused = |g: &Group| g.protocol_type.is_none() && g.members.is_empty() && g.pending_join.is_empty();
            if !self.hard.knows(id) && self.soft.groups.get(id).is_some_and(is_unused) {
                self.soft.groups.remove(id);
            }
            if self.hard.knows(id) && !self.soft.groups.contains_key(id) {
                let group = match self.hard.groups.get(id) {
                    Some(record) => Group::from_record(id.clone(), record, cx.wall_ms),
                    None => Group::new(id.clone(), cx.wall_ms),
                };
                self.soft.groups.insert(id.clone(), group);
            }
        }
    }

    fn carry_out(&mut self, cx: &mut Context, then: Then, error: ErrorCode) {
        match then {
            Then::Nothing => {}
            Then::Answer { to, response, notes } => {
                if error.is_ok() {
                    cx.out.notes.extend(notes);
                    cx.reply(to, response);
                } else {
                    cx.reply(to, with_error(response, error));
                }
            }
            Then::Assign { group, generation, assignments } => {
                if let Some(group) = self.soft.groups.get_mut(&group) {
                    group.assignment_stored(cx, generation, assignments, error);
                }
            }
            Then::Replace(replacement) => {
                if let Some(group) = self.soft.groups.get_mut(&replacement.group) {
                    group.replacement_stored(cx, *replacement, error);
                }
            }
            Then::Create { group } => {
                if !error.is_ok() && !self.hard.knows(&group) {
                    self.drop_group(cx, &group, error);
                }
            }
        }
    }

    /// Takes a group away, answering everybody who waits in it.
    pub(crate) fn drop_group(&mut self, cx: &mut Context, id: &str, error: ErrorCode) {
        let Some(mut group) = self.soft.groups.remove(id) else { return };
        cx.note(dead(&group, "the coordinator moved or could not store the group"));
        for timer in group.timers().collect::<Vec<_>>() {
            cx.cancel(timer);
        }
        for member in group.members.values_mut() {
            let id = member.id.clone();
            member.answer_join_error(cx, error, id);
            member.answer_sync_error(cx, error);
        }
    }
}

/// The note that a group is gone.
pub(crate) fn dead(group: &Group, reason: &str) -> Note {
    Note::GroupState {
        group: group.id.clone(),
        state: GroupState::Dead.name(),
        generation: group.generation,
        reason: reason.into(),
    }
}

/// What clients see of an append error (`GroupMetadataManager#appendGroupMetadataErrorToResponseError`).
pub(crate) fn translate(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => ErrorCode::UnknownServerError,
        other => other,
    }
}

/// The same answer when its write failed: what would have succeeded has not.
pub(crate) fn with_error(mut response: Response, error: ErrorCode) -> Response {
    match &mut response {
        Response::OffsetCommit(r) => fail_all(r.partitions.iter_mut().map(|p| &mut p.2), error),
        Response::DeleteGroups(r) => fail_all(r.groups.iter_mut().map(|g| &mut g.1), error),
        Response::LeaveGroup(r) => {
            r.error = error;
            r.members.clear();
        }
        Response::Heartbeat(r) if r.error.is_ok() => r.error = error,
        Response::Heartbeat(_) => {}
        Response::OffsetFetch(r) => {
            r.error = error;
            r.partitions.clear();
        }
        Response::OffsetDelete(r) => {
            r.error = error;
            r.partitions.clear();
        }
        _ => debug_assert!(false, "no other answer waits for a write"),
    }
    response
}

fn fail_all<'a>(codes: impl Iterator<Item = &'a mut ErrorCode>, error: ErrorCode) {
    codes.filter(|code| code.is_ok()).for_each(|code| *code = error);
}
