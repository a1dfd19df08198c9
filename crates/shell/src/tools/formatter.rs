//! How the console consumer shows a record (`org.apache.kafka.tools.consumer.DefaultMessageFormatter` and its like).
//!
//! Those of `__consumer_offsets` write JSON, one after the other; here each has a line. `LoggingMessageFormatter` does what the default one
//! does: what it logs beside is of a level that the tools' own configuration leaves out. Left out on purpose: deserializers
//! other than strings, formatters of share groups' records, and classes of one's own.

use std::borrow::Cow;
use std::fmt::{self, Write};

use clients::ConsumerRecord;

use super::dump_log::offsets::{self, Style};

/// `--formatter`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Formatter {
    /// Key, value and what the properties ask for.
    Default(Box<Fields>),
    /// Nothing.
    NoOp,
    /// Committed offsets.
    Offsets,
    /// Groups.
    Groups,
    /// Records of the transaction log, which has none here.
    Transactions,
}

impl Formatter {
    /// The formatter of a class; none if there is no such class.
    pub(crate) fn named(class: &str, properties: &[(String, String)]) -> Option<Formatter> {
        match class.strip_prefix("org.apache.kafka.tools.consumer.")? {
            "DefaultMessageFormatter" | "LoggingMessageFormatter" => {
                Some(Formatter::Default(Box::new(Fields::new(properties))))
            }
            "NoOpMessageFormatter" => Some(Formatter::NoOp),
            "OffsetsMessageFormatter" => Some(Formatter::Offsets),
            "GroupMetadataMessageFormatter" => Some(Formatter::Groups),
            "TransactionLogMessageFormatter" => Some(Formatter::Transactions),
            _ => None,
        }
    }

    /// Writes the record as text, without its line end; false if there is nothing to write.
    pub(crate) fn show(&self, record: &ConsumerRecord, to: &mut String) -> bool {
        let json = |wants_groups: bool| {
            let shown = offsets::read(Style::Formatter, record.key.as_deref()?, record.value.as_deref()).ok().flatten();
            let shown = shown.filter(|shown| shown.is_group == wants_groups)?;
            Some(format!("{{\"key\":{},\"value\":{}}}", shown.key, shown.value.as_deref().unwrap_or("null")))
        };
        let text = match self {
            Formatter::Default(fields) => {
                fields.show(record, to);
                return true;
            }
            Formatter::NoOp | Formatter::Transactions => None,
            Formatter::Offsets | Formatter::Groups => {
                protocol::gap!(
                    "JSON of formatters all in one line: here each record has its own",
                    "ApiMessageFormatter"
                );
                json(*self == Formatter::Groups)
            }
        };
        to.push_str(text.as_deref().unwrap_or_default());
        text.is_some()
    }
}

/// Properties of the default formatter, with Kafka's defaults.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Fields {
    timestamp: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key: bool,
    value: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
}

impl Fields {
    fn new(properties: &[(String, String)]) -> Fields {
        let get = |name: &str| properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let is_on =
            |name: &str, default: bool| get(name).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"));
        Fields {
            timestamp: is_on("print.timestamp", false),
            partition: is_on("print.partition", false),
            offset: is_on("print.offset", false),
            delivery: is_on("print.delivery", false),
            epoch: is_on("print.epoch", false),
            headers: is_on("print.headers", false),
            key: is_on("print.key", false),
            value: is_on("print.value", true),
            key_separator: get("key.separator").unwrap_or_else(|| "\t".to_owned()),
            line_separator: get("line.separator").unwrap_or_else(|| "\n".to_owned()),
            headers_separator: get("headers.separator").unwrap_or_else(|| ",".to_owned()),
            null_literal: get("null.literal").unwrap_or_else(|| "null".to_owned()),
        }
    }

    fn show(&self, record: &ConsumerRecord, to: &mut String) {
        let mut fields = 0;
        let mut field = |is_shown: bool, to: &mut String| {
            if is_shown && fields > 0 {
                to.push_str(&self.key_separator);
            }
            fields += u32::from(is_shown);
            is_shown
        };
        if field(self.timestamp, to) {
            match record.timestamp_ms {
                ..0 => to.push_str("NO_TIMESTAMP"),
                ms => write(to, format_args!("{}:{ms}", record.timestamp_type)),
            }
        }
        if field(self.partition, to) {
            write(to, format_args!("Partition:{}", record.tp.partition));
        }
        if field(self.offset, to) {
            write(to, format_args!("Offset:{}", record.offset));
        }
        if field(self.delivery, to) {
            // Only share consumers (KIP-932) count deliveries.
            to.push_str("Delivery:NOT_PRESENT");
        }
        if field(self.epoch, to) {
            // The real tool rebuilds each record without its leader epoch before it formats it.
            to.push_str("Epoch:NOT_PRESENT");
        }
        if field(self.headers, to) {
            self.show_headers(record, to);
        }
        if field(self.key, to) {
            to.push_str(&self.text(record.key.as_deref()));
        }
        if field(self.value, to) {
            to.push_str(&self.text(record.value.as_deref()));
        }
        to.push_str(self.line_separator.strip_suffix('\n').unwrap_or(&self.line_separator));
    }

    fn show_headers(&self, record: &ConsumerRecord, to: &mut String) {
        if record.headers.is_empty() {
            to.push_str("NO_HEADERS");
        }
        for (n, header) in record.headers.iter().enumerate() {
            let separator = if n == 0 { "" } else { &self.headers_separator };
            write(to, format_args!("{separator}{}:{}", header.key, self.text(header.value.as_deref())));
        }
    }

    fn text<'a>(&'a self, bytes: Option<&'a [u8]>) -> Cow<'a, str> {
        bytes.map_or(Cow::Borrowed(&*self.null_literal), String::from_utf8_lossy)
    }
}

fn write(to: &mut String, text: fmt::Arguments<'_>) {
    to.write_fmt(text).expect("a string takes all that is written to it");
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Header, TopicPartition};

    fn check(properties: &[(&str, &str)], expected: &str) {
        let record = ConsumerRecord {
            tp: TopicPartition::new("orders", 0),
            offset: 1,
            timestamp_ms: 1_795_182_568_386,
            timestamp_type: "CreateTime",
            leader_epoch: 0,
            key: Some(b"k9".as_slice().into()),
            value: None,
            headers: vec![
                Header { key: "h1".into(), value: Some(b"a".as_slice().into()) },
                Header { key: "h2".into(), value: None },
            ],
        };
        let owned: Vec<(String, String)> = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut text = String::new();
        Fields::new(&owned).show(&record, &mut text);
        assert_eq!(text, expected);
    }

    #[test]
    fn fields_come_in_kafkas_order() {
        let all = [
            "print.value",
            "print.key",
            "print.headers",
            "print.epoch",
            "print.delivery",
            "print.offset",
            "print.partition",
            "print.timestamp",
        ]
        .map(|name| (name, "true"));
        check(
            &all,
            "CreateTime:1795182568386\tPartition:0\tOffset:1\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\th1:a,h2:null\tk9\tnull",
        );
        check(&[], "null");
        check(&[("print.key", "true"), ("key.separator", " = "), ("null.literal", "∅")], "k9 = ∅");
        check(&[("print.value", "false")], "");
    }
}
