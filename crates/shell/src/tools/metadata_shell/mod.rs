//! `kafka-metadata-shell` (`org.apache.kafka.shell.MetadataShell`): the metadata of a snapshot or of a log file of
//! `__cluster_metadata-0` as a tree of nodes. A command after the options is carried out, without one the shell asks for lines.
//!
//! It reads the file as it was when the command line was given, and all that is in it, whether that is committed or not. A file without
//! records is waited for, as Kafka's shell waits. The directory of a process that runs is locked; but the lock is looked for two
//! folders up in the path as it was typed, so that whoever goes there and names the file alone may read. Left out: Java stack
//! traces, and the prompt where lines are piped in.

mod commands;
mod nodes;
mod paths;

use std::sync::Arc;

use kernel::{Input, Order};
use protocol::image::MetadataImage;
use protocol::metadata::{MetadataBatch, MetadataRecord};
use protocol::{FileContent, Message};

use crate::admin_tool::{INTERRUPTED, TERMINATED};
use crate::io::Io;
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::stdin::Lines;
use crate::tools::dump_log::Opened;
use crate::tools::{Argparse, Misuse, Refusal, Tool};
use crate::tree::Tree;
use nodes::Node;

/// What it is called.
pub(crate) const NAME: &str = "kafka-metadata-shell";

pub(crate) const TOOL: Tool = Tool {
    name: NAME,
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[("directory", "name a file of it: --snapshot DIRECTORY/00000000000000000000.log")],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const SUMMARY: &str =
    "The Apache Kafka metadata shell: --snapshot FILE, then a command (cat, find, ls, tree), or none to type them.";
const OPTIONS: &[Opt] = &[
    flag("help", "show this help message and exit"),
    value("s", "SNAPSHOT", "As --snapshot."),
    value("snapshot", "SNAPSHOT", "The metadata snapshot file to read."),
];
const ARGPARSE: Argparse = Argparse {
    program: NAME,
    usage: &[
        "usage: kafka-metadata-shell [-h] --snapshot SNAPSHOT",
        "                            [command [command ...]]",
    ],
};

const IN_USE: &str = "Please ensure that no broker or controller process is using this directory before proceeding.";

/// Whether the word after this one is the file to read.
fn names_file(word: &str) -> bool {
    ["--snapshot", "-snapshot", "-s", "--s"].contains(&word)
}

/// The arguments with the file's name as bash expands it. Patterns of commands are the shell's own.
pub(crate) fn expanded(argv: Vec<String>, tree: &Tree<'_>) -> Vec<String> {
    let mut is_file = false;
    let expand = |word: String| {
        let was_file = std::mem::replace(&mut is_file, names_file(&word));
        if was_file { tree.glob(&word) } else { vec![word] }
    };
    argv.into_iter().flat_map(expand).collect()
}

/// Opens the file.
pub(crate) fn open(argv: &[String], tree: &Tree<'_>) -> Vec<Opened> {
    let after = argv.windows(2).filter(|pair| names_file(&pair[0])).map(|pair| pair[1].as_str());
    let attached = argv.iter().filter_map(|word| word.strip_prefix("--snapshot=").or(word.strip_prefix("-s=")));
    after.chain(attached).filter_map(|path| Opened::read(path.to_owned(), tree)).collect()
}

/// The shell under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct MetadataShell {
    lines: Lines,
    /// The command of the command line; none if they are typed.
    command: Option<Vec<String>>,
    image: Arc<MetadataImage>,
    /// The offsets of records that the image could not take.
    faults: Vec<i64>,
    folder: Vec<String>,
    history: Vec<String>,
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let path = options.all("snapshot").iter().chain(options.all("s")).next_back();
    let path = path.ok_or_else(|| ARGPARSE.refuse("argument --snapshot/-s is required"))?;
    let opened = launch.opened.iter().find(|opened| opened.path() == path);
    let failed = |why: &str, class: &str| {
        let err = vec![format!("Unexpected error: {why}"), format!("java.{class}: {why}")];
        Refusal { err, code: 1, ..Refusal::default() }
    };
    let (image, faults) = match opened {
        None => {
            let why = format!("java.nio.file.NoSuchFileException: {path}");
            return Err(failed(&why, "util.concurrent.ExecutionException"));
        }
        Some(Opened { locked: Some(directory), .. }) if path.matches('/').count() > 1 => {
            let why = format!("Unable to lock {directory}. {IN_USE}");
            return Err(failed(&why, "lang.RuntimeException"));
        }
        Some(Opened { content: FileContent::Metadata(batches), .. }) => load(batches),
        _ => (MetadataImage::default(), Vec::new()),
    };
    let shell = MetadataShell {
        lines: Lines::new(&launch.stdin),
        command: Some(options.rest.clone()).filter(|words| !words.is_empty()),
        image: Arc::new(image),
        faults,
        folder: Vec::new(),
        history: Vec::new(),
    };
    Ok(Body::MetadataShell(Box::new(shell)))
}

