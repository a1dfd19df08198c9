//! What a leader and a follower let in (`UnifiedLog#append`, `LogValidator`).
//!
//! Checks that need every record run only when the batch's header cannot rule them out.

use protocol::{Batch, ErrorCode, Plant};

use crate::log::Log;

/// What an append did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Appended {
    /// Offset of the first record.
    pub base: i64,
    /// Offset of the last record.
    pub last: i64,
    /// The broker's time if the topic stamps it; −1 for CreateTime; of a duplicate, the largest timestamp of the first copy.
    pub log_append_time_ms: i64,
    /// The base offset of the batch this one repeats: nothing was written, `base` and `last` are that batch's.
    pub duplicate_of: Option<i64>,
    /// Base offset of the segment that was started for it.
    pub rolled: Option<i64>,
}

/// Why an append was refused. Nothing was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppendError {
    /// What the client is told.
    pub code: ErrorCode,
    /// The exception's message.
    pub message: String,
    /// The records at fault, if single records are.
    pub record_errors: Vec<RecordError>,
}

/// A record at fault.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RecordError {
    /// Its index in the batch.
    pub batch_index: i32,
    /// What is wrong with it.
    pub message: String,
}

impl AppendError {
    pub(crate) fn new(code: ErrorCode, message: String) -> AppendError {
        AppendError { code, message, record_errors: Vec::new() }
    }
}

impl From<ErrorCode> for AppendError {
    fn from(code: ErrorCode) -> AppendError {
        AppendError::new(code, code.message().to_owned())
    }
}

impl std::fmt::Display for AppendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
impl std::error::Error for AppendError {}

/// Where an append comes from (`AppendOrigin`); followers have their own path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Client,
    Coordinator,
}

impl Log {
    /// Appends a client's batch at the log end, as the leader of `leader_epoch`.
    pub fn append_as_leader(&mut self, batch: &Batch, leader_epoch: i32, now_ms: i64) -> Result<Appended, AppendError> {
        self.append(batch, leader_epoch, now_ms, Origin::Client)
    }

    /// Appends a batch of a group or transaction coordinator, or of Raft: may be a control batch; its sequence
    /// numbers are not checked.
    pub fn append_coordinator(
        &mut self,
        batch: &Batch,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        self.append(batch, leader_epoch, now_ms, Origin::Coordinator)
    }

    /// Appends a batch a leader has let in, where the leader put it. The caller stops before batches of a leader
    /// epoch above that of its fetch (KAFKA-18723).
    pub fn append_as_follower(&mut self, batch: &Batch, now_ms: i64) -> Result<Appended, AppendError> {
        if batch.base_offset < self.log_end {
            if self.is_empty_at_start() && batch.last_offset() >= self.log_end {
                self.truncate_fully_and_start_at(batch.base_offset, now_ms);
            } else {
                return Err(self.unexpected_offset(batch));
            }
        }
        self.epochs.assign(batch.leader_epoch, batch.base_offset);
        self.check_segment_size(batch)?;
        let rolled = self.roll_for(batch, now_ms);
        self.producers.update(batch);
        self.write(batch.clone(), now_ms);
        Ok(Appended {
            base: batch.base_offset,
            last: batch.last_offset(),
            log_append_time_ms: -1,
            duplicate_of: None,
            rolled,
        })
    }

