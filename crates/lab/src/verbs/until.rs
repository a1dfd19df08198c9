//! `sim until 90s`: runs to a moment of the run's clock, or until a condition holds.

use kernel::{Duration, Time};

use super::{Call, Verb};
use crate::facts::{Condition, Truth};
use crate::lab::{BOOT, Lab};

pub(super) const VERB: Verb = Verb {
    name: "until",
    usage: "until TIME | CONDITION   (90s;  leader(\"orders\", 0) == 2)",
    summary: "Runs to that moment of the clock, or until a condition of facts holds; back in time is a seek, which the page and `kafkasim` do.",
    only_moves_time: true,
    act,
};

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

fn act(call: Call<'_>) -> Result<String, String> {
    if Condition::is_meant(call.rest) {
        let awaited = Awaited::parse(call.rest, call.lab)?;
        let holds = call.lab.run_until_pred(awaited.limit, |lab| awaited.condition.holds(lab));
        return awaited.told(holds);
    }
    let at = BOOT + call.span()?;
    if at < call.lab.now() {
        return Err(format!("that moment is past: the clock shows {}", crate::units::format_duration(call.lab.clock())));
    }
    call.lab.run_until(at);
    Ok(String::new())
}

/// A condition that is run to.
pub(crate) struct Awaited {
    pub(crate) condition: Condition,
    /// After that it is given up.
    pub(crate) limit: Time,
}

impl Awaited {
    pub(crate) fn parse(text: &str, lab: &Lab) -> Result<Awaited, String> {
        let condition = Condition::parse(text).map_err(|error| error.to_string())?;
        match condition.truth(lab) {
            Truth::Never(why) | Truth::Untold(why) => Err(why),
            Truth::Yes | Truth::No => Ok(Awaited { condition, limit: lab.now() + PATIENCE }),
        }
    }

    /// What is said of it in the end.
    pub(crate) fn told(&self, holds: bool) -> Result<String, String> {
        if holds { Ok(String::new()) } else { Err(format!("{}: not in ten minutes", self.condition)) }
    }
}
