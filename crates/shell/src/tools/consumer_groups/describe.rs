//! `kafka-consumer-groups --describe`: offsets with lag, members, or state.

use clients::admin::GroupOffset;
use clients::{AdminCall, AdminResult, StartAt};
use ordered::SortedMap;
use protocol::api::describe_groups::DescribedGroup;
use protocol::{BrokerId, GroupId, TopicPartition, gap};

use super::{Failure, not_found};
use crate::admin_tool::Calls;
use crate::options::Parsed;

/// Describing → (Cluster → done, for `--state`) | done, for `--members` | for each group: Offsets → Ends.
#[derive(Clone, Hash, Debug)]
pub(super) struct Describe {
    mode: Mode,
    verbose: bool,
    groups: Vec<(DescribedGroup, BrokerId)>,
    /// The group whose offsets are being asked for.
    at: usize,
    committed: Vec<GroupOffset>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Mode {
    Offsets,
    Members,
    State,
}

impl Describe {
    pub(super) fn begin(options: &Parsed, groups: Vec<GroupId>, admin: &mut Calls<'_, '_>) -> Describe {
        let mode = match (options.has("members"), options.has("state")) {
            (true, _) => Mode::Members,
            (_, true) => Mode::State,
            _ => Mode::Offsets,
        };
        admin.call(AdminCall::DescribeGroups { groups });
        Describe { mode, verbose: options.has("verbose"), groups: vec![], at: 0, committed: vec![] }
    }

    pub(super) fn answer(&mut self, result: AdminResult, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        match result {
            AdminResult::DescribeGroups(results) => {
                for (group, result) in results {
                    self.groups.push(result.map_err(|e| Failure::of(&not_found(&group, e)))?);
                }
                ordered::sort_by(&mut self.groups, |(a, _), (b, _)| a.group.cmp(&b.group));
                self.described(admin);
            }
            AdminResult::DescribeCluster(cluster) => {
                let addresses: SortedMap<BrokerId, String> =
                    cluster.brokers.iter().map(|(b, _)| (b.id, format!("{}:{}", b.host, b.port))).collect();
                for (group, coordinator) in &self.groups {
                    notice(group, admin);
                    print_state(group, *coordinator, addresses.get(coordinator).map_or("", |a| a), self.verbose, admin);
                }
                admin.io.exit(0);
            }
            AdminResult::ListGroupOffsets(offsets) => {
                self.committed = offsets.into_iter().filter(|o| o.offset >= 0).collect();
                let partitions: Vec<(TopicPartition, StartAt)> =
                    self.partitions().into_iter().map(|tp| (tp, StartAt::Latest)).collect();
                if partitions.is_empty() {
                    self.print_offsets(&SortedMap::new(), admin);
                } else {
                    admin.call(AdminCall::ListOffsets { partitions });
                }
            }
            AdminResult::ListOffsets(ends) => {
                let ends = ends.into_iter().filter_map(|(tp, end)| end.ok().map(|(offset, ..)| (tp, offset))).collect();
                self.print_offsets(&ends, admin);
            }
            _ => unreachable!("a description makes no other call"),
        }
        Ok(())
    }

    fn described(&mut self, admin: &mut Calls<'_, '_>) {
        match self.mode {
            Mode::Members => {
                for (group, _) in &self.groups {
                    notice(group, admin);
                    print_members(group, self.verbose, admin);
                }
                admin.io.exit(0);
            }
            Mode::State => {
                admin.call(AdminCall::DescribeCluster { include_fenced: false });
            }
            Mode::Offsets => self.next_group(admin),
        }
    }

    fn next_group(&mut self, admin: &mut Calls<'_, '_>) {
        match self.groups.get(self.at) {
            Some((group, _)) => {
                admin.call(AdminCall::ListGroupOffsets { group: group.group.clone(), partitions: None });
            }
            None => admin.io.exit(0),
        }
    }

    /// Assigned or committed partitions of the group at hand, each once.
    fn partitions(&self) -> Vec<TopicPartition> {
        let assigned = self.groups[self.at]
            .0
            .members
            .iter()
            .flat_map(|m| m.assignment.iter().map(|(topic, p)| TopicPartition::new(topic.clone(), *p)));
        let mut all: Vec<TopicPartition> = assigned.chain(self.committed.iter().map(|o| o.tp.clone())).collect();
        ordered::sort(&mut all);
        all.dedup();
        all
    }

