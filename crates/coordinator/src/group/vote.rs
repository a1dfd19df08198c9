//! Which assignor a group uses: protocols all members support, one vote each (`ClassicGroup#selectProtocol`).

use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::join_group::JoinProtocol;
use protocol::hashing::java_string_hash;

use super::Group;
use crate::{GroupState, java_map};

impl Group {
    /// Whether somebody with these protocols can join (`supportsProtocols`).
    pub(crate) fn supports(&self, protocol_type: &str, protocols: &[JoinProtocol]) -> bool {
        if self.state == GroupState::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(|p| self.is_candidate(&p.name))
    }

    /// The assignor with most votes. A tie goes to the one that comes first in Java's `HashMap` order.
    ///
    /// None if no protocol is common to all, which joining rules out.
    pub(crate) fn select_protocol(&self) -> Option<Name> {
        let mut votes: SortedMap<(u32, Name), usize> = SortedMap::new();
        for member in self.members.values() {
            if let Some(choice) = member.protocols.iter().find(|p| self.is_candidate(&p.name)) {
                *votes.entry((bucket(&choice.name), choice.name.clone())).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|((_, name), _)| name)
    }

    fn is_candidate(&self, protocol: &str) -> bool {
        self.members.values().all(|m| m.supports(protocol))
    }
}

/// The place of a text in a `HashMap` of at most 12 entries.
fn bucket(text: &str) -> u32 {
    java_map::place(java_string_hash(text), java_map::capacity(0))
}
