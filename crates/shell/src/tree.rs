//! The files a command line finds: the terminal's own, and the log directories of the cluster's hosts.
//!
//! A terminal's directory holds its files and `data/HOST/kafka-logs`, the hosts' log directories as docker-compose mounts
//! them. Inside a container (`docker exec HOST`) only that host's own is there, where `log.dirs` says. A command is given
//! what it reads when it starts; no program sees the cluster, and none sees a file change.

use protocol::api::Name;
use protocol::metadata::{FirstVoters, Voter};
use protocol::{DirEntry, EPOCH_MS, FileContent};

use crate::files::Files;

/// The hosts of a cluster and what lies on their disks.
pub trait Hosts {
    /// Their names: `kafka1`, `controller101`.
    fn names(&self) -> Vec<Name>;
    /// The host that also goes by another name, such as `broker-1`.
    fn find(&self, name: &str) -> Option<Name>;
    /// Whether its process runs.
    fn is_running(&self, host: &str) -> bool;
    /// Its `log.dirs`.
    fn log_dirs(&self, host: &str) -> Vec<Name>;
    /// Its `cluster.id` and `node.id`.
    fn identity(&self, host: &str) -> Option<(Name, i32)>;
    /// What the other controllers of its cluster have on their disks.
    fn quorum(&self, host: &str) -> Option<Quorum>;
    /// What is in a directory of a log directory, by its place in `log.dirs`; the empty path is the log directory itself.
    fn list(&self, host: &str, dir: u8, path: &str) -> Option<Vec<DirEntry>>;
    /// What is in a file of a log directory.
    fn read(&self, host: &str, dir: u8, path: &str) -> Option<FileContent>;
}

/// No hosts: for tests and tools without a cluster.
#[derive(Clone, Copy, Debug)]
pub struct NoHosts;

impl Hosts for NoHosts {
    fn names(&self) -> Vec<Name> {
        Vec::new()
    }
    fn find(&self, _name: &str) -> Option<Name> {
        None
    }
    fn is_running(&self, _host: &str) -> bool {
        false
    }
    fn log_dirs(&self, _host: &str) -> Vec<Name> {
        Vec::new()
    }
    fn identity(&self, _host: &str) -> Option<(Name, i32)> {
        None
    }
    fn quorum(&self, _host: &str) -> Option<Quorum> {
        None
    }
    fn list(&self, _host: &str, _dir: u8, _path: &str) -> Option<Vec<DirEntry>> {
        None
    }
    fn read(&self, _host: &str, _dir: u8, _path: &str) -> Option<FileContent> {
        None
    }
}

/// Where hosts' directories are mounted in a terminal's directory.
const MOUNT: &str = "data";
/// What a host's log directory is called there. Of several, each goes by the last part of its path.
const MOUNTED: &str = "kafka-logs";
/// Where many images have their log directory; here it is another name of it.
const USUAL_DIR: &str = "/var/lib/kafka/data";

/// The files one command sees.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a> {
    pub(crate) files: &'a Files,
    pub(crate) hosts: &'a dyn Hosts,
    /// The working directory.
    pub(crate) cwd: &'a str,
    /// The container it runs in.
    pub(crate) inside: Option<&'a str>,
}

/// The quorum of a host's cluster, as the disks of its other controllers have it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Quorum {
    /// Whether its voters may change (KIP-853).
    pub is_dynamic: bool,
    /// Whether a controller still has its log.
    pub has_log: bool,
    /// The voters that one knows; none if none does.
    pub voters: Option<Vec<Voter>>,
}

/// What `kafka-storage format` does to the disks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Formatting {
    /// Which log directories are formatted.
    pub dirs: Vec<LogDir>,
    /// With which levels of features.
    pub features: Vec<(Name, i16)>,
    /// With which first voters.
    pub voters: FirstVoters,
}

/// A log directory of a host, and who it is for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogDir {
    /// The host.
    pub host: Name,
    /// Its place in `log.dirs`.
    pub place: u8,
    /// The `cluster.id` of the host's process.
    pub(crate) cluster: Name,
    /// Its `node.id`.
    pub(crate) node: i32,
    /// The quorum of its cluster.
    pub(crate) quorum: Quorum,
}

