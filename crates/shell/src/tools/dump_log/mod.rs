//! `kafka-dump-log` (`org.apache.kafka.tools.DumpLogSegments`): reads files of a log directory, and talks to nobody.
//!
//! Left out on purpose: Java stack traces; decoders of transactions, share groups and tiered storage, which print what the
//! plain decoder prints; `--max-message-size`; other decoder classes.

mod errors;
mod metadata;
pub(in crate::tools) mod offsets;

use protocol::{Batch, FileContent, Record, gap};

use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, maybe, value};
use crate::process::{Body, Print};
use crate::tools::{Misuse, Refusal, Tool, check_required};
use crate::tree::{LogDir, Tree};
use errors::Errors;

/// What it is called.
pub(crate) const NAME: &str = "kafka-dump-log";

pub(crate) const TOOL: Tool = Tool {
    name: NAME,
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Uncaught,
    start,
};

const SUMMARY: &str = "This tool helps to parse a log file and dump its contents to the console, useful for debugging a seemingly corrupt log segment.";

/// A file that a command line names, as it was when the line was given.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Opened {
    /// As it was typed.
    path: String,
    /// From the root.
    absolute: String,
    pub(crate) content: FileContent,
    /// The log directory it lies in, if a process that runs has locked that.
    pub(crate) locked: Option<String>,
    /// The log directory it is.
    pub(crate) log_dir: Option<LogDir>,
}

impl Opened {
    /// Opens a file, if it is there.
    pub(crate) fn read(path: String, tree: &Tree<'_>) -> Option<Opened> {
        let content = tree.read(&path)?;
        Some(Opened::of(path, content, tree))
    }
    /// What is at a path.
    pub(crate) fn of(path: String, content: FileContent, tree: &Tree<'_>) -> Opened {
        Opened { content, absolute: tree.absolute(&path), locked: tree.lock(&path), log_dir: tree.log_dir(&path), path }
    }
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
    pub(crate) fn content(&self) -> &FileContent {
        &self.content
    }
}

/// Opens the files that the arguments name, and the logs that belong to indexes.
pub(crate) fn open(argv: &[String], tree: &Tree<'_>) -> Vec<Opened> {
    let mut opened = Vec::new();
    for word in argv.iter().skip(1) {
        let list = word.split_once('=').map_or(word.as_str(), |(_, list)| list);
        for path in list.split(',') {
            let log = path.strip_suffix(".index").or_else(|| path.strip_suffix(".timeindex"));
            let paths = [Some(path.to_owned()), log.map(|stem| format!("{stem}.log"))];
            opened.extend(paths.into_iter().flatten().filter_map(|path| Opened::read(path, tree)));
        }
    }
    opened
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decoder {
    Strings,
    Offsets,
    ClusterMetadata,
}

struct Dump<'a> {
    opened: &'a [Opened],
    deep: bool,
    contents: bool,
    skip_metadata: bool,
    sanity_only: bool,
    verify_only: bool,
    max_bytes: u64,
    decoder: Decoder,
    out: Vec<String>,
    err: Vec<String>,
    errors: Errors,
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    check_required(options, &["files"])?;
    let decoders = [
        "offsets-decoder",
        "transaction-log-decoder",
        "cluster-metadata-decoder",
        "remote-log-metadata-decoder",
        "share-group-state-decoder",
        "value-decoder-class",
        "key-decoder-class",
    ];
    let contents = options.has("print-data-log") || decoders.iter().any(|name| options.has(name));
    let decoder = match (options.has("offsets-decoder"), options.has("cluster-metadata-decoder")) {
        (true, _) => Decoder::Offsets,
        (false, true) => Decoder::ClusterMetadata,
        (false, false) => Decoder::Strings,
    };
    gap!(
        "kafka-dump-log: decoders of keys and values other than for text, and those of logs that there are not here",
        "Decoder"
    );
    let max_bytes = options.one("max-bytes").ok().flatten().and_then(|n| n.parse().ok());
    let mut dump = Dump {
        opened: &launch.opened,
        deep: contents || options.has("deep-iteration"),
        contents,
        skip_metadata: options.has("skip-record-metadata"),
        sanity_only: options.has("index-sanity-check"),
        verify_only: options.has("verify-index-only"),
        max_bytes: max_bytes.unwrap_or(u64::MAX),
        decoder,
        out: Vec::new(),
        err: Vec::new(),
        errors: Errors::default(),
    };
    let files = options.one("files").map_err(OptionError::uncaught)?.unwrap_or_default();
    for path in files.split(',') {
        dump.out.push(format!("Dumping {path}"));
        if let Err(exception) = dump.file(path) {
            dump.err.push(format!("Exception in thread \"main\" {exception}"));
            return Ok(Body::Print(Print { out: dump.out, err: dump.err, code: 1 }));
        }
    }
    dump.err.extend(dump.errors.lines());
    Ok(Body::Print(Print { out: dump.out, err: dump.err, code: 0 }))
}

