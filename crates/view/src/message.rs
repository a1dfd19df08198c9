//! One message on its way, with its fields: what the inspector shows of it, and what names it in `sim drop` and `sim delay`.

use kernel::ConnId;
use lab::{Lab, Tag, replicas};
use protocol::{Batch, ErrorCode, Message, Request, Response, TopicId};
use serde::Serialize;

use crate::observe::{clock_ns, process_name};

/// Which one: the sender's end of its connection, and its number among all that was sent there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Default)]
pub struct MessageId {
    /// The connection.
    pub conn: u64,
    /// The number.
    pub number: u32,
}

/// A message on its way.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
pub struct MessageView {
    /// Which one.
    pub id: MessageId,
    /// Sender's process name.
    pub from: String,
    /// Receiver's process name.
    pub to: String,
    /// API name.
    pub api: String,
    /// Whether it is an answer.
    pub is_response: bool,
    /// The number that its answer repeats.
    pub correlation: u32,
    /// Size on the wire, bytes.
    pub bytes: u64,
    /// Sent, ns.
    pub sent_ns: u64,
    /// Arrives, ns, if nothing happens to the link.
    pub arrives_ns: u64,
    /// Held by a cut link.
    pub held: bool,
    /// Whether its receiver answers it: all requests but those with acks=0.
    pub is_answered: bool,
    /// Its fields by Kafka's names. Of partitions, what it says of each.
    pub fields: Vec<(String, String)>,
}

impl MessageView {
    /// As `sim drop` and `sim delay` take it: `Produce request #17 app-2 > broker-1`.
    pub fn name(&self) -> String {
        let kind = if self.is_response { "response" } else { "request" };
        format!("{} {kind} #{} {} > {}", self.api, self.correlation, self.from, self.to)
    }
}

/// A message by its id. None if it is not on its way.
pub fn message(lab: &Lab, id: MessageId) -> Option<MessageView> {
    let world = lab.world();
    let flight = world.flights().into_iter().find(|f| f.conn == ConnId(id.conn) && f.number == id.number)?;
    let (is_response, correlation) = match flight.message {
        Message::Request { correlation, .. } => (false, *correlation),
        Message::Response { correlation, .. } => (true, *correlation),
    };
    let is_answered = match flight.message {
        Message::Request { request: Request::Produce(produce), .. } => produce.acks != 0,
        Message::Request { .. } => true,
        Message::Response { .. } => false,
    };
    Some(MessageView {
        id,
        from: process_name(lab, flight.from),
        to: process_name(lab, flight.to),
        api: Tag::of(flight.message).api.name().into(),
        is_response,
        correlation,
        bytes: flight.bytes,
        sent_ns: clock_ns(flight.sent),
        arrives_ns: clock_ns(flight.arrives),
        held: flight.held,
        is_answered,
        fields: fields(lab, flight.message),
    })
}

type Fields = Vec<(String, String)>;