    fn append(
        &mut self,
        batch: &Batch,
        leader_epoch: i32,
        now_ms: i64,
        origin: Origin,
    ) -> Result<Appended, AppendError> {
        if origin == Origin::Client {
            self.check_base_offset(batch)?;
        }
        self.check_size(batch)?;
        if origin == Origin::Client {
            self.check_client_batch(batch)?;
        }
        self.check_records(batch, now_ms)?;
        let mut stamped = batch.stamped(self.log_end, leader_epoch);
        if let Some(codec) = self.config.codec.filter(|codec| *codec != batch.codec()) {
            stamped = stamped.compressed_with(codec);
            self.check_size_again(&stamped)?;
        }
        let mut log_append_time_ms = -1;
        if self.config.log_append_time {
            stamped = stamped.with_log_append_time(now_ms);
            log_append_time_ms = now_ms;
        }
        self.epochs.assign(leader_epoch, stamped.base_offset);
        self.check_segment_size(&stamped)?;
        let rolled = self.roll_for(&stamped, now_ms);
        let (base, last) = (stamped.base_offset, stamped.last_offset());
        let checks_sequences = origin == Origin::Client && self.config.plant != Plant::SequenceUnchecked;
        if let Some(old) = self.producers.check(&self.partition, &stamped, checks_sequences)? {
            let (base, last) = (old.first_offset, old.last_offset);
            if self.config.plant == Plant::DuplicateTakesOffsets {
                self.log_end = stamped.next_offset();
            }
            // Also for CreateTime, as Kafka does.
            return Ok(Appended { base, last, log_append_time_ms: old.timestamp_ms, duplicate_of: Some(base), rolled });
        }
        self.producers.update(&stamped);
        if self.config.plant == Plant::WindowOfFour {
            self.producers.forget_beyond(&stamped, 4);
        }
        self.write(stamped, now_ms);
        Ok(Appended { base, last, log_append_time_ms, duplicate_of: None, rolled })
    }

    fn check_base_offset(&self, batch: &Batch) -> Result<(), AppendError> {
        if batch.base_offset == 0 {
            return Ok(());
        }
        let message = format!(
            "The baseOffset of the record batch in the append to {} should be 0, but it is {}",
            self.partition, batch.base_offset
        );
        Err(AppendError::new(ErrorCode::InvalidRecord, message))
    }

    fn check_size(&self, batch: &Batch) -> Result<(), AppendError> {
        if batch.size_in_bytes() <= self.config.max_message_bytes {
            return Ok(());
        }
        let message = format!(
            // The bracket is Kafka's.
            "The record batch size in the append to {} is {} bytes which exceeds the maximum configured value of {}).",
            self.partition,
            batch.size_in_bytes(),
            self.config.max_message_bytes
        );
        Err(AppendError::new(ErrorCode::MessageTooLarge, message))
    }

    /// The topic's own `compression.type` made the batch another one (`LogValidator#validateMessagesAndAssignOffsetsCompressed`).
    fn check_size_again(&self, batch: &Batch) -> Result<(), AppendError> {
        let (size, max) = (batch.size_in_bytes(), self.config.max_message_bytes);
        if size <= max {
            return Ok(());
        }
        let message = format!(
            "Message batch size is {size} bytes in append to partition {} which exceeds the maximum configured size of {max}.",
            self.partition
        );
        Err(AppendError::new(ErrorCode::MessageTooLarge, message))
    }

    fn check_client_batch(&self, batch: &Batch) -> Result<(), AppendError> {
        let invalid = |what: String| {
            let message = format!("{what} in topic partition {}", self.partition);
            Err(AppendError::new(ErrorCode::InvalidRecord, message))
        };
        let (first, last, count) = (batch.base_offset, batch.last_offset(), i64::from(batch.count()));
        if last - first + 1 != count {
            return invalid(format!("Inconsistent batch offset range [{first}, {last}] and count of records {count}"));
        }
        if batch.is_control() {
            return invalid("Clients are not allowed to write control records".to_owned());
        }
        let producer = batch.producer();
        if producer.producer_id >= 0 && producer.base_sequence < 0 {
            let (sequence, id) = (producer.base_sequence, producer.producer_id);
            return invalid(format!("Invalid sequence number {sequence} in record batch with producerId {id}"));
        }
        Ok(())
    }

    fn check_segment_size(&self, batch: &Batch) -> Result<(), AppendError> {
        if batch.size_in_bytes() <= self.config.segment_bytes {
            return Ok(());
        }
        let message = format!(
            "Message batch size is {} bytes in append to partition {}, which exceeds the maximum configured segment size of {}.",
            batch.size_in_bytes(),
            self.partition,
            self.config.segment_bytes
        );
        Err(AppendError::new(ErrorCode::RecordListTooLarge, message))
    }

