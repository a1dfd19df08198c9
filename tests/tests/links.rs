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
    timeline
}

fn replay(link: &str) -> Result<u64, String> {
    let saved = Saved::unpack(link).map_err(|error| error.to_string())?;
    Lab::replay(&saved).map(|lab| lab.digest()).map_err(|error| error.to_string())
}

fn open(link: &str) -> Result<u64, String> {
    Timeline::from_link(link).map(|timeline| timeline.lab().digest()).map_err(|error: OpenError| error.to_string())
}

#[test]
fn a_link_made_at_any_moment_replays_to_the_same_digest() {
    for scenario in [Scenario::default(), Scenario::parse(FREE_PLAY).expect("free play is a valid scenario")] {
        let mut timeline = played(&scenario);
        for n in 0..60 {
            timeline.run_for(Duration::from_millis(17 + 11 * n));
            let (link, digest) = (timeline.link(), Ok(timeline.lab().digest()));
            assert_eq!(replay(&link), digest, "{} at {}", scenario.title, timeline.lab().now());
            assert_eq!(open(&link), digest, "{} at {}", scenario.title, timeline.lab().now());
        }
    }
}
