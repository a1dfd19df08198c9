//! Group coordinators: one shard for each partition of `__consumer_offsets` this broker leads.

use protocol::{ErrorCode, PartitionIndex, Request};

use super::Broker;
use super::connections::Caller;
use super::disk::ReplicaIndex;
use super::dispatch::Answer;
use crate::process::{Context, Fx};

/// Until the coordinator lands.
#[derive(Clone, Debug, Hash)]
pub struct GroupShard {}

/// Until the coordinator lands.
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupTimer {}

/// A shard of the group coordinator.
#[derive(Clone, Debug, Hash)]
pub(super) struct HostedShard {
    shard: GroupShard,
}

impl HostedShard {
    pub(super) fn shard(&self) -> &GroupShard {
        &self.shard
    }
}

impl Broker {
    pub(super) fn on_leadership_of_offsets(
        &mut self,
        _cx: &Context<'_>,
        _fx: &mut Fx,
        _index: ReplicaIndex,
        _leads: bool,
    ) {
    }
    pub(super) fn handle_group_request(
        &mut self,
        _cx: &Context<'_>,
        _fx: &mut Fx,
        _caller: &Caller,
        _request: &Request,
    ) -> Answer {
        Answer::Disconnect
    }
    pub(super) fn on_group_timer(
        &mut self,
        _cx: &Context<'_>,
        _fx: &mut Fx,
        _shard: PartitionIndex,
        _timer: GroupTimer,
    ) {
    }
    pub(super) fn on_group_write_timeout(
        &mut self,
        _cx: &Context<'_>,
        _fx: &mut Fx,
        _shard: PartitionIndex,
        _write: u64,
    ) {
    }
    pub(super) fn on_group_written(
        &mut self,
        _cx: &Context<'_>,
        _fx: &mut Fx,
        _shard: PartitionIndex,
        _write: u64,
        _error: ErrorCode,
    ) {
    }
}
