//! `kafka-storage` (`kafka.tools.StorageTool`, `Formatter`, KIP-853): `info`, `format`, `version-mapping`, `feature-dependencies`
//! and `random-uuid`. It reads the properties and the directories of one node, and talks to nobody.
//!
//! Storage is formatted when its node is made, so that `format` finds all done, or says what speaks against it, unless its disk was
//! replaced (`sim wipe`). Of a quorum whose log is lost with all its controllers' disks, another one can begin. Left out: SCRAM credentials, which no log has, and the checks of `KafkaConfig` but for what must be there.

use clients::Properties;
use kernel::Input;
use ordered::SortedMap;
use protocol::features::{
    KRAFT, METADATA, METADATA_VERSION, default_levels, dependencies, is_feature, metadata_version_name,
};
use protocol::metadata::{FirstVoters, Voter};
use protocol::{BrokerId, DirectoryId, FileContent, Message, TopicId, gap};

use crate::admin_tool::properties;
use crate::io::Io;
use crate::java::{DEFAULT_CAPACITY, hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::{Body, Print};
use crate::tools::dump_log::Opened;
use crate::tools::features::{feature_dependencies, level_of, mapping, version_level};
use crate::tools::{Argparse, Misuse, Refusal, Tool};
use crate::tree::{Formatting, LogDir, Tree};

/// What it is called.
pub(crate) const NAME: &str = "kafka-storage";

pub(crate) const TOOL: Tool = Tool {
    name: NAME,
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const SUMMARY: &str = "The Kafka storage tool: info, format, version-mapping, feature-dependencies or random-uuid.";
const OPTIONS: &[Opt] = &[
    value("I", "INITIAL_CONTROLLERS", "As --initial-controllers."),
    flag("N", "As --no-initial-controllers."),
    value("S", "ADD_SCRAM", "As --add-scram."),
    value("add-scram", "ADD_SCRAM", "A SCRAM_CREDENTIAL to add to the __cluster_metadata log."),
    value("c", "CONFIG", "As --config."),
    value("cluster-id", "CLUSTER_ID", "The cluster ID to use."),
    value("config", "CONFIG", "The Kafka configuration file to use."),
    value("f", "FEATURE", "As --feature."),
    value(
        "feature",
        "FEATURE",
        "The setting to use for a specific feature, in feature=level format. For example: `kraft.version=1`.",
    ),
    flag("g", "As --ignore-formatted."),
    flag("help", "show this help message and exit"),
    flag(
        "ignore-formatted",
        "When this option is passed, the format command will skip over already formatted directories rather than failing.",
    ),
    value(
        "initial-controllers",
        "INITIAL_CONTROLLERS",
        "Used to initialize a server with the specified dynamic quorum. The argument is a comma-separated list of id@hostname:port:directory. The same values must be used to format all nodes.",
    ),
    flag("no-initial-controllers", "Used to initialize a server without specifying a dynamic quorum."),
    value("r", "RELEASE_VERSION", "As --release-version."),
    value("release-version", "RELEASE_VERSION", "The release version to use for the initial feature settings."),
    flag("s", "As --standalone."),
    flag("standalone", "Used to initialize a controller as a single-node dynamic quorum."),
    value("t", "CLUSTER_ID", "As --cluster-id."),
];

const COMMANDS: [&str; 5] = ["info", "format", "version-mapping", "feature-dependencies", "random-uuid"];
const fn argparse(usage: &'static [&'static str]) -> Argparse {
    Argparse { program: NAME, usage }
}
const ARGPARSE: Argparse = argparse(&[
    "usage: kafka-storage [-h]",
    "                     {info,format,version-mapping,feature-dependencies,random-uuid}",
    "                     ...",
]);
const INFO: Argparse = argparse(&["usage: kafka-storage info [-h] --config CONFIG"]);
const FORMAT: Argparse = argparse(&[
    "usage: kafka-storage format [-h] --config CONFIG --cluster-id CLUSTER_ID",
    "                     [--add-scram ADD_SCRAM] [--ignore-formatted]",
    "                     [--release-version RELEASE_VERSION]",
    "                     [--feature FEATURE] [--standalone |",
    "                     --no-initial-controllers |",
    "                     --initial-controllers INITIAL_CONTROLLERS]",
]);
const DEPENDENCIES: Argparse = argparse(&["usage: kafka-storage feature-dependencies [-h] --feature FEATURE"]);

const VOTERS: &str = "controller.quorum.voters";
/// `MetadataVersion#latestTesting`: 4.5-IV0.
const NEXT_VERSION: i16 = METADATA_VERSION + 1;
/// `Uuid#RESERVED`: the first hundred.
const RESERVED_IDS: u128 = 100;
const ILLEGAL: &str = "java.lang.IllegalArgumentException";
/// Where the id of a cluster and of a node stand.
const META_PROPERTIES: &str = "meta.properties";

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let command = options.rest.first().ok_or_else(|| ARGPARSE.refuse("too few arguments"))?;
    if !COMMANDS.contains(&command.as_str()) {
        let choices = COMMANDS.map(|name| format!("'{name}'")).join(", ");
        return Err(ARGPARSE.refuse(format!("invalid choice: '{command}' (choose from {choices})")));
    }
    if let Some(extra) = options.rest.get(1) {
        return Err(ARGPARSE.refuse(format!("unrecognized arguments: '{extra}'")));
    }
    let (out, code) = match command.as_str() {
        "info" => Storage::read(launch, options, &INFO)?.info(),
        "format" => return format(launch, options),
        "version-mapping" => (mapping(given(options, "release-version", "r"))?, 0),
        "feature-dependencies" => {
            let asked = [options.all("feature"), options.all("f")].concat();
            if asked.is_empty() {
                return Err(DEPENDENCIES.refuse("argument --feature/-f is required"));
            }
            asked.iter().try_for_each(|text| check_level(text))?;
            (feature_dependencies(&asked)?, 0)
        }
        _ => return Ok(Body::RandomUuid(RandomUuid)),
    };
    Ok(Body::Print(Print { out, err: Vec::new(), code }))
}

