//! The log directories of a process as `ls`, `cat` and `kafka-dump-log` find it: properties, checkpoints, the metadata log
//! and, on brokers, partitions (`MetaPropertiesEnsemble`, `BootstrapDirectory`, `KafkaRaftLog`). Read only.
//!
//! Sizes in `__cluster_metadata-0` are those of the model's own records, which are near Kafka's but not equal to them.

use std::fmt::Write as _;

use protocol::metadata::{MetadataBatch, MetadataRecord};
use protocol::{BrokerId, DirEntry, DirectoryId, EPOCH_MS, FileContent, TopicId};

use crate::process::KafkaProcess;
use crate::raft::Replica;
use crate::raft::snapshot::{self, Snapshot};

const METADATA_DIRECTORY: &str = "__cluster_metadata-0";
const META_PROPERTIES: &str = "meta.properties";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
/// What the storage of a controller was formatted with (KIP-1170).
const BOOTSTRAP: &str = "00000000000000000000-0000000000.checkpoint";

impl KafkaProcess {
    /// What is in a directory of a log directory (its place in `log.dirs`); the empty path is the log directory itself.
    pub fn list(&self, dir: u8, path: &str) -> Option<Vec<DirEntry>> {
        match path {
            "" => Some(self.root(dir)),
            _ if !self.spec().is_formatted(dir) => None,
            METADATA_DIRECTORY if dir == self.spec().metadata_dir() => {
                let mut files = self.raft().files();
                if self.has_bootstrap() {
                    files.push(DirEntry::file(BOOTSTRAP, bytes(&self.bootstrap()), EPOCH_MS));
                }
                Some(files)
            }
            _ => self.broker()?.disk().list(dir, path),
        }
    }

    /// What is in a file of a log directory.
    pub fn read(&self, dir: u8, path: &str) -> Option<FileContent> {
        let has_metadata = dir == self.spec().metadata_dir();
        if !self.spec().is_formatted(dir) {
            return None;
        }
        match path {
            META_PROPERTIES => Some(FileContent::Text(self.meta_properties(dir).into())),
            CLEAN_SHUTDOWN => Some(FileContent::Text(self.clean_shutdown(dir)?.into())),
            _ => match path.strip_prefix(METADATA_DIRECTORY).and_then(|rest| rest.strip_prefix('/')) {
                Some(BOOTSTRAP) if has_metadata && self.has_bootstrap() => {
                    Some(FileContent::Metadata(self.bootstrap()))
                }
                Some(name) if has_metadata => self.raft().read_file(name),
                Some(_) => None,
                None => self.broker()?.disk().read(dir, path),
            },
        }
    }

    fn root(&self, dir: u8) -> Vec<DirEntry> {
        let has_metadata = dir == self.spec().metadata_dir();
        if !self.spec().is_formatted(dir) {
            return Vec::new();
        }
        let mut entries = self.broker().map_or(Vec::new(), |broker| broker.disk().root(dir));
        entries.push(DirEntry::file(META_PROPERTIES, self.meta_properties(dir).len() as u64, EPOCH_MS));
        if has_metadata && (self.has_bootstrap() || !self.raft().is_unused()) {
            entries.push(DirEntry::dir(METADATA_DIRECTORY, self.raft().modified_ms()));
        }
        if let Some(text) = self.clean_shutdown(dir) {
            entries.push(DirEntry::file(CLEAN_SHUTDOWN, text.len() as u64, self.raft().modified_ms()));
        }
        ordered::sort_by(&mut entries, |a, b| a.name.cmp(&b.name));
        entries
    }

    /// What a broker that stopped in good order leaves (`CleanShutdownFileHandler`).
    fn clean_shutdown(&self, dir: u8) -> Option<String> {
        let epoch = self.lifecycle()?.clean_shutdown_epoch(dir)?;
        Some(format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}"))
    }

    fn meta_properties(&self, dir: u8) -> String {
        let spec = self.spec();
        let directory = spec.directory_id(dir);
        let (id, cluster) = (spec.id, &spec.cluster.cluster_id);
        format!(
            "#\n#Fri Jan 15 08:00:00 UTC 2027\nnode.id={id}\ndirectory.id={directory}\nversion=1\ncluster.id={cluster}\n"
        )
    }

    /// A controller keeps that until its log begins later.
    fn has_bootstrap(&self) -> bool {
        self.spec().is_controller && self.raft().log().start_offset() == 0
    }