    fn print_offsets(&mut self, ends: &SortedMap<TopicPartition, i64>, admin: &mut Calls<'_, '_>) {
        let group = &self.groups[self.at].0;
        notice(group, admin);
        let rows: Vec<OffsetRow> = self.partitions().into_iter().map(|tp| self.row(tp, ends)).collect();
        if !rows.is_empty() && &*group.state != "Dead" {
            offsets_table(&group.group, &rows, self.verbose).into_iter().for_each(|line| admin.io.out(line));
        }
        self.at += 1;
        self.next_group(admin);
    }

    fn row(&self, tp: TopicPartition, ends: &SortedMap<TopicPartition, i64>) -> OffsetRow {
        let owner = self.groups[self.at]
            .0
            .members
            .iter()
            .find(|m| m.assignment.iter().any(|(topic, p)| *topic == tp.topic && *p == tp.partition));
        let committed = self.committed.iter().find(|o| o.tp == tp);
        let end = ends.get(&tp).copied();
        let text = |value: Option<i64>| value.map_or("-".to_owned(), |v| v.to_string());
        OffsetRow {
            current: text(committed.map(|o| o.offset)),
            leader_epoch: text(committed.map(|o| i64::from(o.leader_epoch)).filter(|epoch| *epoch >= 0)),
            end: text(end),
            lag: text(committed.and_then(|o| Some(end? - o.offset))),
            member: owner.map_or("-".to_owned(), |m| m.member.to_string()),
            host: owner.map_or("-".to_owned(), |m| m.client_host.to_string()),
            client_id: owner.map_or("-".to_owned(), |m| m.client_id.to_string()),
            tp,
        }
    }
}

/// A partition's line.
struct OffsetRow {
    tp: TopicPartition,
    current: String,
    leader_epoch: String,
    end: String,
    lag: String,
    member: String,
    host: String,
    client_id: String,
}

/// What the tool says on standard error about a group that is not stable.
fn notice(group: &DescribedGroup, admin: &mut Calls<'_, '_>) {
    match &*group.state {
        "Empty" => admin.io.err(format!("\nConsumer group '{}' has no active members.", group.group)),
        "Dead" => admin.io.out(format!("\nError: Consumer group '{}' does not exist.", group.group)),
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            admin.io.err(format!("\nWarning: Consumer group '{}' is rebalancing.", group.group))
        }
        _ => {}
    }
}

fn width<'a>(at_least: usize, cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(str::len).max().unwrap_or(0).max(at_least)
}

fn offsets_table(group: &str, rows: &[OffsetRow], verbose: bool) -> Vec<String> {
    let g = width(15, [group].into_iter());
    let t = width(15, rows.iter().map(|r| &*r.tp.topic));
    let c = width(15, rows.iter().map(|r| &*r.member));
    let h = width(15, rows.iter().map(|r| &*r.host));
    let line = |group: &str,
                topic: &str,
                partition: &str,
                epoch: &str,
                [current, end, lag]: [&str; 3],
                [member, host, client]: [&str; 3]| {
        let epoch = if verbose { format!("{epoch:<15} ") } else { String::new() };
        format!(
            "{group:g$} {topic:t$} {partition:<10} {epoch}{current:<15} {end:<15} {lag:<15} {member:c$} {host:h$} {client}"
        )
    };
    let mut lines = vec![String::new()];
    lines.push(line(
        "GROUP",
        "TOPIC",
        "PARTITION",
        "LEADER-EPOCH",
        ["CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"],
        ["CONSUMER-ID", "HOST", "CLIENT-ID"],
    ));
    lines.extend(rows.iter().map(|r| {
        line(
            group,
            &r.tp.topic,
            &r.tp.partition.to_string(),
            &r.leader_epoch,
            [&r.current, &r.end, &r.lag],
            [&r.member, &r.host, &r.client_id],
        )
    }));
    lines
}

