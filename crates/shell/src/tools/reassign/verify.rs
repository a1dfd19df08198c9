//! `--verify`: how far each move is; once none is under way, throttles are taken off.

use clients::AdminCall;
use protocol::api::ConfigResourceKind;
use protocol::api::describe_configs::ConfigResource;
use protocol::api::incremental_alter_configs::ConfigOp;
use protocol::{BrokerId, ErrorCode, TopicName};

use super::json::{ANY, Target};
use super::{Action, Failure, Reassign, joined, joined_of, plural};
use crate::admin_tool::Calls;
use crate::java::{DEFAULT_CAPACITY, hash_order};

/// Configs of brokers that throttle moves.
pub(super) const BROKER_THROTTLES: [&str; 3] = [
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
];
/// Configs of topics that say which replicas are throttled.
pub(super) const TOPIC_THROTTLES: [&str; 2] =
    ["leader.replication.throttled.replicas", "follower.replication.throttled.replicas"];

impl Reassign {
    fn is_ongoing(&self, target: &Target) -> bool {
        self.ongoing.iter().any(|of| of.topic == target.tp.topic && of.partition == target.tp.partition)
    }

    /// What does not move is looked up.
    pub(super) fn verify_topics(&self, admin: &mut Calls<'_, '_>) {
        let mut topics: Vec<TopicName> = self
            .targets
            .iter()
            .filter(|target| !self.is_ongoing(target))
            .map(|target| target.tp.topic.clone())
            .collect();
        ordered::sort(&mut topics);
        topics.dedup();
        admin.call(AdminCall::describe_topics(Some(topics)));
    }

    pub(super) fn verified(&mut self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        ordered::sort_by(&mut self.targets, |a, b| a.tp.cmp(&b.tp));
        let lines = self.targets.iter().map(|target| self.state(target)).collect::<Result<Vec<String>, _>>()?;
        admin.io.out("Status of partition reassignment:");
        lines.into_iter().for_each(|line| admin.io.out(line));
        let brokers = self.brokers_with_wanted_dirs();
        match brokers.is_empty() {
            true => self.moves_verified(admin),
            false => drop(admin.call(AdminCall::DescribeLogDirs { brokers })),
        }
        Ok(())
    }

    fn state(&self, target: &Target) -> Result<String, Failure> {
        let tp = &target.tp;
        if self.is_ongoing(target) {
            return Ok(format!("Reassignment of partition {tp} is still in progress."));
        }
        let current = match self.described.iter().find(|(topic, _)| *topic == tp.topic) {
            Some((_, Ok(topic))) => topic.partitions.get(tp.partition as usize).map(|p| p.replicas.clone()),
            Some((_, Err(error))) if error.code != ErrorCode::UnknownTopicOrPartition => {
                return Err(error.clone().into());
            }
            Some((_, Err(_))) | None => None,
        };
        let current = current.unwrap_or_default();
        Ok(match current == target.replicas {
            true => format!("Reassignment of partition {tp} is completed."),
            false => format!(
                "There is no active reassignment of partition {tp}, but replica set is {} rather than {}.",
                joined(&current),
                joined(&target.replicas)
            ),
        })
    }

    /// The replicas that are to lie in a log directory of a given path.
    pub(super) fn wanted_dirs(&self) -> impl Iterator<Item = (&Target, BrokerId, &String)> {
        let of = |target: &'_ Target| target.replicas.len();
        self.targets
            .iter()
            .flat_map(move |target| (0..of(target)).map(move |at| (target, target.replicas[at], &target.log_dirs[at])))
            .filter(|(.., dir)| *dir != ANY)
    }

    /// The brokers of those replicas.
    pub(super) fn brokers_with_wanted_dirs(&self) -> Vec<BrokerId> {
        let mut brokers: Vec<BrokerId> = self.wanted_dirs().map(|(_, broker, _)| broker).collect();
        ordered::sort(&mut brokers);
        brokers.dedup();
        brokers
    }

