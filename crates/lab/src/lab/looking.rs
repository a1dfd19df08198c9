//! What there is to see of a lab.

use std::sync::Arc;

use cluster::Served;
use kernel::{Duration, NodeId, Time, World};
use ordered::SortedMap;
use protocol::BrokerId;

use super::{App, BOOT, Lab, Logged, Mark};
use crate::Actor;
use crate::history::History;
use crate::invariants::Violation;
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::metrics::{Metrics, Second};
use crate::scenario::Scenario;
use crate::terminal::Terminal;

impl Lab {
    /// What the run started from.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }
    /// The world, to look at.
    pub fn world(&self) -> &World<Actor> {
        &self.world
    }
    /// Which node is which.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
    /// The virtual time, boot included.
    pub fn now(&self) -> Time {
        self.world.now()
    }
    /// The virtual time as users see it: since the run began.
    pub fn clock(&self) -> Duration {
        self.world.now().since(BOOT)
    }
    /// Events run so far.
    pub fn events(&self) -> u64 {
        self.world.events()
    }
    /// Terminals by number.
    pub fn terminals(&self) -> &SortedMap<u32, Terminal> {
        &self.terminals
    }
    /// Makes sure terminal `term` exists.
    pub fn open_terminal(&mut self, term: u32) {
        self.terminals.entry(term).or_default();
    }
    /// Programs that were started, in order.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }
    /// When a process last changed its state.
    pub fn since(&self, node: NodeId) -> Time {
        self.since.get(&node).copied().unwrap_or(Time::ZERO)
    }
    /// The commands that were given, in order.
    pub fn log(&self) -> &[Logged] {
        &self.log
    }
    /// The notes so far.
    pub fn history(&self) -> &History {
        &self.history
    }
    /// Rates and levels over time.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
    /// The second under way, as far as only brokers' own meters know of it.
    pub fn second_under_way(&self) -> Second {
        let new = self.metrics.unseen(self.served());
        Second { bytes_out: new.to_clients, replication_bytes_out: new.to_followers, ..Second::default() }
    }
    /// What all brokers have sent so far.
    pub(super) fn served(&self) -> Served {
        let brokers = self.layout.brokers.values().filter_map(|node| self.world.machine(*node).kafka()?.broker());
        brokers.map(|broker| broker.served()).fold(Served::default(), |sum, one| Served {
            to_clients: sum.to_clients + one.to_clients,
            to_followers: sum.to_followers + one.to_followers,
        })
    }
    /// What producers were promised and consumers got.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    /// Moments worth a glyph, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
    /// Brokers whose hosts lost power, in order.
    pub fn without_power(&self) -> &[BrokerId] {
        &self.without_power
    }
    /// The invariant that broke; the lab stands still then.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
    /// Files programs can read: those of the scenario, and what programs have written by now, in the order they were started.
    pub fn files(&self) -> Arc<shell::Files> {
        let mut files = self.files.clone();
        for app in self.apps.iter() {
            let written = self.world.machine(app.node).app().map_or(&[][..], shell::AppProcess::written);
            for file in written {
                let before = files.get(&file.path).filter(|_| file.append).cloned().unwrap_or_default();
                Arc::make_mut(&mut files).insert(&file.path, format!("{before}{}", file.text));
            }
        }
        files
    }
    /// A digest of the whole run so far, equal on every target.
    pub fn digest(&self) -> u64 {
        self.world.digest()
    }
}