/// What `feature-dependencies` says of a level that it cannot read or does not know: in other words than `kafka-features`.
fn check_level(text: &str) -> Result<(), Refusal> {
    let refused = |why: String| Err(Refusal::line(why));
    let Some((name, level)) = text.split_once('=') else {
        let expected = "Expected format: 'feature=version' (e.g. 'group.version=1')";
        return refused(format!("Invalid feature format: {text}. {expected}"));
    };
    match level.parse::<i16>() {
        Err(_) => refused(format!("Invalid version format: {level} for feature {name}")),
        Ok(level) if name == METADATA && !(7..=METADATA_VERSION).contains(&level) => {
            refused(format!("Unknown {METADATA} {level}"))
        }
        Ok(level) if name != METADATA && is_feature(name) && dependencies(name, level).is_none() => {
            refused(format!("Feature level {level} is not supported for feature {name}"))
        }
        Ok(_) => Ok(()),
    }
}

/// The value of an option, by either of its names; of several the last.
fn given<'a>(options: &'a Parsed, name: &str, short: &str) -> Option<&'a str> {
    options.all(name).iter().chain(options.all(short)).next_back().map(String::as_str)
}

fn has(options: &Parsed, name: &str, short: &str) -> bool {
    options.has(name) || options.has(short)
}

fn exception(class: &str, why: impl std::fmt::Display) -> Refusal {
    Refusal::line(format!("Exception in thread \"main\" {class}: {why}"))
}

/// `random-uuid`: a draw of the run's own.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RandomUuid;

/// Stream of random numbers.
const RNG_UUID: u32 = 0x62;