    /// Keys in compacted topics, and timestamps. A record has at most one error; one record at fault refuses the batch.
    fn check_records(&self, batch: &Batch, now_ms: i64) -> Result<(), AppendError> {
        if !self.config.compact && self.timestamps_are_fine(batch, now_ms) {
            return Ok(());
        }
        let mut code = ErrorCode::None;
        let mut record_errors = Vec::new();
        for (offset, record) in batch.offsets() {
            let (record_code, message) = if self.config.compact && record.key.is_none() {
                let message =
                    format!("Compacted topic cannot accept message without key in topic partition {}", self.partition);
                (ErrorCode::InvalidRecord, message)
            } else if !self.config.log_append_time && !self.is_timestamp_fine(record.timestamp_ms, now_ms) {
                (ErrorCode::InvalidTimestamp, self.timestamp_message(record.timestamp_ms, offset, now_ms))
            } else {
                continue;
            };
            if code != ErrorCode::InvalidTimestamp {
                code = record_code;
            }
            record_errors.push(RecordError { batch_index: record.offset_delta, message });
        }
        if record_errors.is_empty() {
            return Ok(());
        }
        Err(AppendError { code, message: records_message(code, &record_errors), record_errors })
    }

    fn timestamps_are_fine(&self, batch: &Batch, now_ms: i64) -> bool {
        let no_lower_bound = self.config.timestamp_before_max_ms == i64::MAX;
        self.config.log_append_time || (no_lower_bound && self.is_timestamp_fine(batch.max_timestamp_ms(), now_ms))
    }

    fn is_timestamp_fine(&self, timestamp_ms: i64, now_ms: i64) -> bool {
        timestamp_ms == -1
            || (now_ms.saturating_sub(timestamp_ms) <= self.config.timestamp_before_max_ms
                && timestamp_ms.saturating_sub(now_ms) <= self.config.timestamp_after_max_ms)
    }

    fn timestamp_message(&self, timestamp_ms: i64, offset: i64, now_ms: i64) -> String {
        // Java's arithmetic wraps when the bound is Long.MAX.
        let earliest = now_ms.wrapping_sub(self.config.timestamp_before_max_ms);
        let latest = now_ms.wrapping_add(self.config.timestamp_after_max_ms);
        format!(
            "Timestamp {timestamp_ms} of message with offset {offset} is out of range. \
             The timestamp should be within [{earliest}, {latest}]"
        )
    }

    fn is_empty_at_start(&self) -> bool {
        self.closed.is_empty() && self.active.is_empty() && self.log_start == self.log_end
    }

    fn unexpected_offset(&self, batch: &Batch) -> AppendError {
        let first: Vec<String> = batch.offsets().take(10).map(|(offset, _)| offset.to_string()).collect();
        let message = format!(
            "Unexpected offset in append to {}. First offset {} is less than the next offset {}. First 10 offsets in append: \
             {}, last offset in append: {}. Log start offset = {}",
            self.partition,
            batch.base_offset,
            self.log_end,
            first.join(", "),
            batch.last_offset(),
            self.log_start
        );
        AppendError::new(ErrorCode::UnknownServerError, message)
    }
}

fn records_message(code: ErrorCode, errors: &[RecordError]) -> String {
    if code == ErrorCode::InvalidTimestamp {
        return "One or more records have been rejected due to invalid timestamp".to_owned();
    }
    let show = |e: &RecordError| format!("RecordError(batchIndex={}, message='{}')", e.batch_index, e.message);
    let first: Vec<String> = errors.iter().take(3).map(show).collect();
    format!(
        "One or more records have been rejected due to {} record errors in total, and only showing the first three errors at most: [{}]",
        errors.len(),
        first.join(", ")
    )
}
