//! What a program is started with, and how a parsed pipeline becomes one.
//!
//! The commands in front of the program (`echo a | kafka-console-producer …`) have no process of their own: they are text
//! commands, or tools that only read files, and their output is the program's standard input, whole. Text commands
//! and files are read when the line is given, so that no program looks at the cluster while it runs. What stands behind the
//! program (`kafka-topics … | grep t`) is part of its process too: see [`crate::outlet`].

use std::sync::Arc;

use ordered::SortedMap;
use protocol::{FileContent, gap};

use crate::Profile;
use crate::builtins;
use crate::files::Files;
use crate::line::{Pipeline, Redirect, SimpleCommand, Sink};
use crate::outlet::Outlet;
use crate::process::{Body, Print};
use crate::programs::SCRIPTS;
use crate::suggest::nearest;
use crate::tools::TOOLS;
use crate::tree::{Hosts, NoHosts, Tree};
use crate::{docker, tools};

/// Everything a program is started with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Launch {
    /// The command and its arguments.
    pub argv: Vec<String>,
    /// Its environment.
    pub env: SortedMap<String, String>,
    /// Where its standard input comes from.
    pub stdin: Stdin,
    /// The files it can read.
    pub files: Arc<Files>,
    /// The client family of programs that are not Kafka's own Java tools, unless `CLIENT` says otherwise.
    pub profile: Profile,
    /// What a text command printed.
    pub(crate) printed: Option<Print>,
    /// The files of hosts that its arguments name, with what they held then.
    pub(crate) opened: Vec<tools::dump_log::Opened>,
    /// Where its output goes, if not to its terminal.
    pub(crate) outlet: Option<Box<Outlet>>,
}

impl Launch {
    /// The text of a file, or of what is piped in, if its name is `/dev/stdin`.
    pub(crate) fn read(&self, path: &str) -> Option<Arc<str>> {
        match &self.stdin {
            Stdin::Text(text) if path == "/dev/stdin" => Some(text.clone()),
            Stdin::Text(_) | Stdin::Terminal => self.files.get(path).cloned(),
        }
    }
}

/// A program's standard input.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Stdin {
    /// Lines come as `Order::Line`, the end as `Order::EndOfInput`.
    Terminal,
    /// This text, then the end.
    Text(Arc<str>),
}

/// What a terminal gives to every program it starts.
#[derive(Clone)]
pub struct Setting<'a> {
    /// Exported variables.
    pub env: SortedMap<String, String>,
    /// The files it can read.
    pub files: Arc<Files>,
    /// The lesson's client family.
    pub profile: Profile,
    /// The hosts whose disks can be looked at.
    pub hosts: &'a dyn Hosts,
    /// The working directory, without a `/` in front.
    pub cwd: &'a str,
}

impl Setting<'_> {
    /// The bundled files, no environment and no hosts.
    pub fn plain(profile: Profile) -> Setting<'static> {
        Setting { env: SortedMap::new(), files: Arc::new(Files::bundled()), profile, hosts: &NoHosts, cwd: "" }
    }

    /// The working directory after `cd path`: bash's error if there is no such directory.
    pub fn change_directory(&self, path: &str) -> Result<String, LaunchError> {
        let tree = self.tree(None);
        tree.directory(path).ok_or_else(|| {
            let problem = if tree.entry(path).is_some() { "Not a directory" } else { "No such file or directory" };
            LaunchError::one(format!("bash: cd: {path}: {problem}"), 1)
        })
    }

    /// Where a file that is written lies: among the terminal's own.
    fn place(&self, path: &str) -> Result<String, LaunchError> {
        let refused = |why: &str| LaunchError::one(format!("bash: {path}: {why}"), 1);
        let tree = self.tree(None);
        let absolute = tree.absolute(path);
        let folder = absolute.rsplit_once('/').map_or("/", |(folder, _)| folder);
        match tree.own_file(path) {
            _ if tree.list(path).is_some() => Err(refused("Is a directory")),
            _ if !folder.is_empty() && tree.list(folder).is_none() => Err(refused("No such file or directory")),
            Some(place) => Ok(place),
            None => Err(refused("Permission denied")),
        }
    }

    pub(crate) fn tree<'b>(&'b self, inside: Option<&'b str>) -> Tree<'b> {
        Tree { files: &self.files, hosts: self.hosts, cwd: if inside.is_some() { "" } else { self.cwd }, inside }
    }
}

/// Why nothing was started. Printed as the shell (or python) prints it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LaunchError {
    /// Lines for standard error.
    pub lines: Vec<String>,
    /// The exit code: 127 for an unknown command.
    pub code: i32,
}

impl std::fmt::Display for LaunchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}
impl std::error::Error for LaunchError {}

impl Launch {
    /// A launch with the terminal as standard input, the bundled files and no environment; for tests and the CLI.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>, profile: Profile) -> Launch {
        let argv = argv.into_iter().map(Into::into).collect();
        Launch {
            argv,
            env: SortedMap::new(),
            stdin: Stdin::Terminal,
            files: Arc::new(Files::bundled()),
            profile,
            printed: None,
            opened: Vec::new(),
            outlet: None,
        }
    }

    /// The value of an environment variable, if it is set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// The client family of this program: `CLIENT=java` or `CLIENT=librdkafka`, else the lesson's.
    pub fn family(&self) -> Result<Profile, LaunchError> {
        match self.var("CLIENT") {
            None | Some("") => Ok(self.profile),
            Some("java") => Ok(Profile::Java),
            Some("librdkafka" | "confluent-kafka" | "python") => Ok(Profile::Librdkafka),
            Some(other) => {
                Err(LaunchError::one(format!("CLIENT={other}: no such client family; it is `java` or `librdkafka`"), 2))
            }
        }
    }

    /// The command line as one text.
    pub fn command_line(&self) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={value}"));
        env.chain(self.argv.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }
}

