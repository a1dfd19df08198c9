//! Records of format v2, with Kafka's exact sizes (`DefaultRecord`).

use std::sync::Arc;

use crate::hashing::content_hash;
use crate::varint::varint_size;

/// An upper bound of a record's own overhead (`MAX_RECORD_OVERHEAD`): its length, attributes, timestamp and offset.
pub const RECORD_OVERHEAD_MAX: u32 = 21;

/// A header of a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// Never null.
    pub key: Arc<str>,
    /// May be null.
    pub value: Option<Arc<[u8]>>,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Record {
    /// Its offset minus the batch's base offset.
    pub offset_delta: i32,
    /// CreateTime in ms since the epoch; −1 if none.
    pub timestamp_ms: i64,
    /// The key, or null. An empty key is not null.
    pub key: Option<Arc<[u8]>>,
    /// The value, or null (a tombstone in compacted topics).
    pub value: Option<Arc<[u8]>>,
    /// Headers, in order.
    pub headers: Vec<Header>,
}

impl Record {
    /// A record with a key and a value and no headers.
    pub fn new(timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
        Record { timestamp_ms, key: key.map(Into::into), value: value.map(Into::into), ..Record::default() }
    }

    /// Its bytes within a batch whose base timestamp is `base_timestamp_ms`.
    pub fn size_in_bytes(&self, base_timestamp_ms: i64) -> u32 {
        self.size_at(self.offset_delta, base_timestamp_ms)
    }

    /// Its bytes at another place of the batch.
    pub fn size_at(&self, offset_delta: i32, base_timestamp_ms: i64) -> u32 {
        let body = 1
            + varint_size(self.timestamp_ms - base_timestamp_ms)
            + varint_size(i64::from(offset_delta))
            + bytes_field(self.key.as_deref())
            + bytes_field(self.value.as_deref())
            + varint_size(self.headers.len() as i64)
            + self.headers.iter().map(Header::size_in_bytes).sum::<usize>();
        (body + varint_size(body as i64)) as u32
    }

    /// The largest size this record can have in any batch (`AbstractRecords#estimateSizeInBytesUpperBound`
    /// without the batch header).
    pub fn size_upper_bound(&self) -> u32 {
        let headers = self.headers.iter().map(Header::size_in_bytes).sum::<usize>();
        let count = varint_size(self.headers.len() as i64);
        let fields = bytes_field(self.key.as_deref()) + bytes_field(self.value.as_deref()) + count + headers;
        RECORD_OVERHEAD_MAX + fields as u32
    }

    /// A hash of it, after what came before: the same on every target.
    pub(crate) fn fingerprint(&self, before: u64) -> u64 {
        let maybe = |hash, bytes: Option<&[u8]>| bytes.map_or(hash_number(hash, -1), |bytes| content_hash(hash, bytes));
        let hash = hash_number(hash_number(before, self.offset_delta.into()), self.timestamp_ms);
        let hash = maybe(maybe(hash, self.key.as_deref()), self.value.as_deref());
        self.headers.iter().fold(hash_number(hash, self.headers.len() as i64), |hash, header| {
            maybe(content_hash(hash, header.key.as_bytes()), header.value.as_deref())
        })
    }
}

impl Header {
    fn size_in_bytes(&self) -> usize {
        varint_size(self.key.len() as i64) + self.key.len() + bytes_field(self.value.as_deref())
    }
}

/// The next place in a batch whose number takes a byte more than that of `place`.
pub fn next_longer_place(place: usize) -> usize {
    1 << (7 * varint_size(place as i64) - 1)
}

fn bytes_field(bytes: Option<&[u8]>) -> usize {
    match bytes {
        None => 1,
        Some(bytes) => varint_size(bytes.len() as i64) + bytes.len(),
    }
}

pub(crate) fn hash_number(hash: u64, n: i64) -> u64 {
    content_hash(hash, &n.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &str, value: Option<&[u8]>) -> Header {
        Header { key: key.into(), value: value.map(Into::into) }
    }

    /// Each row counted by hand: length, attributes, timestamp delta, offset delta, key, value, headers.
    #[test]
    fn a_record_takes_the_bytes_of_its_fields() {
        let size = |timestamp_ms: i64, offset_delta, key: Option<&[u8]>, value: Option<&[u8]>, headers: Vec<Header>| {
            let record = Record { offset_delta, headers, ..Record::new(timestamp_ms, key, value) };
            record.size_in_bytes(1_000)
        };
        assert_eq!(size(1_000, 0, None, None, vec![]), 7, "null is a length of -1");
        assert_eq!(size(1_000, 0, Some(b""), Some(b""), vec![]), 7, "and empty one of 0");
        assert_eq!(size(1_000, 0, Some(b"k"), Some(b"val"), vec![]), 11);
        assert_eq!(size(1_064, 0, None, None, vec![]), 8, "a timestamp 64 ms later takes two bytes");
        assert_eq!(size(936, 0, None, None, vec![]), 7, "and one 64 ms earlier takes one");
        assert_eq!(size(1_000, 64, None, None, vec![]), 8);
        assert_eq!(size(1_000, 0, None, Some(&[0; 56]), vec![]), 1 + 62);
        assert_eq!(size(1_000, 0, None, Some(&[0; 57]), vec![]), 1 + 63);
        assert_eq!(
            size(1_000, 0, None, Some(&[0; 58]), vec![]),
            2 + 64,
            "the length itself takes two bytes from 64 on"
        );
        assert_eq!(size(1_000, 0, None, None, vec![header("h", Some(b"xy"))]), 7 + 5);
        assert_eq!(size(1_000, 0, None, None, vec![header("h", None), header("", None)]), 7 + 3 + 2);
    }

    /// Kafka 4.3.1 calls a value of 24 bytes one of 109 bytes, batch header included.
    #[test]
    fn the_upper_bound_counts_headers_even_where_there_are_none() {
        assert_eq!(Record::new(0, None, Some(&[0; 24])).size_upper_bound() + 61, 109);
        let mut record = Record::new(i64::MAX, Some(b"k"), Some(b"v"));
        record.headers.push(header("h", None));
        assert_eq!(record.size_upper_bound(), 21 + 2 + 2 + 1 + 3);
        assert!(record.size_at(i32::MAX, 0) <= record.size_upper_bound());
    }
}
