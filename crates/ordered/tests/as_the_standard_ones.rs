//! The collections behave as the standard ones do, over long runs of random operations.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ordered::{Room, SortedMap, SortedSet, Window};

/// A small generator of our own (SplitMix64): the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn alike<A: Hash + Debug, B: Hash + Debug>(ours: &A, standard: &B) {
    assert_eq!(format!("{ours:?}"), format!("{standard:?}"));
    assert_eq!(digest(ours), digest(standard));
}

fn pairs<'a>(entries: impl Iterator<Item = (&'a u64, &'a u64)>) -> Vec<(u64, u64)> {
    entries.map(|(key, value)| (*key, *value)).collect()
}

#[test]
fn a_key_is_found_whether_it_is_a_copy_or_only_equal() {
    let name = |n: usize| -> Arc<str> { format!("name-{n:02}").into() };
    for len in [0, 1, 16, 17, 40] {
        let mut map: SortedMap<Arc<str>, usize> = (0..len).map(|n| (name(n), n)).collect();
        let copies: Vec<Arc<str>> = map.keys().cloned().collect();
        for (n, copy) in copies.iter().enumerate() {
            assert_eq!((map.get_shared(copy), map.get_shared(&name(n))), (Some(&n), Some(&n)));
            *map.get_shared_mut(&name(n)).expect("it is there") += 1;
            assert_eq!(*map.shared_or_insert_with(copy, || 0), n + 1);
        }
        assert_eq!(map.get_shared(&name(len)), None);
        assert_eq!(*map.shared_or_insert_with(&name(len), || 7), 7);
        assert_eq!(map.len(), len + 1);
    }
}

#[test]
fn a_room_is_empty_when_it_is_taken_and_no_part_of_what_it_is_kept_in() {
    let (mut room, fresh) = (Room::default(), Room::<u32>::default());
    room.put_back(vec![1, 2, 3]);
    assert_eq!(digest(&room), digest(&fresh));
    assert_eq!(room.clone().take().capacity(), 0);
    let list = room.take();
    assert!(list.is_empty() && list.capacity() >= 3);
}

#[test]
fn a_sorted_map_does_what_a_tree_map_does() {
    let (mut ours, mut standard, mut numbers) = (SortedMap::new(), BTreeMap::new(), Numbers(1));
    for step in 0..20_000_u64 {
        let (key, other) = (numbers.below(50), numbers.below(50));
        match numbers.below(14) {
            0..4 => assert_eq!(ours.insert(key, step), standard.insert(key, step)),
            4 | 5 => assert_eq!(ours.remove(&key), standard.remove(&key)),
            6 => assert_eq!(ours.entry(key).or_default(), standard.entry(key).or_default()),
            7 => {
                let (a, b) = (ours.entry(key), standard.entry(key));
                assert_eq!(a.and_modify(|v| *v += 1).or_insert(step), b.and_modify(|v| *v += 1).or_insert(step));
            }
            8 => assert_eq!(ours.pop_first(), standard.pop_first()),
            9 => {
                assert_eq!(ours.get(&key), standard.get(&key));
                assert_eq!(ours.get_near(other as usize, &key), standard.get(&key));
            }
            10 => {
                let bounds = key.min(other)..=key.max(other);
                assert_eq!(pairs(ours.range(bounds.clone())), pairs(standard.range(bounds)));
                assert_eq!(pairs(ours.range(..key)), pairs(standard.range(..key)));
                assert_eq!(pairs(ours.range(key..)), pairs(standard.range(key..)));
            }
            11 => {
                ours.retain(|k, v| (*k + *v) % 7 != 0);
                standard.retain(|k, v| (*k + *v) % 7 != 0);
            }
            12 => {
                ours.values_mut().for_each(|v| *v += key);
                standard.values_mut().for_each(|v| *v += key);
            }
            _ => {
                let (tail, same) = (ours.split_off(&key), standard.split_off(&key));
                alike(&tail, &same);
                if other % 2 == 0 {
                    ours.extend(tail);
                    standard.extend(same);
                }
            }
        }
        alike(&ours, &standard);
        assert_eq!(ours.first_key_value(), standard.first_key_value());
        assert_eq!(ours.last_key_value(), standard.last_key_value());
        assert_eq!(ours.contains_key(&key), standard.contains_key(&key));
    }
}

