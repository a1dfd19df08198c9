//! The records of a batch that is being filled, with what their sender calls them.

use ordered::Few;
use protocol::batch::ProducerStamp;
use protocol::note::{Values, value_hash};
use protocol::{Batch, Record, Run};

use super::payload::Payload;

/// Records in the order they were sent: one by one, or in runs, with the handle of the (first) one.
#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct Entries {
    pieces: Few<(u64, Payload)>,
    count: u32,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
    pub(crate) fn pieces(&self) -> impl ExactSizeIterator<Item = (u64, &Payload)> {
        self.pieces.iter().map(|(handle, payload)| (*handle, payload))
    }
    /// What timestamps in the batch are written relative to, if `payload` were next.
    pub(crate) fn base_timestamp_ms(&self, payload: &Payload) -> i64 {
        self.pieces.first().map_or(payload, |(_, first)| first).timestamp_ms()
    }
    pub(crate) fn push(&mut self, handle: u64, payload: Payload) {
        self.count += payload.count();
        self.pieces.push((handle, payload));
    }
    /// The records one by one, drawn if they have to be.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u64, Record)> {
        self.pieces().flat_map(|(handle, payload)| (handle..).zip(payload.records()))
    }
    /// An upper bound of the largest record's size.
    pub(crate) fn largest(&self) -> u32 {
        self.pieces().map(|(_, payload)| payload.record_bytes_max()).max().unwrap_or(0)
    }
    /// The runs, if there is nothing else.
    fn runs(&self) -> Option<Few<Run>> {
        let mut runs = Few::with_capacity(self.pieces.len());
        for (_, payload) in self.pieces.iter() {
            let Payload::Run(run) = payload else { return None };
            runs.push(*run);
        }
        Some(runs)
    }
    /// Something of each record, in a list that has no room to spare: logs and histories keep it.
    fn list<T>(&self, of: impl Fn(Record) -> T) -> Vec<T> {
        let mut list = Vec::with_capacity(self.len());
        list.extend(self.each().map(|(_, record)| of(record)));
        list
    }
    /// The batch they make. Runs stay runs unless other records are between them.
    pub(crate) fn seal(&self, stamp: ProducerStamp) -> Batch {
        match self.runs() {
            Some(runs) => Batch::of_runs(runs, stamp),
            None => Batch::new(self.list(|record| record), stamp),
        }
    }
    /// What tells their values from others, as that batch has it.
    pub(crate) fn values(&self) -> Values {
        match self.runs() {
            Some(runs) => Values::Drawn(runs),
            None => Values::Each(self.list(|record| value_hash(record.value.as_deref())).into()),
        }
    }
}
