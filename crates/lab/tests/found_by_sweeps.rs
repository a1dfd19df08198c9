//! Mistakes of the model that sweeps found, each as the few commands that were left of the plan.

use lab::{BOOT, Duration, Lab, Scenario};

fn judged(text: &str, until_s: u64) -> Lab {
    let mut lab = Lab::new(&Scenario::parse(text).expect("it is right")).expect("it can be built");
    lab.run_until(BOOT + Duration::from_secs(until_s));
    lab
}

/// A fetch session tells of what has changed only, and nothing changes in a partition nobody writes to: a follower that was
/// refused because it was fenced must be looked at again when it is not (`ReplicationControlManager#validateAlterPartitionData`).
#[test]
fn a_follower_of_a_quiet_partition_joins_the_isr_when_it_is_unfenced() {
    let lab = judged(
        r#"{
            "seed": 849,
            "cluster": { "configs": { "broker.session.timeout.ms": "6000" } },
            "topics": [{ "name": "t1", "partitions": 2, "replication_factor": 2 }],
            "commands": [
                { "at": "8416ms", "run": "sim cut broker 1 > broker 3" },
                { "at": "10843ms", "run": "sim cut broker 1 | controller 101 controller 102 controller 103" },
                { "at": "19251ms", "run": "sim heal broker 1 | controller 101 controller 102 controller 103" },
                { "at": "21013ms", "run": "sim cut broker 1 | controller 101 controller 102 controller 103" },
                { "at": "22405ms", "run": "sim cut broker 3 | rest" },
                { "at": "25791ms", "run": "sim heal broker 3 | rest" },
                { "at": "27004ms", "run": "sim mend" },
                { "at": "100s", "run": "sim judge" }
            ]
        }"#,
        101,
    );
    assert_eq!(lab.violation(), None);
}
