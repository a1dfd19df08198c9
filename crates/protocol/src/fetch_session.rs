//! The asking half of a fetch session (`FetchSessionHandler`, KIP-227): followers and consumers keep one for each broker
//! they fetch from. It knows what the broker remembers of it, and so what the next request must say.
//!
//! What is wanted is told piece by piece with [`FetchSession::want`] and [`FetchSession::forget`], so that a request costs
//! what has changed and not what is followed. Left out: checking that a full answer names just what was asked.

use crate::api::fetch::{FetchPartition, FetchResponse};
use crate::error::ErrorCode;
use crate::ids::{PartitionIndex, TopicId};
use ordered::{SortedMap, SortedSet};

/// The epoch of a full request that asks for a session (`INITIAL_EPOCH`).
pub const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request without a session; with a session id it closes that one (`FINAL_EPOCH`).
pub const FINAL_EPOCH: i32 = -1;

/// The epoch after `epoch` (`FetchMetadata#nextEpoch`).
pub fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        FINAL_EPOCH => FINAL_EPOCH,
        i32::MAX => 1,
        epoch => epoch + 1,
    }
}

/// What an asker and one broker agree on; `K` is what the asker calls a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchSession<K> {
    id: i32,
    /// Of the next request, or of the one under way.
    epoch: i32,
    partitions: SortedMap<K, Member>,
    changed: SortedSet<K>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Member {
    /// As the broker has it, if it does.
    sent: Option<FetchPartition>,
    /// As it should have it.
    wanted: Option<FetchPartition>,
}

/// What a Fetch request says of its session and its partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRequest {
    /// The session; 0 for none.
    pub session_id: i32,
    /// Its epoch.
    pub session_epoch: i32,
    /// All partitions, or those that are new or differ.
    pub partitions: Vec<FetchPartition>,
    /// Those to be dropped.
    pub forgotten: Vec<(TopicId, PartitionIndex)>,
}

impl<K> Default for FetchSession<K> {
    fn default() -> FetchSession<K> {
        FetchSession { id: 0, epoch: INITIAL_EPOCH, partitions: SortedMap::new(), changed: SortedSet::new() }
    }
}

impl<K: Ord + Clone> FetchSession<K> {
    /// For an asker that never has a session: every request names all partitions.
    pub fn without() -> FetchSession<K> {
        FetchSession { epoch: FINAL_EPOCH, ..FetchSession::default() }
    }

    /// This is to be read from there.
    pub fn want(&mut self, key: K, partition: FetchPartition) {
        match self.partitions.get_mut(&key) {
            Some(member) if member.wanted.as_ref() == Some(&partition) => return,
            Some(member) => member.wanted = Some(partition),
            None => {
                self.partitions.insert(key.clone(), Member { sent: None, wanted: Some(partition) });
            }
        }
        self.changed.insert(key);
    }

    /// This is not to be read any more.
    pub fn forget(&mut self, key: &K) {
        if let Some(member) = self.partitions.get_mut(key)
            && member.wanted.take().is_some()
        {
            self.changed.insert(key.clone());
        }
    }

    /// What is wanted.
    pub fn wanted(&self) -> impl Iterator<Item = &K> {
        self.partitions.iter().filter(|(_, member)| member.wanted.is_some()).map(|(key, _)| key)
    }

    /// What the broker was last asked for.
    pub fn sent(&self, key: &K) -> Option<&FetchPartition> {
        self.partitions.get(key)?.sent.as_ref()
    }

    /// Everything the broker was last asked for.
    pub fn all_sent(&self) -> impl Iterator<Item = (&K, &FetchPartition)> {
        self.partitions.iter().filter_map(|(key, member)| Some((key, member.sent.as_ref()?)))
    }

    /// The session's id; 0 if the broker keeps none.
    pub fn id(&self) -> i32 {
        self.id
    }

    fn is_full(&self) -> bool {
        self.epoch == INITIAL_EPOCH || self.epoch == FINAL_EPOCH
    }

    /// The next request (`Builder#build`); none if there is nothing to ask for and nothing to drop.
    pub fn request(&mut self) -> Option<SessionRequest> {
        let mut request = SessionRequest {
            session_id: self.id,
            session_epoch: self.epoch,
            partitions: Vec::new(),
            forgotten: Vec::new(),
        };
        let mut changed = std::mem::take(&mut self.changed);
        if self.is_full() {
            changed.clear();
            self.changed = changed;
            self.partitions.retain(|_, member| {
                member.sent.clone_from(&member.wanted);
                request.partitions.extend(member.wanted.clone());
                member.wanted.is_some()
            });
            return (!request.partitions.is_empty()).then_some(request);
        }
        request.partitions.reserve_exact(changed.len());
        for key in &changed {
            let Some(member) = self.partitions.get_mut(key) else { continue };
            if member.sent == member.wanted {
                continue;
            }
            let id = |partition: &FetchPartition| (partition.topic_id, partition.partition);
            let old = member.sent.as_ref().map(id);
            // Of a topic made anew under the same name the old id is dropped.
            request.forgotten.extend(old.filter(|old| member.wanted.as_ref().map(id) != Some(*old)));
            request.partitions.extend(member.wanted.clone());
            member.sent.clone_from(&member.wanted);
            if member.wanted.is_none() {
                self.partitions.remove(key);
            }
        }
        changed.clear();
        self.changed = changed;
        let has_any = self.partitions.values().any(|member| member.sent.is_some());
        (has_any || !request.forgotten.is_empty()).then_some(request)
    }

