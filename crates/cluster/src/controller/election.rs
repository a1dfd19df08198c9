//! What becomes of one partition when its ISR, its replicas or its leader must change (`PartitionChangeBuilder`,
//! KIP-841, KIP-966).

use protocol::metadata::{PartitionChange, PartitionRecord};
use protocol::{BrokerId, DirectoryId};

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
    default_dir: &'a dyn Fn(BrokerId) -> DirectoryId,
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
    /// The new replicas.
    pub(super) replicas: Vec<BrokerId>,
    /// Those of them that a move takes away.
    pub(super) removing: Vec<BrokerId>,
    /// Those of them that a move brings.
    pub(super) adding: Vec<BrokerId>,
    /// The new directory of one of them.
    pub(super) directory: Option<(BrokerId, DirectoryId)>,
    elr: Vec<BrokerId>,
}

impl<'a> ChangeBuilder<'a> {
    /// Nothing is to change yet. `is_acceptable` says who may lead, `default_dir` where new replicas lie; `min_isr` is the
    /// effective `min.insync.replicas`.
    pub(super) fn new(
        partition: &'a PartitionRecord,
        is_acceptable: &'a dyn Fn(BrokerId) -> bool,
        default_dir: &'a dyn Fn(BrokerId) -> DirectoryId,
        elr_enabled: bool,
        min_isr: usize,
    ) -> ChangeBuilder<'a> {
        ChangeBuilder {
            partition,
            is_acceptable,
            default_dir,
            elr_enabled,
            min_isr,
            election: Election::Online,
            isr: partition.isr.clone(),
            unclean_replicas: Vec::new(),
            recovering: partition.recovering,
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
            directory: None,
            elr: partition.elr.clone(),
        }
    }

    /// The change, or none if nothing changes. The flag says whether the election was unclean.
    pub(super) fn build(mut self) -> Option<(PartitionChange, bool)> {
        let old = self.partition;
        let mut change =
            PartitionChange { topic_id: old.topic_id, partition: old.partition, ..PartitionChange::default() };
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
        let directories = self.directories();
        if directories != old.directories {
            change.directories = Some(directories);
        }
        set_if_changed(&mut change.removing, &self.removing, &old.removing);
        set_if_changed(&mut change.adding, &self.adding, &old.adding);
        if self.recovering != old.recovering {
            change.recovering = Some(self.recovering);
        }
        let nothing =
            PartitionChange { topic_id: old.topic_id, partition: old.partition, ..PartitionChange::default() };
        (change != nothing).then_some((change, unclean))
    }

    /// The directory of each of the new replicas.
    fn directories(&self) -> Vec<DirectoryId> {
        let old = self.partition;
        let of = |id: &BrokerId| match self.directory {
            Some((broker, dir)) if broker == *id => dir,
            _ if old.replicas.contains(id) => old.directory_of(*id),
            _ => (self.default_dir)(*id),
        };
        self.replicas.iter().map(of).collect()
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
        let are_in_sync = |ids: &[BrokerId]| ids.iter().all(|id| isr.contains(id));
        // With fewer replicas than before, an ISR that lacks some of those who stay would become smaller still.
        let needed = if self.adding.len() < self.removing.len() { &replicas } else { &self.adding };
        if !isr.is_empty() && !replicas.is_empty() && are_in_sync(&self.adding) && are_in_sync(needed) {
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
        ordered::sort(&mut elr);
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

    /// Remembers who led when nobody leads any more, and forgets it with the next leader (`maybeUpdateLastKnownLeader`).
    fn record_last_known_leader(&self, change: &mut PartitionChange) {
        let old = self.partition;
        if !self.elr_enabled {
            return;
        }
        match change.leader {
            Some(BrokerId::NONE) if old.last_known_elr.is_empty() => change.last_known_elr = Some(vec![old.leader]),
            Some(leader) if leader.is_some() && !old.last_known_elr.is_empty() => {
                change.last_known_elr = Some(Vec::new());
            }
            _ => {}
        }
    }
}

fn set_if_changed(change: &mut Option<Vec<BrokerId>>, new: &[BrokerId], old: &[BrokerId]) {
    if new != old {
        *change = Some(new.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use protocol::TopicId;

    use super::*;
    use crate::image::apply_change;

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().copied().map(BrokerId).collect()
    }

    /// A partition on brokers 1, 2 and 3 with `min.insync.replicas=2`, and who is alive.
    struct Story {
        partition: PartitionRecord,
        alive: Vec<BrokerId>,
        elr: bool,
    }

    impl Story {
        fn new(elr: bool) -> Story {
            let partition = PartitionRecord {
                topic_id: TopicId::ZERO,
                partition: 0,
                replicas: ids(&[1, 2, 3]),
                directories: vec![DirectoryId::UNASSIGNED; 3],
                isr: ids(&[1, 2, 3]),
                elr: Vec::new(),
                last_known_elr: Vec::new(),
                removing: Vec::new(),
                adding: Vec::new(),
                leader: BrokerId(1),
                recovering: false,
                leader_epoch: 0,
                partition_epoch: 0,
            };
            Story { partition, alive: ids(&[1, 2, 3]), elr }
        }
        fn change(&mut self, wish: impl FnOnce(&mut ChangeBuilder<'_>)) -> &mut Story {
            let alive = self.alive.clone();
            let is_acceptable = |id: BrokerId| alive.contains(&id);
            let mut builder =
                ChangeBuilder::new(&self.partition, &is_acceptable, &|_| DirectoryId::UNASSIGNED, self.elr, 2);
            wish(&mut builder);
            if let Some((change, _)) = builder.build() {
                apply_change(&mut self.partition, &change);
            }
            self
        }
        fn dies(&mut self, id: i32) -> &mut Story {
            self.alive.retain(|alive| *alive != BrokerId(id));
            self.change(|builder| builder.isr.retain(|member| *member != BrokerId(id)))
        }
        fn returns(&mut self, id: i32) -> &mut Story {
            self.alive.push(BrokerId(id));
            if self.partition.leader.is_some() { self } else { self.change(|_| {}) }
        }
        fn returns_uncleanly(&mut self, id: i32) -> &mut Story {
            let shift = |builder: &mut ChangeBuilder<'_>| {
                builder.isr.retain(|member| *member != BrokerId(id));
                builder.unclean_replicas.push(BrokerId(id));
            };
            self.change(shift).returns(id)
        }
        #[track_caller]
        fn shows(&mut self, leader: i32, isr: &[i32], elr: &[i32], last_known: &[i32]) -> &mut Story {
            let p = &self.partition;
            assert_eq!(
                (p.leader, &p.isr, &p.elr, &p.last_known_elr),
                (BrokerId(leader), &ids(isr), &ids(elr), &ids(last_known))
            );
            self
        }
    }

    #[test]
    fn with_elr_a_replica_that_left_last_may_lead_cleanly() {
        let mut story = Story::new(true);
        story.dies(3).shows(1, &[1, 2], &[], &[]);
        story.dies(2).shows(1, &[1], &[2], &[]);
        story.dies(1).shows(-1, &[], &[1, 2], &[1]);
        story.returns(3).shows(-1, &[], &[1, 2], &[1]);
        story.returns(2).shows(2, &[2], &[1], &[]);
        assert!(!story.partition.recovering);
        assert_eq!((story.partition.leader_epoch, story.partition.partition_epoch), (2, 4));
        story.change(|builder| builder.isr = ids(&[2, 3])).shows(2, &[2, 3], &[], &[]);
    }

    #[test]
    fn without_elr_only_the_last_in_sync_may_lead() {
        let mut story = Story::new(false);
        story.dies(3).dies(2).dies(1).shows(-1, &[1], &[], &[]);
        story.returns(2).shows(-1, &[1], &[], &[]);
        story.returns(1).shows(1, &[1], &[], &[]);
    }

    #[test]
    fn the_last_known_leader_comes_back_uncleanly_when_nobody_is_eligible() {
        let mut story = Story::new(true);
        story.dies(3).dies(2).dies(1).shows(-1, &[], &[1, 2], &[1]);
        story.returns_uncleanly(2).shows(-1, &[], &[1], &[1]);
        story.returns_uncleanly(1).shows(1, &[1], &[], &[]);
        assert!(story.partition.recovering);
    }

    #[test]
    fn an_unclean_election_takes_the_first_live_replica() {
        let mut story = Story::new(false);
        story.dies(3).dies(2).dies(1).returns(3);
        story.change(|builder| builder.election = Election::Unclean).shows(3, &[3], &[], &[]);
        assert!(story.partition.recovering);
    }

    #[test]
    fn an_isr_change_leaves_the_leader_epoch_alone() {
        let mut story = Story::new(true);
        story.change(|builder| builder.isr = ids(&[1, 2]));
        assert_eq!((story.partition.leader_epoch, story.partition.partition_epoch), (0, 1));
    }

    #[test]
    fn a_preferred_election_moves_the_leader_only_into_the_isr() {
        let mut story = Story::new(true);
        story.dies(1).shows(2, &[2, 3], &[], &[]);
        story.returns(1).change(|builder| builder.election = Election::Preferred).shows(2, &[2, 3], &[], &[]);
        story.change(|builder| builder.isr = ids(&[2, 3, 1]));
        story.change(|builder| builder.election = Election::Preferred).shows(1, &[2, 3, 1], &[], &[]);
    }

    /// Partition 1, 2, 3 moves to 2, 3, 4.
    fn moving() -> Story {
        let mut story = Story::new(true);
        story.alive.push(BrokerId(4));
        story.change(|builder| {
            builder.replicas = ids(&[2, 3, 4, 1]);
            builder.adding = ids(&[4]);
            builder.removing = ids(&[1]);
        });
        story
    }

    #[test]
    fn a_move_is_over_when_all_that_come_are_in_sync() {
        let mut story = moving();
        assert_eq!((&story.partition.replicas, story.partition.leader_epoch), (&ids(&[2, 3, 4, 1]), 0));
        story.change(|builder| builder.isr = ids(&[1, 2])).shows(1, &[1, 2], &[], &[]);
        assert_eq!(story.partition.adding, ids(&[4]));
        story.change(|builder| builder.isr = ids(&[1, 2, 4])).shows(2, &[2, 4], &[], &[]);
        let p = &story.partition;
        assert_eq!((&p.replicas, &p.adding, &p.removing, p.leader_epoch), (&ids(&[2, 3, 4]), &vec![], &vec![], 1));
    }

    #[test]
    fn a_move_to_fewer_replicas_waits_for_all_that_stay() {
        let mut story = moving();
        story.change(|builder| {
            builder.replicas = ids(&[3, 4, 1, 2]);
            builder.adding = ids(&[4]);
            builder.removing = ids(&[1, 2]);
        });
        story.change(|builder| builder.isr = ids(&[1, 2, 4])).shows(1, &[1, 2, 4], &[], &[]);
        assert_eq!(story.partition.removing, ids(&[1, 2]), "3 is missing");
        story.change(|builder| builder.isr = ids(&[1, 2, 3, 4])).shows(3, &[3, 4], &[], &[]);
        assert_eq!((&story.partition.replicas, &story.partition.removing), (&ids(&[3, 4]), &vec![]));
    }

    #[test]
    fn the_last_replica_to_go_stays_while_nobody_of_the_target_is_in_sync() {
        let mut story = moving();
        story.dies(2).dies(3).shows(1, &[1], &[3], &[]);
        assert_eq!(story.partition.removing, ids(&[1]), "4 is missing");
        story.change(|builder| builder.isr = ids(&[1, 4])).shows(4, &[4], &[1, 3], &[]);
        assert_eq!((&story.partition.replicas, &story.partition.removing), (&ids(&[2, 3, 4]), &vec![]));
    }

    #[test]
    fn replicas_that_go_wait_for_one_that_stays() {
        let mut story = Story::new(false);
        story.change(|builder| builder.isr = ids(&[1]));
        story.change(|builder| {
            builder.replicas = ids(&[2, 3, 1]);
            builder.removing = ids(&[1]);
        });
        story.shows(1, &[1], &[], &[]);
        assert_eq!(story.partition.removing, ids(&[1]));
        story.change(|builder| builder.isr = ids(&[1, 3])).shows(1, &[1, 3], &[], &[]);
        story.change(|builder| builder.isr = ids(&[1, 2, 3])).shows(2, &[2, 3], &[], &[]);
        assert_eq!(story.partition.replicas, ids(&[2, 3]));
    }

    #[test]
    fn another_order_of_the_same_replicas_is_taken_at_once_and_the_leader_stays() {
        let mut story = Story::new(true);
        story.change(|builder| builder.isr = ids(&[1]));
        story.change(|builder| builder.replicas = ids(&[3, 2, 1])).shows(1, &[1], &[2, 3], &[]);
        let p = &story.partition;
        assert_eq!((&p.replicas, p.leader_epoch, p.partition_epoch), (&ids(&[3, 2, 1]), 0, 2));
    }

    #[test]
    fn a_move_that_is_over_while_nobody_may_lead_leaves_the_partition_without_leader() {
        let mut story = moving();
        story.alive = ids(&[1]);
        story.change(|builder| builder.isr = ids(&[1, 4])).shows(-1, &[4], &[1, 2, 3], &[1]);
        story.returns(4).shows(4, &[4], &[1, 2, 3], &[]);
    }

    #[test]
    fn a_leader_epoch_ends_with_every_replica_that_goes() {
        let mut story = moving();
        story.change(|builder| {
            builder.replicas = ids(&[2, 3, 1]);
            (builder.adding, builder.removing) = (Vec::new(), Vec::new());
        });
        story.shows(1, &[1, 2, 3], &[], &[]);
        assert_eq!(story.partition.leader_epoch, 1, "broker 4 may not go on fetching in the epoch it knows");
    }
}
