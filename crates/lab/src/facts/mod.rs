//! Facts that lessons' checks and predictions, `sim when` and `sim until` may ask for: one row each in one table. They look
//! at the whole cluster with a god's eye, not at what one broker says.

mod condition;
mod expr;

use ordered::SortedMap;
use protocol::{MemberId, TopicPartition};

use crate::replicas::{self, GroupInfo, MemberInfo};
use crate::{Lab, NodeState};
pub use condition::{Condition, Truth};
pub use expr::{Expr, ExprError, Value};

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, for people.
    pub args: &'static [&'static str],
    /// What it tells.
    pub doc: &'static str,
    ask: fn(&Lab, &Args<'_>) -> Result<Value, String>,
}

/// The arguments of a call.
struct Args<'a>(&'a [Value]);

impl<'a> Args<'a> {
    fn text(&self, n: usize) -> Result<&'a str, String> {
        match &self.0[n] {
            Value::Text(text) => Ok(text),
            other => Err(format!("argument {} is {other}; it must be a text in quotes", n + 1)),
        }
    }
    fn int(&self, n: usize) -> Result<i64, String> {
        match self.0[n] {
            Value::Int(int) => Ok(int),
            ref other => Err(format!("argument {} is {other}; it must be a number", n + 1)),
        }
    }
    /// A topic and a partition from argument `n` on.
    fn partition(&self, n: usize) -> Result<TopicPartition, String> {
        Ok(TopicPartition::new(self.text(n)?, self.int(n + 1)? as i32))
    }
}

macro_rules! facts {
    ($($name:literal ($($arg:literal),*) $doc:literal => $ask:expr;)*) => {
        /// Every fact, by subject.
        pub const FACTS: &[Fact] = &[$(Fact { name: $name, args: &[$($arg),*], doc: $doc, ask: $ask }),*];
    };
}