    /// Prints where replicas with a wanted log directory lie, or an empty line if there are none.
    pub(super) fn moves_verified(&self, admin: &mut Calls<'_, '_>) {
        let line = |(target, broker, wanted): (&Target, BrokerId, &String)| {
            let tp = &target.tp;
            let replica = (tp.clone(), broker);
            match (self.log_dirs.get(&replica), self.future_dirs.get(&replica)) {
                (None, _) => format!(
                    "Partition {tp} is not found in any live log dir on broker {broker}. There is likely an offline log directory on the broker."
                ),
                (Some(_), Some(future)) if **future == **wanted => {
                    format!("Reassignment of replica {tp}-{broker} is still in progress.")
                }
                (Some(_), Some(future)) => {
                    format!("Partition {tp} on broker {broker} is being moved to log dir {future} instead of {wanted}.")
                }
                (Some(dir), None) if **dir == **wanted => {
                    format!("Reassignment of replica {tp}-{broker} completed successfully.")
                }
                (Some(dir), None) => {
                    format!("Partition {tp} on broker {broker} is not being moved from log dir {dir} to {wanted}.")
                }
            }
        };
        let mut wanted: Vec<_> = self.wanted_dirs().collect();
        ordered::sort_by(&mut wanted, |a, b| (a.1, &a.0.tp).cmp(&(b.1, &b.0.tp)));
        admin.io.out(wanted.into_iter().map(line).collect::<Vec<_>>().join("\n"));
        match self.ongoing.is_empty() && self.future_dirs.is_empty() && !self.keeps_throttles {
            true => self.ask_cluster(admin),
            false => admin.io.exit(0),
        }
    }

    /// The end of `--cancel`: what moves between log directories goes back.
    pub(super) fn end_cancel(&self, admin: &mut Calls<'_, '_>) {
        let brokers = self.brokers_with_wanted_dirs();
        match brokers.is_empty() {
            true => self.cancelled(admin),
            false => drop(admin.call(AdminCall::DescribeLogDirs { brokers })),
        }
    }

    /// Throttles are taken off, unless they are to stay. Kafka forgets the end of the line before that.
    pub(super) fn cancelled(&self, admin: &mut Calls<'_, '_>) {
        match self.keeps_throttles {
            false => self.ask_cluster(admin),
            true => {
                self.no_moves().into_iter().for_each(|text| admin.io.out(text));
                admin.io.exit(0);
            }
        }
    }

    /// What `--cancel` says when nothing moves between log directories.
    fn no_moves(&self) -> Option<&'static str> {
        let is_idle = self.action == Action::Cancel && self.future_dirs.is_empty();
        is_idle.then_some("None of the specified partition moves are active.")
    }

    pub(super) fn clear_broker_throttles(&mut self, admin: &mut Calls<'_, '_>) {
        let mut brokers = self.live();
        brokers.extend(self.targets.iter().flat_map(|target| &target.replicas));
        ordered::sort(&mut brokers);
        brokers.dedup();
        let s = plural(brokers.len());
        let before = self.no_moves().unwrap_or_default();
        admin.io.out(format!("{before}Clearing broker-level throttles on broker{s} {}", joined(&brokers)));
        for broker in brokers {
            let changes = BROKER_THROTTLES.map(|name| (name, None));
            self.alter(admin, ConfigResourceKind::Broker, &broker.to_string(), &changes);
        }
    }

    /// Brokers are done: topics next, and then the tool is.
    pub(super) fn broker_throttles_cleared(&mut self, admin: &mut Calls<'_, '_>) {
        if std::mem::replace(&mut self.are_brokers_cleared, true) {
            return admin.io.exit(0);
        }
        let mut topics: Vec<TopicName> = self.targets.iter().map(|target| target.tp.topic.clone()).collect();
        topics.dedup();
        hash_order(&mut topics, DEFAULT_CAPACITY, |topic| topic);
        let s = plural(topics.len());
        admin.io.out(format!("Clearing topic-level throttles on topic{s} {}", joined_of(topics.iter())));
        for topic in topics {
            self.alter(admin, ConfigResourceKind::Topic, &topic, &TOPIC_THROTTLES.map(|name| (name, None)));
        }
        // A file that names no partition names no topic.
        if self.open == 0 {
            admin.io.exit(0);
        }
    }

    /// Sets configs, or deletes those without a value.
    pub(super) fn alter(
        &mut self,
        admin: &mut Calls<'_, '_>,
        kind: ConfigResourceKind,
        name: &str,
        changes: &[(&str, Option<String>)],
    ) {
        let resource = ConfigResource { kind, name: name.into() };
        let change =
            |(name, value): &(&str, Option<String>)| ((*name).into(), ConfigOp::of(value.as_deref().map(Into::into)));
        let changes = changes.iter().map(change).collect();
        admin.call(AdminCall::AlterConfigs { resource, changes, validate_only: false });
        self.open += 1;
    }
}
