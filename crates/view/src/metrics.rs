//! Kafka's metrics over virtual time, under the names that JMX gives them, each with its course in a window and its value
//! before a marked moment and now.
//!
//! Gauges of brokers are summed over the cluster, as dashboards do. Meters are counted by the second and not smoothed over a
//! minute. `IsrShrinksPerSec` counts ISRs that the controller shrank as well; Kafka's counts those of leaders only.

use lab::{BOOT, Lab, Levels, Second};
use protocol::gap;

use crate::observe::clock_ns;

/// A rate is looked at over this many seconds.
const RATE_S: u64 = 10;
/// Points of a course at most.
const POINTS_MAX: u64 = 240;
const NS: u64 = 1_000_000_000;

/// What to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricsLens {
    /// The courses begin here, ns.
    pub from_ns: u64,
    /// The moment to compare with, ns.
    pub marker_ns: u64,
}

/// A metric.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricView {
    /// Its name, e.g. `BytesInPerSec`.
    pub name: &'static str,
    /// Where Kafka has it: the MBean without key properties of single instances.
    pub bean: &'static str,
    /// What is counted: `B/s`, `/s`, `ms`, or nothing.
    pub unit: &'static str,
    /// Its course: from when, ns, and how much; it holds until the next point.
    pub points: Vec<(u64, f64)>,
    /// Just before the marker; None if there was nothing to measure.
    pub before: Option<f64>,
    /// Now.
    pub now: Option<f64>,
    /// Whether a value above this asks for attention; None if none does.
    pub alarm_above: Option<f64>,
}

/// How a metric is read.
enum Read {
    /// So many in a second.
    Rate(fn(&Second) -> u64),
    /// A sum and how many it is of, e.g. of latencies.
    Mean(fn(&Second) -> (u64, u64)),
    /// As the last second left it.
    Last(fn(&Second) -> u64),
    /// As the cluster is.
    Level(fn(&Levels) -> u32),
}

struct Metric {
    name: &'static str,
    bean: &'static str,
    unit: &'static str,
    read: Read,
    alarm_above: Option<f64>,
}

const fn metric(name: &'static str, bean: &'static str, unit: &'static str, read: Read) -> Metric {
    Metric { name, bean, unit, read, alarm_above: None }
}

/// The same, and any value above zero asks for attention.
const fn alarm(name: &'static str, bean: &'static str, unit: &'static str, read: Read) -> Metric {
    Metric { alarm_above: Some(0.0), ..metric(name, bean, unit, read) }
}

const TOPICS: &str = "kafka.server:type=BrokerTopicMetrics";
const REPLICAS: &str = "kafka.server:type=ReplicaManager";
const CONTROLLER: &str = "kafka.controller:type=KafkaController";
const ELECTIONS: &str = "kafka.controller:type=ControllerStats";
const GROUPS: &str = "kafka.coordinator.group:type=GroupMetadataManager";
const PRODUCER: &str = "kafka.producer:type=producer-metrics";
const CONSUMER: &str = "kafka.consumer:type=consumer-fetch-manager-metrics";

/// The metrics, in the order they are shown.
const METRICS: [Metric; 18] = [
    metric("MessagesInPerSec", TOPICS, "/s", Read::Rate(|s| u64::from(s.messages_in))),
    metric("BytesInPerSec", TOPICS, "B/s", Read::Rate(|s| s.bytes_in)),
    metric("BytesOutPerSec", TOPICS, "B/s", Read::Rate(|s| s.bytes_out)),
    metric("ReplicationBytesOutPerSec", TOPICS, "B/s", Read::Rate(|s| s.replication_bytes_out)),
    metric("record-send-rate", PRODUCER, "/s", Read::Rate(|s| u64::from(s.sent))),
    alarm("record-error-rate", PRODUCER, "/s", Read::Rate(|s| s.failed)),
    metric(
        "request-latency-avg",
        PRODUCER,
        "ms",
        Read::Mean(|s| (s.answered_ns / 1_000, u64::from(s.answered) * 1_000)),
    ),
    metric("records-consumed-rate", CONSUMER, "/s", Read::Rate(|s| s.consumed)),
    metric("records-lag-max", CONSUMER, "", Read::Last(|s| s.lag_max)),
    alarm("UnderReplicatedPartitions", REPLICAS, "", Read::Level(|l| l.under_replicated)),
    alarm("OfflinePartitionsCount", CONTROLLER, "", Read::Level(|l| l.offline)),
    alarm("IsrShrinksPerSec", REPLICAS, "/s", Read::Rate(|s| u64::from(s.isr_shrinks))),
    metric("IsrExpandsPerSec", REPLICAS, "/s", Read::Rate(|s| u64::from(s.isr_expands))),
    metric("LeaderElectionRate", ELECTIONS, "/s", Read::Rate(|s| u64::from(s.elections))),
    alarm("UncleanLeaderElectionsPerSec", ELECTIONS, "/s", Read::Rate(|s| u64::from(s.unclean_elections))),
    metric("ActiveControllerCount", CONTROLLER, "", Read::Level(|l| l.active_controllers)),
    alarm("FencedBrokerCount", CONTROLLER, "", Read::Level(|l| l.fenced)),
    metric("NumGroupsPreparingRebalance", GROUPS, "", Read::Level(|l| l.preparing_groups)),
];

