//! `sim digest`: proves that two runs are the same.

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "digest",
    usage: "digest",
    summary: "Prints the digest of the run so far; equal digests mean equal runs.",
    only_moves_time: true,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    Ok(format!("{:016x}", call.lab.digest()))
}
