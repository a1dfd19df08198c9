//! Which replicas a periodic task has to look at: those that changed since it last ran, and those whose time has come. Kafka walks
//! all its logs each time; here a partition that idles costs nothing.

use ordered::{SortedMap, SortedSet};

use super::disk::ReplicaIndex;

/// A task that looks at logs by the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Task {
    /// Deleting old segments.
    Retention,
    /// Writing recovery points down.
    RecoveryPoints,
    /// Writing log starts down.
    LogStarts,
    /// Forgetting silent producers.
    Producers,
    /// Knowing which logs are compacted.
    Cleaner,
}

const TASKS: [Task; 5] = [Task::Retention, Task::RecoveryPoints, Task::LogStarts, Task::Producers, Task::Cleaner];
const ALL: u8 = (1 << TASKS.len()) - 1;

impl Task {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What each task has not seen yet.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Agenda {
    /// By replica: the tasks in whose list it stands.
    marks: Vec<u8>,
    changed: [Vec<ReplicaIndex>; TASKS.len()],
    /// When a task is to look at a replica though it did not change, ms since the epoch.
    later: [Later; TASKS.len()],
}

#[derive(Clone, Debug, Default, Hash)]
struct Later {
    in_order: SortedSet<(i64, ReplicaIndex)>,
    by_replica: SortedMap<ReplicaIndex, i64>,
}

impl Agenda {
    /// A replica changed, or may have.
    pub(super) fn changed(&mut self, index: ReplicaIndex) {
        let at = index as usize;
        if self.marks.len() <= at {
            self.marks.resize(at + 1, 0);
        }
        if self.marks[at] == ALL {
            return;
        }
        for task in TASKS {
            if self.marks[at] & task.bit() == 0 {
                self.changed[task as usize].push(index);
            }
        }
        self.marks[at] = ALL;
    }

    /// What a task must look at now, ascending.
    pub(super) fn take(&mut self, task: Task, now_ms: i64) -> Vec<ReplicaIndex> {
        let mut taken = std::mem::take(&mut self.changed[task as usize]);
        for index in &taken {
            self.marks[*index as usize] &= !task.bit();
        }
        let Later { in_order, by_replica } = &mut self.later[task as usize];
        let due = in_order.iter().take_while(|(due_ms, _)| *due_ms <= now_ms).count();
        if due > 0 {
            taken.extend(in_order.iter().take(due).map(|(_, index)| *index));
            in_order.retain(|(due_ms, _)| *due_ms > now_ms);
            by_replica.retain(|_, due_ms| *due_ms > now_ms);
        }
        ordered::sort(&mut taken);
        taken.dedup();
        taken
    }

    /// A task is to look at a replica at `due_ms`, and not before unless it changes; none for not at all.
    pub(super) fn look_again(&mut self, task: Task, index: ReplicaIndex, due_ms: Option<i64>) {
        let Later { in_order, by_replica } = &mut self.later[task as usize];
        let before = match due_ms {
            Some(due_ms) => by_replica.insert(index, due_ms),
            None => by_replica.remove(&index),
        };
        if let Some(before) = before.filter(|before| Some(*before) != due_ms) {
            in_order.remove(&(before, index));
        }
        in_order.extend(due_ms.map(|due_ms| (due_ms, index)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_sees_what_changed_once_and_what_is_due_when_it_is() {
        let mut agenda = Agenda::default();
        agenda.changed(2);
        agenda.changed(0);
        agenda.changed(2);
        assert_eq!(agenda.take(Task::Retention, 0), [0, 2]);
        assert_eq!(agenda.take(Task::Retention, 0), []);
        assert_eq!(agenda.take(Task::Producers, 0), [0, 2], "each task has its own list");
        agenda.look_again(Task::Retention, 0, Some(50));
        agenda.look_again(Task::Retention, 0, Some(100));
        agenda.look_again(Task::Retention, 2, Some(60));
        agenda.look_again(Task::Retention, 2, None);
        assert_eq!(agenda.take(Task::Retention, 99), []);
        agenda.changed(1);
        assert_eq!(agenda.take(Task::Retention, 100), [0, 1]);
        assert_eq!(agenda.take(Task::Retention, i64::MAX), []);
    }
}
