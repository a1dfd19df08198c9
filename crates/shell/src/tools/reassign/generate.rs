//! `--generate`: the assignment there is, and one for the brokers that were named, by the rules of new topics. And the
//! log directories in which replicas lie, which `--execute` prints too.

use clients::AdminCall;
use protocol::api::describe_log_dirs::DescribeLogDirsResponse;
use protocol::api::describe_topic_partitions::DescribedTopic;
use protocol::java_random::first_bits;
use protocol::placement::{UsableBroker, place};
use protocol::{BrokerId, ErrorCode, TopicPartition};

use super::json::{self, ANY, Target};
use super::{Failure, Reassign};
use crate::admin_tool::Calls;
use crate::java::{DEFAULT_CAPACITY, hash_order};

/// Draws the proposed assignment.
const RNG_PROPOSAL: u32 = 0x61;

impl Reassign {
    /// The topics that were described; an error if one of them is not there.
    pub(super) fn topics(&self) -> Result<Vec<&DescribedTopic>, Failure> {
        let found = self.described.iter().map(|(name, result)| match result {
            Ok(topic) => Ok(topic),
            Err(error) if error.code == ErrorCode::UnknownTopicOrPartition => {
                Err(error.clone().with_message(Some(&format!("Topic {name} not found."))).into())
            }
            Err(error) => Err(error.clone().into()),
        });
        found.collect()
    }

    /// Asks the brokers that have replicas of the topics, and are there, for their log directories.
    pub(super) fn look_into_log_dirs(&self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let topics = self.topics()?;
        let mut brokers: Vec<BrokerId> = Vec::new();
        for partition in topics.iter().flat_map(|topic| &topic.partitions) {
            brokers.extend(partition.replicas.iter().filter(|id| !partition.offline_replicas.contains(id)));
        }
        ordered::sort(&mut brokers);
        brokers.dedup();
        admin.call(AdminCall::DescribeLogDirs { brokers });
        Ok(())
    }

    pub(super) fn learn_log_dirs(&mut self, found: &[(BrokerId, DescribeLogDirsResponse)]) {
        for (broker, answer) in found {
            for dir in &answer.log_dirs {
                for replica in &dir.partitions {
                    let dirs = if replica.is_future { &mut self.future_dirs } else { &mut self.log_dirs };
                    dirs.insert((replica.tp.clone(), *broker), dir.path.clone());
                }
            }
        }
    }

    /// The partitions of topics with their replicas and the log directories these lie in.
    pub(super) fn current(&self, topics: &[&DescribedTopic]) -> Vec<Target> {
        let partitions =
            topics.iter().flat_map(|topic| topic.partitions.iter().map(move |partition| (topic, partition)));
        let target =
            |(topic, partition): (&&DescribedTopic, &protocol::api::describe_topic_partitions::DescribedPartition)| {
                let tp = TopicPartition::new(topic.name.clone(), partition.partition);
                let dir = |id: &BrokerId| self.log_dirs.get(&(tp.clone(), *id)).map_or(ANY, |dir| dir).to_owned();
                let log_dirs = partition.replicas.iter().map(dir).collect();
                Target { replicas: partition.replicas.clone(), log_dirs, tp }
            };
        partitions.map(target).collect()
    }

    pub(super) fn generate(&mut self, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        let mut topics = self.topics()?;
        hash_order(&mut topics, DEFAULT_CAPACITY, |topic| &topic.name);
        let usable = self.usable_brokers()?;
        let mut proposed = Vec::new();
        for topic in &topics {
            let (count, replicas) = (topic.partitions.len(), topic.partitions.first().map_or(0, |p| p.replicas.len()));
            let rng = admin.io.fx.rng(RNG_PROPOSAL);
            let placed = place(&mut |bits| first_bits(rng.bits(), bits), &usable, count as i32, replicas as i32);
            let placed = placed.map_err(|message| {
                Failure::thrown("org.apache.kafka.common.errors.InvalidReplicationFactorException", message)
            })?;
            proposed.extend((0..).zip(placed).map(|(partition, replicas)| Target {
                tp: TopicPartition::new(topic.name.clone(), partition),
                log_dirs: vec![ANY.to_owned(); replicas.len()],
                replicas,
            }));
        }
        admin.io.out(format!("Current partition replica assignment\n{}\n", json::format(self.current(&topics))));
        admin.io.out(format!("Proposed partition reassignment configuration\n{}", json::format(proposed)));
        admin.io.exit(0);
        Ok(())
    }

    /// The named brokers that are there, with their racks (`getBrokerMetadata`).
    fn usable_brokers(&self) -> Result<Vec<UsableBroker>, Failure> {
        let there = self.cluster.iter().flat_map(|cluster| &cluster.brokers).map(|(broker, _)| broker);
        let usable: Vec<UsableBroker> = there
            .filter(|broker| self.brokers.contains(&broker.id))
            .map(|broker| UsableBroker {
                id: broker.id,
                rack: broker.rack.clone().filter(|_| self.is_rack_aware),
                fenced: false,
            })
            .collect();
        let without_rack = usable.iter().filter(|broker| broker.rack.is_none()).count();
        if self.is_rack_aware && without_rack != 0 && without_rack != usable.len() {
            return Err(Failure::thrown(
                "org.apache.kafka.tools.AdminOperationException",
                "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.",
            ));
        }
        Ok(usable)
    }
}