facts! {
    // ---- topics and replicas
    "exists" ("topic") "whether the topic exists" => |lab, a| Ok(Value::Bool(topic(lab, a.text(0)?).is_some()));
    "partitions" ("topic") "how many partitions it has; 0 if there is no such topic" =>
        |lab, a| Ok(int(topic(lab, a.text(0)?).map_or(0, |t| t.len())));
    "leader" ("topic", "partition") "the id of the leader, -1 if there is none" => |lab, a| registered(lab, a, |p| p.leader.0.into()).map(Value::Int);
    "leader_epoch" ("topic", "partition") "the leader epoch" => |lab, a| registered(lab, a, |p| p.leader_epoch.into()).map(Value::Int);
    "isr" ("topic", "partition") "the in-sync replicas, sorted" => |lab, a| registered(lab, a, |p| ids(&p.isr));
    "elr" ("topic", "partition") "the eligible leader replicas, sorted" => |lab, a| registered(lab, a, |p| ids(&p.elr));
    "replicas" ("topic", "partition") "the replicas in assignment order" =>
        |lab, a| registered(lab, a, |p| Value::List(p.replicas.iter().map(|id| Value::Int(id.0.into())).collect()));
    "end" ("topic", "partition") "the log end offset at the leader, -1 without one" =>
        |lab, a| Ok(Value::Int(lab.leader_log(&a.partition(0)?).map_or(-1, |log| log.log_end_offset())));
    "high_watermark" ("topic", "partition") "the high watermark at the leader, -1 without one" =>
        |lab, a| Ok(Value::Int(lab.leader_log(&a.partition(0)?).map_or(-1, |log| log.high_watermark())));
    "replica_end" ("broker", "topic", "partition") "the log end offset of a replica, -1 if it has none" => |lab, a| replica(lab, a, |r| r.log.log_end_offset());
    "replica_high_watermark" ("broker", "topic", "partition") "the high watermark a replica knows of, -1 if it has none" => |lab, a| replica(lab, a, |r| r.log.high_watermark());
    "log_start" ("broker", "topic", "partition") "the log start offset of a replica, -1 if it has none" => |lab, a| replica(lab, a, |r| r.log.log_start_offset());
    "segments" ("broker", "topic", "partition") "how many segments a replica has, the active one included; 0 if there is no such replica" =>
        |lab, a| replica(lab, a, |r| r.log.segment_count() as i64).map(|found| if found == Value::Int(-1) { Value::Int(0) } else { found });
    "oldest_s" ("broker", "topic", "partition") "age of the oldest record of a replica, in whole seconds, -1 if it has none" => |lab, a| {
        let now_ms = protocol::wall_ms(lab.now().as_nanos());
        replica(lab, a, |r| {
            let log = r.log;
            let first = log.batches_from(log.log_start_offset()).flat_map(protocol::Batch::offsets).find(|(offset, _)| *offset >= log.log_start_offset());
            first.map_or(-1, |(_, record)| (now_ms - record.timestamp_ms) / 1_000)
        })
    };
    "youngest_deleted_s" ("broker", "topic", "partition") "age, in whole seconds, of the youngest record in a replica's .deleted files, -1 if there are none" => |lab, a| {
        let now_ms = protocol::wall_ms(lab.now().as_nanos());
        replica(lab, a, |r| r.log.youngest_deleted_ms().map_or(-1, |youngest| (now_ms - youngest) / 1_000))
    };
    "records" ("topic") "records that consumers can read, over all partitions" => |lab, a| {
        let name = a.text(0)?;
        let logs = (0..topic(lab, name).map_or(0, |t| t.len())).filter_map(|p| lab.leader_log(&TopicPartition::new(name, p as i32)));
        Ok(Value::Int(logs.map(|log| log.high_watermark() - log.log_start_offset()).sum()))
    };
    "key_partitions" ("topic", "key") "the partitions that hold records with this key, sorted" => |lab, a| {
        let key = a.text(1)?.as_bytes();
        let found = scan(lab, a.text(0)?).into_iter().filter(|seen| seen.key.as_deref() == Some(key)).map(|seen| seen.partition);
        let partitions: ordered::SortedSet<i32> = found.collect();
        Ok(Value::List(partitions.into_iter().map(|p| Value::Int(p.into())).collect()))
    };
    "keyless" ("topic") "records without a key" => |lab, a| Ok(int(scan(lab, a.text(0)?).iter().filter(|seen| seen.key.is_none()).count()));
    "switches" ("topic") "how often, in the order they were made, a record lies in another partition than the one before it" => |lab, a| {
        let seen = scan(lab, a.text(0)?);
        Ok(int(seen.windows(2).filter(|pair| pair[0].partition != pair[1].partition).count()))
    };
    // ---- groups
    "state" ("group") "the group's state, Dead if there is no such group" =>
        |lab, a| Ok(Value::Text(group(lab, a.text(0)?).map_or("Dead", |g| g.state).into()));
    "generation" ("group") "the group's generation, -1 if there is no such group" =>
        |lab, a| Ok(Value::Int(group(lab, a.text(0)?).map_or(-1, |g| g.generation.into())));
    "members" ("group") "how many members it has" => |lab, a| Ok(int(group(lab, a.text(0)?).map_or(0, |g| g.members.len())));
    "idle" ("group") "how many members have no partition" =>
        |lab, a| Ok(int(group(lab, a.text(0)?).map_or(0, |g| g.members.iter().filter(|m| m.assignment.is_empty()).count())));
    "owner" ("group", "topic", "partition") "the terminal of the running program that owns the partition: 0 if nobody does, or a program that is gone" => |lab, a| {
        let tp = a.partition(1)?;
        let owner = group(lab, a.text(0)?).and_then(|g| {
            let owns = |m: &MemberInfo| m.assignment.iter().any(|(t, p)| *t == tp.topic && *p == tp.partition);
            g.members.into_iter().find(owns)
        });
        Ok(Value::Int(owner.and_then(|member| terminal_of(lab, &member.id)).unwrap_or(0)))
    };
    "committed" ("group", "topic", "partition") "the committed offset, -1 if there is none" => |lab, a| {
        let tp = a.partition(1)?;
        let found = group(lab, a.text(0)?).and_then(|g| g.offsets.into_iter().find(|(of, _)| *of == tp));
        Ok(Value::Int(found.map_or(-1, |(_, committed)| committed)))
    };
    "lag" ("group") "records between the committed offsets and the high watermarks" => |lab, a| {
        let offsets = group(lab, a.text(0)?).map_or(Vec::new(), |g| g.offsets);
        let behind = |(tp, committed): &(TopicPartition, i64)| Some(lab.leader_log(tp)?.high_watermark() - committed);
        Ok(Value::Int(offsets.iter().filter_map(behind).sum()))
    };
    "delivered" ("group") "records handed to the group's applications, repeats counted" => |lab, a| {
        let name = a.text(0)?;
        let counts = lab.ledger().delivered().filter(|((g, _), _)| g.as_deref() == Some(name)).map(|(_, count)| count as i64);
        Ok(Value::Int(counts.sum()))
    };
    "received" ("terminal") "records the program last started in a terminal has been given" => |lab, a| {
        let term = a.int(0)?;
        let app = lab.apps().iter().rev().find(|app| i64::from(app.term) == term);
        Ok(Value::Int(app.map_or(0, |app| lab.ledger().tally(app.node).given as i64)))
    };
    // ---- promises
    "acked" () "records acknowledged to producers" => |lab, _| Ok(Value::Int(lab.ledger().acked() as i64));
    "failed" () "records producers gave up on; those that send() itself refused (too large, no metadata, no memory) never were in a batch and are not counted" => |lab, _| Ok(Value::Int(lab.ledger().failed() as i64));
    "lost" () "acknowledged records that the leader's log does not hold now" => |lab, _| Ok(int(lab.ledger().lost(lab).len()));
    "lost_with" ("acks") "those that were acknowledged under acks=0, 1 or -1 (all)" => |lab, a| {
        let acks = a.int(0)?;
        Ok(int(lab.ledger().lost(lab).iter().filter(|lost| i64::from(lost.promise.acks) == acks).count()))
    };
    "acked_in" ("topic", "acks") "records of a topic that were acknowledged under acks=0, 1 or -1 (all)" => |lab, a| {
        let (topic, acks) = (a.text(0)?, a.int(1)?);
        let found = lab.ledger().acked_by_topic().into_iter().find(|((of, with), _)| **of == *topic && i64::from(*with) == acks);
        Ok(Value::Int(found.map_or(0, |(_, count)| count as i64)))
    };
    "lost_in" ("topic", "acks") "those of them that the leader's log does not hold now; under acks=0 they are looked for by their values" => |lab, a| {
        let (topic, acks) = (a.text(0)?, a.int(1)?);
        Ok(int(lab.ledger().lost(lab).iter().filter(|lost| *lost.tp.topic == *topic && i64::from(lost.promise.acks) == acks).count()))
    };
    "overwritten" () "lost records whose offset holds another record now" =>
        |lab, _| Ok(int(lab.ledger().lost(lab).iter().filter(|lost| lost.overwritten).count()));
    // ---- rates and time
    "produced" () "records appended by leaders since the start of the run" => |lab, _| Ok(Value::Int(lab.metrics().seconds().map(|(_, s)| s.produced as i64).sum()));
    "samples" ("topic") "sensor samples among the topic's records: those whose record_name header is sensor_temperature_measured" =>
        |lab, a| Ok(int(scan(lab, a.text(0)?).iter().filter(|seen| seen.is_sample).count()));
    "sample_rate" ("topic", "from", "to") "sensor samples a second made between two seconds after the first record, rounded" => |lab, a| {
        let (from, to) = (a.int(1)? * 1000, a.int(2)? * 1000);
        if to <= from {
            return Err("the second time must be later than the first".into());
        }
        let seen = scan(lab, a.text(0)?);
        let start = seen.first().map_or(0, |seen| seen.timestamp_ms);
        let count = seen.iter().filter(|s| s.is_sample && (from..to).contains(&(s.timestamp_ms - start))).count() as i64;
        Ok(Value::Int((count * 1000 + (to - from) / 2) / (to - from)))
    };
    "clock_ms" () "the run's clock, ms" => |lab, _| Ok(Value::Int(lab.clock().as_millis() as i64));
    // ---- processes
    "running" ("process") "whether a process runs, e.g. \"broker-1\"" => |lab, a| {
        let name = a.text(0)?;
        let node = lab.layout().find(name).or_else(|| lab.world().find(name)).ok_or_else(|| format!("there is no process {name}"))?;
        Ok(Value::Bool(lab.world().state(node) == NodeState::Running))
    };
    "controller" () "the id of the active controller, -1 without one" => |lab, _| {
        let active = replicas::active_controller(lab.world(), lab.layout());
        let id = lab.layout().controllers.iter().find(|(_, node)| Some(**node) == active).map_or(-1, |(id, _)| id.0);
        Ok(Value::Int(id.into()))
    };
    "voters" () "the ids of the controllers that vote, sorted, as the one whose log is the longest knows them" => |lab, _| {
        Ok(ids(&replicas::voters(lab.world(), lab.layout())))
    };
    "quorum_epoch" () "the epoch of the metadata quorum" => |lab, _| {
        let active = replicas::active_controller(lab.world(), lab.layout());
        let epoch = active.and_then(|node| lab.world().machine(node).kafka().map(|p| p.raft().epoch()));
        Ok(Value::Int(epoch.unwrap_or(-1).into()))
    };
}