    /// What the storage was formatted with.
    fn bootstrap(&self) -> Vec<MetadataBatch> {
        let features = crate::controller::bootstrap_features(self.spec());
        let features = features.into_iter().map(|(name, level)| MetadataRecord::FeatureLevel { name, level });
        let header = MetadataRecord::SnapshotHeader { last_contained_ms: EPOCH_MS };
        let records = [header].into_iter().chain(self.raft().formatted_voters()).chain(features);
        snapshot::batches(0, EPOCH_MS, records.chain([MetadataRecord::SnapshotFooter]).collect())
    }
}

impl crate::spec::ClusterSpec {
    /// `directory.id` of the `place`th log directory of a node whose disk was replaced that often: like a random UUID, but always the
    /// same.
    pub fn directory_id(&self, node: BrokerId, place: u8, replaced: u8) -> DirectoryId {
        // The first had its id before there were others.
        let place = (place > 0 || replaced > 0).then_some(place);
        let replaced = (replaced > 0).then_some(replaced);
        let seed = self.cluster_id.bytes().chain(node.0.to_be_bytes()).chain(place).chain(replaced);
        let mix = |bits: u128, byte: u8| {
            (bits ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b).rotate_left(29)
        };
        DirectoryId(TopicId::from_random_bits(seed.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, mix)).0)
    }
}

impl Replica {
    /// The files of `__cluster_metadata-0`.
    fn files(&self) -> Vec<DirEntry> {
        if self.is_unused() {
            return Vec::new();
        }
        let log = self.log();
        let first = log.batches().next().map_or(log.start_offset(), |batch| batch.base_offset);
        let (stem, modified_ms) = (format!("{first:020}"), self.modified_ms());
        let size = log.batches().map(MetadataBatch::size_in_bytes).sum();
        let sparse = |suffix: &str, size| DirEntry {
            used_bytes: 0,
            ..DirEntry::file(format!("{stem}.{suffix}"), size, modified_ms)
        };
        let mut files = vec![
            sparse("index", 10_485_760),
            DirEntry::file(format!("{stem}.log"), size, modified_ms),
            sparse("timeindex", 10_485_756),
        ];
        for snapshot in log.snapshots().iter().filter(|snapshot| snapshot.end_offset > 0) {
            files.push(DirEntry::file(checkpoint(snapshot), snapshot.bytes, snapshot.image.timestamp_ms));
        }
        for (name, text) in self.texts() {
            files.push(DirEntry::file(name, text.len() as u64, modified_ms));
        }
        files
    }

    fn read_file(&self, name: &str) -> Option<FileContent> {
        if self.is_unused() {
            return None;
        }
        if let Some((_, text)) = self.texts().into_iter().find(|(known, _)| *known == name) {
            return Some(FileContent::Text(text.into()));
        }
        self.files().iter().find(|file| *file.name == *name)?;
        match name.rsplit_once('.')?.1 {
            "log" => Some(FileContent::Metadata(self.log().batches().cloned().collect())),
            "checkpoint" => Some(FileContent::Metadata(
                self.log().snapshots().iter().find(|snapshot| checkpoint(snapshot) == name)?.batches(),
            )),
            "index" => Some(FileContent::OffsetIndex { entries: Vec::new(), is_sparse: true }),
            "timeindex" => Some(FileContent::TimeIndex { entries: Vec::new(), is_sparse: true }),
            _ => None,
        }
    }

    fn texts(&self) -> [(&'static str, String); 3] {
        let mut epochs = format!("0\n{}\n", self.log().epochs().len());
        for (epoch, start) in self.log().epochs() {
            let _ = writeln!(epochs, "{epoch} {start}");
        }
        let metadata = format!("version: 0\ntopic_id: {}", TopicId::METADATA);
        [("leader-epoch-checkpoint", epochs), ("partition.metadata", metadata), ("quorum-state", self.quorum_state())]
    }

    fn modified_ms(&self) -> i64 {
        self.log().last().map_or(EPOCH_MS, |batch| batch.timestamp_ms)
    }
}

/// `Snapshots#filenameFromSnapshotId`.
fn checkpoint(snapshot: &Snapshot) -> String {
    format!("{:020}-{:010}.checkpoint", snapshot.end_offset, snapshot.epoch)
}

fn bytes(batches: &[MetadataBatch]) -> u64 {
    batches.iter().map(MetadataBatch::size_in_bytes).sum()
}
