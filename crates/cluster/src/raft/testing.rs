//! A replica for tests of single functions: a voter of a static quorum whose storage has just been formatted.

use std::sync::Arc;

use ordered::SortedMap;
use protocol::BrokerId;

use super::Replica;
use crate::spec::{ClusterSpec, ProcessSpec};

/// Voter `own` of voters 1 to `count`.
pub(super) fn replica(own: i32, count: i32) -> Replica {
    let cluster = ClusterSpec {
        cluster_id: "c".into(),
        voters: (1..=count).map(|id| (BrokerId(id), "controller".into())).collect(),
        initial_controllers: Default::default(),
        elr_enabled: true,
        plant: protocol::Plant::None,
        placement_seed: None,
    };
    let spec = ProcessSpec {
        id: BrokerId(own),
        is_broker: false,
        is_controller: true,
        host: "controller".into(),
        rack: None,
        cluster: Arc::new(cluster),
        overrides: SortedMap::new(),
        replaced: Default::default(),
    };
    Replica::new(&Arc::new(spec))
}
