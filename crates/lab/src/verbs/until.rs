//! `sim until 90s`: runs to a moment of the run's clock.

use crate::lab::BOOT;

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "until",
    usage: "until TIME    (90s after the start of the run)",
    summary: "Runs to that moment of the clock; back in time is a seek, which the page and `kafkasim` do.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let at = BOOT + call.span()?;
    if at < call.lab.now() {
        return Err(format!("that moment is past: the clock shows {}", crate::units::format_duration(call.lab.clock())));
    }
    call.lab.run_until(at);
    Ok(String::new())
}
