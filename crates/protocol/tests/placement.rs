//! Placement against Kafka's own `StripedReplicaPlacer`: `placement.tsv` has what the class of Kafka 4.4.0 gave for drawn
//! inputs, each with `new java.util.Random(seed)`. A line is brokers (`id:rack`, fenced ones after `!`), partitions,
//! replicas, seed, and the replicas of each partition.

use protocol::BrokerId;
use protocol::java_random::Lcg;
use protocol::placement::{UsableBroker, place};

fn broker(text: &str) -> UsableBroker {
    let (id, rack) = text.split_once(':').map_or((text, None), |(id, rack)| (id, Some(rack.into())));
    let number = id.trim_start_matches('!').parse().expect("an id");
    UsableBroker { id: BrokerId(number), rack, fenced: id.starts_with('!') }
}

fn placed(line: &str) -> (String, String) {
    let [brokers, partitions, replicas, seed, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("five columns: {line}")
    };
    let brokers: Vec<UsableBroker> = brokers.split(',').map(broker).collect();
    let number = |text: &str| text.parse::<i32>().expect("a number");
    let mut random = Lcg::new(seed.parse().expect("a seed"));
    let placed = place(&mut random, &brokers, number(partitions), number(replicas)).expect("enough brokers");
    let one = |ids: Vec<BrokerId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    (placed.into_iter().map(one).collect::<Vec<_>>().join(" "), expected.to_owned())
}

#[test]
fn replicas_go_where_kafkas_own_class_puts_them() {
    let lines: Vec<&str> = include_str!("placement.tsv").lines().collect();
    assert_eq!(lines.len(), 24);
    for line in lines {
        let (found, expected) = placed(line);
        assert_eq!(found, expected, "{line}");
    }
}
