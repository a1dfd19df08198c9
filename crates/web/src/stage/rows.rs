//! Which partitions are rows, and which offsets their cells show. A row has the same window of offsets on every
//! broker, so that a replica that lags or diverges is seen at a glance.

use std::rc::Rc;

use view::Picture;

use crate::engine::PARTITIONS_MAX;

/// One partition.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row {
    pub(crate) topic: Rc<str>,
    pub(crate) partition: i32,
    /// First offset of the window.
    pub(crate) from: i64,
    /// One past its last.
    pub(crate) to: i64,
    /// Leader by the active controller; −1 for none.
    pub(crate) leader: i32,
}

/// All rows with the density they leave room for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rows {
    pub(crate) list: Vec<Row>,
    /// `""`, `tight`, `dense`, or `strip`: too many for rows, so brokers show counts.
    pub(crate) density: &'static str,
}

/// With more brokers than this, they show counts.
const BROKERS_MAX: usize = 12;

/// The rows of a moment, on a page of this width.
pub(crate) fn rows(picture: &Picture, width: f64) -> Rc<Rows> {
    let cells = match picture.brokers.len() {
        _ if width < 900.0 => 5,
        0..=3 if width >= 1700.0 => 12,
        4..=5 if width >= 1700.0 => 8,
        0..=3 => 7,
        4..=5 => 5,
        _ => 4,
    };
    let partitions: usize = picture.topics.iter().map(|t| t.partitions.len()).sum();
    if partitions > PARTITIONS_MAX || picture.brokers.len() > BROKERS_MAX {
        return Rc::new(Rows { list: Vec::new(), density: "strip" });
    }
    let mut list = Vec::new();
    for topic in &picture.topics {
        let name: Rc<str> = topic.name.as_str().into();
        for p in &topic.partitions {
            let ends = picture.brokers.iter().flat_map(|b| &b.replicas);
            let ends = ends.filter(|r| r.partition == p.partition && r.topic == topic.name).map(|r| r.log_end);
            let to = ends.max().unwrap_or(0).max(cells);
            list.push(Row { topic: name.clone(), partition: p.partition, from: to - cells, to, leader: p.leader });
        }
    }
    let density = match list.len() {
        0..=4 => "",
        5..=8 => "tight",
        _ => "dense",
    };
    Rc::new(Rows { list, density })
}

/// The rows of a moment beside those of another branch: the same offsets stand below each other in both.
pub(super) fn beside(picture: &Picture, against: &Picture) -> Rc<Rows> {
    let (mut rows, others) = ((*rows(picture, 0.0)).clone(), rows(against, 0.0));
    for row in &mut rows.list {
        let is_it = |other: &&Row| other.topic == row.topic && other.partition == row.partition;
        if let Some(other) = others.list.iter().find(is_it).filter(|other| other.to > row.to) {
            (row.from, row.to) = (other.from, other.to);
        }
    }
    Rc::new(rows)
}
