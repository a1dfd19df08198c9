//! The event queue: a binary heap of (time, sequence, slot) beside a slab of events.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Time;

#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Reverse<(Time, Place)>>,
    slab: Vec<Option<(Time, E)>>,
    free: Vec<u32>,
    seq: u64,
}

/// Sequence number above, slot below: ordered by the former, and two words a heap entry instead of three.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place(u64);

const SLOT_BITS: u32 = 24;

impl Place {
    fn new(seq: u64, slot: u32) -> Place {
        assert!(slot >> SLOT_BITS == 0 && seq >> (64 - SLOT_BITS) == 0, "too many events for the queue");
        Place(seq << SLOT_BITS | u64::from(slot))
    }
    fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue { heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), seq: 0 }
    }
    pub(crate) fn push(&mut self, at: Time, event: E) {
        self.seq += 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = Some((at, event));
                slot
            }
            None => {
                self.slab.push(Some((at, event)));
                (self.slab.len() - 1) as u32
            }
        };
        self.heap.push(Reverse((at, Place::new(self.seq, slot))));
    }
    pub(crate) fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let Reverse((_, place)) = self.heap.pop()?;
        self.free.push(place.slot());
        self.slab[place.slot() as usize].take()
    }
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
    /// Changes events where they wait.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Time, &mut E)> {
        self.slab.iter_mut().flatten().map(|(at, event)| (*at, event))
    }
    /// Takes out the events that `is_meant`, in the order in which they would have come. Looks at every one.
    pub(crate) fn take(&mut self, is_meant: impl Fn(&E) -> bool) -> Vec<(Time, E)> {
        let Queue { heap, slab, free, .. } = self;
        let mut taken = Vec::new();
        heap.retain(|Reverse((at, place))| {
            let slot = place.slot();
            match slab[slot as usize].take_if(|(_, event)| is_meant(event)) {
                Some((_, event)) => {
                    free.push(slot);
                    taken.push(((*at, *place), event));
                    false
                }
                None => true,
            }
        });
        ordered::sort_by_key(&mut taken, |(order, _)| *order);
        taken.into_iter().map(|((at, _), event)| (at, event)).collect()
    }
    /// All pending events, in no particular order of time but in an order that depends on the run alone.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        self.slab.iter().flatten().map(|(at, event)| (*at, event))
    }
}
