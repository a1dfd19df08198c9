//! Named timers for a machine: at most one pending timer a key, replaced when armed again, cancelled at will.
//!
//! However many are pending, the world holds one alarm for all of them, for the earliest: most timers are deadlines
//! that are cancelled long before they are due, and those cost the world nothing. Which one is the earliest is looked up
//! among all when one is due.

use ordered::SortedMap;

use crate::{Effects, Time};

/// The pending timers of one machine (or of one part of it), by a key of the machine's own closed enum.
///
/// A machine made of several parts gives each part its own `space`, which is the high bits of its tokens:
/// `Timers::space_of(token)` tells whose timer fired.
#[derive(Clone, Debug, Hash)]
pub struct Timers<K> {
    space: u16,
    next: u64,
    /// When each is due, and the number of its arming.
    pending: SortedMap<K, (Time, u64)>,
    /// The alarms that will ring, with their tokens: each earlier than the one before it. The last rings at the earliest
    /// pending timer or before.
    alarms: Vec<(Time, u64)>,
}

impl<K: Ord + Clone> Timers<K> {
    /// No timers; tokens carry `space`.
    pub fn new(space: u16) -> Timers<K> {
        Timers { space, next: 0, pending: SortedMap::new(), alarms: Vec::new() }
    }

    /// Which part's timer a token belongs to.
    pub fn space_of(token: u64) -> u16 {
        (token >> 48) as u16
    }

    /// Arms the timer `key` to fire at `at`, replacing a pending one of the same key.
    pub fn arm<M, N>(&mut self, fx: &mut Effects<M, N>, at: Time, key: K) {
        let serial = self.next;
        self.next += 1;
        self.pending.insert(key, (at, serial));
        self.see_to_alarm(fx, at);
    }

    /// Arms the timer `key` unless it is already pending.
    pub fn arm_once<M, N>(&mut self, fx: &mut Effects<M, N>, at: Time, key: K) {
        if !self.pending.contains_key(&key) {
            self.arm(fx, at, key);
        }
    }

    /// Forgets the timer `key`; true if it was pending.
    pub fn cancel(&mut self, key: &K) -> bool {
        self.pending.remove(key).is_some()
    }

    /// A timer input came with `token`: the key that is due now, if one is. Keys due at the same moment come one an
    /// input, in the order they were armed.
    pub fn fire<M, N>(&mut self, fx: &mut Effects<M, N>, now: Time, token: u64) -> Option<K> {
        // The last, unless one was set for a moment that had passed: then an older one may ring before it.
        let rings = self.alarms.iter().rposition(|(_, awaited)| *awaited == token)?;
        self.alarms.remove(rings);
        let due = self.earliest().filter(|(_, at)| *at <= now).map(|(key, _)| key.clone());
        if let Some(key) = &due {
            self.pending.remove(key);
        }
        if let Some((_, at)) = self.earliest() {
            self.see_to_alarm(fx, at);
        }
        due
    }

    /// When the timer `key` is due, if pending.
    pub fn due(&self, key: &K) -> Option<Time> {
        self.pending.get(key).map(|(at, _)| *at)
    }

    /// All pending timers with their times, by key.
    pub fn pending(&self) -> impl Iterator<Item = (&K, Time)> {
        self.pending.iter().map(|(key, (at, _))| (key, *at))
    }

    /// Forgets all timers.
    pub fn clear(&mut self) {
        self.pending.clear();
        self.alarms.clear();
    }

    /// Sets an alarm for `at`, unless one rings by then.
    fn see_to_alarm<M, N>(&mut self, fx: &mut Effects<M, N>, at: Time) {
        if self.alarms.last().is_some_and(|(rings, _)| *rings <= at) {
            return;
        }
        let token = (u64::from(self.space) << 48) | self.next;
        self.next += 1;
        self.alarms.push((at, token));
        fx.timer(at, token);
    }