impl RandomUuid {
    pub(crate) fn step(&mut self, input: &Input<Message>, io: &mut Io<'_>) {
        if *input == Input::Start {
            let rng = io.fx.rng(RNG_UUID);
            // One with a dash in front would be taken for an option.
            let uuid = loop {
                let bits = u128::from(rng.bits()) << 64 | u128::from(rng.bits());
                let uuid = TopicId::from_random_bits(bits).to_string();
                if !uuid.starts_with('-') {
                    break uuid;
                }
            };
            io.out(uuid);
            io.exit(0);
        }
    }
}

/// `format` at work: the disks have it as soon as it is started.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Format {
    formatting: Formatting,
    print: Print,
}

impl Format {
    pub(crate) fn formatting(&self) -> &Formatting {
        &self.formatting
    }
    pub(crate) fn step(&mut self, input: &Input<Message>, io: &mut Io<'_>) {
        self.print.step(input, io);
    }
}

// ---- the directories of a node

/// The log directories that properties name, in order.
fn log_dirs(properties: &Properties) -> Vec<String> {
    let property = |name: &str| properties.get(name).map(AsRef::as_ref);
    let named = property("log.dirs").or(property("log.dir")).unwrap_or("/tmp/kafka-logs");
    let metadata = property("metadata.log.dir").into_iter();
    let mut dirs: Vec<String> = named.split(',').chain(metadata).map(|dir| dir.trim().to_owned()).collect();
    dirs.retain(|dir| !dir.is_empty());
    ordered::sort(&mut dirs);
    dirs.dedup();
    dirs
}

/// Opens what there is of the log directories that the properties name: of each its `meta.properties`.
pub(crate) fn open(argv: &[String], tree: &Tree<'_>) -> Vec<Opened> {
    let after = argv.windows(2).filter(|pair| ["--config", "-c"].contains(&pair[0].as_str())).map(|pair| &*pair[1]);
    let attached = argv.iter().filter_map(|word| word.strip_prefix("--config="));
    let files = after.chain(attached).filter_map(|path| match tree.read(path) {
        Some(FileContent::Text(text)) => Some(text),
        _ => None,
    });
    let dirs = files.flat_map(|text| log_dirs(&properties(&text)));
    let there = dirs.filter_map(|dir| match tree.list(&dir) {
        Some(_) => {
            let meta = tree.read(&format!("{dir}/{META_PROPERTIES}")).unwrap_or(FileContent::Empty);
            Some(Opened::of(format!("{dir}/"), meta, tree))
        }
        None => Opened::read(dir, tree),
    });
    there.collect()
}

/// What one of them is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Found {
    Nothing,
    NoDirectory,
    NotFormatted,
    /// What its `meta.properties` says.
    Formatted(SortedMap<String, String>),
}

/// A node's properties and directories.
struct Storage {
    properties: Properties,
    dirs: Vec<(String, Found)>,
}

impl Storage {
    fn read(launch: &Launch, options: &Parsed, argparse: &Argparse) -> Result<Storage, Refusal> {
        let config =
            given(options, "config", "c").ok_or_else(|| argparse.refuse("argument --config/-c is required"))?;
        let text = launch.read(config).ok_or_else(|| exception("java.nio.file.NoSuchFileException", config))?;
        let properties = properties(&text);
        for name in ["process.roles", "controller.listener.names"] {
            if properties.get(name).is_none_or(|value| value.is_empty()) {
                let why = format!("Missing required configuration \"{name}\" which has no default value.");
                return Err(exception("org.apache.kafka.common.config.ConfigException", why));
            }
        }
        let opened = |path: &str| launch.opened.iter().find(|opened| opened.path() == path).map(Opened::content);
        let found = |dir: &String| match (opened(&format!("{dir}/")), opened(dir)) {
            (Some(FileContent::Text(text)), _) => Found::Formatted(meta(text)),
            (Some(_), _) => Found::NotFormatted,
            (None, Some(_)) => Found::NoDirectory,
            (None, None) => Found::Nothing,
        };
        let dirs = log_dirs(&properties).into_iter().map(|dir| (dir.clone(), found(&dir))).collect();
        Ok(Storage { properties, dirs })
    }

    fn property(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", AsRef::as_ref)
    }

