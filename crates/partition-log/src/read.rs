//! Reading (`LocalLog#read`, `LogSegment#read`).

use protocol::{Batch, ErrorCode};

use crate::log::Log;
use crate::segment::Segment;

/// Batches that most reads find at most.
const READ_BATCHES: usize = 4;

/// What a read found (`FetchDataInfo`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Whole batches.
    pub batches: Vec<Batch>,
    /// Bytes of the batch after them: its beginning, as much as may be read yet. Who gets that throws it away.
    pub cut_bytes: u32,
}

impl Log {
    /// Batches from the one that holds `from` up to the offset `bound` (exclusive), from one segment: `max_bytes` of them, so that the
    /// last may be cut anywhere. With `min_one_message` the first batch comes whole even if it is larger; else nothing comes if it is
    /// (`LogSegment#read`, `ReplicaManager#readFromLog`). The first batch may start before `from`. `from` above the log end or below the
    /// log start is OFFSET_OUT_OF_RANGE; at the bound there is nothing.
    pub fn read(&self, from: i64, bound: i64, max_bytes: u32, min_one_message: bool) -> Result<Found, ErrorCode> {
        if from < self.log_start || from > self.log_end {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if from >= bound {
            return Ok(Found::default());
        }
        let mut found = Found { batches: Vec::with_capacity(READ_BATCHES), cut_bytes: 0 };
        let mut room = max_bytes;
        for index in self.segment_index_of(from).. {
            let Some(segment) = self.segment_at(index) else { break };
            for batch in segment.batches_from(from).take_while(|batch| batch.last_offset() < bound) {
                let size = batch.size_in_bytes();
                let is_first = found.batches.is_empty();
                if size > room && !(is_first && min_one_message) {
                    found.cut_bytes = if is_first { 0 } else { room };
                    return Ok(found);
                }
                room = room.saturating_sub(size);
                found.batches.push(batch.clone());
            }
            if !found.batches.is_empty() || segment.next_offset() >= bound {
                break;
            }
        }
        Ok(found)
    }

    /// Bytes from the batch that holds `from` up to the offset `bound` (exclusive), of the segment in which that ends
    /// (`LogOffsetMetadata#positionDiff`).
    pub fn bytes_between(&self, from: i64, bound: i64) -> u32 {
        let segment = self.segment_at(self.segment_index_of(bound - 1));
        segment.map_or(0, |segment| segment.position_of(bound).saturating_sub(segment.position_of(from)))
    }

    /// Where the segment begins that `offset` would be in.
    pub fn segment_base(&self, offset: i64) -> i64 {
        self.segment_at(self.segment_index_of(offset)).map_or(self.log_start, Segment::base_offset)
    }

    /// Every batch from the one that holds `offset` on, or from the next one.
    pub fn batches_from(&self, offset: i64) -> impl Iterator<Item = &Batch> {
        let index = self.segment_index_of(offset);
        let first = self.segment_at(index).expect("there is always one");
        let rest = (index + 1..self.segment_count()).filter_map(|index| self.segment_at(index));
        first.batches_from(offset).chain(rest.flat_map(move |segment| segment.batches_from(offset)))
    }

    /// Index of the segment that `offset` would be in.
    pub(crate) fn segment_index_of(&self, offset: i64) -> usize {
        if offset >= self.active.base_offset() {
            return self.closed.len();
        }
        self.closed.partition_point(|segment| segment.base_offset() <= offset).saturating_sub(1)
    }
}
