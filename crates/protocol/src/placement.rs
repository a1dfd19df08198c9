//! Where the replicas of new partitions go (`StripedReplicaPlacer`): leaders are striped over racks and brokers,
//! and fenced brokers are used only when there are not enough others. Controllers place with it, and so does
//! `kafka-reassign-partitions --generate`.

use crate::api::Name;
use crate::hashing;
use crate::ids::BrokerId;
use crate::java_random::JavaRandom;

/// A broker that can get replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsableBroker {
    /// Its id.
    pub id: BrokerId,
    /// Its rack.
    pub rack: Option<Name>,
    /// Whether it is fenced.
    pub fenced: bool,
}

/// Places `partitions` partitions of `replicas` replicas each. The error is the text of Kafka's
/// `InvalidReplicationFactorException`.
pub fn place(
    random: &mut dyn JavaRandom,
    brokers: &[UsableBroker],
    partitions: i32,
    replicas: i32,
) -> Result<Vec<Vec<BrokerId>>, String> {
    let mut racks = RackList::new(random, brokers);
    if replicas <= 0 {
        return Err(format!("Invalid replication factor {replicas}: the replication factor must be positive."));
    }
    if racks.unfenced == 0 {
        return Err("All brokers are currently fenced, or have all their log directories cordoned.".into());
    }
    if replicas as usize > brokers.len() {
        let total = brokers.len();
        return Err(format!(
            "The target replication factor of {replicas} cannot be reached because only {total} broker(s) are registered or some brokers have all their log directories cordoned."
        ));
    }
    Ok((0..partitions).map(|_| racks.place(random, replicas as usize)).collect())
}

/// Brokers of a rack, from a drawn starting point.
#[derive(Default)]
struct BrokerList {
    brokers: Vec<BrokerId>,
    index: usize,
    offset: usize,
    epoch: usize,
}

impl BrokerList {
    fn initialize(&mut self, random: &mut dyn JavaRandom) {
        if !self.brokers.is_empty() {
            ordered::sort(&mut self.brokers);
            self.offset = random.next_int(self.brokers.len() as i32) as usize;
        }
    }
    /// The next broker of this epoch, if any is left.
    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.index >= self.brokers.len() {
            return None;
        }
        self.index += 1;
        Some(self.brokers[(self.index - 1 + self.offset) % self.brokers.len()])
    }
}

struct Rack {
    name: Option<Name>,
    fenced: BrokerList,
    unfenced: BrokerList,
}

impl Rack {
    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

struct RackList {
    /// In the iteration order of Java's `HashMap`.
    racks: Vec<Rack>,
    /// Indexes into `racks`, in the order racks take turns.
    order: Vec<usize>,
    unfenced: usize,
    epoch: usize,
    offset: usize,
}

impl RackList {
    fn new(random: &mut dyn JavaRandom, brokers: &[UsableBroker]) -> RackList {
        let mut racks: Vec<Rack> = Vec::new();
        for broker in brokers {
            let at = racks.iter().position(|rack| rack.name == broker.rack).unwrap_or_else(|| {
                racks.push(Rack {
                    name: broker.rack.clone(),
                    fenced: BrokerList::default(),
                    unfenced: BrokerList::default(),
                });
                racks.len() - 1
            });
            let list = if broker.fenced { &mut racks[at].fenced } else { &mut racks[at].unfenced };
            list.brokers.push(broker.id);
        }
        let buckets = hash_map_buckets(racks.len());
        ordered::sort_by_key(&mut racks, |rack| bucket(rack.name.as_deref(), buckets));
        for rack in &mut racks {
            rack.fenced.initialize(random);
            rack.unfenced.initialize(random);
        }
        let mut order: Vec<usize> = (0..racks.len()).collect();
        ordered::sort_by(&mut order, |a, b| racks[*a].name.cmp(&racks[*b].name));
        let offset = if order.is_empty() { 0 } else { random.next_int(order.len() as i32) as usize };
        let unfenced = brokers.iter().filter(|broker| !broker.fenced).count();
        RackList { racks, order, unfenced, epoch: 0, offset }
    }

    /// Places one partition. There are enough brokers, and one of them is unfenced.
    fn place(&mut self, random: &mut dyn JavaRandom, replicas: usize) -> Vec<BrokerId> {
        if self.epoch == self.unfenced && self.unfenced > 1 {
            self.shuffle(random);
            self.epoch = 0;
        }
        if self.offset == self.order.len() {
            self.offset = 0;
        }
        let mut first_rack = Some(self.offset);
        let mut placed = Vec::with_capacity(replicas);
        while placed.is_empty() {
            let at = first_rack.expect("set until a leader is found");
            match self.racks[self.order[at]].unfenced.next(self.epoch) {
                Some(leader) => placed.push(leader),
                None => first_rack = Some((at + 1) % self.order.len()),
            }
        }
        let mut at = self.offset;
        while placed.len() < replicas {
            if first_rack == Some(at) {
                first_rack = None;
            } else if let Some(next) = self.racks[self.order[at]].next(self.epoch) {
                placed.push(next);
            }
            at = (at + 1) % self.order.len();
        }
        self.epoch += 1;
        self.offset += 1;
        placed
    }

