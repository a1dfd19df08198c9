//! Where a consumer had better read: at the most caught-up in-sync replica in its own rack (KIP-392;
//! `ReplicaManager#findPreferredReadReplica`, `RackAwareReplicaSelector`).

use protocol::BrokerId;
use protocol::api::Name;
use protocol::api::fetch::FetchPartition;

use super::Broker;
use super::disk::ReplicaIndex;
use super::partition::{FollowerState, Leadership};
use super::readers::Asker;
use crate::process::Context;

impl Broker {
    /// Whom a leader sends a consumer to; none if it had better stay.
    pub(super) fn preferred_replica(
        &self,
        cx: &Context<'_>,
        asker: &Asker,
        asked: &FetchPartition,
        index: Option<ReplicaIndex>,
    ) -> Option<BrokerId> {
        let rack = asker.rack.as_ref().filter(|_| self.settings.is_rack_aware && !asker.is_follower())?;
        let index = index.or_else(|| self.disk.find(asked.topic_id, asked.partition))?;
        let leadership = self.partition(index)?.leadership()?;
        let is_near = |id: BrokerId| {
            cx.image.brokers.get(&id).is_some_and(|broker| !broker.fenced && broker.rack.as_ref() == Some(rack))
        };
        if is_near(self.id) {
            return None;
        }
        // Who is out of the ISR may stay behind for good; who has not got the offset cannot serve it.
        let can_serve = |follower: &&FollowerState| {
            is_near(follower.id)
                && leadership.isr().contains(&follower.id)
                && follower.log_end_offset >= asked.fetch_offset
                && follower.log_start_offset <= asked.fetch_offset
        };
        most_caught_up(leadership, can_serve)
    }
}

fn most_caught_up(leadership: &Leadership, can_serve: impl Fn(&&FollowerState) -> bool) -> Option<BrokerId> {
    let candidates = leadership.followers().iter().filter(can_serve);
    let best = candidates.max_by_key(|follower| (follower.log_end_offset, follower.last_caught_up, follower.id))?;
    Some(best.id)
}

/// Whether `replica.selector.class` looks at racks; the other there is, `LeaderSelector`, stays with the leader.
pub(super) fn is_rack_aware(selector: Option<&Name>) -> bool {
    selector.is_some_and(|class| class.trim() == "org.apache.kafka.common.replica.RackAwareReplicaSelector")
}
