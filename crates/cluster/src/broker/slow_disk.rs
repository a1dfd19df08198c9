//! What waits for a slow disk, and what a full one does (`KafkaRequestHandler`, `ReplicaFetcherThread`,
//! `LogDirFailureChannel`).
//!
//! A thread that appends waits until the write is done: for its time `num.io.threads` have one less for all other
//! requests, or the followed leader is not fetched from; a flush by time and a pass of the cleaner over a log take a write each. What is appended is there for others when it is written. A disk that
//! keeps up takes no time, and nothing here is used. On a full disk an append fails, and with it every log directory.

use std::collections::VecDeque;

use kernel::{ConnId, Duration};
use ordered::SortedMap;
use protocol::api::fetch::FetchResponse;
use protocol::{ErrorCode, Request, gap};

use super::connections::Caller;
use super::disk::ReplicaIndex;
use super::fetchers::FetcherId;
use super::{Broker, Work};
use crate::process::{Context, Fx, wall_ms};

/// Threads that wait for the disk, and requests that wait for threads.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Writing {
    /// By the token of the write.
    waits: SortedMap<u64, Waits>,
    last_token: u64,
    /// Connections whose next request found no thread free.
    unserved: VecDeque<ConnId>,
    /// An append has failed.
    has_failed: bool,
}

/// Whose thread waits.
#[derive(Clone, Debug, Hash)]
enum Waits {
    /// A request handler, which will append what the request brings.
    Request(Caller, Request),
    /// A fetcher, which will append what its leader has sent.
    Fetched(FetcherId, FetchResponse),
    /// The scheduler, which will have flushed a log up to an offset.
    Flush(ReplicaIndex, i64),
    /// The cleaner, which will have rewritten the first of these logs, and goes on with the others.
    Clean(VecDeque<ReplicaIndex>),
}

impl Writing {
    fn wait(&mut self, fx: &mut Fx, whose: Waits) {
        self.last_token += 1;
        self.waits.insert(self.last_token, whose);
        fx.sync(self.last_token);
    }

    /// Nothing can be written any more.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    fn busy_handlers(&self) -> usize {
        self.waits.values().filter(|waits| matches!(waits, Waits::Request(..))).count()
    }

    /// A fetcher has ended, and what it would have appended is gone with it.
    pub(super) fn forget_fetched(&mut self, from: FetcherId) {
        self.waits.retain(|_, waits| !matches!(waits, Waits::Fetched(id, _) if *id == from));
    }
}

impl Broker {
    /// Whether no thread is free for the next request of a connection, which then waits for one.
    pub(super) fn finds_no_handler(&mut self, conn: ConnId) -> bool {
        let (threads, writing) = (self.settings.num_io_threads, &mut self.soft.writing);
        let is_late = !writing.waits.is_empty() && writing.busy_handlers() >= threads;
        if is_late && !writing.unserved.contains(&conn) {
            writing.unserved.push_back(conn);
        }
        is_late
    }

    /// Lets a request that appends wait for the disk; gives back one that need not.
    pub(super) fn wait_to_write(&mut self, fx: &mut Fx, caller: Caller, request: Request) -> Option<(Caller, Request)> {
        gap!(
            "a slow disk does not slow timers of group coordinators, the reading of old segments, and the flush of a segment that rolls",
            "LocalLog#append"
        );
        let appends = match &request {
            Request::Produce(_) | Request::OffsetCommit(_) => true,
            // A group's leader brings the assignment, which its coordinator writes down.
            Request::SyncGroup(request) => !request.assignments.is_empty(),
            _ => false,
        };
        if !appends || fx.host().write_time == Duration::ZERO {
            return Some((caller, request));
        }
        self.soft.writing.wait(fx, Waits::Request(caller, request));
        None
    }

    /// Lets a fetcher wait for the disk; gives back what need not.
    pub(super) fn wait_to_copy(
        &mut self,
        fx: &mut Fx,
        id: FetcherId,
        response: FetchResponse,
    ) -> Option<FetchResponse> {
        let appends = response.partitions.iter().any(|partition| !partition.batches.is_empty());
        if !appends || fx.host().write_time == Duration::ZERO {
            return Some(response);
        }
        self.soft.writing.wait(fx, Waits::Fetched(id, response));
        None
    }

    /// Lets the flush of a log wait for the disk; false if it need not.
    pub(super) fn waits_to_flush(&mut self, fx: &mut Fx, index: ReplicaIndex) -> bool {
        if fx.host().write_time == Duration::ZERO {
            return false;
        }
        let is_under_way = |waits: &Waits| matches!(waits, Waits::Flush(other, _) if *other == index);
        if !self.soft.writing.waits.values().any(is_under_way) {
            let log_end = self.disk.log(index).log_end_offset();
            self.soft.writing.wait(fx, Waits::Flush(index, log_end));
        }
        true
    }

    /// Lets the cleaner wait for the disk; gives its logs back if it need not.
    pub(super) fn wait_to_clean(
        &mut self,
        fx: &mut Fx,
        logs: VecDeque<ReplicaIndex>,
    ) -> Option<VecDeque<ReplicaIndex>> {
        if fx.host().write_time == Duration::ZERO {
            return Some(logs);
        }
        self.soft.writing.wait(fx, Waits::Clean(logs));
        None
    }

    /// The disk is done with a write.
    pub fn on_synced(&mut self, cx: &Context<'_>, fx: &mut Fx, token: u64) {
        match self.soft.writing.waits.remove(&token) {
            Some(Waits::Request(caller, request)) => {
                self.answer(cx, fx, caller, request);
                let unserved = std::mem::take(&mut self.soft.writing.unserved);
                self.soft.work.extend(unserved.into_iter().map(Work::Serve));
            }
            Some(Waits::Fetched(id, response)) => self.on_fetched(cx, fx, id, response),
            Some(Waits::Flush(index, offset)) => {
                let now_ms = wall_ms(cx.now, fx);
                self.disk.get_mut(index).into_iter().for_each(|replica| replica.log.flush_to(offset, now_ms));
            }
            Some(Waits::Clean(logs)) => self.go_on_cleaning(cx, fx, logs),
            None => {}
        }
        self.settle(cx, fx);
    }

    /// Whether an append to a log can be written. If not, its directory has failed: all of them on a full disk, with which the
    /// broker ends in this step.
    pub(super) fn check_disk(&mut self, fx: &Fx, index: ReplicaIndex) -> Result<(), ErrorCode> {
        let host = fx.host();
        if host.is_disk_full {
            self.soft.writing.fail();
            return Err(ErrorCode::KafkaStorageError);
        }
        if host.failed_disks != 0
            && let Some(dir) = self.disk.get(index).map(|replica| replica.dir)
            && host.failed_disks & (1 << dir) != 0
        {
            self.dir_failed(dir);
            return Err(ErrorCode::KafkaStorageError);
        }
        Ok(())
    }

    /// Whether no log directory works any more, or not that of the metadata log.
    pub(crate) fn has_failed(&self) -> bool {
        self.soft.writing.has_failed
    }
}
