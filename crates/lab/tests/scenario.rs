//! Scenarios: what they ask for is there when the run begins.

use lab::{Lab, Scenario};

#[test]
fn however_many_topics_all_are_there_when_the_run_begins() {
    let topics: Vec<String> = (0..120).map(|n| format!(r#"{{"name": "t{n}", "partitions": 1}}"#)).collect();
    let text = format!(r#"{{"topics": [{}]}}"#, topics.join(","));
    let run = Lab::new(&Scenario::parse(&text).expect("it is right")).expect("it can be built");
    let image = lab::replicas::image(run.world(), run.layout()).expect("there is a controller");
    assert_eq!(image.topics.len(), 120);
}
