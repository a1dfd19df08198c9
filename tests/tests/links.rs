//! A link holds a whole run: replayed, it ends in the same state.

use lab::{Duration, Lab, OpenError, Saved, Scenario, Timeline};

const FREE_PLAY: &str = include_str!("../../crates/web/src/free-play.json");

/// What a person does in a few seconds, with time running in between.
fn played(scenario: &Scenario) -> Timeline {
    let mut timeline = Timeline::new(scenario).expect("the scenario is a valid one");
    timeline.run_for(Duration::from_millis(700));
    timeline.command(
        1,
        "kafka-topics --bootstrap-server :9092 --create --topic shared --partitions 1 --replication-factor 3",
    );
    timeline.command(1, "sim run 3s");
    timeline.run_for(Duration::from_millis(40));
    timeline.command(2, "sim kill broker 2");
    timeline.run_for(Duration::from_secs(20));
    timeline
}

#[test]
fn a_link_replays_to_the_same_digest() {
    for scenario in [Scenario::default(), Scenario::parse(FREE_PLAY).expect("free play is a valid scenario")] {
        let timeline = played(&scenario);
        let link = timeline.link();
        let lab =
            Saved::unpack(&link).map(|saved| Lab::replay(&saved).map(|lab| lab.digest()).map_err(|e| e.to_string()));
        assert_eq!(lab.expect("the link is whole"), Ok(timeline.lab().digest()), "{}", scenario.title);
        let opened = Timeline::from_link(&link)
            .map(|timeline| timeline.lab().digest())
            .map_err(|error: OpenError| error.to_string());
        assert_eq!(opened, Ok(timeline.lab().digest()), "{}", scenario.title);
    }
}
