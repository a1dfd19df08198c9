//! Keys and values of `__consumer_offsets` as JSON: as `--offsets-decoder` shows them (`DumpLogSegments.OffsetsMessageParser`), and as
//! formatters of the console consumer do (`CoordinatorRecordMessageFormatter`), which quote no numbers and do not look into what members
//! say to each other.

use protocol::wire::{Malformed, Reader};

/// Key and payload of a record.
pub(super) fn decode(offset: i64, key: &[u8], value: Option<&[u8]>) -> (Option<String>, Option<String>) {
    if key.len() < 2 {
        let why = "Could not read version from key's buffer.";
        return (Some(format!("Error at offset {offset}, skipping. {why}")), None);
    }
    match read(Style::DumpLog, key, value) {
        Ok(Some(Shown { key, value, .. })) => (Some(key), Some(value.unwrap_or_else(|| "<DELETE>".to_owned()))),
        Ok(None) => (Some(format!("Unknown record type at offset {offset}, skipping.")), None),
        Err(Malformed(at)) => (Some(format!("Error at offset {offset}, skipping. The data ends at byte {at}")), None),
    }
}

/// Whose JSON it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::tools) enum Style {
    DumpLog,
    Formatter,
}

impl Style {
    fn number(self, n: i16) -> String {
        match self {
            Style::DumpLog => format!("\"{n}\""),
            Style::Formatter => n.to_string(),
        }
    }
}

/// A record as JSON.
pub(in crate::tools) struct Shown {
    pub(in crate::tools) key: String,
    /// None: a tombstone.
    pub(in crate::tools) value: Option<String>,
    /// A group, and not a committed offset.
    pub(in crate::tools) is_group: bool,
}

/// None: a kind of record that is not known.
pub(in crate::tools) fn read(style: Style, key: &[u8], value: Option<&[u8]>) -> Result<Option<Shown>, Malformed> {
    let mut key = Reader::new(key);
    let (key, is_group) = match key.i16()? {
        kind @ (0 | 1) => {
            let (group, topic, partition) = (json(&key.string()?), json(&key.string()?), key.i32()?);
            let data = format!("{{\"group\":{group},\"topic\":{topic},\"partition\":{partition}}}");
            (format!("{{\"type\":{},\"data\":{data}}}", style.number(kind)), false)
        }
        kind @ 2 => {
            (format!("{{\"type\":{},\"data\":{{\"group\":{}}}}}", style.number(kind), json(&key.string()?)), true)
        }
        _ => return Ok(None),
    };
    let value = match value {
        None => None,
        Some(bytes) if is_group => Some(group(style, bytes)?),
        Some(bytes) => Some(committed(style, bytes)?),
    };
    Ok(Some(Shown { key, value, is_group }))
}

fn committed(style: Style, bytes: &[u8]) -> Result<String, Malformed> {
    let mut r = Reader::new(bytes);
    let version = style.number(r.i16()?);
    let (offset, epoch, metadata, at) = (r.i64()?, r.i32()?, r.string()?, r.i64()?);
    Ok(format!(
        "{{\"version\":{version},\"data\":{{\"offset\":{offset},\"leaderEpoch\":{epoch},\"metadata\":{},\"commitTimestamp\":{at}}}}}",
        json(&metadata)
    ))
}

fn group(style: Style, bytes: &[u8]) -> Result<String, Malformed> {
    let mut r = Reader::new(bytes);
    let (version, kind, generation) = (style.number(r.i16()?), r.string()?, r.i32()?);
    let (protocol, leader, at, count) = (r.nullable()?, r.nullable()?, r.i64()?, r.i32()?);
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(member(style, &mut r)?);
    }
    Ok(format!(
        "{{\"version\":{version},\"data\":{{\"protocolType\":{},\"generation\":{generation},\"protocol\":{},\"leader\":{},\"currentStateTimestamp\":{at},\"members\":[{}]}}}}",
        json(&kind),
        nullable(protocol.as_deref()),
        nullable(leader.as_deref()),
        members.join(",")
    ))
}

fn member(style: Style, r: &mut Reader<'_>) -> Result<String, Malformed> {
    let (id, instance, client, host) = (r.string()?, r.nullable()?, r.string()?, r.string()?);
    let (rebalance, session) = (r.i32()?, r.i32()?);
    let (subscription, assignment) = match style {
        Style::DumpLog => (subscription(r.bytes()?)?, assignment(r.bytes()?)?),
        Style::Formatter => (format!("\"{}\"", base64(r.bytes()?)), format!("\"{}\"", base64(r.bytes()?))),
    };
    Ok(format!(
        "{{\"memberId\":{},\"groupInstanceId\":{},\"clientId\":{},\"clientHost\":{},\"rebalanceTimeout\":{rebalance},\"sessionTimeout\":{session},\"subscription\":{subscription},\"assignment\":{assignment}}}",
        json(&id),
        nullable(instance.as_deref()),
        json(&client),
        json(&host)
    ))
}

fn subscription(bytes: &[u8]) -> Result<String, Malformed> {
    if bytes.is_empty() {
        return Ok("\"\"".to_owned());
    }
    let mut r = Reader::new(bytes);
    let (_, count) = (r.i16()?, r.i32()?);
    let mut topics = Vec::new();
    for _ in 0..count {
        topics.push(json(&r.string()?));
    }
    let data = match r.bytes()? {
        [] => "null".to_owned(),
        bytes => format!("\"{}\"", base64(bytes)),
    };
    let (owned, generation, rack) = (partitions(&mut r)?, r.i32()?, r.nullable()?);
    Ok(format!(
        "{{\"topics\":[{}],\"userData\":{data},\"ownedPartitions\":[{owned}],\"generationId\":{generation},\"rackId\":{}}}",
        topics.join(","),
        nullable(rack.as_deref())
    ))
}

/// Bytes as Jackson writes them.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |three: &[u8]| {
        let bits = three.iter().chain([0, 0].iter()).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let letter = move |n: usize| char::from(ALPHABET[bits >> (18 - 6 * n) & 63]);
        let filled = three.len() + 1;
        (0..4).map(move |n| if n < filled { letter(n) } else { '=' })
    };
    bytes.chunks(3).flat_map(letters).collect()
}

fn assignment(bytes: &[u8]) -> Result<String, Malformed> {
    if bytes.is_empty() {
        return Ok("\"\"".to_owned());
    }
    let mut r = Reader::new(bytes);
    r.i16()?;
    Ok(format!("{{\"assignedPartitions\":[{}],\"userData\":null}}", partitions(&mut r)?))
}

fn partitions(r: &mut Reader<'_>) -> Result<String, Malformed> {
    let mut runs = Vec::new();
    for _ in 0..r.i32()? {
        let topic = json(&r.string()?);
        let mut numbers = Vec::new();
        for _ in 0..r.i32()? {
            numbers.push(r.i32()?.to_string());
        }
        runs.push(format!("{{\"topic\":{topic},\"partitions\":[{}]}}", numbers.join(",")));
    }
    Ok(runs.join(","))
}

fn nullable(text: Option<&str>) -> String {
    text.map_or("null".to_owned(), json)
}

/// A text as JSON writes it.
pub(super) fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_written_as_base64() {
        let shown = [&b"f"[..], b"fo", b"foo", b"foob", &[0xfb, 0xff]].map(super::base64);
        assert_eq!(shown, ["Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "+/8="]);
    }
}
