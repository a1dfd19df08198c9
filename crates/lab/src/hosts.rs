//! The hosts' disks as command lines see them: the one place where what a terminal may read of a Kafka process is decided.
//! It is read when a command is given, and only through files: names, sizes and contents.

use kernel::{NodeId, NodeState, World};
use protocol::api::Name;
use protocol::{DirEntry, FileContent};
use shell::{Hosts, Quorum};

use crate::Actor;
use crate::layout::Layout;

/// The processes of a lab by the names people type.
pub(crate) struct Disks<'a> {
    pub(crate) world: &'a World<Actor>,
    pub(crate) layout: &'a Layout,
}

impl Disks<'_> {
    pub(crate) fn node(&self, host: &str) -> Option<NodeId> {
        let digits = host.find(|c: char| c.is_ascii_digit())?;
        let (kind, number) = host.split_at(digits);
        self.layout.find(&format!("{}-{number}", kind.trim_end_matches('-')))
    }

    fn process(&self, host: &str) -> Option<&cluster::KafkaProcess> {
        self.world.machine(self.node(host)?).kafka()
    }
}

impl Hosts for Disks<'_> {
    fn names(&self) -> Vec<Name> {
        let brokers = self.layout.brokers.keys().map(|id| format!("kafka{id}").into());
        let separate = self.layout.controllers.iter().filter(|(id, _)| !self.layout.brokers.contains_key(id));
        brokers.chain(separate.map(|(id, _)| format!("controller{id}").into())).collect()
    }
    fn find(&self, name: &str) -> Option<Name> {
        let name = if name == "kafka" || name == "broker" { "kafka1" } else { name };
        let node = self.node(name)?;
        self.names().into_iter().find(|known| self.node(known) == Some(node))
    }
    fn is_running(&self, host: &str) -> bool {
        self.node(host).is_some_and(|node| matches!(self.world.state(node), NodeState::Running | NodeState::Paused))
    }
    fn log_dirs(&self, host: &str) -> Vec<Name> {
        self.process(host).map_or_else(Vec::new, |process| process.spec().log_dirs().map(Name::from).collect())
    }
    fn identity(&self, host: &str) -> Option<(Name, i32)> {
        let spec = self.process(host)?.spec();
        Some((spec.cluster.cluster_id.clone(), spec.id.0))
    }
    fn quorum(&self, host: &str) -> Option<Quorum> {
        let own = self.node(host)?;
        let others = self.layout.controllers.values().filter(|node| **node != own);
        let others = others.filter_map(|node| self.world.machine(*node).kafka());
        // Where the disk was replaced and not yet formatted there is nothing.
        let others: Vec<_> = others.filter(|kafka| kafka.spec().is_formatted(kafka.spec().metadata_dir())).collect();
        Some(Quorum {
            is_dynamic: self.process(host)?.spec().cluster.initial_controllers.0.is_some(),
            has_log: others.iter().any(|kafka| kafka.raft().log_end() > 0),
            voters: others.iter().map(|kafka| kafka.raft().voters().to_vec()).find(|voters| !voters.is_empty()),
        })
    }
    fn list(&self, host: &str, dir: u8, path: &str) -> Option<Vec<DirEntry>> {
        self.process(host)?.list(dir, path)
    }
    fn read(&self, host: &str, dir: u8, path: &str) -> Option<FileContent> {
        self.process(host)?.read(dir, path)
    }
}