    /// The directories that are to be formatted.
    fn bare(&self) -> impl Iterator<Item = &str> {
        let is_bare = |found: &Found| !matches!(found, Found::Formatted(_));
        self.dirs.iter().filter(move |(_, found)| is_bare(found)).map(|(dir, _)| dir.as_str())
    }

    /// Where the metadata log lies.
    fn metadata_dir(&self) -> &str {
        let named = [self.property("metadata.log.dir"), self.property("log.dirs"), self.property("log.dir")];
        let named = named.into_iter().find(|dirs| !dirs.is_empty()).unwrap_or("/tmp/kafka-logs");
        named.split(',').next().unwrap_or_default().trim()
    }

    fn is_controller(&self) -> bool {
        self.property("process.roles").split(',').any(|role| role.trim() == "controller")
    }

    /// The node's directory that a path stands for. Only what its node can start with is formatted.
    fn place(&self, launch: &Launch, dir: &str, cluster: &str) -> Result<LogDir, Refusal> {
        let path = format!("{dir}/");
        let opened = launch.opened.iter().find(|opened| opened.path() == path);
        let refused = |why: String| Err(Refusal::line(format!("{dir}: {why}")));
        match opened.and_then(|opened| opened.log_dir.clone()) {
            None => refused("no node of this cluster has that log directory, and none is formatted here".into()),
            Some(found) if *found.cluster != *cluster => {
                refused(format!("its node is of cluster {}, and would find nobody of {cluster}", found.cluster))
            }
            Some(found) if found.node.to_string() != self.property("node.id") => {
                refused(format!("its node has node.id={}, and would not start with another", found.node))
            }
            Some(found) => Ok(found),
        }
    }

