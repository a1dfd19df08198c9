//! What becomes of one partition when its ISR, its replicas or its leader must change (`PartitionChangeBuilder`,
//! KIP-841, KIP-966).

use protocol::BrokerId;
use protocol::metadata::{PartitionChange, PartitionRecord};

/// How far an election may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Election {
    /// Back to the first replica, if it is in sync.
    Preferred,
    /// Any replica in sync.
    Online,
    /// Any live replica, rather than none.
    Unclean,
}

/// What is wanted of a partition; [`ChangeBuilder::build`] says what changes.
pub(super) struct ChangeBuilder<'a> {
    partition: &'a PartitionRecord,
    is_acceptable: &'a dyn Fn(BrokerId) -> bool,
    elr_enabled: bool,
    min_isr: usize,
    /// How to elect.
    pub(super) election: Election,
    /// The new ISR.
    pub(super) isr: Vec<BrokerId>,
    /// Replicas that lost data in an unclean stop.
    pub(super) unclean_replicas: Vec<BrokerId>,
    /// The new recovery state.
    pub(super) recovering: bool,
    replicas: Vec<BrokerId>,
    removing: Vec<BrokerId>,
    adding: Vec<BrokerId>,
    elr: Vec<BrokerId>,
}

impl<'a> ChangeBuilder<'a> {
    /// Nothing is to change yet. `is_acceptable` says who may lead; `min_isr` is the effective
    /// `min.insync.replicas`.
    pub(super) fn new(partition: &'a PartitionRecord, is_acceptable: &'a dyn Fn(BrokerId) -> bool, elr_enabled: bool, min_isr: usize) -> ChangeBuilder<'a> {
        ChangeBuilder {
            partition,
            is_acceptable,
            elr_enabled,
            min_isr,
            election: Election::Online,
            isr: partition.isr.clone(),
            unclean_replicas: Vec::new(),
            recovering: partition.recovering,
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
            elr: partition.elr.clone(),
        }
    }

    /// The change, or none if nothing changes. The flag says whether the election was unclean.
    pub(super) fn build(mut self) -> Option<(PartitionChange, bool)> {
        let old = self.partition;
        let mut change = PartitionChange { topic_id: old.topic_id, partition: old.partition, ..PartitionChange::default() };
        self.complete_reassignment();
        self.find_elr();
        let unclean = self.elect(&mut change);
        let loses_replica = old.replicas.iter().any(|replica| !self.replicas.contains(replica));
        if change.leader.is_none() && loses_replica {
            change.leader = Some(old.leader);
        }
        self.record_elr(&mut change);
        if change.isr.is_none() && (!self.isr.is_empty() || self.elr_enabled) && self.isr != old.isr {
            change.isr = Some(self.isr.clone());
        }
        self.record_last_known_leader(&mut change);
        set_if_changed(&mut change.replicas, &self.replicas, &old.replicas);
        set_if_changed(&mut change.removing, &self.removing, &old.removing);
        set_if_changed(&mut change.adding, &self.adding, &old.adding);
        if self.recovering != old.recovering {
            change.recovering = Some(self.recovering);
        }
        let nothing = PartitionChange { topic_id: old.topic_id, partition: old.partition, ..PartitionChange::default() };
        (change != nothing).then_some((change, unclean))
    }

    /// `PartitionReassignmentReplicas#maybeCompleteReassignment`.
    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let keep = |ids: &[BrokerId], removing: &[BrokerId]| -> Vec<BrokerId> {
            ids.iter().copied().filter(|id| !removing.contains(id)).collect()
        };
        let isr = keep(&self.isr, &self.removing);
        let replicas = keep(&self.replicas, &self.removing);
        if !isr.is_empty() && !replicas.is_empty() && replicas.iter().all(|replica| isr.contains(replica)) {
            self.isr = isr;
            self.replicas = replicas;
            self.removing.clear();
            self.adding.clear();
        }
    }

    /// Who left the ISR while it is too small stays eligible.
    fn find_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let mut elr = std::mem::take(&mut self.elr);
        elr.extend(self.partition.isr.iter().copied());
        elr.sort_unstable();
        elr.dedup();
        elr.retain(|id| !self.isr.contains(id) && !self.unclean_replicas.contains(id));
        self.elr = elr;
    }

    fn is_valid_leader(&self, id: BrokerId) -> bool {
        (self.isr.contains(&id) || (self.isr.is_empty() && self.elr.contains(&id))) && (self.is_acceptable)(id)
    }

    /// The new leader (NONE if there is none), and whether it may lack committed records.
    fn find_leader(&self) -> (BrokerId, bool) {
        let current = self.partition.leader;
        let first = if self.election == Election::Preferred { self.replicas.first().copied() } else { None };
        let clean = first
            .filter(|id| self.is_valid_leader(*id))
            .or_else(|| Some(current).filter(|id| id.is_some() && self.is_valid_leader(*id)))
            .or_else(|| self.replicas.iter().copied().find(|id| self.is_valid_leader(*id)));
        if let Some(leader) = clean {
            return (leader, false);
        }
        if let Some(leader) = self.last_known_leader() {
            return (leader, true);
        }
        let any = self.replicas.iter().copied().find(|id| (self.is_acceptable)(*id));
        match any.filter(|_| self.election == Election::Unclean) {
            Some(leader) => (leader, true),
            None => (BrokerId::NONE, false),
        }
    }

    /// With nobody left in ISR and ELR, the last leader may come back.
    fn last_known_leader(&self) -> Option<BrokerId> {
        let is_needed = self.elr_enabled && self.elr.is_empty() && self.isr.is_empty();
        match self.partition.last_known_elr[..] {
            [id] if is_needed && (self.is_acceptable)(id) => Some(id),
            _ => None,
        }
    }

    fn elect(&mut self, change: &mut PartitionChange) -> bool {
        let (leader, unclean) = self.find_leader();
        if leader == self.partition.leader {
            return false;
        }
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|id| *id != leader);
        }
        change.leader = Some(leader);
        if unclean {
            change.isr = Some(vec![leader]);
            if !self.partition.recovering {
                change.recovering = Some(true);
                self.recovering = true;
            }
        }
        unclean
    }

    fn record_elr(&mut self, change: &mut PartitionChange) {
        if change.isr.is_some() || !self.elr_enabled {
            self.elr.clear();
        }
        set_if_changed(&mut change.elr, &self.elr, &self.partition.elr);
    }

    /// Remembers the leader when the ISR becomes empty; forgets it once there is a leader again.
    fn record_last_known_leader(&self, change: &mut PartitionChange) {
        let old = self.partition;
        if !self.elr_enabled {
            return;
        }
        let has_leader = change.leader.unwrap_or(old.leader).is_some();
        if old.leader.is_some() && change.isr.as_ref().is_some_and(Vec::is_empty) && old.last_known_elr[..] != [old.leader] {
            change.last_known_elr = Some(vec![old.leader]);
        } else if has_leader && !old.last_known_elr.is_empty() {
            change.last_known_elr = Some(Vec::new());
        }
    }
}

fn set_if_changed(change: &mut Option<Vec<BrokerId>>, new: &[BrokerId], old: &[BrokerId]) {
    if new != old {
        *change = Some(new.to_vec());
    }
}
