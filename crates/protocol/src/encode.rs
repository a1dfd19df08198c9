//! A batch as bytes, in Kafka's format v2, with its CRC-32C (`DefaultRecordBatch#writeHeader`, `DefaultRecord#writeTo`).
//! Made on demand: batches live as records, and only `cat` and `kafka-dump-log` want bytes.

use crate::batch::Batch;
use crate::record::Record;

impl Batch {
    /// The batch as it lies on disk. Records of a compressed batch come as they are: no codec is at hand.
    pub fn encode(&self) -> Vec<u8> {
        let body = self.checked_bytes();
        let mut out = Vec::with_capacity(21 + body.len());
        out.extend(self.base_offset.to_be_bytes());
        out.extend((9 + body.len() as i32).to_be_bytes());
        out.extend(self.leader_epoch.to_be_bytes());
        out.push(2);
        out.extend(crc32c(&body).to_be_bytes());
        out.extend(body);
        out
    }

    /// Its checksum: of everything after the checksum's own field.
    pub fn crc(&self) -> u32 {
        crc32c(&self.checked_bytes())
    }

    /// Everything the checksum covers.
    fn checked_bytes(&self) -> Vec<u8> {
        let producer = self.producer();
        let mut out = Vec::with_capacity(self.size_in_bytes() as usize);
        out.extend(self.attributes().to_be_bytes());
        out.extend(self.last_offset_delta().to_be_bytes());
        out.extend(self.base_timestamp_ms().to_be_bytes());
        out.extend(self.max_timestamp_ms().to_be_bytes());
        out.extend(producer.producer_id.to_be_bytes());
        out.extend(producer.producer_epoch.to_be_bytes());
        out.extend(producer.base_sequence.to_be_bytes());
        out.extend((self.count() as i32).to_be_bytes());
        for record in self.written_records() {
            record.encode(record.timestamp_ms - self.base_timestamp_ms(), &mut out);
        }
        out
    }
}

impl Record {
    fn encode(&self, timestamp_delta: i64, out: &mut Vec<u8>) {
        let mut body = vec![0];
        varint(timestamp_delta, &mut body);
        varint(i64::from(self.offset_delta), &mut body);
        bytes(self.key.as_deref(), &mut body);
        bytes(self.value.as_deref(), &mut body);
        varint(self.headers.len() as i64, &mut body);
        for header in &self.headers {
            bytes(Some(header.key.as_bytes()), &mut body);
            bytes(header.value.as_deref(), &mut body);
        }
        varint(body.len() as i64, out);
        out.extend(body);
    }
}

/// A length and the bytes; −1 for null.
fn bytes(field: Option<&[u8]>, out: &mut Vec<u8>) {
    varint(field.map_or(-1, |field| field.len() as i64), out);
    out.extend(field.unwrap_or_default());
}

