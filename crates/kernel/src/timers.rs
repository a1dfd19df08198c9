//! Named timers for a machine: at most one pending timer a key, replaced when armed again, cancelled at will.

use ordered::SortedMap;

use crate::{Effects, Time};

/// The pending timers of one machine (or of one part of it), by a key of the machine's own closed enum.
///
/// A machine made of several parts gives each part its own `space`, which is the high bits of its tokens:
/// `Timers::space_of(token)` tells whose timer fired.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Timers<K> {
    space: u16,
    next: u64,
    pending: SortedMap<K, (u64, Time)>,
    keys: SortedMap<u64, K>,
}

impl<K: Ord + Clone> Timers<K> {
    /// No timers; tokens carry `space`.
    pub fn new(space: u16) -> Timers<K> {
        Timers { space, next: 0, pending: SortedMap::new(), keys: SortedMap::new() }
    }

    /// Which part's timer a token belongs to.
    pub fn space_of(token: u64) -> u16 {
        (token >> 48) as u16
    }

    /// Arms the timer `key` to fire at `at`, replacing a pending one of the same key.
    pub fn arm<M, N>(&mut self, fx: &mut Effects<M, N>, at: Time, key: K) {
        self.cancel(&key);
        let token = (u64::from(self.space) << 48) | self.next;
        self.next += 1;
        self.pending.insert(key.clone(), (token, at));
        self.keys.insert(token, key);
        fx.timer(at, token);
    }

    /// Arms the timer `key` unless it is already pending.
    pub fn arm_once<M, N>(&mut self, fx: &mut Effects<M, N>, at: Time, key: K) {
        if !self.pending.contains_key(&key) {
            self.arm(fx, at, key);
        }
    }

    /// Forgets the timer `key`; true if it was pending.
    pub fn cancel(&mut self, key: &K) -> bool {
        match self.pending.remove(key) {
            Some((token, _)) => {
                self.keys.remove(&token);
                true
            }
            None => false,
        }
    }

    /// The key of the timer that just fired, or none if it was cancelled or replaced since.
    pub fn fire(&mut self, token: u64) -> Option<K> {
        let key = self.keys.remove(&token)?;
        self.pending.remove(&key);
        Some(key)
    }

    /// When the timer `key` is due, if pending.
    pub fn due(&self, key: &K) -> Option<Time> {
        self.pending.get(key).map(|(_, at)| *at)
    }

    /// All pending timers with their times, by key.
    pub fn pending(&self) -> impl Iterator<Item = (&K, Time)> {
        self.pending.iter().map(|(key, (_, at))| (key, *at))
    }

    /// Forgets all timers; tokens already handed out will not fire.
    pub fn clear(&mut self) {
        self.pending.clear();
        self.keys.clear();
    }
}
