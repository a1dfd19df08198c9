//! `kafka-consumer-groups --delete-offsets` (`ConsumerGroupCommand.ConsumerGroupService#deleteOffsets`).

use clients::admin::Described;
use clients::{AdminCall, AdminResult, ClientError};
use protocol::api::describe_topic_partitions::DescribedTopic;
use protocol::{ErrorCode, GroupId, TopicName, TopicPartition};

use super::options::TopicArg;
use crate::admin_tool::Calls;

/// Topics → Deleting. Topics are described only where no partitions are named.
#[derive(Clone, Hash, Debug)]
pub(super) struct DeleteOffsets {
    group: GroupId,
    partitions: Vec<TopicPartition>,
    /// Topics that are not there, and why not.
    unknown: Vec<(TopicName, ClientError)>,
}

impl DeleteOffsets {
    pub(super) fn begin(group: GroupId, topics: &[TopicArg], admin: &mut Calls<'_, '_>) -> DeleteOffsets {
        let named = topics.iter().filter_map(|(topic, partitions)| Some((topic, partitions.as_ref()?)));
        let partitions = named.flat_map(|(topic, partitions)| {
            partitions.iter().map(|partition| TopicPartition::new(topic.clone(), *partition))
        });
        let whole: Vec<TopicName> =
            topics.iter().filter(|(_, partitions)| partitions.is_none()).map(|(topic, _)| topic.clone()).collect();
        let mut deletion = DeleteOffsets { group, partitions: partitions.collect(), unknown: Vec::new() };
        match whole.is_empty() {
            true => deletion.delete(admin),
            false => drop(admin.call(AdminCall::describe_topics(Some(whole)))),
        }
        deletion
    }

    pub(super) fn answer(&mut self, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match result {
            AdminResult::DescribeTopics(topics) => self.topics_known(topics, admin),
            AdminResult::DeleteGroupOffsets(result) => self.print(result, admin),
            _ => unreachable!("a deletion of offsets makes no other call"),
        }
    }

    fn topics_known(&mut self, topics: Vec<(TopicName, Described<DescribedTopic>)>, admin: &mut Calls<'_, '_>) {
        for (topic, described) in topics {
            match described {
                Ok(described) => self
                    .partitions
                    .extend(described.partitions.iter().map(|p| TopicPartition::new(topic.clone(), p.partition))),
                Err(error) => self.unknown.push((topic, error)),
            }
        }
        self.delete(admin);
    }

    fn delete(&mut self, admin: &mut Calls<'_, '_>) {
        ordered::sort(&mut self.partitions);
        self.partitions.dedup();
        admin.call(AdminCall::DeleteGroupOffsets { group: self.group.clone(), partitions: self.partitions.clone() });
    }

    fn print(&self, result: Described<Vec<(TopicPartition, Described<()>)>>, admin: &mut Calls<'_, '_>) {
        let of_partitions: Vec<(&TopicPartition, Option<&ClientError>)> = match &result {
            Ok(results) => results.iter().map(|(tp, result)| (tp, result.as_ref().err())).collect(),
            Err(error) => self.partitions.iter().map(|tp| (tp, Some(error))).collect(),
        };
        let first = of_partitions.iter().find_map(|(_, error)| *error);
        match first {
            None => admin.io.out(format!("Request succeeded for deleting offsets from group {}.", self.group)),
            Some(error) => admin.io.out(format!("\nError: {}", summary(error))),
        }
        let mut rows: Vec<(String, &str, String, Option<&ClientError>)> = of_partitions
            .iter()
            .map(|(tp, error)| (format!("{}{}", tp.topic, tp.partition), &*tp.topic, tp.partition.to_string(), *error))
            .collect();
        rows.extend(self.unknown.iter().map(|(topic, e)| (format!("{topic}-1"), &**topic, "-".to_owned(), Some(e))));
        ordered::sort_by(&mut rows, |a, b| a.0.cmp(&b.0));
        let width = rows.iter().map(|(_, topic, ..)| topic.len()).max().unwrap_or(0).max(15);
        admin.io.out(format!("\n{:width$} {:<10} {:<15}", "TOPIC", "PARTITION", "STATUS"));
        for (_, topic, partition, error) in rows {
            let status = error.map_or_else(|| "Successful".to_owned(), |error| format!("Error: {error}"));
            admin.io.out(format!("{topic:width$} {partition:<10} {status:<15}"));
        }
        admin.io.exit(0);
    }
}

/// What the tool says of the first error.
fn summary(error: &ClientError) -> String {
    match error.code {
        ErrorCode::InvalidGroupId | ErrorCode::GroupIdNotFound | ErrorCode::NonEmptyGroup => {
            error.code.message().to_owned()
        }
        ErrorCode::GroupSubscribedToTopic | ErrorCode::UnknownTopicOrPartition => {
            "Encountered some partition-level error, see the follow-up details.".to_owned()
        }
        code => format!("Encountered some unknown error: {}", code.name()),
    }
}