impl Dump<'_> {
    fn find(&self, path: &str) -> Result<&Opened, String> {
        let opened = self.opened.iter().find(|opened| opened.path == path);
        opened.ok_or_else(|| format!("java.nio.file.NoSuchFileException: {path}"))
    }

    /// One file of `--files`; the error is the exception that ends the program.
    fn file(&mut self, path: &str) -> Result<(), String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((_, suffix)) = name.rsplit_once('.') else {
            self.out.push(format!("Ignoring unknown file {path}"));
            return Ok(());
        };
        let stem = name.split('.').next().unwrap_or(name);
        let base = || {
            stem.parse::<i64>().map_err(|_| format!("java.lang.NumberFormatException: For input string: \"{stem}\""))
        };
        match suffix {
            "log" => {
                let base = base()?;
                self.out.push(format!("Log starting offset: {base}"));
                self.log(path)
            }
            "checkpoint" => {
                let (offset, epoch) =
                    stem.split_once('-').ok_or("java.util.NoSuchElementException: No value present")?;
                let number = |digits: &str| digits.parse::<i64>().unwrap_or(0);
                self.out.push(format!("Snapshot end offset: {}, epoch: {}", number(offset), number(epoch)));
                self.log(path)
            }
            "index" => self.offset_index(path, base()?),
            "timeindex" => self.time_index(path, base()?),
            "snapshot" => self.producers(path),
            _ => {
                self.out.push(format!("Ignoring unknown file {path}"));
                Ok(())
            }
        }
    }

    fn log(&mut self, path: &str) -> Result<(), String> {
        let opened = self.find(path)?.clone();
        match &opened.content {
            FileContent::Batches(batches) => self.batches(batches, &opened.absolute)?,
            FileContent::Metadata(batches) => self.metadata(batches, &opened.absolute),
            _ => {}
        }
        Ok(())
    }

    fn batches(&mut self, batches: &[Batch], absolute: &str) -> Result<(), String> {
        let (mut position, mut last) = (0, -1);
        for batch in batches {
            if position + u64::from(batch.size_in_bytes()) > self.max_bytes {
                break;
            }
            self.out.push(batch_line(batch, position));
            position += u64::from(batch.size_in_bytes());
            if !self.deep {
                continue;
            }
            for (offset, record) in batch.offsets() {
                self.errors.follow(absolute, &mut last, offset);
                let line = self.record_line(batch, offset, record);
                self.out.push(line);
                // What is in front of it has been printed by then.
                if self.decoder == Decoder::Offsets && record.key.is_none() && !batch.is_control() {
                    return Err(format!(
                        "java.lang.RuntimeException: Failed to decode message at offset {offset} using the specified decoder (message had a missing key)"
                    ));
                }
            }
        }
        Ok(())
    }

    fn record_line(&self, batch: &Batch, offset: i64, record: &Record) -> String {
        let mut line = match self.skip_metadata {
            true => String::new(),
            false => {
                let headers: Vec<&str> = record.headers.iter().map(|header| &*header.key).collect();
                let size = |field: &Option<std::sync::Arc<[u8]>>| field.as_ref().map_or(-1, |bytes| bytes.len() as i64);
                let sequence = match batch.producer().base_sequence {
                    -1 => -1,
                    first => first.wrapping_add(record.offset_delta) & i32::MAX,
                };
                format!(
                    "| offset: {offset} {}: {} keySize: {} valueSize: {} sequence: {sequence} headerKeys: [{}]",
                    batch.timestamp_type(),
                    record.timestamp_ms,
                    size(&record.key),
                    size(&record.value),
                    headers.join(",")
                )
            }
        };
        if self.contents && !batch.is_control() {
            let (key, payload) = match self.decoder {
                Decoder::Offsets => match &record.key {
                    Some(key) => offsets::decode(offset, key, record.value.as_deref()),
                    None => (None, None),
                },
                Decoder::ClusterMetadata => (None, Some(not_metadata(offset, record.value.as_deref()))),
                Decoder::Strings => (text(&record.key), text(&record.value)),
            };
            if self.skip_metadata {
                line.push('|');
            }
            line.extend(key.map(|key| format!(" key: {key}")));
            line.extend(payload.map(|payload| format!(" payload: {payload}")));
        }
        line
    }

    fn offset_index(&mut self, path: &str, base: i64) -> Result<(), String> {
        let batches = self.batches_of(path, ".index")?;
        let opened = self.find(path)?.clone();
        let FileContent::OffsetIndex { entries, is_sparse } = &opened.content else { return Ok(()) };
        let mut entries = entries.clone();
        if *is_sparse && entries.is_empty() {
            // The first of the zeros is read as an entry.
            entries.push((base, 0));
        }
        if entries.is_empty() {
            self.out.push(format!("{path} is empty."));
            return Ok(());
        }
        if self.sanity_only {
            self.out.push(format!("{path} passed sanity check."));
            return Ok(());
        }
        for (offset, position) in entries {
            let found = batches.iter().find(|(at, ..)| *at >= position);
            if let Some((_, last, _)) = found.filter(|(_, last, _)| *last != offset) {
                self.errors.index_mismatch(&opened.absolute, offset, *last);
            }
            if !self.verify_only {
                self.out.push(format!("offset: {offset} position: {position}"));
            }
        }
        Ok(())
    }

    fn time_index(&mut self, path: &str, base: i64) -> Result<(), String> {
        let batches = self.batches_of(path, ".timeindex")?;
        let opened = self.find(path)?.clone();
        let FileContent::TimeIndex { entries, is_sparse } = &opened.content else { return Ok(()) };
        let mut entries = entries.clone();
        if *is_sparse && entries.is_empty() {
            entries.push((0, base));
        }
        if self.sanity_only {
            self.out.push(format!("{path} passed sanity check."));
            return Ok(());
        }
        for (timestamp, offset) in entries {
            match batches.iter().find(|(_, last, _)| *last >= offset) {
                Some((_, last, max)) if *last == offset => {
                    if *max != timestamp {
                        self.errors.time_mismatch(&opened.absolute, timestamp, *max);
                    }
                }
                found => self.errors.not_found(&opened.absolute, offset, found.map_or(-1, |(_, last, _)| *last)),
            }
            if !self.verify_only {
                self.out.push(format!("timestamp: {timestamp} offset: {offset}"));
            }
        }
        Ok(())
    }

    /// Position, last offset and largest timestamp of the batches in the log that an index belongs to.
    fn batches_of(&self, path: &str, suffix: &str) -> Result<Vec<(u32, i64, i64)>, String> {
        let log = format!("{}.log", path.strip_suffix(suffix).unwrap_or(path));
        let mut position = 0;
        let FileContent::Batches(batches) = &self.find(&log)?.content else { return Ok(Vec::new()) };
        let rows = batches.iter().map(|batch| {
            let row = (position, batch.last_offset(), batch.max_timestamp_ms());
            position += batch.size_in_bytes();
            row
        });
        Ok(rows.collect())
    }

    fn producers(&mut self, path: &str) -> Result<(), String> {
        let opened = self.find(path)?.clone();
        let FileContent::Producers(lines) = &opened.content else { return Ok(()) };
        for line in lines {
            let timestamp = line.last_timestamp_ms;
            self.out.push(format!(
                "producerId: {} producerEpoch: {} coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong.empty lastTimestamp: {timestamp} firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {timestamp}",
                line.producer_id,
                line.producer_epoch,
                line.first_sequence,
                line.last_sequence,
                line.last_offset,
                line.offset_delta
            ));
        }
        Ok(())
    }
}

