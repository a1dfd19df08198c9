//! What a producer is given to send: a record, or a run of them that stays one as long as it can.

use protocol::{Record, Run};

/// A record, or some in a row.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Payload {
    One(Record),
    Run(Run),
}

impl Payload {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Payload::One(_) => 1,
            Payload::Run(run) => run.count,
        }
    }
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match self {
            Payload::One(record) => record.key.as_deref(),
            Payload::Run(_) => None,
        }
    }
    /// Bytes of the key and of the value of each; none for null.
    pub(crate) fn lens(&self) -> (Option<usize>, Option<usize>) {
        let len = |bytes: Option<&[u8]>| bytes.map(<[u8]>::len);
        match self {
            Payload::One(record) => (len(record.key.as_deref()), len(record.value.as_deref())),
            Payload::Run(run) => (None, Some(run.value_len as usize)),
        }
    }
    pub(crate) fn timestamp_ms(&self) -> i64 {
        match self {
            Payload::One(record) => record.timestamp_ms,
            Payload::Run(run) => run.timestamp_ms,
        }
    }
    /// Gives them their time.
    pub(crate) fn stamp(&mut self, timestamp_ms: i64) {
        match self {
            Payload::One(record) => record.timestamp_ms = timestamp_ms,
            Payload::Run(run) => run.timestamp_ms = timestamp_ms,
        }
    }
    /// An upper bound of the size of each in a batch.
    pub(crate) fn record_bytes_max(&self) -> u32 {
        match self {
            Payload::One(record) => record.size_upper_bound(),
            Payload::Run(run) => run.size_upper_bound(),
        }
    }
    /// Bytes of the first of them in a batch, at a place there.
    pub(crate) fn record_bytes(&self, place: usize, base_timestamp_ms: i64) -> u32 {
        match self {
            Payload::One(record) => record.size_at(place as i32, base_timestamp_ms),
            Payload::Run(run) => run.record_size(place as i32, base_timestamp_ms),
        }
    }
    /// The first `count` of them; none of nothing.
    pub(crate) fn head(&self, count: u32) -> Option<Payload> {
        match self {
            Payload::One(record) => (count > 0).then(|| Payload::One(record.clone())),
            Payload::Run(run) => Some(run.split(count).0).filter(|run| run.count > 0).map(Payload::Run),
        }
    }
    /// All but the first `count` of them; none of nothing.
    pub(crate) fn rest(self, count: u32) -> Option<Payload> {
        match self {
            Payload::One(_) => (count == 0).then_some(self),
            Payload::Run(run) => Some(run.split(count).1).filter(|run| run.count > 0).map(Payload::Run),
        }
    }
    /// The records one by one, drawn if they have to be.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        (0..self.count()).map(|n| match self {
            Payload::One(record) => record.clone(),
            Payload::Run(run) => run.record(n),
        })
    }
}
