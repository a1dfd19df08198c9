//! What a step of the coordinator may use and where it puts its effects.

use protocol::{MemberId, Note, Record, Response};

use crate::{GroupConfig, GroupTimer, Outcome, ReplyTo, pending::Then};

/// Effects of the step that runs.
pub(crate) struct Context {
    /// The time of deadlines, which no wrong clock moves (`Time#hiResClockMs`).
    pub(crate) now_ms: i64,
    /// The time that is written down, by the host's clock.
    pub(crate) wall_ms: i64,
    pub(crate) config: GroupConfig,
    pub(crate) out: Outcome,
    pub(crate) writes: Vec<(Vec<Record>, Then)>,
    pub(crate) after_writes: Vec<(ReplyTo, Response)>,
}

impl Context {
    pub(crate) fn new(now_ms: i64, wall_ms: i64, config: GroupConfig) -> Context {
        Context { now_ms, wall_ms, config, out: Outcome::default(), writes: Vec::new(), after_writes: Vec::new() }
    }
    pub(crate) fn reply(&mut self, to: ReplyTo, response: impl Into<Response>) {
        self.out.replies.push((to, response.into()));
    }
    /// Answers once every write so far is through, at once if none is on its way (`CoordinatorRuntime`: a write
    /// operation without records waits for the one before it).
    pub(crate) fn reply_after_writes(&mut self, to: ReplyTo, response: impl Into<Response>) {
        self.after_writes.push((to, response.into()));
    }
    pub(crate) fn note(&mut self, note: Note) {
        self.out.notes.push(note);
    }
    /// Sets a timer; what this step said of it before is void.
    pub(crate) fn arm(&mut self, due_ms: i64, timer: GroupTimer) {
        self.forget(&timer);
        self.out.arm.push((due_ms, timer));
    }
    pub(crate) fn cancel(&mut self, timer: GroupTimer) {
        self.forget(&timer);
        self.out.cancel.push(timer);
    }
    pub(crate) fn write(&mut self, records: Vec<Record>, then: Then) {
        if !records.is_empty() {
            self.writes.push((records, then));
        }
    }
    fn forget(&mut self, timer: &GroupTimer) {
        self.out.arm.retain(|(_, t)| t != timer);
        self.out.cancel.retain(|t| t != timer);
    }
}

/// No member id (`UNKNOWN_MEMBER_ID` of JoinGroupRequest, the empty text).
pub(crate) fn no_member() -> MemberId {
    "".into()
}