/// What the decoder of metadata records says of a record of another log: a frame begins with its version, as an unsigned varint.
fn not_metadata(offset: i64, value: Option<&[u8]>) -> String {
    let (mut version, mut shift) = (0u32, 0);
    for byte in value.unwrap_or_default() {
        version |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            return format!(
                "Error at {offset}, skipping. Could not deserialize metadata record due to unknown frame version {version}(only frame version 1 is supported)"
            );
        }
    }
    format!("Error at {offset}, skipping. Error while reading frame version")
}

fn text(bytes: &Option<std::sync::Arc<[u8]>>) -> Option<String> {
    bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn batch_line(batch: &Batch, position: u64) -> String {
    let producer = batch.producer();
    let horizon = batch.delete_horizon_ms().map_or("OptionalLong.empty".to_owned(), |ms| format!("OptionalLong[{ms}]"));
    format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} position: {position} {}: {} size: {} magic: 2 compresscodec: {} crc: {} isvalid: true",
        batch.base_offset,
        batch.last_offset(),
        batch.count(),
        producer.base_sequence,
        batch.last_sequence(),
        producer.producer_id,
        producer.producer_epoch,
        batch.leader_epoch,
        batch.is_transactional(),
        batch.is_control(),
        batch.timestamp_type(),
        batch.max_timestamp_ms(),
        batch.size_in_bytes(),
        batch.codec().name(),
        batch.crc()
    )
}