    /// The broker answered (`#handleResponse`); false if what it says of partitions is not to be used.
    pub fn answered(&mut self, response: &FetchResponse) -> bool {
        match response.error {
            ErrorCode::None => {}
            code => {
                if code == ErrorCode::FetchSessionIdNotFound {
                    self.id = 0;
                }
                self.failed();
                return false;
            }
        }
        (self.id, self.epoch) = match response.session_id {
            _ if self.epoch == FINAL_EPOCH => (0, FINAL_EPOCH),
            0 => (0, INITIAL_EPOCH),
            id if self.is_full() => (id, next_epoch(INITIAL_EPOCH)),
            id => (id, next_epoch(self.epoch)),
        };
        true
    }

    /// The request got no answer, or a bad one: the next is full again, and closes the session (`#handleError`).
    pub fn failed(&mut self) {
        if self.epoch != FINAL_EPOCH {
            self.epoch = INITIAL_EPOCH;
        }
    }

    /// The request that closes the session (`#notifyClose`); none if there is none.
    pub fn close(&mut self) -> Option<SessionRequest> {
        let session_id = std::mem::take(&mut self.id);
        self.failed();
        (session_id != 0).then(|| SessionRequest {
            session_id,
            session_epoch: FINAL_EPOCH,
            partitions: Vec::new(),
            forgotten: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(topic: u128, fetch_offset: i64) -> FetchPartition {
        FetchPartition {
            topic_id: TopicId(topic),
            partition: 0,
            current_leader_epoch: 0,
            fetch_offset,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 100,
        }
    }

    fn answer(error: ErrorCode, session_id: i32) -> FetchResponse {
        FetchResponse { error, session_id, partitions: Vec::new(), node_endpoints: crate::Seldom::default() }
    }

    /// (id, epoch, offsets asked, topics dropped)
    fn said(request: Option<SessionRequest>) -> (i32, i32, Vec<i64>, Vec<u128>) {
        let request = request.expect("there is something to say");
        let offsets = request.partitions.iter().map(|p| p.fetch_offset).collect();
        (request.session_id, request.session_epoch, offsets, request.forgotten.iter().map(|(id, _)| id.0).collect())
    }

    #[test]
    fn after_a_full_request_only_what_changed_is_said() {
        let mut session = FetchSession::default();
        assert_eq!(session.request(), None, "nothing is wanted");
        session.want('a', at(1, 10));
        session.want('b', at(2, 20));
        assert_eq!(said(session.request()), (0, 0, vec![10, 20], vec![]));
        assert!(session.answered(&answer(ErrorCode::None, 77)));
        session.want('a', at(1, 10));
        assert_eq!(said(session.request()), (77, 1, vec![], vec![]), "an empty request keeps the session going");
        assert!(session.answered(&answer(ErrorCode::None, 77)));
        session.want('b', at(2, 25));
        session.forget(&'a');
        assert_eq!(said(session.request()), (77, 2, vec![25], vec![1]));
        assert!(session.answered(&answer(ErrorCode::None, 77)));
        session.want('b', at(3, 0));
        assert_eq!(said(session.request()), (77, 3, vec![0], vec![2]), "the topic was made anew");
    }

    #[test]
    fn an_error_leads_to_a_full_request() {
        let mut session = FetchSession::default();
        session.want('a', at(1, 10));
        session.request();
        session.answered(&answer(ErrorCode::None, 77));
        session.request();
        assert!(!session.answered(&answer(ErrorCode::InvalidFetchSessionEpoch, 0)));
        assert_eq!(
            said(session.request()),
            (77, 0, vec![10], vec![]),
            "it closes the old session and asks for a new one"
        );
        session.answered(&answer(ErrorCode::None, 78));
        session.request();
        assert!(!session.answered(&answer(ErrorCode::FetchSessionIdNotFound, 0)));
        assert_eq!(said(session.request()), (0, 0, vec![10], vec![]), "there is no old session to close");
        session.answered(&answer(ErrorCode::None, 0));
        assert_eq!(said(session.request()), (0, 0, vec![10], vec![]), "the broker had no room for a session");
        session.answered(&answer(ErrorCode::None, 79));
        assert_eq!(said(session.close()), (79, -1, vec![], vec![]));
        assert_eq!(session.close(), None);
    }

    #[test]
    fn epochs_wrap_to_one() {
        assert_eq!([next_epoch(-1), next_epoch(0), next_epoch(i32::MAX)], [-1, 1, 1]);
    }
}