#[test]
fn of_two_values_of_a_key_the_last_counts() {
    let twice = [(1, "a"), (0, "b"), (1, "c")];
    alike(&SortedMap::from(twice), &BTreeMap::from(twice));
    assert_eq!(SortedMap::from(twice).into_iter().collect::<Vec<_>>(), [(0, "b"), (1, "c")]);
}

#[test]
fn a_sorted_set_does_what_a_tree_set_does() {
    let (mut ours, mut standard, mut numbers) = (SortedSet::new(), BTreeSet::new(), Numbers(2));
    for _ in 0..20_000 {
        let (key, other) = (numbers.below(40), numbers.below(40));
        match numbers.below(8) {
            0..3 => assert_eq!(ours.insert(key), standard.insert(key)),
            3 => assert_eq!(ours.remove(&key), standard.remove(&key)),
            4 => assert_eq!(ours.contains(&key), standard.contains(&key)),
            5 => {
                let bounds = key.min(other)..key.max(other);
                assert!(ours.range(bounds.clone()).eq(standard.range(bounds)));
            }
            6 => {
                ours.retain(|k| k % 9 != key % 9);
                standard.retain(|k| k % 9 != key % 9);
            }
            _ => {
                ours.extend([other, key]);
                standard.extend([other, key]);
            }
        }
        alike(&ours, &standard);
        assert_eq!((ours.first(), ours.last()), (standard.first(), standard.last()));
    }
}

#[test]
fn a_window_does_what_a_tree_map_of_ascending_numbers_does() {
    let (mut ours, mut standard, mut numbers) = (Window::new(), BTreeMap::new(), Numbers(3));
    let mut next = 1_000_u64;
    for step in 0..20_000_u64 {
        let near = (next + 5).saturating_sub(numbers.below(40));
        match numbers.below(6) {
            0 | 1 => {
                next += 1 + numbers.below(3);
                assert_eq!(ours.insert(next, step), standard.insert(next, step));
            }
            2 | 3 => assert_eq!(ours.remove(near), standard.remove(&near)),
            4 => assert_eq!(ours.get_mut(near), standard.get_mut(&near)),
            _ => assert_eq!(ours.insert(near, step), standard.insert(near, step)),
        }
        while ours.len() > 30 {
            let first = ours.first().expect("it is not empty");
            assert_eq!(Some((first, ours.remove(first).expect("it is there"))), standard.pop_first());
        }
        alike(&ours, &standard);
        assert_eq!(ours.first(), standard.keys().next().copied());
        assert_eq!(ours.get(near), standard.get(&near));
        assert!(ours.values().eq(standard.values()));
        assert_eq!((ours.len(), ours.is_empty()), (standard.len(), standard.is_empty()));
    }
}

#[test]
fn windows_are_equal_if_what_is_in_them_is() {
    let (mut a, mut b) = (Window::new(), Window::new());
    a.insert(3, 'x');
    a.insert(9, 'y');
    assert_ne!(a, b);
    b.insert(9, 'y');
    a.remove(3);
    assert_eq!(a, b);
    a.remove(9);
    assert_eq!(a, Window::new());
}

#[test]
fn sorts_do_what_the_standard_stable_ones_do() {
    let mut numbers = Numbers(4);
    for len in (0..70).chain([500, 1_025]) {
        let mut ours: Vec<(u64, usize)> = (0..len).map(|at| (numbers.below(20), at)).collect();
        let mut standard = ours.clone();
        ordered::sort_by_key(&mut ours, |(key, _)| *key);
        standard.sort_by_key(|(key, _)| *key);
        assert_eq!(ours, standard);
        ordered::sort_by(&mut ours, |a, b| b.1.cmp(&a.1));
        standard.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        assert_eq!(ours, standard);
        ordered::sort(&mut ours);
        standard.sort();
        assert_eq!(ours, standard);
    }
}
