//! DescribeTopicPartitions in pages, as a broker answers it.

mod cluster_harness;

use cluster_harness::Cluster;
use protocol::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};
use protocol::{ErrorCode, Response};

fn ask(
    cluster: &mut Cluster,
    topics: &[&str],
    limit: i32,
    cursor: Option<(&str, i32)>,
) -> (String, Option<(String, i32)>) {
    let cursor = cursor.map(|(topic, partition)| Cursor { topic: topic.into(), partition });
    let topics = topics.iter().map(|topic| (*topic).into()).collect();
    let request = DescribeTopicPartitionsRequest { topics, partition_limit: limit, cursor };
    let Response::DescribeTopicPartitions(answer) = cluster.call(1, request) else { panic!("it answers in kind") };
    let DescribeTopicPartitionsResponse { topics, next_cursor } = answer;
    let shown = topics.iter().map(|topic| {
        let numbers: Vec<String> = topic.partitions.iter().map(|p| p.partition.to_string()).collect();
        let error = if topic.error == ErrorCode::None { "" } else { topic.error.name() };
        format!("{}:{}{error}", topic.name, numbers.join(","))
    });
    (shown.collect::<Vec<_>>().join(" "), next_cursor.map(|next| (next.topic.to_string(), next.partition)))
}

#[test]
fn an_answer_ends_where_its_limit_is_and_says_where_to_go_on() {
    let mut cluster = Cluster::new(1, 1, &[]);
    cluster.create_topic("a", &[&[1], &[1], &[1]], &[]);
    cluster.create_topic("b", &[&[1], &[1]], &[]);
    let at = |topic: &str, partition| Some((topic.to_owned(), partition));
    let all: &[&str] = &[];
    assert_eq!(ask(&mut cluster, all, 4, None), ("a:0,1,2 b:0".into(), at("b", 1)));
    assert_eq!(ask(&mut cluster, all, 4, Some(("b", 1))), ("b:1".into(), None));
    assert_eq!(ask(&mut cluster, all, 3, None), ("a:0,1,2".into(), at("b", 0)));
    assert_eq!(
        ask(&mut cluster, &["b", "x", "a"], 9, None),
        ("a:0,1,2 b:0,1 x:UNKNOWN_TOPIC_OR_PARTITION".into(), None)
    );
    assert_eq!(ask(&mut cluster, &["b"], 0, None), ("b:0".into(), at("b", 1)), "one at least");
    assert_eq!(ask(&mut cluster, &["b"], 9, Some(("a", 0))).0, "b:INVALID_REQUEST", "the cursor is not in the list");
}
