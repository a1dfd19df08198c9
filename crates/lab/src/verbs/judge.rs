//! `sim judge`: what the clients saw, and whether the cluster has converged.

use crate::judge::{self, Verdict};

use super::{Call, Verb};

pub(super) const VERB: Verb = Verb {
    name: "judge",
    usage: "judge",
    summary: "Checks the clients' history for anomalies and that what runs has converged; if not, all stands still.",
    only_moves_time: false,
    act,
};

fn act(call: Call<'_>) -> Result<String, String> {
    let verdict = judge::judge(call.lab);
    let answer = verdict.to_string();
    if let Verdict::Broken(finding) = verdict {
        let violation = finding.into_violation(call.lab);
        call.lab.stand_still(violation);
    }
    Ok(answer)
}
