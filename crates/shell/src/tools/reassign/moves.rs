//! The last part of `--execute`: replicas whose log directory the file names are told to lie there. A broker that has not got the replica
//! yet is asked again every 100 ms, until `--timeout` (`executeMoves`).

use clients::{AdminCall, ClientError};
use kernel::{Duration, Time, Timers};
use protocol::api::Name;
use protocol::{BrokerId, ErrorCode, TopicPartition};

use super::{Action, Failure, Reassign, plural};
use crate::admin_tool::Calls;

const RETRY: Duration = Duration::from_millis(100);

/// The space of the tool's own timers.
const TIMERS: u16 = 2;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Again;

/// What is left to be moved, and until when it is tried.
#[derive(Clone, Hash, Debug)]
pub(super) struct Moves {
    timeout_ms: u64,
    give_up: Time,
    /// By broker, then by partition.
    pending: Vec<(BrokerId, TopicPartition, Name)>,
    timers: Timers<Again>,
}

impl Moves {
    pub(super) fn new(timeout_ms: i64) -> Moves {
        let timeout_ms = u64::try_from(timeout_ms).unwrap_or(0);
        Moves { timeout_ms, give_up: Time::ZERO, pending: Vec::new(), timers: Timers::new(TIMERS) }
    }
}

impl Reassign {
    pub(super) fn begin_moves(&mut self, admin: &mut Calls<'_, '_>) {
        let mut pending: Vec<(BrokerId, TopicPartition, Name)> =
            self.wanted_dirs().map(|(target, broker, dir)| (broker, target.tp.clone(), dir.as_str().into())).collect();
        ordered::sort_by(&mut pending, |a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        self.start_moves(pending, admin);
    }

    /// `--cancel`: replicas that are on their way to another log directory are told to stay.
    pub(super) fn cancel_moves(&mut self, admin: &mut Calls<'_, '_>) {
        let wanted: Vec<(TopicPartition, BrokerId)> =
            self.wanted_dirs().map(|(target, broker, _)| (target.tp.clone(), broker)).collect();
        self.future_dirs.retain(|replica, _| wanted.contains(replica));
        let back = self
            .future_dirs
            .keys()
            .filter_map(|(tp, broker)| Some((*broker, tp.clone(), self.log_dirs.get(&(tp.clone(), *broker))?.clone())));
        let back = back.collect();
        self.start_moves(back, admin);
    }

    fn start_moves(&mut self, pending: Vec<(BrokerId, TopicPartition, Name)>, admin: &mut Calls<'_, '_>) {
        self.moves.pending = pending;
        self.moves.give_up = admin.io.now + Duration::from_millis(self.moves.timeout_ms);
        match self.moves.pending.is_empty() {
            true => self.moves_started(admin),
            false => self.ask_moves(admin),
        }
    }

    fn moves_started(&self, admin: &mut Calls<'_, '_>) {
        match self.action {
            Action::Cancel => self.cancelled(admin),
            _ => admin.io.exit(0),
        }
    }

    fn ask_moves(&self, admin: &mut Calls<'_, '_>) {
        let replicas = self.moves.pending.iter().map(|(broker, tp, dir)| (tp.clone(), *broker, dir.clone())).collect();
        admin.call(AdminCall::AlterReplicaLogDirs { replicas });
    }

    pub(super) fn retry_moves(&mut self, token: u64, admin: &mut Calls<'_, '_>) {
        if self.moves.timers.fire(admin.io.fx, admin.io.now, token).is_some() {
            self.ask_moves(admin);
        }
    }

    pub(super) fn moved(
        &mut self,
        results: Vec<(TopicPartition, BrokerId, Result<(), ClientError>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        let of = |broker: BrokerId, tp: &TopicPartition| results.iter().find(|(t, b, _)| *b == broker && t == tp);
        let is_waiting = |(broker, tp, _): &(BrokerId, TopicPartition, Name)| {
            of(*broker, tp).is_none_or(|(.., r)| r.as_ref().is_err_and(|e| e.code == ErrorCode::ReplicaNotAvailable))
        };
        let (waiting, done): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.moves.pending).into_iter().partition(is_waiting);
        for (broker, tp, dir) in done {
            if let Some((.., Err(error))) = of(broker, &tp) {
                let message = format!("Failed to alter dir for {tp}-{broker}");
                return Err(Failure::Caused { message, by: error.clone() });
            }
            admin.io.out(format!(
                "Successfully started moving log directory to {dir} for replica {tp} with broker {broker} "
            ));
        }
        self.moves.pending = waiting;
        if self.moves.pending.is_empty() {
            self.moves_started(admin);
        } else if admin.io.now >= self.moves.give_up {
            let names: Vec<String> =
                self.moves.pending.iter().map(|(broker, tp, _)| format!("{tp}-{broker}")).collect();
            let s = plural(names.len());
            let text = format!("Timed out before log directory move{s} could be started for: {}", names.join(","));
            return Err(Failure::Terse(text));
        } else {
            self.moves.timers.arm(admin.io.fx, admin.io.now + RETRY, Again);
        }
        Ok(())
    }
}
