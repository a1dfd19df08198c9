//! The rules of the workspace that no compiler checks: who may use whom, what may be used from outside, under which
//! licences, and which words the kernel does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A crate, the crates of ours it may use, and the crates of others it may use. Lowest first: an arrow points up.
///
/// `lab` and `view` act through their neighbours but read, for invariants and pictures, all the way down.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("ordered", &[], &["serde"]),
    ("kernel", &["ordered"], &["rand", "rand_chacha"]),
    ("protocol", &["ordered"], &[]),
    ("partition-log", &["ordered", "protocol"], &[]),
    ("coordinator", &["ordered", "protocol"], &[]),
    ("cluster", &["ordered", "kernel", "protocol", "partition-log", "coordinator"], &[]),
    ("clients", &["ordered", "kernel", "protocol", "coordinator"], &[]),
    ("shell", &["ordered", "clients", "protocol", "kernel"], &["serde", "serde_json"]),
    (
        "lab",
        &["ordered", "cluster", "clients", "shell", "coordinator", "partition-log", "kernel", "protocol"],
        &["serde", "serde_json", "miniz_oxide"],
    ),
    (
        "view",
        &["ordered", "lab", "cluster", "clients", "shell", "coordinator", "partition-log", "kernel", "protocol"],
        &["serde"],
    ),
    ("lessons", &["ordered", "view", "lab", "kernel", "protocol"], &["serde", "serde_json"]),
];

/// Crates at the edge may use anything from outside; these are the arrows between them and ours.
const EDGES: &[(&str, &[&str])] = &[
    ("cli", &["lessons", "view", "lab", "shell"]),
    ("web", &["ordered", "lessons", "view", "lab", "shell"]),
    ("xtask", &[]),
    ("kafkasim-tests", &["kernel", "protocol", "lab", "view", "lessons"]),
];

/// Licences that go with Apache-2.0 for everything we link.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "MIT-0",
    "Apache-2.0 WITH LLVM-exception",
];

/// Words of Kafka's. A simulator's kernel has nodes, connections and links, and none of these.
const WORDS: &[&str] = &[
    "kafka",
    "kraft",
    "raft",
    "broker",
    "brokers",
    "topic",
    "topics",
    "producer",
    "producers",
    "consumer",
    "consumers",
    "offset",
    "offsets",
    "replica",
    "replicas",
    "controller",
    "controllers",
    "isr",
    "leader",
    "follower",
    "rebalance",
];

#[test]
fn crates_use_only_what_the_table_of_arrows_allows() {
    let workspace = Workspace::read();
    let ours: BTreeSet<_> = workspace.packages.keys().map(String::as_str).collect();
    let listed: BTreeSet<_> = ARROWS.iter().map(|row| row.0).chain(EDGES.iter().map(|row| row.0)).collect();
    assert_eq!(ours, listed, "every crate of the workspace stands in a table, and no other");

    let mut wrong = Vec::new();
    for (name, ours_allowed, others_allowed) in ARROWS {
        let used = workspace.used_by(name);
        wrong.extend(
            used.iter()
                .filter(|used| match ours.contains(used.as_str()) {
                    true => !ours_allowed.contains(&used.as_str()),
                    false => !others_allowed.contains(&used.as_str()),
                })
                .map(|used| format!("{name} -> {used}")),
        );
    }
    for (name, allowed) in EDGES {
        let used = workspace.used_by(name);
        let arrows = used.iter().filter(|used| ours.contains(used.as_str()) && !allowed.contains(&used.as_str()));
        wrong.extend(arrows.map(|used| format!("{name} -> {used}")));
    }
    assert!(wrong.is_empty(), "not allowed: {wrong:?}");
}

#[test]
fn arrows_point_one_way() {
    for (at, (name, allowed, _)) in ARROWS.iter().enumerate() {
        for used in *allowed {
            let place = ARROWS.iter().position(|row| row.0 == *used).expect("an arrow ends at a crate of the table");
            assert!(place < at, "{name} -> {used} points down");
        }
    }
}

#[test]
fn everything_linked_has_a_licence_that_goes_with_ours() {
    let wrong: Vec<_> = Workspace::read().foreign.into_iter().filter(|(_, licence)| !may_use(licence)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Whether an SPDX expression leaves us a choice that we may take.
fn may_use(licence: &str) -> bool {
    let plain = licence.replace('/', " OR ").replace(['(', ')'], "");
    plain.split(" OR ").any(|choice| choice.split(" AND ").all(|part| LICENCES.contains(&part.trim())))
}

#[test]
fn the_kernel_knows_no_word_of_kafkas() {
    let mut found = Vec::new();
    for file in rust_files(&root().join("crates/kernel/src")) {
        let text = fs::read_to_string(&file).expect("a source file is text");
        for (n, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
            found.extend(
                words.filter(|w| WORDS.contains(&w.as_str())).map(|w| format!("{}:{}: {w}", file.display(), n + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_source_file_opens_with_what_it_models() {
    let crates = rust_files(&root().join("crates")).into_iter().chain(rust_files(&root().join("tests")));
    let silent: Vec<_> =
        crates.filter(|file| !fs::read_to_string(file).is_ok_and(|text| text.starts_with("//!"))).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// What `cargo metadata` says.
struct Workspace {
    /// Our crates, with the names of those they use (not for tests).
    packages: BTreeMap<String, BTreeSet<String>>,
    /// The crates of others that end up in ours, with their licences.
    foreign: Vec<(String, String)>,
}

impl Workspace {
    fn read() -> Workspace {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(root().join("Cargo.toml"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
        let (mut packages, mut foreign) = (BTreeMap::new(), Vec::new());
        for package in metadata["packages"].as_array().expect("a list of packages") {
            let name = package["name"].as_str().expect("a package has a name").to_string();
            if package["source"].is_null() {
                packages.insert(name, used(package));
            } else {
                foreign.push((name, package["license"].as_str().unwrap_or("none").to_string()));
            }
        }
        Workspace { packages, foreign }
    }

    fn used_by(&self, name: &str) -> &BTreeSet<String> {
        &self.packages[name]
    }
}

fn used(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("a list of dependencies");
    let built = all.iter().filter(|dependency| dependency["kind"] != "dev");
    built.map(|dependency| dependency["name"].as_str().expect("a dependency has a name").to_string()).collect()
}

fn root() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
    Path::new(&package).parent().expect("the tests are a folder of the project").to_path_buf()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be listed").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