    /// Why a metadata log cannot begin so, if the simulated cluster cannot have it.
    fn check_quorum(&self, found: &LogDir, version: i16, voters: &FirstVoters) -> Result<(), &'static str> {
        gap!(
            "kafka-storage formats the replaced disks of a node, for its own cluster and id. First voters and another metadata.version than 4.4-IV2, with which another quorum would begin, are refused while a controller has the log of its quorum, or other first voters; such a metadata.version always",
            "Formatter"
        );
        let quorum = &found.quorum;
        let is_reserved = |voter: &Voter| voter.id.0 == found.node && voter.directory.0 < RESERVED_IDS;
        match voters {
            // It writes down nothing of that (KIP-1170).
            _ if !self.is_controller() => Ok(()),
            FirstVoters::Others if !quorum.has_log && version != METADATA_VERSION => {
                Err("its cluster would begin anew with this metadata.version, and only 4.4-IV2 is modelled")
            }
            FirstVoters::Others => Ok(()),
            _ if !quorum.is_dynamic => {
                Err("its node has controller.quorum.voters, and would not start with first voters")
            }
            _ if quorum.has_log => Err("its quorum has voters; use --no-initial-controllers"),
            _ if version != METADATA_VERSION => {
                Err("its cluster would begin anew with this metadata.version, and only 4.4-IV2 is modelled")
            }
            FirstVoters::Own if quorum.voters.is_some() => {
                Err("another controller is formatted with first voters, and there would be two quorums")
            }
            FirstVoters::These(voters) if quorum.voters.as_ref().is_some_and(|others| others != voters) => {
                Err("another controller is formatted with other first voters, and there would be two quorums")
            }
            FirstVoters::These(voters) if voters.iter().any(is_reserved) => {
                Err("its node would not start with a reserved directory ID")
            }
            FirstVoters::Own | FirstVoters::These(_) => Ok(()),
        }
    }

    fn formatted(&self) -> impl Iterator<Item = (&str, &SortedMap<String, String>)> {
        self.dirs.iter().filter_map(|(dir, found)| match found {
            Found::Formatted(meta) => Some((dir.as_str(), meta)),
            _ => None,
        })
    }

    /// `info`: what is there, and what is wrong with it, which the exit code tells too.
    fn info(&self) -> (Vec<String>, i32) {
        let mut problems = Vec::new();
        let mut first: Option<&SortedMap<String, String>> = None;
        for (dir, found) in &self.dirs {
            match (found, first) {
                (Found::Nothing, _) => problems.push(format!("{dir} does not exist")),
                (Found::NoDirectory, _) => problems.push(format!("{dir} is not a directory")),
                (Found::NotFormatted, _) => problems.push(format!("{dir} is not formatted.")),
                (Found::Formatted(meta), None) => first = Some(meta),
                (Found::Formatted(meta), Some(first)) if meta.get("cluster.id") != first.get("cluster.id") => {
                    problems.push("Mismatched cluster IDs between storage directories.".to_owned());
                }
                (Found::Formatted(meta), Some(first)) if meta.get("node.id") != first.get("node.id") => {
                    problems.push("Mismatched node IDs between storage directories.".to_owned());
                }
                (Found::Formatted(_), Some(_)) => {}
            }
        }
        let is_there = |found: &Found| matches!(found, Found::NotFormatted | Found::Formatted(_));
        let there = self.dirs.iter().filter(|(_, found)| is_there(found)).map(|(dir, _)| dir.clone()).collect();
        let mut lines = listed(["Found log directory:", "Found log directories:"], there);
        if let Some(meta) = first {
            let pairs: Vec<String> = meta.iter().map(|(name, value)| format!("{name}={value}")).collect();
            lines.extend([format!("Found metadata: {{{}}}", pairs.join(", ")), String::new()]);
        }
        let code = i32::from(!problems.is_empty());
        lines.extend(listed(["Found problem:", "Found problems:"], problems));
        (lines, code)
    }

    /// `MetaPropertiesEnsemble#verify`: whether what is formatted is of this cluster and node.
    fn verify(&self, cluster: &str) -> Result<(), Refusal> {
        let node = self.property("node.id");
        let of = |meta: &SortedMap<String, String>, name: &str| meta.get(name).cloned().unwrap_or_default();
        for (dir, meta) in self.formatted() {
            let (found, path) = (of(meta, "cluster.id"), format!("{dir}/{META_PROPERTIES}"));
            if found != cluster {
                let why = format!("Invalid cluster.id in: {path}. Expected {cluster}, but read {found}");
                return Err(exception("java.lang.RuntimeException", why));
            }
            let found = of(meta, "node.id");
            if found != node {
                let why = format!(
                    "Stored node id {found} doesn't match previous node id {node} in {path}. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories."
                );
                return Err(exception("java.lang.RuntimeException", why));
            }
        }
        Ok(())
    }
}

