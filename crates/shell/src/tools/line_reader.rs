//! How the console producer makes a record of a line (`org.apache.kafka.tools.LineMessageReader`).

use std::sync::Arc;

use clients::ProducerRecord;
use protocol::Header;

/// Reader properties, with Kafka's defaults.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct LineReader {
    topic: Arc<str>,
    parse_key: bool,
    parse_headers: bool,
    ignore_error: bool,
    key_separator: String,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    null_marker: Option<String>,
    lines: u64,
}

impl LineReader {
    /// A reader with these properties; the error is a `KafkaException`'s text.
    pub(crate) fn new(topic: &str, properties: &[(String, String)]) -> Result<LineReader, String> {
        let get = |name: &str| properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let is_true = |name: &str| get(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let reader = LineReader {
            topic: topic.into(),
            parse_key: is_true("parse.key"),
            parse_headers: is_true("parse.headers"),
            ignore_error: is_true("ignore.error"),
            key_separator: get("key.separator").unwrap_or_else(|| "\t".to_owned()),
            headers_delimiter: get("headers.delimiter").unwrap_or_else(|| "\t".to_owned()),
            headers_separator: get("headers.separator").unwrap_or_else(|| ",".to_owned()),
            headers_key_separator: get("headers.key.separator").unwrap_or_else(|| ":".to_owned()),
            null_marker: get("null.marker"),
            lines: 0,
        };
        let marks = [
            ("headers.delimiter", &reader.headers_delimiter),
            ("headers.separator", &reader.headers_separator),
            ("headers.key.separator", &reader.headers_key_separator),
        ];
        for (i, (name, mark)) in marks.iter().enumerate() {
            if let Some((other, _)) = marks[i + 1..].iter().find(|(_, m)| m == mark) {
                return Err(format!("{name} and {other} may not be equal"));
            }
            if reader.null_marker.as_ref() == Some(mark) {
                return Err(format!("null.marker and {name} may not be equal"));
            }
        }
        match reader.null_marker == Some(reader.key_separator.clone()) {
            true => Err("null.marker and key.separator may not be equal".to_owned()),
            false => Ok(reader),
        }
    }

    /// The record of the next line; the error is a `KafkaException`'s text.
    pub(crate) fn read(&mut self, line: &str) -> Result<ProducerRecord, String> {
        self.lines += 1;
        let (headers, rest) =
            self.part(self.parse_headers, line, line, &self.headers_delimiter, "headers delimiter")?;
        let (key, value) = self.part(self.parse_key, line, rest, &self.key_separator, "key separator")?;
        let headers = match headers.filter(|h| !self.is_null(h)) {
            Some(headers) => self.split(headers).map(|h| self.header(h)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let bytes = |text: &str| (!self.is_null(text)).then(|| Arc::from(text.as_bytes()));
        Ok(ProducerRecord {
            topic: self.topic.clone(),
            partition: None,
            key: key.and_then(bytes),
            value: bytes(value),
            headers,
            timestamp_ms: None,
        })
    }

    /// What stands in front of `mark`, and what stands behind it.
    fn part<'a>(
        &self,
        enabled: bool,
        line: &str,
        rest: &'a str,
        mark: &str,
        name: &str,
    ) -> Result<(Option<&'a str>, &'a str), String> {
        match rest.split_once(mark) {
            _ if !enabled => Ok((None, rest)),
            Some((part, rest)) => Ok((Some(part), rest)),
            None if self.ignore_error => Ok((None, rest)),
            None => Err(format!("No {name} found on line number {}: '{line}'", self.lines)),
        }
    }

    /// Java's split drops what is empty at the end, but not a text that is empty as a whole.
    fn split<'a>(&'a self, headers: &'a str) -> impl Iterator<Item = &'a str> {
        let mut pairs: Vec<&str> = headers.split(&*self.headers_separator).collect();
        while pairs.len() > 1 && pairs.last().is_some_and(|pair| pair.is_empty()) {
            pairs.pop();
        }
        if pairs == [""] && !headers.is_empty() {
            pairs.clear();
        }
        pairs.into_iter()
    }

    fn header(&self, pair: &str) -> Result<Header, String> {
        match pair.split_once(&*self.headers_key_separator) {
            Some((key, _)) if self.is_null(key) => {
                Err(format!("Header keys should not be equal to the null marker '{key}' as they can't be null"))
            }
            Some((key, value)) => {
                Ok(Header { key: key.into(), value: (!self.is_null(value)).then(|| Arc::from(value.as_bytes())) })
            }
            None if self.ignore_error => Ok(Header { key: pair.into(), value: None }),
            None => Err(format!("No header key separator found in pair '{pair}' on line number {}", self.lines)),
        }
    }

    fn is_null(&self, text: &str) -> bool {
        self.null_marker.as_deref() == Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(properties: &[(&str, &str)]) -> Result<LineReader, String> {
        let owned: Vec<(String, String)> = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        LineReader::new("t", &owned)
    }
    fn check(properties: &[(&str, &str)], line: &str, expected: &str) {
        let shown = |bytes: Option<Arc<[u8]>>| {
            bytes.map_or("null".to_owned(), |b| format!("'{}'", String::from_utf8_lossy(&b)))
        };
        let found = match reader(properties).expect("the properties are right").read(line) {
            Ok(r) => {
                let headers: Vec<String> =
                    r.headers.iter().map(|h| format!("{}={}", h.key, shown(h.value.clone()))).collect();
                format!("{} {} [{}]", shown(r.key), shown(r.value), headers.join(" "))
            }
            Err(error) => error,
        };
        assert_eq!(found, expected, "{line}");
    }

    const KEYS: (&str, &str) = ("parse.key", "true");
    const COLON: (&str, &str) = ("key.separator", ":");

    #[test]
    fn a_line_becomes_a_record_as_in_kafka() {
        check(&[], "a:b", "null 'a:b' []");
        check(&[KEYS, COLON], "a:b:c", "'a' 'b:c' []");
        check(&[KEYS, COLON], ":v", "'' 'v' []");
        check(&[KEYS, COLON], "novalue", "No key separator found on line number 1: 'novalue'");
        check(&[KEYS, COLON, ("ignore.error", "true")], "novalue", "null 'novalue' []");
        check(&[KEYS, COLON, ("null.marker", "NULL")], "k5:NULL", "'k5' null []");
        check(&[KEYS, ("parse.headers", "true")], "h1:a,h2:b\tk9\tv9", "'k9' 'v9' [h1='a' h2='b']");
        check(
            &[KEYS, ("parse.headers", "true")],
            "h1\tk9\tv9",
            "No header key separator found in pair 'h1' on line number 1",
        );
    }

    #[test]
    fn separators_must_differ() {
        assert_eq!(
            reader(&[("headers.delimiter", ",")]),
            Err("headers.delimiter and headers.separator may not be equal".to_owned())
        );
    }
}
