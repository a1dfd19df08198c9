//! Disks that are lost, and log directories that are formatted anew (`MetaPropertiesEnsemble`, `Formatter`, KIP-858): under
//! another `directory.id`, so that nobody takes them for those that were there before. A process whose directories are not all formatted
//! does not start (`KafkaRaftServer#initializeLogDirs`).

use std::sync::Arc;

use protocol::Seldom;

use crate::controller::{Controller, ControllerRegistration};
use crate::process::KafkaProcess;
use crate::spec::{ClusterSpec, ProcessSpec, Replaced};

impl KafkaProcess {
    /// New, empty disks are where these log directories were, by their places in `log.dirs`. The process does not run.
    pub fn lose_dirs(&mut self, places: &[u8]) {
        self.alter_spec(|spec| {
            let replaced = spec.replaced.0.get_or_insert_default();
            for place in places {
                let dir = replaced.entry(*place).or_insert(Replaced { times: 0, is_formatted: true });
                *dir = Replaced { times: dir.times.saturating_add(1), is_formatted: false };
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

    /// These log directories are formatted: with the voters of a static quorum, which are configured, or with none.
    pub fn format_dirs(&mut self, places: &[u8]) {
        self.alter_spec(|spec| {
            for (place, dir) in spec.replaced.0.iter_mut().flat_map(|dirs| dirs.iter_mut()) {
                dir.is_formatted |= places.contains(place);
            }
            // As with --no-initial-controllers: the first voters of this quorum stand in its log by now.
            if places.contains(&spec.metadata_dir()) && spec.cluster.initial_controllers.0.is_some() {
                let initial_controllers = Seldom(Some(Vec::new()));
                spec.cluster = Arc::new(ClusterSpec { initial_controllers, ..ClusterSpec::clone(&spec.cluster) });
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