fn meta(text: &str) -> SortedMap<String, String> {
    properties(text).into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// A list below its title in the singular or the plural, with an empty line behind; nothing if there is nothing.
fn listed(titles: [&str; 2], items: Vec<String>) -> Vec<String> {
    let title = match items.len() {
        0 => return Vec::new(),
        1 => titles[0],
        _ => titles[1],
    };
    let items = items.into_iter().map(|item| format!("  {item}"));
    std::iter::once(title.to_owned()).chain(items).chain([String::new()]).collect()
}

/// `format`: what speaks against it, in the order in which Kafka comes to it.
fn format(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let quorum = [("standalone", "s"), ("no-initial-controllers", "N"), ("initial-controllers", "I")];
    let named: Vec<_> = quorum.into_iter().filter(|(name, short)| has(options, name, short)).collect();
    if let [(first, first_short), (second, second_short), ..] = named[..] {
        let why = format!("argument --{second}/-{second_short}: not allowed with argument --{first}/-{first_short}");
        return Err(FORMAT.refuse(why));
    }
    if given(options, "config", "c").is_none() {
        return Err(FORMAT.refuse("argument --config/-c is required"));
    }
    let cluster =
        given(options, "cluster-id", "t").ok_or_else(|| FORMAT.refuse("argument --cluster-id/-t is required"))?;
    let storage = Storage::read(launch, options, &FORMAT)?;
    let release = given(options, "release-version", "r").map(version_level).transpose()?;
    let asked = asked_levels(options)?;
    let is_static = !storage.property(VOTERS).is_empty();
    if is_static && named.iter().any(|(name, _)| *name != "no-initial-controllers") {
        return Err(Refusal::line(format!(
            "You cannot specify {VOTERS} and format the node with --initial-controllers or --standalone. If you want to use dynamic quorum, please remove {VOTERS} and specify controller.quorum.bootstrap.servers instead."
        )));
    }
    let voters = first_voters(&storage, options)?;
    if storage.is_controller() && !is_static && named.is_empty() {
        return Err(Refusal::line(format!(
            "Because {VOTERS} is not set on this controller, you must specify one of the following: --standalone, --initial-controllers, or --no-initial-controllers."
        )));
    }
    let version = metadata_version(release, &asked)?;
    let levels = effective_levels(&asked, version, !is_static)?;
    storage.verify(cluster)?;
    let mut formatted: Vec<&str> = storage.formatted().map(|(dir, _)| dir).collect();
    hash_order(&mut formatted, DEFAULT_CAPACITY, |dir| dir);
    if let (Some(first), false) = (formatted.first(), has(options, "ignore-formatted", "g")) {
        return Err(Refusal::line(format!(
            "Log directory {first} is already formatted. Use --ignore-formatted to ignore this directory and format the others."
        )));
    }
    let mut bare: Vec<&str> = storage.bare().collect();
    if bare.is_empty() {
        let out = vec!["All of the log directories are already formatted.".to_owned()];
        return Ok(Body::Print(Print { out, ..Print::default() }));
    }
    hash_order(&mut bare, DEFAULT_CAPACITY, |dir| dir);
    let mut dirs = Vec::new();
    let mut out = vec![bootstrap_metadata(&levels, version)];
    for dir in bare {
        let found = storage.place(launch, dir, cluster)?;
        let mut kind = "data directory";
        if dir == storage.metadata_dir() {
            storage.check_quorum(&found, version, &voters).map_err(|why| Refusal::line(format!("{dir}: {why}")))?;
            kind = metadata_kind(&voters, found.node);
        }
        dirs.push(found);
        out.push(format!("Formatting {kind} {dir} with {METADATA} {}.", metadata_version_name(version)));
    }
    let others =
        levels.iter().filter(|(name, _)| *name != METADATA).map(|(name, level)| (name.as_str().into(), *level));
    let features = [(METADATA.into(), version)].into_iter().chain(others).collect();
    let formatting = Formatting { dirs, features, voters };
    Ok(Body::Format(Box::new(Format { formatting, print: Print { out, ..Print::default() } })))
}

/// What `format` calls a directory with the metadata log (`Formatter.DirectoryType`).
fn metadata_kind(voters: &FirstVoters, node: i32) -> &'static str {
    match voters {
        FirstVoters::Others => "metadata directory",
        FirstVoters::These(voters) if !voters.iter().any(|voter| voter.id.0 == node) => "dynamic metadata directory",
        FirstVoters::Own | FirstVoters::These(_) => "dynamic metadata voter directory",
    }
}

fn first_voters(storage: &Storage, options: &Parsed) -> Result<FirstVoters, Refusal> {
    if let Some(text) = given(options, "initial-controllers", "I") {
        let voters = dynamic_voters(text).map_err(|why| exception(ILLEGAL, why))?;
        return Ok(FirstVoters::These(voters));
    }
    match has(options, "standalone", "s") {
        true if !storage.is_controller() => Err(Refusal::line("You can only use --standalone on a controller.")),
        true => Ok(FirstVoters::Own),
        false => Ok(FirstVoters::Others),
    }
}

/// `DynamicVoters#parse`.
fn dynamic_voters(text: &str) -> Result<Vec<Voter>, String> {
    let texts = text.trim().split(',').filter(|text| !text.is_empty());
    let mut voters: Vec<Voter> = texts.map(|text| dynamic_voter(text.trim())).collect::<Result<_, _>>()?;
    if voters.is_empty() {
        return Err("No voters given.".into());
    }
    ordered::sort_by_key(&mut voters, |voter| voter.id);
    match voters.windows(2).find(|pair| pair[0].id == pair[1].id) {
        Some(pair) => Err(format!("Node id {} was specified more than once.", pair[0].id)),
        None => Ok(voters),
    }
}

