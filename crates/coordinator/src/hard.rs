//! Hard state: what the records of the partition say, keyed as the log is compacted (`TimelineHashMap`s of
//! `GroupMetadataManager` and `OffsetMetadataManager`).

use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::join_group::Subscription;
use protocol::{GroupId, MemberId, PartitionIndex, Record, TopicName};

use crate::records::{self, Entry};

/// A partition whose offset is committed.
pub type OffsetKey = (TopicName, PartitionIndex);

/// What the log says.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Hard {
    /// Group records, by group.
    pub groups: SortedMap<GroupId, GroupRecord>,
    /// Committed offsets, by group and partition. No group here is without offsets.
    pub offsets: SortedMap<GroupId, SortedMap<OffsetKey, CommittedOffset>>,
}

/// `GroupMetadataValue`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupRecord {
    /// `consumer`; empty before anybody joined.
    pub protocol_type: Name,
    /// Generation.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<Name>,
    /// The leader.
    pub leader: Option<MemberId>,
    /// When the group came to its state, wall clock ms; −1 unknown.
    pub state_timestamp_ms: i64,
    /// Members, by id.
    pub members: Vec<MemberRecord>,
}

/// `GroupMetadataValue.MemberMetadata`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemberRecord {
    /// Its id.
    pub member: MemberId,
    /// `group.instance.id`.
    pub group_instance_id: Option<Name>,
    /// `client.id`.
    pub client_id: Name,
    /// `/` and its address.
    pub client_host: Name,
    /// How long a rebalance waits for it, ms.
    pub rebalance_timeout_ms: i32,
    /// `session.timeout.ms`.
    pub session_timeout_ms: i32,
    /// For the group's assignor; None if empty.
    pub subscription: Option<Subscription>,
    /// Its partitions.
    pub assignment: Vec<OffsetKey>,
}

/// `OffsetCommitValue`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read; −1 unknown.
    pub leader_epoch: i32,
    /// Free text.
    pub metadata: Name,
    /// Wall clock, ms.
    pub commit_timestamp_ms: i64,
    /// Where in the offsets partition it stands. Not part of the value.
    pub record_offset: i64,
}

/// A new value, or None for a tombstone, for one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Change {
    Group(GroupId, Option<GroupRecord>),
    Offset(GroupId, OffsetKey, Option<CommittedOffset>),
}

impl Change {
    pub(crate) fn group(&self) -> &GroupId {
        match self {
            Change::Group(group, _) | Change::Offset(group, _, _) => group,
        }
    }
}

impl Hard {
    /// What a record changes; None if it is of a kind that is not modelled.
    pub(crate) fn change_of(&self, offset: i64, record: &Record) -> Option<Change> {
        match records::decode(record).ok()? {
            Entry::Group { group, value } => Some(Change::Group(group, value)),
            Entry::Offset { group, topic, partition, value } => {
                let value = value.map(|v| CommittedOffset { record_offset: offset, ..v });
                Some(Change::Offset(group, (topic, partition), value))
            }
        }
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Group(group, Some(value)) => {
                self.groups.insert(group, value);
            }
            Change::Group(group, None) => {
                self.groups.remove(&group);
            }
            Change::Offset(group, key, Some(value)) => {
                self.offsets.entry(group).or_default().insert(key, value);
            }
            Change::Offset(group, key, None) => {
                if let Some(offsets) = self.offsets.get_mut(&group) {
                    offsets.remove(&key);
                    if offsets.is_empty() {
                        self.offsets.remove(&group);
                    }
                }
            }
        }
    }

    /// The change that brings back what `change` would overwrite now.
    pub(crate) fn undo_of(&self, change: &Change) -> Change {
        match change {
            Change::Group(group, _) => Change::Group(group.clone(), self.groups.get(group).cloned()),
            Change::Offset(group, key, _) => {
                let old = self.offsets.get(group).and_then(|offsets| offsets.get(key)).cloned();
                Change::Offset(group.clone(), key.clone(), old)
            }
        }
    }

    pub(crate) fn knows(&self, group: &str) -> bool {
        self.groups.contains_key(group) || self.offsets.contains_key(group)
    }
}