impl LaunchError {
    pub(crate) fn one(line: impl Into<String>, code: i32) -> LaunchError {
        LaunchError { lines: vec![line.into()], code }
    }

    /// bash's error for a word that is no command, with the nearest one that is.
    pub(crate) fn not_found(word: &str) -> LaunchError {
        let mut lines = vec![format!("bash: {word}: command not found")];
        let names = TOOLS
            .iter()
            .map(|t| t.name)
            .chain(builtins::NAMES.iter().copied())
            .chain(["python", "docker", "cd", "help"]);
        if let Some(near) = nearest(word.trim_end_matches(".sh"), names) {
            lines.push(format!("hint: did you mean {near}?"));
        }
        LaunchError { lines, code: 127 }
    }

    /// python's error for a script that is not there, with those that are.
    pub(crate) fn no_script(python: &str, script: &str) -> LaunchError {
        let known = SCRIPTS.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
        let lines = vec![
            format!("{python}: can't open file '{script}': [Errno 2] No such file or directory"),
            format!("hint: the programs here are {known}"),
        ];
        LaunchError { lines, code: 2 }
    }
}

impl Pipeline {
    /// What to start for this pipeline.
    pub fn launch(&self, setting: &Setting<'_>) -> Result<Launch, LaunchError> {
        let mut input: Option<Arc<str>> = None;
        let mut commands = self.commands.as_slice();
        loop {
            let (command, behind) = commands.split_first().expect("a pipeline has at least one command");
            let stdin = redirected(command, setting)?.or(input.take());
            let launch = prepare(command, stdin, setting)?;
            if !behind.is_empty()
                && let Body::Print(print) = crate::process::load(&launch)?
            {
                input = Some(fed(command, &launch, print)?);
                commands = behind;
                continue;
            }
            let outlet = Outlet::of(command, behind, &|path| setting.place(path))?.map(Box::new);
            return Ok(Launch { outlet, ..launch });
        }
    }
}

/// Finds the container a command is for and the paths its words stand for; runs it if it is a text command, and opens the
/// files it names if it is not.
fn prepare(command: &SimpleCommand, stdin: Option<Arc<str>>, setting: &Setting<'_>) -> Result<Launch, LaunchError> {
    let (inside, argv) = docker::exec(&command.argv, setting.hosts)?;
    let tree = setting.tree(inside.as_deref());
    let word = argv.first().map_or("", String::as_str);
    let is_text = builtins::NAMES.contains(&word);
    let tool = tools::find(word).map(|tool| tool.name);
    let argv: Vec<String> = match tool {
        Some(tools::dump_log::NAME) => argv.iter().flat_map(|word| tree.glob(word)).collect(),
        Some(tools::metadata_shell::NAME) => tools::metadata_shell::expanded(argv, &tree),
        None if is_text => argv.iter().flat_map(|word| tree.glob(word)).collect(),
        _ => argv,
    };
    let printed = is_text.then(|| {
        let output = builtins::run(&argv, stdin.as_deref(), &tree);
        Print { out: output.text.lines().map(str::to_owned).collect(), err: output.errors, code: output.code }
    });
    let opened = match tool {
        Some(tools::dump_log::NAME) => tools::dump_log::open(&argv, &tree),
        Some(tools::metadata_shell::NAME) => tools::metadata_shell::open(&argv, &tree),
        Some(tools::storage::NAME) => tools::storage::open(&argv, &tree),
        Some(tools::metadata_quorum::NAME) => tools::metadata_quorum::open(&argv, &tree),
        _ => Vec::new(),
    };
    let env = setting.env.clone().into_iter().chain(command.env.clone()).collect();
    let stdin = stdin.map_or(Stdin::Terminal, Stdin::Text);
    let (files, profile) = (setting.files.clone(), setting.profile);
    Ok(Launch { argv, env, stdin, files, profile, printed, opened, outlet: None })
}

fn redirected(command: &SimpleCommand, setting: &Setting<'_>) -> Result<Option<Arc<str>>, LaunchError> {
    match &command.input {
        None => Ok(None),
        Some(Redirect::Text(text)) => Ok(Some(format!("{text}\n").into())),
        Some(Redirect::File(path)) => match setting.tree(None).read(path) {
            Some(FileContent::Text(text)) => Ok(Some(text)),
            _ => Err(LaunchError::one(format!("bash: {path}: No such file or directory"), 1)),
        },
    }
}

/// What a text command in front of a `|` gives to the next.
fn fed(command: &SimpleCommand, launch: &Launch, print: Print) -> Result<Arc<str>, LaunchError> {
    gap!(
        "a program that runs, piped into another that runs; several commands of a pipeline that write files",
        "POSIX shell"
    );
    let word = launch.argv.first().map_or("", String::as_str);
    if command.out != Sink::Out || command.err != Sink::Err {
        let text = format!("bash: {word}: only the last command of a pipeline can have its output redirected here");
        return Err(LaunchError::one(text, 2));
    }
    let Print { out, err, code } = print;
    match launch.printed.is_some() && code != 0 && !err.is_empty() {
        true => Err(LaunchError { lines: err, code }),
        false => Ok(out.iter().map(|line| format!("{line}\n")).collect::<String>().into()),
    }
}

/// A word as it can be typed.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
