//! `sim panic`: a fault of the simulator itself, for those who embed it, and for tests of what then happens.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "panic",
    usage: "panic",
    summary: "Makes the simulator itself fail, to see what is shown then and what can be saved.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    panic!("`sim panic` was typed in terminal {}", call.term)
}
