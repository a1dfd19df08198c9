//! `kafka-consumer-groups --reset-offsets`.

use clients::admin::{Described, GroupOffset};
use clients::{AdminCall, AdminResult, ClientError, StartAt};
use ordered::{SortedMap, SortedSet};
use protocol::api::describe_groups::DescribedGroup;
use protocol::api::describe_topic_partitions::DescribedTopic;
use protocol::{BrokerId, ErrorCode, GroupId, TopicName, TopicPartition};

use super::options::{TopicArg, topic_args};
use super::plan::Plan;
use super::{Failure, not_found};
use crate::Files;
use crate::admin_tool::Calls;
use crate::duration;
use crate::java::{DEFAULT_CAPACITY, partition_hash_order};
use crate::options::Parsed;

/// A partition with the offset that was asked for, its timestamp and leader epoch.
type Listed = (TopicPartition, Described<(i64, i64, i32)>);

const LOGGER: &str = "org.apache.kafka.tools.OffsetsUtils";

/// Describing → Topics → for each inactive group: Committed → Earliest → Latest → (ByTime) → (Altering).
#[derive(Clone, Hash, Debug)]
pub(super) struct Reset {
    scenario: Scenario,
    scope: Scope,
    execute: bool,
    export: bool,
    stage: Stage,
    groups: Vec<GroupId>,
    at: usize,
    committed: SortedMap<TopicPartition, i64>,
    partitions: Vec<TopicPartition>,
    earliest: SortedMap<TopicPartition, i64>,
    latest: SortedMap<TopicPartition, i64>,
    planned: Vec<(GroupId, TopicPartition, i64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    Describing,
    Topics,
    Committed,
    Earliest,
    Latest,
    ByTime,
    Altering,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Scenario {
    Earliest,
    Latest,
    Current,
    Offset(i64),
    Shift(i64),
    Time(i64),
    /// Group (none: every group), partition, offset.
    File(Plan),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Scope {
    /// Every partition the group has an offset for.
    AllTopics,
    /// Topics, each with some partitions or (none) all.
    Topics(Vec<TopicArg>),
}

impl Reset {
    pub(super) fn begin(
        options: &Parsed,
        files: &Files,
        groups: Vec<GroupId>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<Reset, Failure> {
        let scenario = scenario(options, &groups, files, admin.io.wall_ms())?;
        let scope = scope(options);
        admin.call(AdminCall::DescribeGroups { groups });
        Ok(Reset {
            scenario,
            scope,
            execute: options.has("execute"),
            export: options.has("export"),
            stage: Stage::Describing,
            groups: vec![],
            at: 0,
            committed: SortedMap::new(),
            partitions: vec![],
            earliest: SortedMap::new(),
            latest: SortedMap::new(),
            planned: vec![],
        })
    }

    pub(super) fn answer(&mut self, result: AdminResult, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        match result {
            AdminResult::DescribeGroups(groups) => self.described(groups, admin)?,
            AdminResult::DescribeTopics(topics) => self.topics_known(topics, admin)?,
            AdminResult::ListGroupOffsets(offsets) => self.committed_known(offsets, admin)?,
            AdminResult::ListOffsets(offsets) => self.offsets_known(offsets, admin)?,
            AdminResult::AlterGroupOffsets(results) => {
                if let Some(error) = results.into_iter().find_map(|(_, result)| result.err()) {
                    return Err(Failure::of(&error));
                }
                self.at += 1;
                self.next_group(admin);
            }
            _ => unreachable!("a reset makes no other call"),
        }
        Ok(())
    }

    fn described(
        &mut self,
        groups: Vec<(GroupId, Described<(DescribedGroup, BrokerId)>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        for (group, result) in groups {
            let state = match result {
                Ok((described, _)) => described.state,
                // A group that is not there yet is made by committing offsets.
                Err(e) if e.code == ErrorCode::GroupIdNotFound => "Dead".into(),
                Err(e) => return Err(Failure::of(&not_found(&group, e))),
            };
            if matches!(&*state, "Empty" | "Dead") {
                self.groups.push(group);
            } else {
                admin.io.out(format!("\nError: Assignments can only be reset if the group '{group}' is inactive, but the current state is {state}."));
            }
        }
        match &self.scope {
            Scope::Topics(topics) if !topics.is_empty() && !self.groups.is_empty() => {
                self.stage = Stage::Topics;
                admin.call(AdminCall::describe_topics(Some(topics.iter().map(|(topic, _)| topic.clone()).collect())));
            }
            _ => self.next_group(admin),
        }
        Ok(())
    }

    fn topics_known(
        &mut self,
        topics: Vec<(TopicName, Described<DescribedTopic>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        let Scope::Topics(wanted) = &self.scope else { return Ok(()) };
        let mut known: SortedMap<TopicName, Vec<i32>> = SortedMap::new();
        for (name, topic) in topics {
            let topic = topic.map_err(|e| Failure::bare(&e.class, &*e.message))?;
            known.insert(name, topic.partitions.iter().map(|p| p.partition).collect());
        }
        // Partitions that are named, each as often as it is named, and then topics as a whole (`#parseTopicPartitionsToReset`).
        let named = wanted.iter().filter_map(|(topic, partitions)| Some((topic, partitions.as_ref()?)));
        let whole: SortedSet<&TopicName> =
            wanted.iter().filter(|(_, partitions)| partitions.is_none()).map(|(topic, _)| topic).collect();
        let whole = whole.into_iter().filter_map(|topic| Some((topic, known.get(topic)?)));
        let chosen = named.chain(whole);
        self.partitions = chosen
            .flat_map(|(topic, partitions)| partitions.iter().map(|p| TopicPartition::new(topic.clone(), *p)))
            .collect();
        let is_missing = |tp: &&TopicPartition| known.get(&tp.topic).is_none_or(|there| !there.contains(&tp.partition));
        let missing: Vec<String> = self.partitions.iter().filter(is_missing).map(ToString::to_string).collect();
        if !missing.is_empty() {
            return Err(Failure::bare(
                &ErrorCode::UnknownTopicOrPartition.exception_class(),
                format!("The partitions \"{}\" do not exist", missing.join(", ")),
            ));
        }
        self.next_group(admin);
        Ok(())
    }

    fn next_group(&mut self, admin: &mut Calls<'_, '_>) {
        match self.groups.get(self.at) {
            Some(group) => {
                self.stage = Stage::Committed;
                admin.call(AdminCall::ListGroupOffsets { group: group.clone(), partitions: None });
            }
            None => {
                self.print(admin);
                admin.io.exit(0);
            }
        }
    }

    fn committed_known(&mut self, offsets: Vec<GroupOffset>, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        self.committed = offsets.into_iter().filter(|o| o.offset >= 0).map(|o| (o.tp, o.offset)).collect();
        if self.scope == Scope::AllTopics {
            self.partitions = self.committed.keys().cloned().collect();
        }
        if let Scenario::File(plan) = &self.scenario {
            let group = &self.groups[self.at];
            let of_group = plan.rows.iter().filter(|(g, ..)| **g == **group);
            let partitions: SortedSet<&TopicPartition> = of_group.map(|(_, tp, _)| tp).collect();
            // The file is read for the partitions, and again for their offsets.
            plan.trace.iter().chain(&plan.trace).for_each(|trace| admin.io.err(trace.as_str()));
            if partitions.is_empty() {
                admin.io.out(format!("\nError: No reset plan for group {group} found"));
            }
            self.partitions = partitions.into_iter().cloned().collect();
        }
        if self.partitions.is_empty() {
            return self.plan(&SortedMap::new(), admin);
        }
        self.check_twice()?;
        self.stage = Stage::Earliest;
        self.list(StartAt::Earliest, admin);
        Ok(())
    }

    /// A partition that was named twice ends it: it is a key of a Java map (`OffsetsUtils#resetToEarliest` and the others).
    fn check_twice(&self) -> Result<(), Failure> {
        /// Java tells objects without a text of their own by a number, which is another in each run.
        const NUMBERS: [&str; 2] = ["5ebd56e9", "63f34b70"];
        let mut seen = SortedSet::new();
        let Some(tp) = self.partitions.iter().find(|tp| !seen.insert(*tp)) else { return Ok(()) };
        let committed = self.committed.get(tp).copied();
        let spec = |kind: &str, n: usize| format!("org.apache.kafka.clients.admin.OffsetSpec${kind}@{}", NUMBERS[n]);
        let (one, other) = match &self.scenario {
            Scenario::Earliest => (spec("EarliestSpec", 0), spec("EarliestSpec", 0)),
            Scenario::Time(_) => (spec("TimestampSpec", 0), spec("TimestampSpec", 1)),
            Scenario::Offset(offset) => (offset.to_string(), offset.to_string()),
            Scenario::Shift(by) => {
                let offset = committed.ok_or_else(|| unshiftable(tp))?.saturating_add(*by).to_string();
                (offset.clone(), offset)
            }
            Scenario::Current if committed.is_some() => {
                let offset = committed.unwrap_or_default();
                let text = format!("OffsetAndMetadata{{offset={offset}, leaderEpoch=null, metadata=''}}");
                (text.clone(), text)
            }
            Scenario::Latest | Scenario::Current => (spec("LatestSpec", 0), spec("LatestSpec", 0)),
            // Of a line that stands there twice the last one counts.
            Scenario::File(_) => return Ok(()),
        };
        let message = format!("Duplicate key {tp} (attempted merging values {one} and {other})");
        Err(Failure::bare("java.lang.IllegalStateException", message))
    }

    fn list(&self, start: StartAt, admin: &mut Calls<'_, '_>) {
        admin.call(AdminCall::ListOffsets {
            partitions: self.partitions.iter().map(|tp| (tp.clone(), start)).collect(),
        });
    }

    fn offsets_known(&mut self, offsets: Vec<Listed>, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let failed = |e: ClientError| Failure::of(&e);
        let found: SortedMap<TopicPartition, i64> = offsets
            .into_iter()
            .map(|(tp, r)| r.map(|(offset, ..)| (tp, offset)))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        match (self.stage, &self.scenario) {
            (Stage::Earliest, _) => {
                self.earliest = found;
                self.stage = Stage::Latest;
                self.list(StartAt::Latest, admin);
                Ok(())
            }
            (Stage::Latest, Scenario::Time(ms)) => {
                let ms = *ms;
                self.latest = found;
                self.stage = Stage::ByTime;
                self.list(StartAt::Timestamp(ms), admin);
                Ok(())
            }
            (Stage::Latest, _) => {
                self.latest = found;
                self.plan(&SortedMap::new(), admin)
            }
            (_, _) => self.plan(&found, admin),
        }
    }

    /// Decides the group's new offsets, then commits them if told so.
    fn plan(&mut self, by_time: &SortedMap<TopicPartition, i64>, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let group = self.groups[self.at].clone();
        let mut plan = Vec::new();
        // What it warns of comes in the order of a Java map.
        let mut partitions: Vec<&TopicPartition> = self.partitions.iter().collect();
        partition_hash_order(&mut partitions, DEFAULT_CAPACITY, |tp| tp);
        for tp in partitions {
            plan.push((tp.clone(), self.new_offset(tp, &group, by_time, admin)?));
        }
        ordered::sort_by(&mut plan, |(a, _), (b, _)| a.cmp(b));
        self.planned.extend(plan.iter().map(|(tp, offset)| (group.clone(), tp.clone(), *offset)));
        if self.execute && !plan.is_empty() {
            self.stage = Stage::Altering;
            admin.call(AdminCall::AlterGroupOffsets { group, offsets: plan });
        } else {
            self.at += 1;
            self.next_group(admin);
        }
        Ok(())
    }

    fn new_offset(
        &self,
        tp: &TopicPartition,
        group: &str,
        by_time: &SortedMap<TopicPartition, i64>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<i64, Failure> {
        let earliest = self.earliest.get(tp).copied().unwrap_or(0);
        let latest = self.latest.get(tp).copied().unwrap_or(0);
        let committed = self.committed.get(tp).copied();
        Ok(match &self.scenario {
            Scenario::Earliest => earliest,
            Scenario::Latest => latest,
            Scenario::Current => committed.unwrap_or(latest),
            Scenario::Offset(offset) => in_range(*offset, tp, earliest, latest, admin),
            Scenario::Shift(by) => {
                let current = committed.ok_or_else(|| unshiftable(tp))?;
                in_range(current.saturating_add(*by), tp, earliest, latest, admin)
            }
            Scenario::Time(_) => match by_time.get(tp).copied().filter(|offset| *offset >= 0) {
                Some(offset) => offset,
                None => {
                    admin.io.out(format!(
                        "\nWarn: Partition {} from topic {} is empty. Falling back to latest known offset.",
                        tp.partition, tp.topic
                    ));
                    latest
                }
            },
            Scenario::File(plan) => {
                let row = plan.rows.iter().rev().find(|(g, row_tp, _)| row_tp == tp && **g == *group);
                in_range(row.map_or(latest, |(.., offset)| *offset), tp, earliest, latest, admin)
            }
        })
    }

    fn print(&mut self, admin: &mut Calls<'_, '_>) {
        partition_hash_order(&mut self.planned, DEFAULT_CAPACITY, |(_, tp, _)| tp);
        ordered::sort_by(&mut self.planned, |(a, ..), (b, ..)| a.cmp(b));
        if self.export {
            let with_group = self.groups.len() > 1;
            for (group, tp, offset) in &self.planned {
                let group = if with_group { format!("{group},") } else { String::new() };
                admin.io.out(format!("{group}{},{},{offset}", tp.topic, tp.partition));
            }
            return admin.io.out("");
        }
        let g = self.planned.iter().map(|(group, ..)| group.len()).max().unwrap_or(0).max(15);
        let t = self.planned.iter().map(|(_, tp, _)| tp.topic.len()).max().unwrap_or(0).max(15);
        admin.io.out(format!("\n{:g$} {:t$} {:<10} NEW-OFFSET", "GROUP", "TOPIC", "PARTITION"));
        for (group, tp, offset) in &self.planned {
            admin.io.out(format!("{group:g$} {:t$} {:<10} {offset}", tp.topic, tp.partition));
        }
    }
}

fn unshiftable(tp: &TopicPartition) -> Failure {
    Failure::bare(
        "java.lang.IllegalArgumentException",
        format!("Cannot shift offset for partition {tp} since there is no current committed offset"),
    )
}

fn in_range(offset: i64, tp: &TopicPartition, earliest: i64, latest: i64, admin: &mut Calls<'_, '_>) -> i64 {
    let (relation, bound) = if offset > latest {
        ("higher than latest", latest)
    } else if offset < earliest {
        ("lower than earliest", earliest)
    } else {
        return offset;
    };
    admin.io.log(
        "WARN",
        &format!("New offset ({offset}) is {relation} offset for topic partition {tp}. Value will be set to {bound}"),
        LOGGER,
    );
    bound
}

fn scenario(options: &Parsed, groups: &[GroupId], files: &Files, now_ms: i64) -> Result<Scenario, Failure> {
    if options.has("to-earliest") {
        return Ok(Scenario::Earliest);
    }
    if options.has("to-latest") {
        return Ok(Scenario::Latest);
    }
    if let Some(offset) = options.number("to-offset")? {
        return Ok(Scenario::Offset(offset));
    }
    if let Some(by) = options.number("shift-by")? {
        return Ok(Scenario::Shift(by));
    }
    if let Some(text) = options.one("to-datetime")? {
        let parsed = duration::date_time(text).map_err(|e| {
            let text = format!("java.text.ParseException: {e}");
            Failure { stack: format!("java.lang.RuntimeException: {text}"), text }
        });
        return Ok(Scenario::Time(parsed?));
    }
    if let Some(text) = options.one("by-duration")? {
        let ms = duration::duration(text).map_err(|e| Failure::bare("java.time.format.DateTimeParseException", e))?;
        return Ok(Scenario::Time(now_ms.saturating_sub(ms)));
    }
    match options.one("from-file")? {
        // With `--all-groups` none is named.
        Some(path) => {
            let single = groups.first().filter(|_| options.all("group").len() == 1);
            let text = files.get(path).ok_or_else(|| unreadable(path))?;
            let thrown = |text: String| Failure { stack: format!("java.lang.RuntimeException: {text}"), text };
            Plan::read(text, single).map(Scenario::File).map_err(thrown)
        }
        None => Ok(Scenario::Current),
    }
}

fn unreadable(path: &str) -> Failure {
    let text = format!("java.io.IOException: Unable to read file {path}");
    Failure { stack: format!("java.lang.RuntimeException: {text}"), text }
}

fn scope(options: &Parsed) -> Scope {
    match options.has("all-topics") {
        true => Scope::AllTopics,
        false => Scope::Topics(topic_args(options).unwrap_or_default()),
    }
}
