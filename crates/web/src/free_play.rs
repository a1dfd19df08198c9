//! What one meets without a lesson: `free-play.json` as a value, because the page starts with it and reading a file takes
//! code that it need not have at its start.

use lab::Scenario;
use lab::scenario::{ClusterShape, Span, TimedCommand, TopicShape};

/// Three brokers, one topic, a slow producer and a group of two.
pub(crate) fn scenario() -> Scenario {
    let line =
        |ms, term, run: &str| TimedCommand { at: Span(lab::Duration::from_millis(ms)), term, run: run.to_owned() };
    let consumer = "kafka-console-consumer --bootstrap-server :9092 --topic orders --group billing";
    let producer = "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 1";
    Scenario {
        kafkasim: 1,
        title: "Three brokers, one topic, a slow producer and a group of two".to_owned(),
        seed: 7,
        cluster: ClusterShape {
            brokers: 3,
            controllers: 3,
            racks: ["a", "b", "c"].map(str::to_owned).to_vec(),
            ..ClusterShape::default()
        },
        topics: vec![TopicShape {
            name: "orders".to_owned(),
            partitions: Some(2),
            replication_factor: Some(3),
            configs: [("min.insync.replicas".to_owned(), "2".to_owned())].into_iter().collect(),
        }],
        commands: vec![line(0, 2, producer), line(200, 3, consumer), line(300, 4, consumer)],
        ..Scenario::default()
    }
}

#[cfg(test)]
mod tests {
    use lab::Scenario;

    #[test]
    fn it_is_what_the_file_says() {
        assert_eq!(Scenario::parse(include_str!("free-play.json")), Ok(super::scenario()));
    }
}