/// The metrics of a run up to its present moment.
pub fn metrics(lab: &Lab, lens: &MetricsLens) -> Vec<MetricView> {
    gap!("the metrics that the metrics view does not list", "BrokerTopicStats, SelectorMetrics");
    let now_ns = lab.clock().as_nanos();
    let views = METRICS.iter().map(|metric| MetricView {
        name: metric.name,
        bean: metric.bean,
        unit: metric.unit,
        points: course(lab, &metric.read, lens.from_ns, now_ns),
        before: before(lab, &metric.read, lens.marker_ns),
        now: now(lab, &metric.read, lens.marker_ns, now_ns),
        alarm_above: metric.alarm_above,
    });
    views.collect()
}

/// The sum of a value over seconds.
fn sum(lab: &Lab, seconds: std::ops::Range<u64>, of: impl Fn(&Second) -> u64) -> u64 {
    let under_way = if seconds.contains(&(lab.clock().as_nanos() / NS)) { of(&lab.second_under_way()) } else { 0 };
    lab.metrics().seconds_in(seconds).map(|(_, second)| of(second)).sum::<u64>() + under_way
}

/// What it was over seconds that lasted `span_s` together.
fn over(lab: &Lab, read: &Read, seconds: std::ops::Range<u64>, span_s: f64) -> Option<f64> {
    match read {
        Read::Rate(of) => Some(sum(lab, seconds, of) as f64 / span_s),
        Read::Mean(of) => {
            let n = sum(lab, seconds.clone(), |s| of(s).1);
            (n > 0).then(|| sum(lab, seconds, |s| of(s).0) as f64 / n as f64)
        }
        Read::Last(of) => {
            let last = lab.metrics().seconds_in(0..seconds.end).next_back();
            Some(last.map_or(0.0, |(_, second)| of(second) as f64))
        }
        Read::Level(_) => None,
    }
}

/// A level just before a moment, or at it.
fn level(lab: &Lab, of: fn(&Levels) -> u32, holds: impl Fn(u64) -> bool) -> f64 {
    let last = lab.metrics().levels().rev().find(|(at, _)| *at < BOOT || holds(clock_ns(*at)));
    last.map_or(0.0, |(_, levels)| f64::from(of(levels)))
}

fn before(lab: &Lab, read: &Read, marker_ns: u64) -> Option<f64> {
    let to = marker_ns / NS;
    let from = to.saturating_sub(RATE_S);
    match read {
        Read::Level(of) => Some(level(lab, *of, |at| at < marker_ns)),
        _ if from == to => None,
        _ => over(lab, read, from..to, (to - from) as f64),
    }
}

fn now(lab: &Lab, read: &Read, marker_ns: u64, now_ns: u64) -> Option<f64> {
    let begin = now_ns.saturating_sub(RATE_S * NS).max(marker_ns.min(now_ns));
    let (from, to) = (begin / NS, now_ns / NS + 1);
    match read {
        Read::Level(of) => Some(level(lab, *of, |at| at <= now_ns)),
        _ => over(lab, read, from..to, ((now_ns - from * NS) as f64 / NS as f64).max(1.0)),
    }
}

/// Its course from one moment to another.
fn course(lab: &Lab, read: &Read, from_ns: u64, to_ns: u64) -> Vec<(u64, f64)> {
    let mut points: Vec<(u64, f64)> = Vec::new();
    let mut add = |at: u64, value: f64| {
        if points.last().is_none_or(|last| last.1 != value) {
            points.push((at, value));
        }
    };
    if let Read::Level(of) = read {
        add(from_ns, level(lab, *of, |at| at <= from_ns));
        let changes = lab.metrics().levels().filter(|(at, _)| *at >= BOOT && clock_ns(*at) > from_ns);
        changes.for_each(|(at, levels)| add(clock_ns(*at), f64::from(of(levels))));
        return points;
    }
    let (first, end) = (from_ns / NS, to_ns / NS + 1);
    let step = (end - first).div_ceil(POINTS_MAX).max(1);
    for second in (first..end).step_by(step as usize) {
        let (at, to) = (second * NS, (second + step).min(end));
        let span_s = ((to_ns.min(to * NS) - at.min(to_ns)) as f64 / NS as f64).max(1.0);
        if let Some(value) = over(lab, read, second..to, span_s) {
            add(at.max(from_ns), value);
        }
    }
    points
}