/// What a path leads to.
enum Spot {
    /// The terminal's own files.
    Own(String),
    /// A directory that only holds these directories.
    Above(Vec<Name>),
    /// A path below a host's log directory.
    OnHost(Name, u8, String),
}

impl Tree<'_> {
    /// The names and sizes in a directory, by name.
    pub(crate) fn list(&self, path: &str) -> Option<Vec<DirEntry>> {
        let mut entries = match self.locate(path)? {
            Spot::Above(names) => names.into_iter().map(|name| DirEntry::dir(name, EPOCH_MS)).collect(),
            Spot::OnHost(host, dir, path) => self.hosts.list(&host, dir, &path)?,
            Spot::Own(path) => self.own(&path)?,
        };
        ordered::sort_by(&mut entries, |a, b| a.name.cmp(&b.name));
        Some(entries)
    }

    /// What `path` is: a file or a directory. Its name is the path as it was given.
    pub(crate) fn entry(&self, path: &str) -> Option<DirEntry> {
        let named = |entry: DirEntry| DirEntry { name: path.into(), ..entry };
        if self.list(path).is_some() {
            return Some(named(DirEntry::dir(path, EPOCH_MS)));
        }
        let (folder, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        let folder = if folder.is_empty() && path.starts_with('/') { "/" } else { folder };
        if let Some(entry) = self.list(folder)?.into_iter().find(|entry| *entry.name == *name) {
            return Some(named(entry));
        }
        None
    }

    /// What is in a file.
    pub(crate) fn read(&self, path: &str) -> Option<FileContent> {
        match self.locate(path)? {
            Spot::Above(_) => None,
            Spot::OnHost(host, dir, path) => self.hosts.read(&host, dir, &path),
            Spot::Own(path) => Some(FileContent::Text(self.files.get(&path)?.clone())),
        }
    }

    /// The log directory of a host that a path leads into, if its process runs and so has locked it (`LogManager#lockLogDirs`).
    pub(crate) fn lock(&self, path: &str) -> Option<String> {
        let Spot::OnHost(host, _, below) = self.locate(path)? else { return None };
        let whole = self.absolute(path);
        let directory = whole.strip_suffix(&*below).map(|directory| directory.trim_end_matches('/').to_owned());
        directory.filter(|_| self.hosts.is_running(&host))
    }

    /// The host's log directory at a path, by its place in `log.dirs`.
    pub(crate) fn log_dir(&self, path: &str) -> Option<LogDir> {
        let Spot::OnHost(host, place, below) = self.locate(path)? else { return None };
        let (cluster, node) = self.hosts.identity(&host).filter(|_| below.is_empty())?;
        let quorum = self.hosts.quorum(&host)?;
        Some(LogDir { host, place, cluster, node, quorum })
    }

    /// The path of one of the terminal's own files, which need not be there yet; none if it lies on a host.
    pub(crate) fn own_file(&self, path: &str) -> Option<String> {
        match self.locate(path)? {
            Spot::Own(path) => Some(path),
            Spot::Above(_) | Spot::OnHost(..) => None,
        }
    }

    /// The path from the root.
    pub(crate) fn absolute(&self, path: &str) -> String {
        format!("/{}", self.segments(path).join("/"))
    }

    /// The working directory after `cd path`.
    pub(crate) fn directory(&self, path: &str) -> Option<String> {
        self.list(path).map(|_| self.segments(path).join("/"))
    }

    /// The paths a word with `*` or `?` stands for; the word itself if there are none.
    pub(crate) fn glob(&self, word: &str) -> Vec<String> {
        if !word.contains(['*', '?']) {
            return vec![word.to_owned()];
        }
        let mut found = vec![String::new()];
        for (depth, part) in word.split('/').enumerate() {
            let joined = |base: &String, name: &str| match (depth, base.is_empty()) {
                (0, _) => name.to_owned(),
                (_, true) => format!("/{name}"),
                (_, false) => format!("{base}/{name}"),
            };
            found = match part.contains(['*', '?']) {
                false => found.iter().map(|base| joined(base, part)).collect(),
                true => {
                    let names = |base: &String| {
                        let folder = if depth > 0 && base.is_empty() { "/" } else { base };
                        let entries = self.list(folder).unwrap_or_default();
                        let is_shown = |name: &str| part.starts_with('.') || !name.starts_with('.');
                        let fits = move |entry: &DirEntry| is_shown(&entry.name) && matches(part, &entry.name);
                        entries.into_iter().filter(fits).map(|entry| joined(base, &entry.name)).collect::<Vec<_>>()
                    };
                    found.iter().flat_map(names).collect()
                }
            };
        }
        found.retain(|path| self.entry(path).is_some());
        if found.is_empty() { vec![word.to_owned()] } else { found }
    }

    fn own(&self, path: &str) -> Option<Vec<DirEntry>> {
        let names = self.files.list(path).filter(|_| path.is_empty() || self.files.get(path).is_none())?;
        let mut entries: Vec<DirEntry> = names
            .iter()
            .map(|name| {
                let full = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                match self.files.exact(&full) {
                    Some(text) => DirEntry::file(name.as_str(), text.len() as u64, EPOCH_MS),
                    None => DirEntry::dir(name.as_str(), EPOCH_MS),
                }
            })
            .collect();
        if path.is_empty() && !self.hosts.names().is_empty() {
            entries.push(DirEntry::dir(MOUNT, EPOCH_MS));
        }
        Some(entries)
    }

    fn locate(&self, path: &str) -> Option<Spot> {
        let segments = self.segments(path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(host) = self.inside {
            return self.locate_inside(host, &parts);
        }
        let names = self.hosts.names();
        match parts.as_slice() {
            [MOUNT] if !names.is_empty() => Some(Spot::Above(names)),
            [MOUNT, host, rest @ ..] if names.iter().any(|name| **name == **host) => {
                let mounts = self.mounts(host);
                let Some((name, rest)) = rest.split_first() else { return Some(Spot::Above(mounts)) };
                let dir = mounts.iter().position(|mount| **mount == **name)?;
                Some(Spot::OnHost((*host).into(), dir as u8, rest.join("/")))
            }
            parts => Some(Spot::Own(parts.join("/"))),
        }
    }

    /// The names under which the log directories of a host are mounted.
    fn mounts(&self, host: &str) -> Vec<Name> {
        let dirs = self.hosts.log_dirs(host);
        match dirs.len() {
            0 | 1 => vec![MOUNTED.into()],
            _ => dirs.iter().map(|dir| dir.rsplit('/').next().unwrap_or(dir).into()).collect(),
        }
    }

    fn locate_inside(&self, host: &str, parts: &[&str]) -> Option<Spot> {
        let mut above = Vec::new();
        let usual = (0, Name::from(USUAL_DIR));
        for (place, path) in (0..).zip(self.hosts.log_dirs(host)).chain([usual]) {
            let dir: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            if let Some(rest) = parts.strip_prefix(dir.as_slice()) {
                return Some(Spot::OnHost(host.into(), place, rest.join("/")));
            }
            above.extend(dir.strip_prefix(parts).and_then(|rest| rest.first()).map(|part| Name::from(*part)));
        }
        above.dedup();
        (!above.is_empty()).then_some(Spot::Above(above))
    }

    /// The path from the root, without `.` and `..`.
    fn segments(&self, path: &str) -> Vec<String> {
        let base = if path.starts_with('/') { "" } else { self.cwd };
        let mut segments: Vec<String> = Vec::new();
        for part in base.split('/').chain(path.split('/')) {
            match part {
                "" | "." | "~" => {}
                ".." => {
                    segments.pop();
                }
                part => segments.push(part.to_owned()),
            }
        }
        segments
    }
}

/// Whether a name fits a pattern of `*` (any text) and `?` (any character).
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| matches(rest, &name[at..]))
        }
        Some(wanted) => {
            let mut chars = name.chars();
            chars.next().is_some_and(|found| wanted == '?' || wanted == found)
                && matches(&pattern[wanted.len_utf8()..], chars.as_str())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One host with one partition in its log directory.
    pub(crate) struct OneHost;

    impl Hosts for OneHost {
        fn names(&self) -> Vec<Name> {
            vec!["kafka1".into()]
        }
        fn find(&self, name: &str) -> Option<Name> {
            (name == "kafka1").then(|| name.into())
        }
        fn is_running(&self, _host: &str) -> bool {
            true
        }
        fn log_dirs(&self, _host: &str) -> Vec<Name> {
            vec!["/tmp/kafka-logs".into()]
        }
        fn identity(&self, _host: &str) -> Option<(Name, i32)> {
            None
        }
        fn quorum(&self, _host: &str) -> Option<Quorum> {
            None
        }
        fn list(&self, _host: &str, _dir: u8, path: &str) -> Option<Vec<DirEntry>> {
            match path {
                "" => Some(vec![DirEntry::dir("t-0", EPOCH_MS), DirEntry::file(".lock", 0, EPOCH_MS)]),
                "t-0" => Some(vec![
                    DirEntry {
                        used_bytes: 0,
                        ..DirEntry::file("00000000000000000000.index", 10_485_760, EPOCH_MS + 60_000)
                    },
                    DirEntry::file("00000000000000000000.log", 71, EPOCH_MS + 120_000),
                    DirEntry::file("leader-epoch-checkpoint", 8, EPOCH_MS),
                ]),
                _ => None,
            }
        }
        fn read(&self, _host: &str, _dir: u8, path: &str) -> Option<FileContent> {
            (path == "t-0/leader-epoch-checkpoint").then(|| FileContent::Text("0\n1\n0 0\n".into()))
        }
    }

    fn tree<'a>(files: &'a Files, cwd: &'a str, inside: Option<&'a str>) -> Tree<'a> {
        Tree { files, hosts: &OneHost, cwd, inside }
    }

    #[test]
    fn a_hosts_log_directory_is_found_from_everywhere() {
        let files = Files::bundled();
        let home = tree(&files, "", None);
        let names = |tree: &Tree<'_>, path: &str| {
            tree.list(path).map(|entries| entries.iter().map(|e| e.name.to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(names(&home, ".").as_deref(), Some("data loads"));
        assert_eq!(names(&home, "data").as_deref(), Some("kafka1"));
        assert_eq!(names(&home, "/data/kafka1").as_deref(), Some("kafka-logs"));
        assert_eq!(names(&home, "data/kafka1/kafka-logs").as_deref(), Some(".lock t-0"));
        assert_eq!(names(&home, "data/kafka7"), None);
        let below = tree(&files, "data/kafka1/kafka-logs", None);
        assert!(below.read("t-0/leader-epoch-checkpoint").is_some());
        assert!(below.read("../../kafka1/kafka-logs/t-0/leader-epoch-checkpoint").is_some());
        assert_eq!(below.directory("../..").as_deref(), Some("data"));
        let inside = tree(&files, "", Some("kafka1"));
        assert_eq!(names(&inside, "/").as_deref(), Some("tmp var"));
        assert!(inside.read("/var/lib/kafka/data/t-0/leader-epoch-checkpoint").is_some());
        assert!(inside.read("/tmp/kafka-logs/t-0/leader-epoch-checkpoint").is_some());
        assert!(inside.read("/loads/3.json").is_none());
    }

    #[test]
    fn stars_and_question_marks_stand_for_paths() {
        let files = Files::bundled();
        let home = tree(&files, "", None);
        assert_eq!(home.glob("data/*/kafka-logs/t-?"), ["data/kafka1/kafka-logs/t-0"]);
        assert_eq!(home.glob("loads/*.json"), ["loads/2.json", "loads/3.json"]);
        assert_eq!(home.glob("nope*"), ["nope*"]);
        let inside = tree(&files, "", Some("kafka1"));
        assert_eq!(inside.glob("/tmp/kafka-logs/*/*.log"), ["/tmp/kafka-logs/t-0/00000000000000000000.log"]);
    }
}
