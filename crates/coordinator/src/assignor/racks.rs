//! Whether racks matter to an assignment (`AbstractPartitionAssignor#useRackAwareAssignment`, KIP-881).

use ordered::SortedSet;
use protocol::api::Name;

/// They do if some member's rack has a replica of some partition, and not all partitions are in the same racks.
pub(super) fn matter<'a>(
    consumers: impl Iterator<Item = &'a Name>,
    partitions: impl Iterator<Item = &'a SortedSet<Name>> + Clone,
) -> bool {
    let all: SortedSet<&Name> = partitions.clone().flatten().collect();
    let mut consumers = consumers;
    consumers.any(|rack| all.contains(&rack)) && partitions.into_iter().any(|racks| racks.len() != all.len())
}