    fn shuffle(&mut self, random: &mut dyn JavaRandom) {
        random.shuffle(&mut self.order);
        for rack in &mut self.racks {
            random.shuffle(&mut rack.fenced.brokers);
            random.shuffle(&mut rack.unfenced.brokers);
        }
    }
}

/// How many buckets a `HashMap` that grew to `len` entries has.
fn hash_map_buckets(len: usize) -> u32 {
    let mut buckets = 16;
    while len > buckets * 3 / 4 {
        buckets *= 2;
    }
    buckets as u32
}

fn bucket(name: Option<&str>, buckets: u32) -> u32 {
    let hash = name.map_or(0, hashing::java_string_hash) as u32;
    (hash ^ (hash >> 16)) & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kafka's `MockRandom`, whose draws the expectations of `StripedReplicaPlacerTest` rest on.
    struct MockRandom(u64);
    impl JavaRandom for MockRandom {
        fn next(&mut self, bits: u32) -> i32 {
            self.0 = self.0.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
            (self.0 >> (64 - bits)) as u32 as i32
        }
    }

    fn broker(id: i32, rack: &str, fenced: bool) -> UsableBroker {
        UsableBroker { id: BrokerId(id), rack: Some(rack).filter(|r| !r.is_empty()).map(Into::into), fenced }
    }
    fn check(brokers: &[(i32, &str, bool)], replicas: i32, expected: &[&[i32]]) {
        let brokers: Vec<_> = brokers.iter().map(|(id, rack, fenced)| broker(*id, rack, *fenced)).collect();
        let placed = place(&mut MockRandom(17), &brokers, expected.len() as i32, replicas).expect("enough brokers");
        let placed: Vec<Vec<i32>> = placed.iter().map(|p| p.iter().map(|b| b.0).collect()).collect();
        assert_eq!(placed, expected);
    }

    #[test]
    fn fenced_brokers_are_avoided_when_others_suffice() {
        let brokers = [(3, "", false), (1, "", true), (0, "", false), (4, "", false), (2, "", false)];
        check(&brokers, 4, &[&[3, 4, 0, 2], &[4, 0, 2, 3], &[0, 2, 3, 4], &[2, 3, 4, 0], &[0, 4, 3, 2]]);
    }

    #[test]
    fn fenced_brokers_come_last_when_they_are_needed() {
        let brokers = [(3, "", false), (1, "", true), (2, "", false)];
        check(&brokers, 3, &[&[3, 2, 1], &[2, 3, 1], &[3, 2, 1], &[2, 3, 1]]);
    }

    #[test]
    fn replicas_are_striped_over_racks() {
        let brokers =
            [(11, "1", false), (10, "1", false), (30, "3", false), (31, "3", false), (21, "2", false), (20, "2", true)];
        check(&brokers, 4, &[&[11, 21, 31, 10], &[21, 30, 10, 20], &[31, 11, 21, 30]]);
    }

    #[test]
    fn racks_without_live_brokers_give_no_leaders() {
        let brokers = [
            (11, "1", false),
            (10, "1", false),
            (30, "3", true),
            (31, "3", true),
            (20, "2", true),
            (21, "2", true),
            (41, "4", false),
            (40, "4", true),
        ];
        check(&brokers, 4, &[&[41, 11, 21, 30], &[10, 20, 31, 41], &[41, 21, 30, 11]]);
    }

    #[test]
    fn a_placement_moves_on_by_one_broker_a_partition() {
        let brokers = [(0, "", false), (3, "", false), (2, "", false), (1, "", false)];
        check(&brokers, 3, &[&[2, 3, 0], &[3, 0, 1], &[0, 1, 2], &[1, 2, 3], &[1, 0, 2]]);
    }

    #[test]
    fn a_replication_factor_that_cannot_be_had_is_refused() {
        let error = |replicas, fenced| {
            let brokers = [broker(11, "1", fenced), broker(10, "1", fenced)];
            place(&mut MockRandom(17), &brokers, 1, replicas).expect_err("refused")
        };
        assert_eq!(error(1, true), "All brokers are currently fenced, or have all their log directories cordoned.");
        assert_eq!(error(0, false), "Invalid replication factor 0: the replication factor must be positive.");
        let few = "The target replication factor of 3 cannot be reached because only 2 broker(s) are registered or some brokers have all their log directories cordoned.";
        assert_eq!(error(3, false), few);
    }
}