fn print_members(group: &DescribedGroup, verbose: bool, admin: &mut Calls<'_, '_>) {
    gap!("epochs of members in --members --verbose", "KIP-1099 (consumer groups of KIP-848)");
    let g = width(15, [&*group.group].into_iter());
    let c = width(15, group.members.iter().map(|m| &*m.member));
    let i = width(17, group.members.iter().filter_map(|m| m.group_instance_id.as_deref()));
    let h = width(15, group.members.iter().map(|m| &*m.client_host));
    let l = width(15, group.members.iter().map(|m| &*m.client_id));
    let has_instances = group.members.iter().any(|m| m.group_instance_id.is_some());
    let line = |[group, member, instance, host, client, count]: [&str; 6], epochs: [&str; 4]| {
        let instance = if has_instances { format!("{instance:i$} ") } else { String::new() };
        let [current_epoch, current, target_epoch, target] = epochs;
        let more = if verbose {
            format!("{current_epoch:<15} {current:<20} {target_epoch:<15} {target:<20} ")
        } else {
            String::new()
        };
        format!("{group:g$} {member:c$} {instance}{host:h$} {client:l$} {count:<15} {more}")
    };
    admin.io.out("");
    let epochs = ["CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"];
    admin.io.out(line(["GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS"], epochs));
    for m in &group.members {
        let instance = m.group_instance_id.as_deref().unwrap_or("");
        let count = m.assignment.len().to_string();
        admin.io.out(line(
            [&group.group, &m.member, instance, &m.client_host, &m.client_id, &count],
            ["-", &assignment(&m.assignment), "-", "-"],
        ));
    }
}

/// `orders:0,1;other:2`, or `-`.
fn assignment(partitions: &[(protocol::TopicName, i32)]) -> String {
    let mut topics: SortedMap<&str, Vec<i32>> = SortedMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    if topics.is_empty() {
        return "-".to_owned();
    }
    let shown = topics.into_iter().map(|(topic, mut partitions)| {
        ordered::sort(&mut partitions);
        format!("{topic}:{}", partitions.iter().map(i32::to_string).collect::<Vec<_>>().join(","))
    });
    shown.collect::<Vec<_>>().join(";")
}

fn print_state(group: &DescribedGroup, coordinator: BrokerId, address: &str, verbose: bool, admin: &mut Calls<'_, '_>) {
    if &*group.state == "Dead" {
        return;
    }
    let coordinator = format!("{address}  ({coordinator})");
    let g = width(15, [&*group.group].into_iter());
    let c = width(25, [&*coordinator].into_iter());
    let line = |group: &str, coordinator: &str, strategy: &str, state: &str, epochs: [&str; 2], members: &str| {
        let epochs = if verbose { format!("{:<15} {:<25} ", epochs[0], epochs[1]) } else { String::new() };
        format!("{group:g$} {coordinator:c$} {strategy:<20} {state:<20} {epochs}{members}")
    };
    admin.io.out("");
    admin.io.out(line(
        "GROUP",
        "COORDINATOR (ID)",
        "ASSIGNMENT-STRATEGY",
        "STATE",
        ["GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"],
        "#MEMBERS",
    ));
    let strategy = if group.protocol.is_empty() { "-" } else { &group.protocol };
    admin.io.out(line(
        &group.group,
        &coordinator,
        strategy,
        &group.state,
        ["-", "-"],
        &group.members.len().to_string(),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Copied from a real cluster.
    #[test]
    fn the_offsets_table_has_kafkas_columns() {
        let row = |partition: i32, offset: &str| OffsetRow {
            tp: TopicPartition::new("demo", partition),
            current: offset.to_owned(),
            leader_epoch: "-".to_owned(),
            end: offset.to_owned(),
            lag: "0".to_owned(),
            member: "console-consumer-655a124e-1779-432f-acda-5fea453b327c".to_owned(),
            host: "/127.0.0.1".to_owned(),
            client_id: "console-consumer".to_owned(),
        };
        let expected = "\n\
            GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID                                           HOST            CLIENT-ID\n\
            active          demo            0          2               2               0               console-consumer-655a124e-1779-432f-acda-5fea453b327c /127.0.0.1      console-consumer\n\
            active          demo            1          3               3               0               console-consumer-655a124e-1779-432f-acda-5fea453b327c /127.0.0.1      console-consumer";
        assert_eq!(offsets_table("active", &[row(0, "2"), row(1, "3")], false).join("\n"), expected);
        let verbose = offsets_table("active", &[row(0, "2")], true);
        assert_eq!(&verbose[2][..75], "active          demo            0          -               2               ");
    }

    #[test]
    fn assignments_are_grouped_by_topic() {
        let name = |text: &str| protocol::TopicName::from(text);
        assert_eq!(assignment(&[(name("orders"), 1), (name("other"), 2), (name("orders"), 0)]), "orders:0,1;other:2");
        assert_eq!(assignment(&[]), "-");
    }
}
