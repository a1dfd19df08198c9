//! How the console consumer shows a record (`org.apache.kafka.tools.consumer.DefaultMessageFormatter`).
//!
//! Left out on purpose: deserializers other than strings, and other formatters.

use clients::ConsumerRecord;

/// Formatter properties, with Kafka's defaults.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Formatter {
    timestamp: bool,
    partition: bool,
    offset: bool,
    epoch: bool,
    headers: bool,
    key: bool,
    value: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
}

impl Formatter {
    pub(crate) fn new(properties: &[(String, String)]) -> Formatter {
        let get = |name: &str| properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let is_on =
            |name: &str, default: bool| get(name).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"));
        Formatter {
            timestamp: is_on("print.timestamp", false),
            partition: is_on("print.partition", false),
            offset: is_on("print.offset", false),
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

    /// The record as text, without its line end.
    pub(crate) fn show(&self, record: &ConsumerRecord) -> String {
        let mut fields = Vec::new();
        if self.timestamp {
            fields.push(if record.timestamp_ms < 0 {
                "NO_TIMESTAMP".to_owned()
            } else {
                format!("CreateTime:{}", record.timestamp_ms)
            });
        }
        if self.partition {
            fields.push(format!("Partition:{}", record.tp.partition));
        }
        if self.offset {
            fields.push(format!("Offset:{}", record.offset));
        }
        if self.epoch {
            // The real tool rebuilds each record without its leader epoch before it formats it.
            fields.push("Epoch:NOT_PRESENT".to_owned());
        }
        if self.headers {
            fields.push(self.headers(record));
        }
        if self.key {
            fields.push(self.text(record.key.as_deref()));
        }
        if self.value {
            fields.push(self.text(record.value.as_deref()));
        }
        let text = fields.join(&self.key_separator) + &self.line_separator;
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    }

    fn headers(&self, record: &ConsumerRecord) -> String {
        if record.headers.is_empty() {
            return "NO_HEADERS".to_owned();
        }
        let shown = record.headers.iter().map(|h| format!("{}:{}", h.key, self.text(h.value.as_deref())));
        shown.collect::<Vec<_>>().join(&self.headers_separator)
    }

    fn text(&self, bytes: Option<&[u8]>) -> String {
        bytes.map_or_else(|| self.null_literal.clone(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    }
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
            leader_epoch: 0,
            key: Some(b"k9".as_slice().into()),
            value: None,
            headers: vec![
                Header { key: "h1".into(), value: Some(b"a".as_slice().into()) },
                Header { key: "h2".into(), value: None },
            ],
        };
        let owned: Vec<(String, String)> = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(Formatter::new(&owned).show(&record), expected);
    }

    #[test]
    fn fields_come_in_kafkas_order() {
        let all = [
            "print.value",
            "print.key",
            "print.headers",
            "print.epoch",
            "print.offset",
            "print.partition",
            "print.timestamp",
        ]
        .map(|name| (name, "true"));
        check(&all, "CreateTime:1795182568386\tPartition:0\tOffset:1\tEpoch:NOT_PRESENT\th1:a,h2:null\tk9\tnull");
        check(&[], "null");
        check(&[("print.key", "true"), ("key.separator", " = "), ("null.literal", "∅")], "k9 = ∅");
        check(&[("print.value", "false")], "");
    }
}
