//! `--execute`: checks, prints what there is now for a way back, sets throttles, and asks for the moves.

use clients::AdminCall;
use ordered::{SortedMap, SortedSet};
use protocol::api::ConfigResourceKind;
use protocol::{BrokerId, ErrorCode, TopicName};

use super::json::{self, Target};
use super::verify::{BROKER_THROTTLES, TOPIC_THROTTLES};
use super::{Failure, Reassign, joined_of};
use crate::admin_tool::Calls;

const ANOTHER: &str = "Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.";
const VERIFY: &str =
    "Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.";

impl Reassign {
    /// A reassignment on top of another must be wanted.
    pub(super) fn check_no_other(&self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        if !self.is_additional && !self.ongoing.is_empty() {
            return Err(Failure::Terse(ANOTHER.into()));
        }
        self.ask_cluster(admin);
        Ok(())
    }

    /// All brokers that are named must be there.
    pub(super) fn check_brokers(&self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let live = self.live();
        let mut wanted = self.targets.iter().flat_map(|target| &target.replicas);
        if let Some(unknown) = wanted.find(|id| !live.contains(id)) {
            return Err(Failure::command(format!("Unknown broker id {unknown}")));
        }
        let topics: SortedSet<TopicName> = self.targets.iter().map(|target| target.tp.topic.clone()).collect();
        admin.call(AdminCall::describe_topics(Some(topics.into_iter().collect())));
        Ok(())
    }

    /// Prints the way back, and begins.
    pub(super) fn execute(&mut self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let mut current = self.current(&self.topics()?);
        current.retain(|there| self.targets.iter().any(|target| target.tp == there.tp));
        let missing: Vec<_> =
            self.targets.iter().map(|target| &target.tp).filter(|tp| !current.iter().any(|c| c.tp == **tp)).collect();
        if !missing.is_empty() {
            let text = format!("Unable to find partition: {}", joined_of(missing.into_iter()).replace(',', ", "));
            let error = clients::ClientError::of(clients::Profile::Java, ErrorCode::UnknownTopicOrPartition);
            return Err(error.with_message(Some(&text)).into());
        }
        let text = json::format(current.clone());
        admin.io.out(format!("Current partition replica assignment\n\n{text}\n"));
        admin.io.out("Save this to use as the --reassignment-json-file option during rollback");
        if self.throttle < 0 && self.log_dir_throttle < 0 {
            self.move_partitions(admin);
            return Ok(());
        }
        admin.io.out(VERIFY);
        match self.throttle >= 0 {
            true => self.throttle_topics(&current, admin),
            false => self.throttle_set(admin),
        }
        Ok(())
    }

    /// The configs that name the replicas a move reads from and writes to (`calculateProposedMoveMap`).
    fn throttle_topics(&mut self, current: &[Target], admin: &mut Calls<'_, '_>) {
        let mut moves: SortedMap<(TopicName, i32), (SortedSet<BrokerId>, SortedSet<BrokerId>)> = SortedMap::new();
        for of in &self.ongoing {
            let sources = of.replicas.iter().copied().filter(|id| !of.adding.contains(id)).collect();
            moves.insert((of.topic.clone(), of.partition), (sources, of.adding.iter().copied().collect()));
        }
        for target in &self.targets {
            let there = current.iter().find(|there| there.tp == target.tp).map(|there| there.replicas.clone());
            let entry = moves
                .entry((target.tp.topic.clone(), target.tp.partition))
                .or_insert_with(|| (there.unwrap_or_default().into_iter().collect(), SortedSet::new()));
            entry.1 = target.replicas.iter().copied().filter(|id| !entry.0.contains(id)).collect();
        }
        let mut components: SortedMap<TopicName, [SortedSet<String>; 2]> = SortedMap::new();
        for ((topic, partition), (sources, destinations)) in &moves {
            let of_topic = components.entry(topic.clone()).or_default();
            of_topic[0].extend(sources.iter().map(|id| format!("{partition}:{id}")));
            of_topic[1].extend(destinations.iter().map(|id| format!("{partition}:{id}")));
        }
        self.brokers = moves.values().flat_map(|(from, to)| from.iter().chain(to)).copied().collect();
        ordered::sort(&mut self.brokers);
        self.brokers.dedup();
        for (topic, [leaders, followers]) in components {
            let changes = [
                (TOPIC_THROTTLES[0], Some(joined_of(leaders.iter()))),
                (TOPIC_THROTTLES[1], Some(joined_of(followers.iter()))),
            ];
            self.alter(admin, ConfigResourceKind::Topic, &topic, &changes);
        }
    }

    /// What was asked for of throttles is done: the next of them, or the moves.
    pub(super) fn throttle_set(&mut self, admin: &mut Calls<'_, '_>) {
        let brokers = std::mem::take(&mut self.brokers);
        if !brokers.is_empty() {
            let rate = self.throttle.to_string();
            for broker in brokers {
                let changes = [(BROKER_THROTTLES[0], Some(rate.clone())), (BROKER_THROTTLES[1], Some(rate.clone()))];
                self.alter(admin, ConfigResourceKind::Broker, &broker.to_string(), &changes);
            }
            return;
        }
        if self.throttle >= 0 {
            admin.io.out(format!("The inter-broker throttle limit was set to {} B/s", self.throttle));
            self.throttle = -1;
        }
        if self.log_dir_throttle >= 0 {
            if !std::mem::replace(&mut self.are_dirs_throttled, true) && self.throttle_log_dirs(admin) {
                return;
            }
            admin.io.out(format!("The replica-alter-dir throttle limit was set to {} B/s", self.log_dir_throttle));
        }
        self.move_partitions(admin);
    }

    /// Limits moves between log directories, if any are asked for (`#modifyLogDirThrottle`).
    fn throttle_log_dirs(&mut self, admin: &mut Calls<'_, '_>) -> bool {
        let changes = [(BROKER_THROTTLES[2], Some(self.log_dir_throttle.to_string()))];
        let brokers = self.brokers_with_wanted_dirs();
        for broker in &brokers {
            self.alter(admin, ConfigResourceKind::Broker, &broker.to_string(), &changes);
        }
        !brokers.is_empty()
    }

    fn move_partitions(&self, admin: &mut Calls<'_, '_>) {
        let partitions = self.targets.iter().map(|target| (target.tp.clone(), Some(target.replicas.clone()))).collect();
        let allow_replication_factor_change = self.allow_replication_factor_change;
        admin.call(AdminCall::AlterReassignments { partitions, allow_replication_factor_change });
    }
}
