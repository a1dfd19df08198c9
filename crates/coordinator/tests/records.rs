//! The bytes of `__consumer_offsets`.

mod common;

use common::{Broker, subscription};
use coordinator::CommittedOffset;
use coordinator::hard::{GroupRecord, MemberRecord};
use coordinator::records::{self, DecodeError, Entry};
use protocol::Record;
use protocol::api::join_group::{Subscription, UserData};

fn hex(bytes: Option<&[u8]>) -> String {
    bytes.expect("not null").iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn an_offset_record_has_kafkas_bytes() {
    let value = CommittedOffset {
        offset: 258,
        leader_epoch: 3,
        metadata: "m".into(),
        commit_timestamp_ms: 1,
        record_offset: -1,
    };
    let record = records::offset_record(1, "g1", "t", 5, &value);
    assert_eq!(hex(record.key.as_deref()), "00010002673100017400000005");
    assert_eq!(hex(record.value.as_deref()), "000300000000000001020000000300016d0000000000000001");
    let entry = Entry::Offset { group: "g1".into(), topic: "t".into(), partition: 5, value: Some(value) };
    assert_eq!(records::decode(&record), Ok(entry));
}

#[test]
fn a_new_groups_record_has_kafkas_bytes() {
    let mut b = Broker::new();
    b.send("c", common::join(""));
    assert_eq!(hex(b.log[0].key.as_deref()), "0002000167");
    // Version 3, protocol type "", generation 0, no protocol, no leader, a timestamp, no members.
    assert_eq!(hex(b.log[0].value.as_deref()), "0003000000000000ffffffff000000000000000000000000");
}

#[test]
fn a_group_record_survives_the_trip() {
    let member = MemberRecord {
        member: "m-1".into(),
        group_instance_id: Some("i".into()),
        client_id: "c".into(),
        client_host: "/127.0.0.1".into(),
        rebalance_timeout_ms: 300_000,
        session_timeout_ms: 45_000,
        subscription: Some(subscription(&["t", "u"])),
        assignment: vec![("t".into(), 0), ("t".into(), 2), ("u".into(), 1)],
    };
    let idle = MemberRecord { member: "m-2".into(), group_instance_id: None, assignment: vec![], ..member.clone() };
    let value = GroupRecord {
        protocol_type: "consumer".into(),
        generation: 4,
        protocol: Some("range".into()),
        leader: Some("m-1".into()),
        state_timestamp_ms: 9,
        members: vec![member, idle],
    };
    let record = records::group_record(9, "g", &value);
    assert_eq!(records::decode(&record), Ok(Entry::Group { group: "g".into(), value: Some(value) }));
}

#[test]
fn user_data_of_the_sticky_assignors_has_kafkas_bytes() {
    let previous = vec![("t".into(), 0), ("t".into(), 2)];
    let cooperative = "0000000400000007";
    let eager = "000000170000000100017400000002000000000000000200000005";
    for (data, expected) in
        [(UserData::Generation(7), cooperative), (UserData::Previous { previous, generation: 5 }, eager)]
    {
        let told = Subscription { user_data: Some(data), ..subscription(&["t"]) };
        let bytes = records::encode_subscription(&told);
        assert!(hex(Some(&bytes)).starts_with(&("000300000001000174".to_owned() + expected)));
        assert_eq!(records::decode_subscription(&bytes), Ok(told));
    }
}

#[test]
fn a_tombstone_has_a_key_and_no_value() {
    let record = records::offset_tombstone(1, "g", "t", 0);
    assert_eq!(record.value, None);
    let entry = Entry::Offset { group: "g".into(), topic: "t".into(), partition: 0, value: None };
    assert_eq!(records::decode(&record), Ok(entry));
}

#[test]
fn an_assignment_has_kafkas_bytes() {
    let bytes = records::encode_assignment(&[("t".into(), 0), ("t".into(), 1)]);
    assert_eq!(hex(Some(&bytes)), "00030000000100017400000002".to_owned() + "0000000000000001" + "ffffffff");
}

#[test]
fn bytes_that_are_no_record_say_where() {
    assert_eq!(records::decode(&Record::new(0, None, None)), Err(DecodeError::NoKey));
    assert_eq!(records::decode(&Record::new(0, Some(&[0, 3]), None)), Err(DecodeError::UnknownVersion(3)));
    assert_eq!(records::decode(&Record::new(0, Some(&[0, 2, 0, 9, 65]), None)), Err(DecodeError::Malformed(4)));
}