/// `DynamicVoter#parse`: `id@host:port:directory`.
fn dynamic_voter(text: &str) -> Result<Voter, String> {
    let of_voter = |what: &str| format!("{what} in dynamic voter string.");
    let (id, rest) = text.split_once('@').ok_or_else(|| "No @ found in dynamic voter string.".to_owned())?;
    if id.is_empty() {
        return Err("Invalid @ at beginning of dynamic voter string.".into());
    }
    let id: i32 = id.parse().map_err(|_| of_voter("Failed to parse node id"))?;
    if id < 0 {
        return Err(of_voter(&format!("Invalid negative node id {id}")));
    }
    if rest.is_empty() {
        return Err("No hostname found after node id.".into());
    }
    let (host, rest) = match rest.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']').ok_or("Hostname began with left bracket, but no right bracket was found.")?
        }
        None => rest.split_at(rest.find(':').ok_or("No colon following hostname could be found.")?),
    };
    let rest = rest.strip_prefix(':').ok_or("Port section must start with a colon.")?;
    let (port, directory) = rest.split_once(':').ok_or("No colon following port could be found.")?;
    let port: i32 = port.parse().map_err(|_| of_voter("Failed to parse port"))?;
    let port = u16::try_from(port).map_err(|_| of_voter(&format!("Invalid port {port}")))?;
    let directory = TopicId::parse(directory).map_err(|_| of_voter("Failed to parse directory ID"))?;
    Ok(Voter { id: BrokerId(id), directory: DirectoryId(directory.0), endpoint: (host.into(), port) })
}

type Levels = SortedMap<String, i16>;

fn asked_levels(options: &Parsed) -> Result<Levels, Refusal> {
    let mut levels = Levels::new();
    for text in options.all("feature").iter().chain(options.all("f")) {
        let (name, level) = level_of(text).map_err(|why| exception("java.lang.RuntimeException", why.err.concat()))?;
        levels.insert(name.to_owned(), level);
    }
    Ok(levels)
}

/// The level of `metadata.version` that the directories are formatted with (`Formatter#calculateEffectiveReleaseVersion`).
fn metadata_version(release: Option<i16>, asked: &Levels) -> Result<i16, Refusal> {
    let level = match (release, asked.get(METADATA)) {
        (Some(_), Some(_)) => {
            let why = format!("Use --release-version instead of --feature {METADATA}=X to avoid ambiguity.");
            return Err(Refusal::line(why));
        }
        (Some(level), None) | (None, Some(&level)) => level,
        (None, None) => METADATA_VERSION,
    };
    match level {
        7..=METADATA_VERSION => Ok(level),
        NEXT_VERSION => Err(Refusal::line(format!("{METADATA} 4.5-IV0 is not yet stable."))),
        _ => {
            let why = format!(
                "No MetadataVersion with feature level {level}. Valid feature levels are from 7 to {NEXT_VERSION}."
            );
            Err(exception(ILLEGAL, why))
        }
    }
}