const OPTIONS: &[Opt] = &[
    flag("cluster-metadata-decoder", "If set, log data will be parsed as cluster metadata records."),
    flag(
        "deep-iteration",
        "If set, uses deep instead of shallow iteration. Automatically set if print-data-log is enabled.",
    ),
    value(
        "files",
        "String: file1, file2, ...",
        "REQUIRED: The comma separated list of data and index log files to be dumped.",
    ),
    flag("help", "Print usage information."),
    flag(
        "index-sanity-check",
        "If set, just checks the index sanity without printing its content. This is the same check that is executed on broker startup to determine if an index needs rebuilding or not.",
    ),
    maybe("key-decoder-class", "String", KEY_DECODER),
    value(
        "max-bytes",
        "Integer: size",
        "Limit the amount of total batches read in bytes avoiding reading the whole .log file(s). (default: 2147483647)",
    ),
    value("max-message-size", "Integer: size", "Size of largest message. (default: 5242880)"),
    flag("offsets-decoder", "If set, log data will be parsed as offset data from the __consumer_offsets topic."),
    flag(
        "print-data-log",
        "If set, printing the messages content when dumping data logs. Automatically set if any decoder option is specified.",
    ),
    flag(
        "remote-log-metadata-decoder",
        "If set, log data will be parsed as TopicBasedRemoteLogMetadataManager (RLMM) metadata records. Instead, the value-decoder-class option can be used if a custom RLMM implementation is configured.",
    ),
    flag(
        "share-group-state-decoder",
        "If set, log data will be parsed as share group state data from the __share_group_state topic.",
    ),
    flag("skip-record-metadata", "Skip metadata when printing records. This flag also skips control records."),
    flag(
        "transaction-log-decoder",
        "If set, log data will be parsed as transaction metadata from the __transaction_state topic.",
    ),
    maybe("value-decoder-class", "String", VALUE_DECODER),
    flag("verify-index-only", "If set, just verify the index log without printing its content."),
    flag("version", "Display Kafka version."),
];
const KEY_DECODER: &str = "If set, used to deserialize the keys. This class should implement org.apache.kafka.tools.api.Decoder trait. Custom jar should be available in kafka/libs directory. (default: org.apache.kafka.tools.api.StringDecoder)";
const VALUE_DECODER: &str = "If set, used to deserialize the messages. This class should implement org.apache.kafka.tools.api.Decoder trait. Custom jar should be available in kafka/libs directory. (default: org.apache.kafka.tools.api.StringDecoder)";
