//! Our assignors against Kafka's: groups as a random run of joins, departures, subscriptions and conflicting claims makes them, each with
//! the answer that Kafka 4.3.1's assignor gave (`data/assignors.tsv`).
//!
//! A line holds, between tabs, the assignor, the topics, the members and the answer. A topic is `t*3` (three partitions without racks)
//! or `t:ab,c,-` (racks of each partition's replicas). A member is `id|instance|rack|topics|generation|owned|user data`, its user
//! data a generation or `generation=partitions`; `-` is none. The answer is everybody's partitions, or the exception.

use coordinator::assignor::{Assignment, Assignor, Topics};
use protocol::api::Name;
use protocol::api::join_group::{JoinMember, Subscription, UserData};
use protocol::{PartitionIndex, TopicName};

fn part(text: &str, separator: char) -> Vec<&str> {
    if text == "-" { Vec::new() } else { text.split(separator).collect() }
}

fn option(text: &str) -> Option<Name> {
    part(text, ' ').first().map(|text| (*text).into())
}

fn partitions(text: &str) -> Vec<(TopicName, PartitionIndex)> {
    part(text, ',').into_iter().map(|tp| (tp[..1].into(), tp[1..].parse().expect("a partition"))).collect()
}

fn topics(text: &str) -> Topics {
    let topic = |text: &str| match text.split_once('*') {
        Some((name, count)) => (name.into(), vec![Default::default(); count.parse().expect("a count")]),
        None => {
            let (name, racks) = text.split_once(':').expect("a topic");
            let one = |racks: &str| racks.chars().filter(|c| *c != '-').map(|c| c.to_string().into()).collect();
            (name.into(), racks.split(',').map(one).collect())
        }
    };
    text.split(' ').map(topic).collect()
}

fn user_data(text: &str) -> Option<UserData> {
    match text.split_once('=') {
        Some((generation, previous)) => Some(UserData::Previous {
            previous: partitions(previous),
            generation: generation.parse().expect("a generation"),
        }),
        None => option(text).map(|text| UserData::Generation(text.parse().expect("a generation"))),
    }
}

fn member(text: &str) -> JoinMember {
    let [id, instance, rack, topics, generation, owned, data] = text.split('|').collect::<Vec<_>>()[..] else {
        panic!("a member: {text}")
    };
    JoinMember {
        member: id.into(),
        group_instance_id: option(instance),
        subscription: Subscription {
            topics: part(topics, ',').into_iter().map(Into::into).collect(),
            user_data: user_data(data),
            owned: partitions(owned),
            generation: generation.parse().expect("a generation"),
            rack: option(rack),
        },
    }
}

fn shown(assignment: Assignment) -> String {
    let mut assignment = assignment;
    assignment.sort();
    let list = |mut partitions: Vec<(TopicName, PartitionIndex)>| {
        partitions.sort();
        partitions.iter().map(|(topic, n)| format!("{topic}{n}")).collect::<Vec<_>>().join(",")
    };
    let one = |(id, partitions): (_, Vec<_>)| match partitions.is_empty() {
        true => format!("{id}:-"),
        false => format!("{id}:{}", list(partitions)),
    };
    assignment.into_iter().map(one).collect::<Vec<_>>().join(" ")
}

fn answer(line: &str) -> (String, &str) {
    let [assignor, t, members, answer] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("a case: {line}") };
    let members: Vec<JoinMember> = members.split(' ').map(member).collect();
    let assignor = Assignor::named(assignor).expect("an assignor");
    let ours = match assignor.assign(&members, &topics(t)) {
        Ok(assignment) => shown(assignment),
        Err(error) => format!("!{}", error.class),
    };
    (ours, answer)
}

#[test]
fn every_group_is_assigned_as_kafka_assigns_it() {
    let table = include_str!("data/assignors.tsv");
    let cases: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    for name in Assignor::ALL.map(Assignor::name) {
        assert!(cases.iter().filter(|case| case.starts_with(name)).count() >= 60, "cases of {name}");
    }
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let (ours, theirs) = answer(case);
            (ours != theirs).then(|| format!("{case}\n  ours: {ours}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(8)].join("\n"));
}