/// What the records of a file say, but for Raft's own (`SnapshotFileReader`), and the offsets of those that do not follow from what
/// stands before them: of a log that does not begin at 0.
fn load(batches: &[MetadataBatch]) -> (MetadataImage, Vec<i64>) {
    let (mut image, mut faults) = (MetadataImage::default(), Vec::new());
    for batch in batches.iter().filter(|batch| !batch.records.iter().any(MetadataRecord::is_control)) {
        for (offset, record) in batch.offsets() {
            match image.can_replay(record) {
                true => image.replay(offset, record),
                false => faults.push(offset),
            }
        }
        (image.offset, image.epoch, image.timestamp_ms) = (batch.next_offset() - 1, batch.epoch, batch.timestamp_ms);
    }
    (image, faults)
}

impl MetadataShell {
    pub(crate) fn step(&mut self, input: &Input<Message>, io: &mut Io<'_>) {
        self.lines.take(input);
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Terminate) => io.exit(TERMINATED),
            Input::Order(Order::Interrupt) if self.is_asking() => io.out("^C"),
            Input::Order(Order::Interrupt) => io.exit(INTERRUPTED),
            _ => {}
        }
        while self.is_asking() && io.exited.is_none() {
            match self.lines.read() {
                Some(line) => self.obey(&line, io),
                None if self.lines.is_at_end() => io.exit(0),
                None => break,
            }
        }
    }

    /// Whether lines are typed, and there is a tree to look at (`MetadataShell#waitUntilCaughtUp`).
    fn is_asking(&self) -> bool {
        self.command.is_none() && self.is_loaded()
    }
    fn is_loaded(&self) -> bool {
        self.image.offset > 0
    }

    /// Whether it waits for a line to be typed.
    pub(crate) fn reads_terminal(&self) -> bool {
        self.is_asking() && self.lines.is_typed()
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        for offset in &self.faults {
            let text = format!("Encountered shell fault: Error loading metadata log record from offset {offset}");
            io.log_exception(&text, "org.apache.kafka.server.fault.LoggingFaultHandler");
        }
        match self.command.clone() {
            None => {
                io.out("Loading...");
                if self.is_loaded() {
                    io.out("Starting...\n[ Kafka Metadata Shell ]");
                }
            }
            Some(words) if self.is_loaded() => {
                self.carry_out(words, false, io);
                io.exit(0);
            }
            Some(_) => {}
        }
    }

    fn obey(&mut self, line: &str, io: &mut Io<'_>) {
        let kept = line.trim();
        if !kept.is_empty() && !line.starts_with(' ') && self.history.last().is_none_or(|last| last != kept) {
            self.history.push(kept.to_owned());
        }
        self.carry_out(commands::split(line), true, io);
    }

    fn carry_out(&mut self, words: Vec<String>, is_interactive: bool, io: &mut Io<'_>) {
        let (name, words) = match commands::read(words, is_interactive) {
            None => return,
            Some(Ok(asked)) => asked,
            Some(Err(lines)) => return lines.iter().for_each(|line| io.out(line)),
        };
        let mut lines = Vec::new();
        match name {
            "cat" => words.iter().for_each(|target| self.cat(target, &mut lines)),
            "tree" => words.iter().for_each(|target| self.tree(target, &mut lines)),
            "find" => effective(&words).iter().for_each(|path| self.find(path, &mut lines)),
            "ls" => self.list(&effective(&words), &mut lines),
            "cd" => self.change_folder(words.first().map_or("/", String::as_str), &mut lines),
            "pwd" => lines.push(format!("/{}", self.folder.join("/"))),
            "help" => lines.extend(commands::HELP.map(str::to_owned)),
            "man" => lines.extend(words.first().map_or_else(Vec::new, |word| commands::man(word))),
            "history" => self.show_history(words.first().map(String::as_str), &mut lines),
            _ => io.exit(0),
        }
        lines.iter().for_each(|line| io.out(line));
    }

    fn matches(&self, pattern: &str) -> Vec<paths::Found> {
        paths::matches(&self.image, &self.folder, pattern)
    }

    fn cat(&self, target: &str, lines: &mut Vec<String>) {
        let found = self.matches(target);
        if found.is_empty() {
            lines.push(format!("cat: {target}: No such file or directory."));
        }
        lines.extend(found.into_iter().map(|(_, node)| match node {
            Node::Directory(_) => format!("cat: {target}: Is a directory"),
            Node::Leaf(text) => text,
        }));
    }

    fn tree(&self, target: &str, lines: &mut Vec<String>) {
        let found = self.matches(target);
        if found.is_empty() {
            lines.push(format!("tree: {target}: No such file or directory."));
        }
        found.into_iter().for_each(|(mut path, node)| self.draw(&mut path, node, 0, lines));
    }

    /// `ShellNodePrinter`: names, and below them, two spaces further in, what is in them.
    fn draw(&self, path: &mut Vec<String>, node: Node, depth: usize, lines: &mut Vec<String>) {
        match node {
            Node::Leaf(text) => lines.push(format!("{}{text}", "  ".repeat(depth))),
            Node::Directory(names) => {
                for name in names {
                    lines.push(format!("{}{name}:", "  ".repeat(depth)));
                    path.push(name);
                    if let Some(child) = paths::look(&self.image, path) {
                        self.draw(path, child, depth + 1, lines);
                    }
                    path.pop();
                }
            }
        }
    }

    fn find(&self, target: &str, lines: &mut Vec<String>) {
        let found = self.matches(target);
        if found.is_empty() {
            lines.push(format!("find: {target}: no such file or directory."));
        }
        found.into_iter().for_each(|(mut path, node)| self.walk(&mut path, node, target, lines));
    }

    fn walk(&self, path: &mut Vec<String>, node: Node, shown: &str, lines: &mut Vec<String>) {
        lines.push(shown.to_owned());
        let Node::Directory(names) = node else { return };
        for name in names {
            let shown = format!("{}/{name}", if shown == "/" { "" } else { shown });
            path.push(name);
            if let Some(child) = paths::look(&self.image, path) {
                self.walk(path, child, &shown, lines);
            }
            path.pop();
        }
    }

    /// Leaves first, then what is in directories, with their names if there is more than one thing to list.
    fn list(&self, targets: &[&str], lines: &mut Vec<String>) {
        let mut found = Vec::new();
        for target in targets {
            let matches = self.matches(target);
            if matches.is_empty() {
                lines.push(format!("ls: {target}: no such file or directory."));
            }
            found.extend(matches);
        }
        let last = |path: &[String]| path.last().map_or("/", String::as_str).to_owned();
        let (folders, leaves): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, node)| node.is_directory());
        lines.extend(leaves.iter().map(|(path, _)| last(path)));
        let needs_names = !leaves.is_empty() || folders.len() > 1;
        for (at, (path, node)) in folders.into_iter().enumerate() {
            let Node::Directory(names) = node else { continue };
            if needs_names && !names.is_empty() {
                lines.extend((at > 0 || !leaves.is_empty()).then(String::new));
                lines.push(format!("{}:", last(&path)));
            }
            lines.extend(names);
        }
    }

    fn change_folder(&mut self, target: &str, lines: &mut Vec<String>) {
        let found = self.matches(target);
        if found.is_empty() {
            lines.push(format!("cd: {target}: no such directory."));
        }
        for (path, node) in found {
            match node {
                Node::Directory(_) => self.folder = path,
                Node::Leaf(_) => lines.push(format!("cd: {target}: not a directory.")),
            }
        }
    }

    fn show_history(&self, count: Option<&str>, lines: &mut Vec<String>) {
        let count = match count.map(|word| (word, word.parse::<i32>())) {
            None => usize::MAX,
            Some((_, Ok(count))) => usize::try_from(count).unwrap_or(0),
            Some((word, Err(_))) => {
                let why = format!("could not convert '{word}' to Integer (For input string: \"{word}\")");
                return lines.push(format!("argument numEntriesToShow: {why}"));
            }
        };
        let first = self.history.len().saturating_sub(count);
        let entries = self.history.iter().enumerate().skip(first);
        lines.extend(entries.map(|(at, line)| format!("{at:>5}  {line}")));
    }
}

/// The working directory, if nothing is named (`CommandUtils#getEffectivePaths`).
fn effective(words: &[String]) -> Vec<&str> {
    let named: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    if named.is_empty() { vec!["."] } else { named }
}
