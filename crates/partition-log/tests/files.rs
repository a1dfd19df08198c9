//! What `ls -l` and `cat` show of a partition's directory.

mod common;
use common::*;
use partition_log::LogConfig;

#[test]
fn a_directory_lists_segments_with_their_indexes_and_snapshots() {
    let mut log = log(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    for _ in 0..3 {
        append(&mut log, &batch_of_size(NOW, 150));
    }
    let files: Vec<_> = log.files(false).into_iter().map(|file| (file.name.to_string(), file.size_bytes)).collect();
    let expected = [
        ("00000000000000000000.index", 0),
        ("00000000000000000000.log", 300),
        ("00000000000000000000.timeindex", 12),
        ("00000000000000000002.index", 10_485_760),
        ("00000000000000000002.log", 150),
        ("00000000000000000002.snapshot", 10),
        ("00000000000000000002.timeindex", 10_485_756),
        ("leader-epoch-checkpoint", 8),
    ];
    assert_eq!(files, expected.map(|(name, size)| (name.to_owned(), size)));
}

#[test]
fn the_leader_epoch_checkpoint_has_a_line_an_epoch() {
    let mut log = default_log();
    assert_eq!(log.leader_epoch_checkpoint(), "", "a file is made empty");
    append(&mut log, &batch(3));
    log.append_as_leader(&batch(1), 2, NOW).expect("fine");
    assert_eq!(log.leader_epoch_checkpoint(), "0\n2\n0 0\n2 3\n");
    log.truncate_to(0, NOW);
    assert_eq!(log.leader_epoch_checkpoint(), "0\n0\n", "it was written once");
}
