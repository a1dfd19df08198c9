//! A replica that may lack committed records leads only where that is allowed.

use ordered::SortedMap;
use protocol::api::ConfigResourceKind;
use protocol::{BrokerId, Note, TopicPartition};

use super::{Invariant, Kind, Kinds, Sight};

/// Who led each partition last: with nobody left in ISR and ELR the last leader may come back (KIP-966).
#[derive(Clone, Debug, Default)]
pub(super) struct UncleanOnlyIfAllowed {
    last: SortedMap<TopicPartition, BrokerId>,
}

const UNCLEAN: &str = "unclean.leader.election.enable";

impl Invariant for UncleanOnlyIfAllowed {
    const ID: &'static str = "unclean-only-if-allowed";
    const DOC: &'static str = "A replica outside ISR and ELR leads only if the topic allows it, or if it led last and nobody is eligible.";
    const SOURCE: &'static str = "KIP-106; KIP-966";
    const LOOKS_AT: Kinds = Kinds::of(&[Kind::LeaderElected, Kind::TopicDeleted]);

    fn check(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        match sight.note {
            Note::LeaderElected { tp, leader, unclean, .. } if leader.is_some() => {
                let last = self.last.insert(tp.clone(), *leader);
                match *unclean && last != Some(*leader) && !is_allowed(sight, tp, *leader) {
                    true => Err(format!("{tp}: broker {leader} is to lead, which is neither in sync nor eligible")),
                    false => Ok(()),
                }
            }
            Note::TopicDeleted { topic } => {
                self.last.retain(|tp, _| tp.topic != *topic);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether the topic, the cluster or the processes' own properties allow it: as committed, or as the controller that elects has written
/// before, for the one is committed with the other.
fn is_allowed(sight: &Sight<'_>, tp: &TopicPartition, leader: BrokerId) -> bool {
    let elects = sight.world.machine(sight.node).kafka().and_then(|process| process.controller()?.image());
    let is_on = |kind, resource: &str| {
        let mut images = sight.image().map(AsRef::as_ref).into_iter().chain(elects);
        images.any(|image| image.config(kind, resource, UNCLEAN).is_some_and(|value| &**value == "true"))
    };
    // Who led when this was committed last, and who was alone in sync, led last.
    let led_last = sight.record(tp).is_some_and(|record| {
        record.leader == leader || record.isr == [leader] || record.last_known_elr == [leader]
    });
    let mut nodes = sight.layout.controllers.values();
    led_last
        || is_on(ConfigResourceKind::Topic, &tp.topic)
        || is_on(ConfigResourceKind::Broker, "")
        || nodes.any(|node| {
            let process = sight.world.machine(*node).kafka();
            process.and_then(|process| process.spec().property(UNCLEAN)).is_some_and(|value| &**value == "true")
        })
}
