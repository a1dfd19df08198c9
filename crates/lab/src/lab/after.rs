//! What a lab does after each event: notes go to whoever keeps them, and terminals whose program ended are freed.

use std::sync::Arc;

use kernel::{NodeId, NodeState, Stamped};
use protocol::{Note, is_internal_topic};

use super::{Lab, MarkKind};
use crate::terminal::LineKind;

impl Lab {
    pub(super) fn digest_notes(&mut self) {
        let mut notes = std::mem::take(&mut self.notes);
        self.world.swap_notes(&mut notes);
        if !notes.is_empty() {
            let verdict = self.monitors.notes(&self.world, &self.layout, &notes);
            notes.iter().for_each(|note| self.digest_note(note));
            notes.drain(..).filter(|note| is_kept(&note.note)).for_each(|note| self.history.push(note));
            if let Err(violation) = verdict {
                self.stand_still(violation);
            }
        }
        self.notes = notes;
        if self.world.ended() != self.reaped {
            self.reap();
        }
    }

    fn digest_note(&mut self, stamped: &Stamped<Note>) {
        if let Note::Output { line, is_stderr } = &stamped.note {
            let kind = if *is_stderr { LineKind::Err } else { LineKind::Out };
            if let Some(app) = self.apps.iter().rev().find(|app| app.node == stamped.node) {
                let term = app.term;
                self.write(term, kind, line.clone());
            }
            return;
        }
        // A server that ends by itself says so in its last step.
        if matches!(self.world.state(stamped.node), NodeState::Exited(_)) {
            Arc::make_mut(&mut self.since).insert(stamped.node, stamped.at);
        }
        self.metrics.note(stamped);
        self.ledger.note(stamped);
        if let Some((kind, text)) = mark_of(&stamped.note) {
            self.mark(kind, text);
        }
    }

    /// Frees terminals whose program has ended, and starts what waited for that.
    pub(super) fn reap(&mut self) {
        self.reaped = self.world.ended();
        let now = self.world.now();
        let ended: Vec<(u32, NodeId, i32)> = self
            .terminals
            .iter()
            .filter_map(|(term, t)| {
                let node = t.foreground?;
                match self.world.state(node) {
                    NodeState::Exited(code) => Some((*term, node, code)),
                    NodeState::Killed | NodeState::PoweredOff => Some((*term, node, 137)),
                    NodeState::New | NodeState::Running | NodeState::Paused => None,
                }
            })
            .collect();
        for (term, node, code) in ended {
            Arc::make_mut(&mut self.since).insert(node, now);
            let terminal = self.terminals.entry(term).or_default();
            terminal.foreground = None;
            terminal.last_exit = Some(code);
            while let Some(terminal) = self.terminals.get_mut(&term)
                && terminal.foreground.is_none()
                && let Some(pipeline) = terminal.waiting.pop_front()
            {
                self.run_pipeline(term, pipeline);
            }
            while let Some(terminal) = self.terminals.get_mut(&term)
                && terminal.foreground.is_none()
                && let Some(line) = terminal.typed_ahead.pop_front()
            {
                self.carry_out(term, &line);
            }
        }
    }
}

/// Whether the history keeps a note. Terminals keep what programs print.
fn is_kept(note: &Note) -> bool {
    !matches!(note, Note::Output { .. })
}

/// The glyph a note deserves on the timeline.
fn mark_of(note: &Note) -> Option<(MarkKind, Arc<str>)> {
    let text = match note {
        Note::LeaderElected { tp, leader, leader_epoch, previous, .. }
            if !is_internal_topic(&tp.topic) || previous.is_some() =>
        {
            let leader = if leader.is_some() { leader.to_string() } else { "none".into() };
            return Some((MarkKind::Leader, format!("{tp}: leader {leader}, epoch {leader_epoch}").into()));
        }
        Note::IsrChanged { tp, isr, .. } => {
            let isr: Vec<String> = isr.iter().map(ToString::to_string).collect();
            return Some((MarkKind::Isr, format!("{tp}: ISR {}", isr.join(",")).into()));
        }
        Note::GroupState { group, state, generation, .. } => {
            if *state != "PreparingRebalance" && *state != "Stable" {
                return None;
            }
            format!("{group}: {state}, generation {generation}")
        }
        Note::Truncated { tp, broker, from, to } => {
            return Some((MarkKind::Truncation, format!("{tp} on broker {broker}: {to}..{from} cut off").into()));
        }
        Note::BrokerFenced { broker, fenced } => {
            let what = if *fenced { "fenced" } else { "unfenced" };
            return Some((MarkKind::Process, format!("broker {broker} {what}").into()));
        }
        _ => return None,
    };
    Some((MarkKind::Rebalance, text.into()))
}
