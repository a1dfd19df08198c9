//! A lab as a link, and back: scenario, command log and playhead, met by a digest.

use std::sync::Arc;

use kernel::Time;

use super::{Lab, Logged};
use crate::link::{Saved, SavedCommand};
use crate::scenario::{Scenario, ScenarioError};

/// Where a run stands. Cheap to keep, so that a link can be made when there is nothing else left of the run.
#[derive(Clone, Debug)]
pub struct Place {
    scenario: Arc<Scenario>,
    log: Arc<Vec<Logged>>,
    event: u64,
    at: Time,
}

impl Place {
    /// The run up to here, to be packed into a link that does not say which digest its replay has.
    pub fn save(&self) -> Saved {
        let log = self.log.iter().map(|c| SavedCommand(c.event, c.at.as_nanos(), c.term, c.text.to_string()));
        Saved {
            v: 1,
            engine: env!("CARGO_PKG_VERSION").into(),
            scenario: (*self.scenario).clone(),
            log: log.collect(),
            event: self.event,
            at_ns: self.at.as_nanos(),
            digest: String::new(),
        }
    }
}

impl Lab {
    /// Where the run stands, without a digest.
    pub fn place(&self) -> Place {
        Place { scenario: self.scenario.clone(), log: self.log.clone(), event: self.events(), at: self.now() }
    }

    /// The run up to now, to be packed into a link.
    pub fn save(&self) -> Saved {
        Saved { digest: format!("{:016x}", self.digest()), ..self.place().save() }
    }

    /// A link that reproduces this very moment.
    pub fn link(&self) -> String {
        self.save().pack()
    }

    /// The run a link holds, replayed to its playhead.
    ///
    /// # Errors
    /// If the scenario cannot be used, or the replay does not meet the link's digest: the link was then made
    /// by a kafkasim that behaves differently.
    pub fn replay(saved: &Saved) -> Result<Lab, ReplayError> {
        let mut lab = Lab::new(&saved.scenario).map_err(ReplayError::Scenario)?;
        for SavedCommand(event, at_ns, term, text) in &saved.log {
            lab.run_to(*event, Time::from_nanos(*at_ns));
            lab.command(*term, text);
        }
        lab.run_to(saved.event, Time::from_nanos(saved.at_ns));
        let digest = format!("{:016x}", lab.digest());
        match saved.is_met_by(&digest) {
            true => Ok(lab),
            false => Err(ReplayError::Digest {
                wanted: saved.digest.clone(),
                got: digest,
                engine: saved.engine.clone(),
                lab: Box::new(lab),
            }),
        }
    }
}

/// Why a link could not be replayed.
#[derive(Clone)]
pub enum ReplayError {
    /// Its scenario cannot be used.
    Scenario(ScenarioError),
    /// The replay ended in another state.
    Digest {
        /// The digest in the link.
        wanted: String,
        /// The digest of the replay.
        got: String,
        /// The engine that made the link.
        engine: String,
        /// The replay all the same.
        lab: Box<Lab>,
    },
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplayError::Scenario(error) => error.fmt(f),
            ReplayError::Digest { wanted, got, engine, .. } => write!(
                f,
                "the replay ended with digest {got}, and the link says {wanted}: it was made by kafkasim {engine}, and this is {}",
                env!("CARGO_PKG_VERSION")
            ),
        }
    }
}
