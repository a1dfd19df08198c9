//! Reading (`LocalLog#read`, `LogSegment#read`).

use protocol::{Batch, ErrorCode};

use crate::log::Log;
use crate::segment::Segment;

/// Batches that most reads find at most.
const READ_BATCHES: usize = 4;

impl Log {
    /// Whole batches from the one that holds `from` up to the offset `bound` (exclusive), at most `max_bytes` of them, from
    /// one segment. With `min_one_message` the first batch comes even if it is larger. The first batch may start before
    /// `from`. `from` above the log end or below the log start is OFFSET_OUT_OF_RANGE; at the bound there is nothing.
    pub fn read(&self, from: i64, bound: i64, max_bytes: u32, min_one_message: bool) -> Result<Vec<Batch>, ErrorCode> {
        if from < self.log_start || from > self.log_end {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if from >= bound {
            return Ok(Vec::new());
        }
        protocol::gap!(
            "answers to fetches that end with part of a batch, because no more may be sent",
            "LogSegment#read"
        );
        let mut found = Vec::with_capacity(READ_BATCHES);
        let mut room = u64::from(max_bytes);
        for index in self.segment_index_of(from).. {
            let Some(segment) = self.segment_at(index) else { break };
            for batch in segment.batches_from(from).take_while(|batch| batch.last_offset() < bound) {
                let size = u64::from(batch.size_in_bytes());
                let must = min_one_message && found.is_empty();
                if size > room && !must {
                    return Ok(found);
                }
                room = room.saturating_sub(size);
                found.push(batch.clone());
            }
            if !found.is_empty() || segment.next_offset() >= bound {
                break;
            }
        }
        Ok(found)
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