fn fields(lab: &Lab, message: &Message) -> Fields {
    let mut list: Fields = Vec::new();
    let mut add = |name: &str, value: String| list.push((name.to_owned(), value));
    if let Message::Request { client_id, .. } = message {
        add("client_id", client_id.to_string());
    }
    let topic = |id: TopicId, partition: i32| partition_name(lab, id, partition);
    match message {
        Message::Request { request: Request::Produce(produce), .. } => {
            add("acks", produce.acks.to_string());
            add("timeout_ms", produce.timeout_ms.to_string());
            produce.partitions.iter().for_each(|p| add(&topic(p.topic_id, p.partition), batch(&p.batch)));
        }
        Message::Request { request: Request::Fetch(fetch), .. } => {
            add("replica_id", fetch.replica.to_string());
            add("max_wait_ms", fetch.max_wait_ms.to_string());
            add("min_bytes", fetch.min_bytes.to_string());
            add("isolation_level", if fetch.read_committed { "read_committed" } else { "read_uncommitted" }.to_owned());
            add("session_id, epoch", format!("{}, {}", fetch.session_id, fetch.session_epoch));
            for p in &fetch.partitions {
                let epoch = format!("current_leader_epoch {}", p.current_leader_epoch);
                add(&topic(p.topic_id, p.partition), format!("fetch_offset {}, {epoch}", p.fetch_offset));
            }
        }
        Message::Response { response: Response::Produce(produce), .. } => {
            for p in &produce.partitions {
                let said = match p.error.is_ok() {
                    true => format!("base_offset {}, log_start_offset {}", p.base_offset, p.log_start_offset),
                    false => error(p.error),
                };
                add(&topic(p.topic_id, p.partition), said);
            }
        }
        Message::Response { response: Response::Fetch(fetch), .. } => {
            add("error_code", error(fetch.error));
            add("session_id", fetch.session_id.to_string());
            for p in &fetch.partitions {
                let records: u32 = p.batches.iter().map(Batch::count).sum();
                let metadata: usize = p.metadata.iter().map(|batch| batch.records.len()).sum();
                let marks = format!("high_watermark {}, last_stable_offset {}", p.high_watermark, p.last_stable_offset);
                let cut = match p.cut.bytes {
                    0 => String::new(),
                    bytes => format!(", {bytes} bytes of the next batch"),
                };
                let said = match p.error.is_ok() {
                    true => format!("records {}{cut}, {marks}", u64::from(records) + metadata as u64),
                    false => error(p.error),
                };
                add(&topic(p.topic_id, p.partition), said);
            }
        }
        Message::Request { request, .. } => list.extend(spelled(&format!("{request:#?}"))),
        Message::Response { response, .. } => list.extend(spelled(&format!("{response:#?}"))),
    }
    list
}

fn error(code: ErrorCode) -> String {
    format!("{} {}", code as i16, code.name())
}

fn batch(batch: &Batch) -> String {
    let stamp = batch.producer();
    let size = format!("records {}, bytes {}", batch.count(), batch.size_in_bytes());
    if stamp.producer_id < 0 {
        return size;
    }
    let from = format!("producer_id {}, producer_epoch {}", stamp.producer_id, stamp.producer_epoch);
    format!("{size}, {from}, base_sequence {}", stamp.base_sequence)
}

fn partition_name(lab: &Lab, id: TopicId, partition: i32) -> String {
    let image = replicas::image(lab.world(), lab.layout());
    let topic = image.and_then(|image| image.by_name.iter().find(|(_, other)| **other == id)).map(|(name, _)| &**name);
    format!("{}-{partition}", topic.unwrap_or("?"))
}

/// The fields of a struct as Rust spells it, a line each: `name: value,` at the first level; what is deeper is joined.
fn spelled(text: &str) -> Fields {
    // The request's name, and that of its struct, stand around the fields.
    const INDENT: &str = "        ";
    let mut list: Fields = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix(INDENT)) {
        let is_deeper = line.starts_with([' ', ']', ')', '}']);
        match (line.split_once(": "), list.last_mut()) {
            (Some((name, value)), _) if !is_deeper => {
                list.push((name.to_owned(), value.trim_end_matches(',').to_owned()))
            }
            (_, Some((_, value))) => {
                let more = line.trim();
                if !value.ends_with(['(', '[', '{']) && !more.starts_with([')', ']', '}']) {
                    value.push(' ');
                }
                value.push_str(more);
            }
            _ => {}
        }
    }
    for (_, value) in &mut list {
        *value = value.trim_end_matches(',').replace(",)", ")").replace(",]", "]").replace(",}", "}");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn fields_are_read_from_what_rust_spells() {
        let text = "Heartbeat(\n    HeartbeatRequest {\n        group: \"billing\",\n        generation: 1,\n        owned: [\n            (\n                \"a\",\n                0,\n            ),\n        ],\n        rack: None,\n    },\n)";
        let got = spelled(text);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            got,
            [
                pair("group", "\"billing\""),
                pair("generation", "1"),
                pair("owned", "[(\"a\", 0)]"),
                pair("rack", "None")
            ]
        );
    }
}
