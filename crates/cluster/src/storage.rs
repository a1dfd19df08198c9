//! Disks that are lost, and log directories that are formatted anew (`MetaPropertiesEnsemble`, `Formatter`, KIP-858): under
//! another `directory.id`, so that nobody takes them for those that were there before. A process whose directories are not all formatted
//! does not start (`KafkaRaftServer#initializeLogDirs`).

use std::sync::Arc;

use protocol::Seldom;
use protocol::api::Name;
use protocol::metadata::{FirstVoters, Voter};

use crate::controller::{Controller, ControllerRegistration};
use crate::process::KafkaProcess;
use crate::spec::{CONTROLLER_PORT, ClusterSpec, Formatted, ProcessSpec, Replaced};

impl KafkaProcess {
    /// New, empty disks are where these log directories were, by their places in `log.dirs`. The process does not run.
    pub fn lose_dirs(&mut self, places: &[u8]) {
        self.alter_spec(|spec| {
            let replaced = spec.replaced.0.get_or_insert_default();
            for place in places {
                let times = replaced.get(place).map_or(0, |dir| dir.times).saturating_add(1);
                replaced.insert(*place, Replaced { times, is_formatted: false, with: Seldom::default() });
            }
        });
        let spec = self.spec().clone();
        if places.contains(&spec.metadata_dir()) {
            self.raft_mut().lose_log(&spec);
        }
        let (mut broker, mut lifecycle) = self.broker_parts_mut();
        for place in places {
            broker.iter_mut().for_each(|broker| broker.lose_dir(*place));
            lifecycle.iter_mut().for_each(|lifecycle| lifecycle.lose_dir(*place));
        }
    }

    /// These log directories are formatted as the cluster's were: with the voters of a static quorum, which are configured, or with none.
    pub fn format_dirs(&mut self, places: &[u8]) {
        self.format(places, |_| None);
    }

    /// The same, with these levels of features and these first voters.
    pub fn format_dirs_with(&mut self, places: &[u8], features: &[(Name, i16)], voters: &FirstVoters) {
        self.format(places, |spec| {
            let (features, own) = (features.to_vec(), |voter: &&Voter| voter.id == spec.id);
            let voters = match voters {
                FirstVoters::Others => Vec::new(),
                FirstVoters::Own => {
                    let (directory, endpoint) =
                        (spec.directory_id(spec.metadata_dir()), (spec.host.clone(), CONTROLLER_PORT));
                    vec![Voter { id: spec.id, directory, endpoint }]
                }
                FirstVoters::These(voters) => voters.clone(),
            };
            let directory = Seldom(voters.iter().find(own).map(|voter| voter.directory));
            Some(Formatted { directory, features, voters })
        });
    }

    fn format(&mut self, places: &[u8], with: impl FnOnce(&ProcessSpec) -> Option<Formatted>) {
        self.alter_spec(|spec| {
            let metadata_dir = spec.metadata_dir();
            if places.contains(&metadata_dir) {
                // As with --no-initial-controllers: the first voters of this quorum stand in its log by now.
                if spec.cluster.initial_controllers.0.is_some() {
                    let initial_controllers = Seldom(Some(Vec::new()));
                    spec.cluster = Arc::new(ClusterSpec { initial_controllers, ..ClusterSpec::clone(&spec.cluster) });
                }
                let with = Seldom(with(spec).map(Arc::new));
                if let Some(dir) = spec.replaced.0.get_or_insert_default().get_mut(&metadata_dir) {
                    dir.with = with;
                }
            }
            for (place, dir) in spec.replaced.0.iter_mut().flat_map(|dirs| dirs.iter_mut()) {
                dir.is_formatted |= places.contains(place);
            }
        });
        let spec = self.spec().clone();
        if places.contains(&spec.metadata_dir()) {
            self.raft_mut().lose_log(&spec);
        }
    }

    /// Why it cannot start, in Kafka's words. `failed`: the disks that do not work, as bits by their places.
    pub fn why_not_start(&self, failed: u32) -> Option<String> {
        let spec = self.spec();
        spec.replaced.0.as_ref()?;
        let works = |place: &u8| failed & (1 << place) == 0;
        let live: Vec<u8> = (0..spec.log_dir_count()).filter(works).collect();
        let bare = live.iter().find(|place| !spec.is_formatted(**place))?;
        if !live.iter().any(|place| spec.is_formatted(*place)) {
            return Some("No readable meta.properties files found.".to_owned());
        }
        let dir = spec.log_dirs().nth(usize::from(*bare)).unwrap_or_default();
        Some(format!("No `meta.properties` found in {dir} (have you run `kafka-storage.sh` to format the directory?)"))
    }

    fn alter_spec(&mut self, alter: impl FnOnce(&mut ProcessSpec)) {
        let mut spec = ProcessSpec::clone(self.spec());
        alter(&mut spec);
        self.set_spec(Arc::new(spec));
    }
}

/// The parts of a controller that does not run: all they have is what they were told.
pub(crate) fn controller_parts(spec: &Arc<ProcessSpec>) -> Option<(Controller, ControllerRegistration)> {
    spec.is_controller.then(|| (Controller::new(spec), ControllerRegistration::new(spec)))
}
