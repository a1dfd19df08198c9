//! Closing: commit if auto-commit is on, give partitions up, leave the group (`ConsumerCoordinator#close`).

use kernel::{Duration, Time};

use super::state::{CommitKind, GroupPhase, Life};
use super::{Consumer, ConsumerEvent};
use crate::{Fx, Profile};

/// `CloseOptions`' default time-out.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

impl Consumer {
    pub(super) fn begin_close(&mut self, now: Time) {
        let deadline = now + CLOSE_TIMEOUT;
        let may_commit =
            self.settings.auto_commit && !self.has_failed && (!self.is_subscribed() || self.membership.generation >= 0);
        let offsets = if may_commit { self.consumed() } else { Vec::new() };
        if self.profile == Profile::Java {
            self.end_preparation();
        }
        self.life = if offsets.is_empty() {
            Life::Leaving { is_sent: false, deadline }
        } else {
            let commit = self.commit(now, CommitKind::Final { deadline }, offsets);
            Life::Committing { commit, deadline }
        };
    }

    /// It is `poll()` that tries a commit before a rebalance again (`#onJoinPrepare`), and nobody polls any more.
    fn end_preparation(&mut self) {
        let GroupPhase::Preparing { commit } = self.membership.phase else { return };
        match self.commits.get_mut(&commit) {
            Some(under_way) if under_way.is_sent => under_way.kind = CommitKind::Auto,
            _ => drop(self.commits.remove(&commit)),
        }
    }

    pub(super) fn close_due(&self) -> Time {
        match self.life {
            Life::Open | Life::Closed => Time::MAX,
            Life::Committing { deadline, .. } | Life::Leaving { deadline, .. } => deadline,
        }
    }

    pub(super) fn continue_close(&mut self, now: Time, fx: &mut Fx) {
        if let Life::Committing { commit, deadline } = self.life {
            if self.commits.contains_key(&commit) && deadline > now {
                return;
            }
            self.life = Life::Leaving { is_sent: false, deadline };
        }
        let Life::Leaving { is_sent: false, deadline } = self.life else {
            if self.close_due() <= now {
                self.closed(now, fx);
            }
            return;
        };
        let is_lost = self.membership.generation < 0 || self.membership.phase.is_between_generations();
        self.drop_assignment(fx, is_lost);
        let is_member = self.is_subscribed() && !self.membership.member.is_empty();
        if is_member && self.send_leave(now, fx, "the consumer is being closed") {
            self.life = Life::Leaving { is_sent: true, deadline };
        } else {
            self.closed(now, fx);
        }
    }

    /// LeaveGroup is answered.
    pub(super) fn left(&mut self) {
        if let Life::Leaving { is_sent: true, .. } = self.life {
            // The rest follows in the same step, from `continue_close`.
            self.life = Life::Leaving { is_sent: true, deadline: Time::ZERO };
        }
    }

    fn closed(&mut self, now: Time, fx: &mut Fx) {
        self.life = Life::Closed;
        self.membership.reset(false);
        self.membership.phase = GroupPhase::Unjoined;
        self.commits.clear();
        self.timers.clear();
        self.close_sessions(now, fx);
        self.net.shut(fx);
        self.events.push(ConsumerEvent::Closed);
    }
}
