//! The judgement at the end of a run (`sim judge`): the history its clients saw has no anomaly, and what runs has
//! converged. The first is Jepsen's Kafka checker in small, with its names; the second is the liveness phase of
//! TigerBeetle's VOPR, excuses included.

mod anomalies;
mod converge;
mod excuses;
mod forgotten;
mod logs;

use std::fmt;

use crate::Lab;
use crate::invariants::{InvariantInfo, Violation};

pub(crate) use converge::obstacles;

/// Everything a judgement can find, beside the invariants that are checked all along.
pub const ANOMALIES: &[InvariantInfo] = &[
    anomalies::INCONSISTENT_OFFSETS,
    anomalies::NONMONOTONIC_POLL,
    anomalies::POLL_SKIP,
    anomalies::LOST_WRITE,
    logs::DUPLICATE,
    logs::NONMONOTONIC_SEND,
    LIVENESS,
];

pub(crate) const LIVENESS: InvariantInfo = InvariantInfo {
    id: "liveness",
    doc: "What runs converges once nothing disturbs it: partitions led, ISRs full, consumers at the end.",
    source: "TigerBeetle VOPR, liveness mode; Jepsen, final polls",
};

/// What is wrong: which claim, and what contradicts it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    claim: InvariantInfo,
    evidence: String,
    /// [`Violation::about`].
    about: String,
}

/// A judgement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Nothing is wrong. What kept the cluster from converging, if something excusable did.
    Well(Vec<String>),
    /// Something is.
    Broken(Finding),
}

impl Finding {
    fn new(claim: InvariantInfo, evidence: String) -> Finding {
        Finding { claim, evidence, about: String::new() }
    }

    /// The violation it is at this moment of a run.
    pub(crate) fn into_violation(self, lab: &Lab) -> Violation {
        let InvariantInfo { id, doc, .. } = self.claim;
        let Finding { evidence, about, .. } = self;
        Violation { invariant: id, claim: doc, evidence, about, event: lab.events(), at: lab.now() }
    }
}

/// Judges a run as it stands.
pub(crate) fn judge(lab: &Lab) -> Verdict {
    let excuses = excuses::Excuses::of(lab);
    if let Err(finding) = anomalies::check(lab, &excuses).and_then(|()| logs::check(lab, &excuses)) {
        return Verdict::Broken(finding);
    }
    let obstacles = obstacles(lab);
    let (excused, inexcusable): (Vec<_>, Vec<_>) = obstacles.into_iter().partition(|obstacle| obstacle.is_excused);
    match inexcusable.first() {
        None => Verdict::Well(excused.iter().map(ToString::to_string).collect()),
        Some(first) => {
            let more =
                if inexcusable.len() > 1 { format!(" (and {} more)", inexcusable.len() - 1) } else { String::new() };
            Verdict::Broken(Finding { claim: LIVENESS, evidence: format!("{first}{more}"), about: first.about.clone() })
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Well(excused) if excused.is_empty() => write!(f, "no anomaly, and all has converged"),
            Verdict::Well(excused) => write!(f, "no anomaly; not converged, which is excused: {}", excused.join("; ")),
            Verdict::Broken(finding) => write!(f, "{}: {}", finding.claim.id, finding.evidence),
        }
    }
}
