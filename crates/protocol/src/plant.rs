//! Planted bugs: mistakes that were made in Kafka or could be, switched on one at a time, so that a sweep shows that its
//! checks find them. A closed table; nothing is planted unless a scenario says so.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlantInfo {
    /// Its name in scenarios and on the command line.
    pub name: &'static str,
    /// What is wrong while it is planted.
    pub doc: &'static str,
    /// Where the bug was, or the rule that it breaks.
    pub source: &'static str,
}

macro_rules! plants {
    ($($variant:ident $name:literal $doc:literal $source:literal)*) => {
        /// A bug that is planted, if any.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
        pub enum Plant {
            /// No bug: all is as Kafka does it.
            #[default]
            None,
            $(#[doc = $doc] $variant,)*
        }

        /// Every bug that can be planted.
        pub const PLANTS: &[(Plant, PlantInfo)] =
            &[$((Plant::$variant, PlantInfo { name: $name, doc: $doc, source: $source }),)*];

        impl Plant {
            /// Its name; `none` if nothing is planted.
            pub fn name(self) -> &'static str {
                match self {
                    Plant::None => "none",
                    $(Plant::$variant => $name,)*
                }
            }
        }
    };
}

plants! {
    TruncateToHighWatermark "truncate-to-high-watermark"
        "A new follower cuts its log at its high watermark and never asks where the epochs part." "before KIP-101 (KAFKA-1211)"
    DivergenceByOffset "divergence-by-offset"
        "A follower cuts its log where the leader's epoch ends, and neither asks which epoch that is." "before KIP-279 (KAFKA-6361)"
    HighWatermarkFalls "high-watermark-falls"
        "A high watermark is set to what its leader knows of followers, lower or not." "Partition#maybeIncrementLeaderHW"
    AckBeforeIsr "ack-before-isr"
        "acks=all is answered as soon as the leader has the records." "DelayedProduce"
    StaleIsr "stale-isr"
        "A leader drops a follower from its ISR before the controller agreed." "before KIP-497 (KAFKA-8585)"
    ReadsPastHighWatermark "reads-past-high-watermark"
        "Consumers are served up to the log's end." "Partition#fetchRecords, FetchIsolation"
    MinIsrIgnored "min-isr-ignored"
        "min.insync.replicas holds back neither appends nor the high watermark." "KAFKA-15583, KIP-966"
    StalledForgotten "stalled-forgotten"
        "A follower that has stopped fetching holds back no high watermark, though the controller has it in the ISR." "Partition#maybeIncrementLeaderHW, maximalIsr"
    IsrTooEarly "isr-too-early"
        "A follower that fetches joins the ISR, however far behind it is." "Partition#isFollowerInSync"
    DeposedLeader "deposed-leader"
        "A leader that hears of its successor goes on leading, in the successor's epoch." "Partition#makeFollower"
    EpochReused "epoch-reused"
        "An election leaves the leader epoch as it was." "PartitionRegistration#merge"
    LastReplicaStanding "last-replica-standing"
        "A broker that lost power comes back as if it had stopped in good order." "before KIP-966 (KAFKA-5713)"
    ElrIgnored "elr-ignored"
        "Without ISR the first live replica leads, eligible or not." "before KIP-106, KIP-966"
    UnfencedInSync "unfenced-in-sync"
        "A broker that is unfenced is back in the ISR of its partitions at once." "ReplicationControlManager#handleBrokerUnfenced"
    ZombieAltersIsr "zombie-alters-isr"
        "The controller takes an ISR from a leader of an older epoch." "KIP-497, PartitionData validation"
    WindowOfFour "window-of-four"
        "The log remembers four batches of a producer, and it may have five in flight." "ProducerStateEntry.NUM_BATCHES_TO_RETAIN"
    SequenceUnchecked "sequence-unchecked"
        "Sequence numbers are neither compared with the last one nor searched for a duplicate." "before KIP-98"
    DuplicateTakesOffsets "duplicate-takes-offsets"
        "A batch that is refused as a duplicate uses up offsets." "UnifiedLog#append"
    CompactionOffByOne "compaction-off-by-one"
        "The cleaner keeps only what comes after the last offset of its key." "Cleaner#shouldRetainRecord"
    RetentionPastHighWatermark "retention-past-high-watermark"
        "Retention removes segments that are not committed yet." "UnifiedLog#deletableSegments"
    RetentionByFirstRecord "retention-by-first-record"
        "A segment's age is that of its first record." "before KIP-33"
    ZombieCommits "zombie-commits"
        "Offsets are committed whatever the generation." "ClassicGroup#validateOffsetCommit"
    CommitBeforeReplicated "commit-before-replicated"
        "An offset commit is answered before the offsets topic is replicated." "CoordinatorRuntime"
    CommitOffByOne "commit-off-by-one"
        "The coordinator writes down the offset after the one that is committed." "OffsetMetadataManager#commitOffset"
    CommitBeforeProcess "commit-before-process"
        "A consumer commits what a poll is about to hand out, before its program has it." "ConsumerCoordinator#maybeAutoCommitOffsetsAsync"
    TruncationMissed "truncation-missed"
        "A consumer tells leaders no epoch, and asks no new one where the last epoch it read ends." "before KIP-320"
    AssignmentOfAnother "assignment-of-another"
        "Every member of a group is given the assignment of the first." "ClassicGroup, SyncGroup"
    VotesTwice "votes-twice"
        "A voter forgets whom it voted for in this epoch." "KIP-595; KAFKA-12607"
    CommitWithoutMajority "commit-without-majority"
        "The metadata log is committed when the leader alone has it." "LeaderState#maybeUpdateHighWatermark"
    VotersChangedAtOnce "voters-changed-at-once"
        "The quorum's leader takes a change of its voters while another is not committed." "KIP-853; LeaderState#isOperationPending"
}

impl Plant {
    /// Whether nothing is planted.
    pub fn is_none(&self) -> bool {
        *self == Plant::None
    }
}

/// Nothing planted leaves digests as they are.
impl Hash for Plant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if !self.is_none() {
            self.name().hash(state);
        }
    }
}

impl fmt::Display for Plant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Plant {
    type Err = String;
    fn from_str(text: &str) -> Result<Plant, String> {
        let found = PLANTS.iter().find(|(_, info)| info.name == text).map(|(plant, _)| *plant);
        found.ok_or_else(|| {
            let names: Vec<&str> = PLANTS.iter().map(|(_, info)| info.name).collect();
            format!("there is no bug `{text}` to plant; there are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_unknown_ones_are_told_what_there_is() {
        for (plant, info) in PLANTS {
            assert_eq!(info.name.parse(), Ok(*plant));
        }
        assert!("off-by-one".parse::<Plant>().is_err_and(|e| e.contains("window-of-four")));
    }
}