/// Zig-zag, seven bits a byte, least significant first.
fn varint(n: i64, out: &mut Vec<u8>) {
    let mut rest = ((n << 1) ^ (n >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Castagnoli's polynomial, reflected.
const CRC32C: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
};

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| (crc >> 8) ^ CRC32C[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::ProducerStamp;
    use crate::codec::Codec;
    use crate::record::Header;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// Checksums as a real `kafka-dump-log` printed them.
    #[test]
    fn a_batch_has_the_checksum_a_real_log_shows() {
        let record = |ms, k: &str, v: &str| Record::new(ms, Some(k.as_bytes()), Some(v.as_bytes()));
        let stamp = ProducerStamp { producer_id: 0, producer_epoch: 0, base_sequence: 0 };
        let one = Batch::new(vec![record(1_795_264_750_482, "k3", "v4")], stamp).stamped(0, 0);
        assert_eq!((one.size_in_bytes(), one.crc()), (72, 1_825_378_481));
        let two = vec![record(1_795_264_750_224, "k1", "v1"), record(1_795_264_750_482, "k2", "v2")];
        let two = Batch::new(two, stamp).stamped(0, 0);
        assert_eq!((two.size_in_bytes(), two.crc()), (84, 2_159_498_698));
    }

    /// A topic's clock changes two fields of the header and leaves the records as they were written; compaction writes them anew. Sizes and
    /// checksums are Kafka 4.3.1's of `MutableRecordBatch#setMaxTimestamp` and `MemoryRecords#filterTo`.
    #[test]
    fn timestamps_are_written_as_they_came_until_compaction_writes_them_as_they_read() {
        let record =
            |ms, key: &str, value: Option<&str>| Record::new(ms, Some(key.as_bytes()), value.map(str::as_bytes));
        let records = vec![record(1_000, "k1", Some("v1")), record(1_100, "k2", Some("v2")), record(1_300, "k3", None)];
        let stamp = ProducerStamp { producer_id: 5, producer_epoch: 6, base_sequence: 7 };
        let sent = Batch::new(records, stamp);
        let stamped = sent.with_log_append_time(5_000);
        let check = |batch: &Batch, (size, crc, base): (u32, u32, i64), first_ms: i64| {
            let told = (batch.size_in_bytes(), batch.crc(), batch.base_timestamp_ms());
            assert_eq!((told, batch.records()[0].timestamp_ms), ((size, crc, base), first_ms));
            assert_eq!(batch.encode().len(), size as usize);
        };
        check(&sent, (94, 1_943_443_392, 1_000), 1_000);
        check(&stamped, (94, 2_027_410_261, 1_000), 5_000);
        let all = |_, _: &Record| true;
        check(&sent.compacted(all, Some(9_000)), (95, 3_504_643_701, 9_000), 1_000);
        check(&stamped.compacted(all, Some(9_000)), (95, 2_097_747_930, 9_000), 5_000);
        let no_tombstone = |offset, _: &Record| offset < 2;
        check(&sent.compacted(no_tombstone, None), (84, 2_324_004_270, 1_000), 1_000);
        check(&stamped.compacted(no_tombstone, None), (83, 873_782_152, 5_000), 5_000);
        let middle = |offset, _: &Record| offset == 1;
        check(&sent.compacted(middle, None), (72, 4_061_235_872, 1_100), 1_100);
        check(&stamped.compacted(middle, None), (72, 3_857_614_105, 5_000), 5_000);
    }

    #[test]
    fn an_encoded_batch_is_as_long_as_it_says() {
        let mut record = Record::new(1_000, Some(b"k"), Some(&[7; 300]));
        record.headers.push(Header { key: "h".into(), value: None });
        let late = Record::new(900, None, None);
        let stamp = ProducerStamp { producer_id: 5, producer_epoch: 1, base_sequence: 9 };
        let batch = Batch::new(vec![record, late], stamp).stamped(77, 3);
        assert_eq!(batch.encode().len(), batch.size_in_bytes() as usize);
    }

    /// `DefaultRecordBatch`'s layout: (where, how many bytes, what).
    #[test]
    fn a_header_has_its_fields_where_kafka_has_them() {
        let stamp = ProducerStamp { producer_id: 5, producer_epoch: 6, base_sequence: 7 };
        let records =
            vec![Record::new(1_000, None, None), Record::new(900, None, None), Record::new(1_200, None, None)];
        let batch = Batch::new(records, stamp).stamped(77, 3);
        let check = |batch: &Batch, expected: &[(usize, usize, i64)]| {
            let bytes = batch.encode();
            for (at, len, value) in expected {
                let field = &bytes[*at..*at + *len];
                let sign = if field[0] & 0x80 != 0 { -1 } else { 0 };
                let read = field.iter().fold(sign, |read: i64, byte| read << 8 | i64::from(*byte));
                assert_eq!(read, *value, "at {at}");
            }
            assert_eq!(u32::from_be_bytes(bytes[17..21].try_into().expect("four")), crc32c(&bytes[21..]));
        };
        let size = i64::from(batch.size_in_bytes());
        check(
            &batch,
            &[
                (0, 8, 77),
                (8, 4, size - 12),
                (12, 4, 3),
                (16, 1, 2),
                (21, 2, 0),
                (23, 4, 2),
                (27, 8, 1_000),
                (35, 8, 1_200),
                (43, 8, 5),
                (51, 2, 6),
                (53, 4, 7),
                (57, 4, 3),
            ],
        );
        let nobodys = Batch::new(vec![Record::new(1_000, None, None)], ProducerStamp::default());
        check(&nobodys, &[(0, 8, 0), (12, 4, -1), (43, 8, -1), (51, 2, -1), (53, 4, -1)]);
        check(&nobodys.with_log_append_time(5_000), &[(21, 2, 1 << 3), (27, 8, 1_000), (35, 8, 5_000)]);
        check(
            &batch.compacted(|offset, _| offset == 78, Some(9_000)),
            &[(21, 2, 1 << 6), (23, 4, 2), (27, 8, 9_000), (35, 8, 900), (53, 4, 7), (57, 4, 1)],
        );
        let empty = batch.compacted(|_, _| false, Some(9_000));
        check(&empty, &[(8, 4, 49), (21, 2, 0), (23, 4, 2), (27, 8, -1), (35, 8, 1_200), (53, 4, 7), (57, 4, 0)]);
        assert_eq!((empty.last_offset(), empty.last_sequence()), (79, 9), "they do not come from the count");
        for (codec, bits) in Codec::ALL.into_iter().zip(0..) {
            assert_eq!(nobodys.compressed_with(codec).attributes(), bits);
        }
    }

    /// `EndTransactionMarker`: version and type in the key, version and coordinator epoch in the value.
    #[test]
    fn a_transaction_marker_is_a_batch_of_78_bytes() {
        let marker = Batch::control(Record::new(1_000, Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 9])));
        assert_eq!((marker.size_in_bytes(), marker.count(), marker.attributes()), (78, 1, 1 << 5));
        assert_eq!(marker.last_sequence(), -1);
    }
}