/// Whether a fact exists and takes that many arguments.
pub fn known(name: &str, args: usize) -> Result<(), String> {
    let Some(fact) = FACTS.iter().find(|fact| fact.name == name) else {
        let names: Vec<&str> = FACTS.iter().map(|fact| fact.name).collect();
        return Err(format!("there is no fact `{name}`; there are {}", names.join(", ")));
    };
    match fact.args.len() == args {
        true => Ok(()),
        false => Err(format!("`{name}` takes ({}), not {args} arguments", fact.args.join(", "))),
    }
}

/// The value of an expression in a lab.
pub fn evaluate(expr: &Expr, lab: &Lab) -> Result<Value, ExprError> {
    expr.value(&|name, args| {
        known(name, args.len())?;
        let fact = FACTS.iter().find(|fact| fact.name == name).expect("it is known");
        (fact.ask)(lab, &Args(args)).map_err(|why| format!("{name}: {why}"))
    })
}

/// The values of all facts an expression asks for with literal arguments, for the report of a failed check.
pub fn explain(expr: &Expr, lab: &Lab) -> String {
    let mut values = SortedMap::new();
    collect(expr, lab, &mut values);
    let parts: Vec<String> = values.into_iter().map(|(call, value)| format!("{call} is {value}")).collect();
    parts.join(", ")
}

