//! What a slow disk does to the metadata log and to `quorum-state` (`KafkaRaftClient#poll`, `QuorumState#durableTransitionTo`): the one
//! thread writes and flushes before it goes on, and whatever comes meanwhile, fetches and votes of others and its own timers,
//! waits. A leader that is held up longer than controller.quorum.fetch.timeout.ms loses its voters to another; a vote is written before
//! it is given, and a candidate writes its own before it asks for others. Observers flush nothing, so they do not wait. Left out: the
//! names of leaders in `quorum-state`, snapshots, and the first record of an epoch, which take no time.

use std::collections::VecDeque;

use kernel::{ConnId, Duration, Time};
use protocol::api::fetch::FetchResponse;
use protocol::api::vote::VoteRequest;
use protocol::{BrokerId, Message, Request, Response};

use super::Replica;
use crate::process::Fx;

/// Tokens of the replica's writes have this bit, and those of a broker in the same process do not.
const OWN: u64 = 1 << 63;

/// The write under way.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Writing {
    last_token: u64,
    is_under_way: bool,
    /// What is to be written, and what waits behind it.
    held: VecDeque<Held>,
}

/// What the thread will do.
#[derive(Clone, Debug, Hash)]
pub(super) enum Held {
    /// Append what lingered, as leader.
    Drain,
    /// Append what the leader of an epoch sent.
    Fetched(i32, BrokerId, FetchResponse),
    /// Give a vote, or enter the epoch it is asked for in.
    Vote(ConnId, u32, VoteRequest),
    /// Vote for itself in an epoch of its own, and ask for the votes of others.
    Candidacy,
    Request(ConnId, u32, Request),
    Response(ConnId, u32, Response),
    Timer(u64),
}

impl Replica {
    /// Whether this token is of a write of the metadata log.
    pub fn owns_write(token: u64) -> bool {
        token & OWN != 0
    }

    /// Lets something wait for the write under way; gives it back if there is none.
    pub(super) fn hold(&mut self, what: Held) -> Option<Held> {
        if !self.soft.writing.is_under_way {
            return Some(what);
        }
        self.soft.writing.held.push_back(what);
        None
    }

    /// Begins to write, on a slow disk; gives back what can be written at once.
    pub(super) fn write(&mut self, fx: &mut Fx, what: Held) -> Option<Held> {
        if fx.host().write_time == Duration::ZERO {
            return Some(what);
        }
        let writing = &mut self.soft.writing;
        writing.last_token += 1;
        writing.is_under_way = true;
        writing.held.push_back(what);
        fx.sync(OWN | writing.last_token);
        None
    }

    /// Whether the answer to a request for a vote waits until `quorum-state` is written.
    pub(super) fn vote_waits(&mut self, fx: &mut Fx, conn: ConnId, correlation: u32, request: &VoteRequest) -> bool {
        if fx.host().write_time == Duration::ZERO {
            return false;
        }
        let gives_it = !request.pre_vote && self.hard.voted != request.candidate && self.grants(request);
        let is_written = request.candidate_epoch > self.hard.epoch || gives_it;
        is_written && self.write(fx, Held::Vote(conn, correlation, request.clone())).is_none()
    }

    /// The disk is done: what was written takes effect, and then what waited.
    pub fn on_synced(&mut self, now: Time, fx: &mut Fx, token: u64) {
        if token != OWN | self.soft.writing.last_token {
            return;
        }
        self.soft.writing.is_under_way = false;
        let mut held = std::mem::take(&mut self.soft.writing.held);
        while let Some(next) = held.pop_front() {
            match next {
                Held::Drain => self.drain_now(now, fx),
                Held::Fetched(epoch, leader, answer) => self.on_fetch_answer(now, fx, epoch, leader, answer),
                Held::Vote(conn, correlation, request) => {
                    let response = self.on_vote(now, fx, &request).into();
                    fx.send(conn, Message::Response { correlation, response });
                }
                Held::Candidacy => self.campaign(now, fx),
                Held::Request(conn, correlation, request) => self.on_request(now, fx, conn, correlation, request),
                Held::Response(conn, correlation, response) => self.on_response(now, fx, conn, correlation, response),
                Held::Timer(token) => self.on_timer(now, fx, token),
            }
            if self.soft.writing.is_under_way {
                self.soft.writing.held.append(&mut held);
            }
        }
    }
}