    /// The first pending timer, and when it is due; of several the one that was armed first.
    fn earliest(&self) -> Option<(&K, Time)> {
        self.pending.iter().min_by_key(|(_, due)| **due).map(|(key, (at, _))| (key, *at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, NodeId};

    type Fx = Effects<(), ()>;

    fn alarms(fx: &mut Fx) -> Vec<(u64, u64)> {
        let alarm = |effect| match effect {
            Effect::Timer { at, token } => Some((at.as_millis(), token)),
            _ => None,
        };
        fx.take().into_iter().filter_map(alarm).collect()
    }

    #[test]
    fn one_alarm_serves_all_and_rings_for_the_earliest() {
        let (mut fx, mut timers) = (Fx::new(7, NodeId(0)), Timers::new(3));
        let at = Time::from_millis;
        timers.arm(&mut fx, at(30), 'c');
        timers.arm(&mut fx, at(20), 'b');
        timers.arm(&mut fx, at(40), 'd');
        timers.arm(&mut fx, at(20), 'a');
        let set = alarms(&mut fx);
        assert_eq!(set.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [30, 20], "only what is earlier sets one");
        assert_eq!(Timers::<char>::space_of(set[0].1), 3);
        assert_eq!(timers.fire(&mut fx, at(20), set[1].1), Some('b'), "first armed, first fired");
        let again = alarms(&mut fx);
        assert_eq!(again[0].0, 20, "the other that is due now gets its own input");
        assert!(timers.cancel(&'c'));
        assert_eq!(timers.fire(&mut fx, at(20), again[0].1), Some('a'));
        let last = alarms(&mut fx);
        assert_eq!(last, [], "the first alarm is still to come");
        assert_eq!(timers.fire(&mut fx, at(30), set[0].1), None, "it rings for one that was cancelled");
        let last = alarms(&mut fx);
        assert_eq!(last[0].0, 40);
        assert_eq!(timers.fire(&mut fx, at(40), last[0].1), Some('d'));
        assert!(alarms(&mut fx).is_empty());
    }

    #[test]
    fn a_deadline_that_is_always_put_off_sets_one_alarm() {
        let (mut fx, mut timers) = (Fx::new(7, NodeId(0)), Timers::new(0));
        for n in 0..10_000 {
            timers.arm(&mut fx, Time::from_millis(500 + n), 'x');
        }
        let set = alarms(&mut fx);
        assert_eq!(set.len(), 1);
        assert_eq!(timers.fire(&mut fx, Time::from_millis(500), set[0].1), None);
        assert_eq!(alarms(&mut fx)[0].0, 10_499);
    }

    /// Set for a time that has passed, an alarm rings now, after those that were set for now before it.
    #[test]
    fn a_timer_that_is_armed_too_late_upsets_none() {
        let (mut fx, mut timers) = (Fx::new(7, NodeId(0)), Timers::new(0));
        let at = Time::from_millis;
        timers.arm(&mut fx, at(10), 'b');
        timers.arm(&mut fx, at(30), 'c');
        timers.arm(&mut fx, at(5), 'a');
        let set = alarms(&mut fx);
        assert_eq!(set.len(), 2);
        assert_eq!(timers.fire(&mut fx, at(10), set[0].1), Some('a'));
        assert_eq!(timers.fire(&mut fx, at(10), set[1].1), Some('b'));
        let last = alarms(&mut fx);
        assert_eq!(last.len(), 1);
        assert_eq!(timers.fire(&mut fx, at(30), last[0].1), Some('c'));
    }

    /// A short timer again and again in front of a long one: the long one's alarm is set once.
    #[test]
    fn a_long_timer_is_not_set_again_for_every_short_one() {
        let (mut fx, mut timers) = (Fx::new(7, NodeId(0)), Timers::new(0));
        timers.arm(&mut fx, Time::from_millis(100_000), "long");
        let mut set = alarms(&mut fx).len();
        for n in 0..1_000 {
            let at = Time::from_millis(5 * (n + 1));
            timers.arm(&mut fx, at, "short");
            let short = alarms(&mut fx);
            assert_eq!(timers.fire(&mut fx, at, short[0].1), Some("short"));
            set += short.len() + alarms(&mut fx).len();
        }
        assert_eq!(set, 1_001);
    }
}
