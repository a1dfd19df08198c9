//! What the trace keeps of a message once it has arrived: its kind, its outcome and how much it carried.

use protocol::api::{APIS, ApiKey};
use protocol::{Batch, ErrorCode, Message, Request, Response};

/// A message in a few bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its API.
    pub api: ApiKey,
    /// Whether it is an answer.
    pub is_response: bool,
    /// Whether it brings records of the metadata log.
    pub is_metadata: bool,
    /// The first error in it; of the APIs that answer with one and are told of on the stage.
    pub error: ErrorCode,
    /// Records in it, at most 2^24 − 1.
    pub records: u32,
}

const RECORDS_MAX: u32 = (1 << 24) - 1;

impl Tag {
    /// The tag of a message.
    pub fn of(message: &Message) -> Tag {
        let (is_response, is_metadata, error, records) = match message {
            Message::Request { request: Request::Produce(produce), .. } => {
                (false, false, ErrorCode::None, produce.partitions.iter().map(|p| p.batch.count()).sum())
            }
            Message::Request { .. } => (false, false, ErrorCode::None, 0),
            Message::Response { response, .. } => {
                let (error, records, is_metadata) = outcome(response);
                (true, is_metadata, error, records)
            }
        };
        Tag { api: message.api(), is_response, is_metadata, error, records: records.min(RECORDS_MAX) }
    }

    /// As a number: api (8 bits), response, metadata, error (16 bits), records (24 bits).
    pub fn pack(self) -> u64 {
        let flags = u64::from(self.is_response) << 8 | u64::from(self.is_metadata) << 9;
        let error = u64::from(self.error as i16 as u16) << 10;
        u64::from(self.api as i16 as u8) | flags | error | u64::from(self.records) << 26
    }

    /// The tag in a number that [`Tag::pack`] made.
    pub fn unpack(tag: u64) -> Option<Tag> {
        let number = (tag & 0xff) as i16;
        let error = (tag >> 10) as u16 as i16;
        Some(Tag {
            api: APIS.iter().find(|api| api.number == number)?.key,
            is_response: tag >> 8 & 1 == 1,
            is_metadata: tag >> 9 & 1 == 1,
            error: ErrorCode::ALL.iter().copied().find(|e| *e as i16 == error).unwrap_or_default(),
            records: (tag >> 26) as u32 & RECORDS_MAX,
        })
    }
}

/// The error, the records, and whether they are metadata.
fn outcome(response: &Response) -> (ErrorCode, u32, bool) {
    fn first(mut errors: impl Iterator<Item = ErrorCode>) -> ErrorCode {
        errors.find(|e| !e.is_ok()).unwrap_or_default()
    }
    match response {
        Response::Produce(produce) => (first(produce.partitions.iter().map(|p| p.error)), 0, false),
        Response::Fetch(fetch) => {
            let own = std::iter::once(fetch.error);
            let error = first(fetch.partitions.iter().map(|p| p.error).chain(own));
            let records: u32 = fetch.partitions.iter().flat_map(|p| &p.batches).map(Batch::count).sum();
            let metadata: usize = fetch.partitions.iter().flat_map(|p| &p.metadata).map(|b| b.records.len()).sum();
            (error, records + metadata as u32, metadata > 0)
        }
        Response::AlterPartition(alter) => {
            let own = std::iter::once(alter.error);
            (first(alter.partitions.iter().map(|p| p.error).chain(own)), 0, false)
        }
        Response::JoinGroup(join) => (join.error, 0, false),
        Response::SyncGroup(sync) => (sync.error, 0, false),
        Response::Heartbeat(beat) => (beat.error, 0, false),
        Response::Vote(vote) => (vote.error, 0, false),
        Response::BrokerHeartbeat(beat) => (beat.error, 0, false),
        _ => (ErrorCode::None, 0, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        for api in APIS {
            for error in [ErrorCode::None, ErrorCode::UnknownServerError, ErrorCode::NotEnoughReplicas] {
                let tag = Tag { api: api.key, is_response: true, is_metadata: api.number == 1, error, records: 70_000 };
                assert_eq!(Tag::unpack(tag.pack()), Some(tag));
            }
        }
    }
}