fn collect(expr: &Expr, lab: &Lab, values: &mut SortedMap<String, String>) {
    match expr {
        Expr::Literal(_) => {}
        Expr::List(items) => items.iter().for_each(|item| collect(item, lab, values)),
        Expr::Unary(_, inner) => collect(inner, lab, values),
        Expr::Binary(_, left, right) => [left, right].into_iter().for_each(|side| collect(side, lab, values)),
        Expr::Call(name, args) => {
            let shown: Vec<String> =
                args.iter().map(|arg| evaluate(arg, lab).map_or("?".into(), |value| value.to_string())).collect();
            let value = evaluate(expr, lab).map_or_else(|error| error.message, |value| value.to_string());
            values.insert(format!("{name}({})", shown.join(", ")), value);
        }
    }
}

fn int(n: usize) -> Value {
    Value::Int(n as i64)
}

fn ids(brokers: &[protocol::BrokerId]) -> Value {
    let mut sorted: Vec<i32> = brokers.iter().map(|id| id.0).collect();
    ordered::sort(&mut sorted);
    Value::List(sorted.into_iter().map(|id| Value::Int(id.into())).collect())
}

type Partitions<'a> = &'a [std::sync::Arc<protocol::metadata::PartitionRecord>];

fn topic<'a>(lab: &'a Lab, name: &str) -> Option<Partitions<'a>> {
    let image = replicas::image(lab.world(), lab.layout())?;
    image.topic(name).map(|topic| topic.partitions.as_slice())
}

/// What there is to say of a replica: broker, topic and partition are the arguments; -1 if there is no such replica.
fn replica(lab: &Lab, a: &Args<'_>, ask: impl Fn(replicas::Replica<'_>) -> i64) -> Result<Value, String> {
    let broker = protocol::BrokerId(a.int(0)? as i32);
    let found = replicas::find(lab.world(), lab.layout(), broker, &a.partition(1)?);
    Ok(Value::Int(found.map_or(-1, ask)))
}

fn registered<T>(
    lab: &Lab,
    a: &Args<'_>,
    read: impl Fn(&protocol::metadata::PartitionRecord) -> T,
) -> Result<T, String> {
    let tp = a.partition(0)?;
    let partitions = topic(lab, &tp.topic).ok_or_else(|| format!("there is no topic {}", tp.topic))?;
    partitions.get(tp.partition as usize).map(|p| read(p)).ok_or_else(|| format!("there is no partition {tp}"))
}

fn group(lab: &Lab, name: &str) -> Option<GroupInfo> {
    replicas::groups(lab.world(), lab.layout()).into_iter().find(|group| *group.id == *name)
}

/// The terminal of the running program that is a member of a group.
fn terminal_of(lab: &Lab, member: &MemberId) -> Option<i64> {
    let is_it = |node| lab.world().machine(node).app().and_then(|app| app.member()).is_some_and(|m| m == *member);
    let runs = |node| matches!(lab.world().state(node), NodeState::Running | NodeState::Paused);
    lab.apps().iter().find(|app| runs(app.node) && is_it(app.node)).map(|app| app.term.into())
}

/// A record, as far as facts look at it.
struct Seen {
    timestamp_ms: i64,
    partition: i32,
    key: Option<std::sync::Arc<[u8]>>,
    is_sample: bool,
}

/// All records of a topic that its leaders hold, in the order they were made.
fn scan(lab: &Lab, name: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    for partition in 0..topic(lab, name).map_or(0, |t| t.len()) as i32 {
        let Some(log) = lab.leader_log(&TopicPartition::new(name, partition)) else { continue };
        for batch in log.batches_from(log.log_start_offset()) {
            seen.extend(batch.records().iter().map(|record| {
                Seen {
                    timestamp_ms: record.timestamp_ms,
                    partition,
                    key: record.key.clone(),
                    is_sample: record.headers.iter().any(|h| {
                        &*h.key == "record_name" && h.value.as_deref() == Some(b"sensor_temperature_measured")
                    }),
                }
            }));
        }
    }
    ordered::sort_by_key(&mut seen, |seen| seen.timestamp_ms);
    seen
}