/// The levels of all features (`Formatter#calculateEffectiveFeatureLevels`): those that are asked for, and the defaults of the version.
fn effective_levels(asked: &Levels, version: i16, is_dynamic: bool) -> Result<Levels, Refusal> {
    let defaults = default_levels(version);
    if let Some(name) = asked.keys().find(|name| *name != METADATA && !is_feature(name)) {
        let mut names: Vec<&str> = defaults.iter().map(|(feature, _)| *feature).collect();
        ordered::sort(&mut names);
        let names = names.join(", ");
        return Err(Refusal::line(format!("Unsupported feature: {name}. Supported features are: {names}")));
    }
    let flags = "--standalone, --initial-controllers, or --no-initial-controllers";
    match asked.get(KRAFT) {
        Some(0) if is_dynamic => {
            return Err(Refusal::line(format!(
                "Cannot set {KRAFT} to 0 if {VOTERS} is empty and one of the flags {flags} is used. For dynamic controllers support, try removing the --feature flag for {KRAFT}."
            )));
        }
        Some(level) if *level != 0 && !is_dynamic => {
            return Err(Refusal::line(format!(
                "Cannot set {KRAFT} to {level} unless {VOTERS} is empty and one of the flags {flags} is used. For dynamic controllers support, try using one of {flags} and removing {VOTERS}."
            )));
        }
        _ => {}
    }
    let mut levels: Levels = defaults.into_iter().map(|(name, level)| (name.to_owned(), level)).collect();
    levels.insert(KRAFT.to_owned(), i16::from(is_dynamic));
    levels.extend(asked.iter().map(|(name, level)| (name.clone(), *level)));
    levels.insert(METADATA.to_owned(), version);
    for (name, level) in levels.iter().filter(|(name, _)| *name != METADATA) {
        let needs = dependencies(name, *level);
        let needs = needs.ok_or_else(|| exception(ILLEGAL, format!("No feature:{name} with feature level {level}")))?;
        if let Some((other, needed)) =
            needs.iter().find(|(other, needed)| levels.get(*other).is_none_or(|l| l < needed))
        {
            let why = format!("{name} could not be set to {level} because it depends on {other} level {needed}");
            return Err(exception(ILLEGAL, why));
        }
    }
    levels.remove(KRAFT);
    levels.retain(|_, level| *level > 0);
    Ok(levels)
}

/// `BootstrapMetadata#toString`: the features that a cluster begins with, if it begins with this node.
fn bootstrap_metadata(levels: &Levels, version: i16) -> String {
    let record = |(name, level): (&str, i16)| {
        format!("ApiMessageAndVersion(FeatureLevelRecord(name='{name}', featureLevel={level}) at version 0)")
    };
    let others = levels.iter().filter(|(name, _)| *name != METADATA).map(|(name, level)| (name.as_str(), *level));
    let records: Vec<String> = [(METADATA, version)].into_iter().chain(others).map(record).collect();
    let records = records.join(", ");
    format!(
        "Bootstrap metadata: BootstrapMetadata(records=[{records}], metadataVersionLevel={version}, source=format command)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voters_are_read_as_kafka_reads_them() {
        let id = "3Db5QLSqSZieL3rJBUUegA";
        let read = dynamic_voters(&format!("102@[::1]:9093:{id},101@localhost:9093:{id}")).expect("they are two");
        let hosts: Vec<(i32, &str, u16)> = read.iter().map(|v| (v.id.0, &*v.endpoint.0, v.endpoint.1)).collect();
        assert_eq!(hosts, [(101, "localhost", 9093), (102, "::1", 9093)]);
        // What Kafka 4.3.1 says.
        for (text, why) in [
            ("", "No voters given."),
            ("nonsense", "No @ found in dynamic voter string."),
            ("@h:1:x", "Invalid @ at beginning of dynamic voter string."),
            ("x@h:1:x", "Failed to parse node id in dynamic voter string."),
            ("101@", "No hostname found after node id."),
            ("101@h", "No colon following hostname could be found."),
            ("101@[h", "Hostname began with left bracket, but no right bracket was found."),
            ("101@[h]1", "Port section must start with a colon."),
            ("101@h:9093", "No colon following port could be found."),
            ("101@h:x:y", "Failed to parse port in dynamic voter string."),
            ("101@h:70000:y", "Invalid port 70000 in dynamic voter string."),
            ("101@h:9093:short", "Failed to parse directory ID in dynamic voter string."),
            ("1@h:1:3Db5QLSqSZieL3rJBUUegA,1@g:1:3Db5QLSqSZieL3rJBUUegA", "Node id 1 was specified more than once."),
        ] {
            assert_eq!(dynamic_voters(text), Err(why.to_owned()), "{text}");
        }
    }
}
