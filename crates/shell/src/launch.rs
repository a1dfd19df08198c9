//! What a program is started with, and how a parsed pipeline becomes one.
//!
//! The commands in front of the last one (`echo a | kafka-console-producer …`) are text filters without a process of
//! their own: their output is the last command's standard input, whole.

use std::sync::Arc;

use ordered::SortedMap;
use protocol::gap;

use crate::Profile;
use crate::builtins;
use crate::files::Files;
use crate::line::{Pipeline, Redirect, SimpleCommand};
use crate::programs::SCRIPTS;
use crate::suggest::nearest;
use crate::tools::TOOLS;

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
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Setting {
    /// Exported variables.
    pub env: SortedMap<String, String>,
    /// The files it can read.
    pub files: Arc<Files>,
    /// The lesson's client family.
    pub profile: Profile,
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
        Launch { argv, env: SortedMap::new(), stdin: Stdin::Terminal, files: Arc::new(Files::bundled()), profile }
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
        let names =
            TOOLS.iter().map(|t| t.name).chain(builtins::NAMES.iter().copied()).chain(["python", "docker", "help"]);
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
    pub fn launch(&self, setting: &Setting) -> Result<Launch, LaunchError> {
        let (last, feeders) = self.commands.split_last().expect("a pipeline has at least one command");
        let mut input: Option<Arc<str>> = None;
        for command in feeders {
            let stdin = redirected(command, setting)?.or(input.take());
            input = Some(feed(command, stdin, setting)?);
        }
        let stdin = redirected(last, setting)?.or(input).map_or(Stdin::Terminal, Stdin::Text);
        let mut env = setting.env.clone();
        env.extend(last.env.clone());
        Ok(Launch { argv: last.argv.clone(), env, stdin, files: setting.files.clone(), profile: setting.profile })
    }
}

fn redirected(command: &SimpleCommand, setting: &Setting) -> Result<Option<Arc<str>>, LaunchError> {
    match &command.input {
        None => Ok(None),
        Some(Redirect::Text(text)) => Ok(Some(format!("{text}\n").into())),
        Some(Redirect::File(path)) => match setting.files.get(path) {
            Some(text) => Ok(Some(text.clone())),
            None => Err(LaunchError::one(format!("bash: {path}: No such file or directory"), 1)),
        },
    }
}

fn feed(command: &SimpleCommand, stdin: Option<Arc<str>>, setting: &Setting) -> Result<Arc<str>, LaunchError> {
    gap!("a Kafka tool's output piped into another command", "POSIX shell");
    let word = command.argv.first().map_or("", String::as_str);
    if !builtins::NAMES.contains(&word) {
        if crate::tools::find(word).is_some() {
            return Err(LaunchError::one(
                format!("bash: {word}: only {} can stand in front of a `|` here", builtins::NAMES.join(", ")),
                2,
            ));
        }
        return Err(LaunchError::not_found(word));
    }
    let output = builtins::run(&command.argv, stdin.as_deref(), &setting.files);
    match output.errors.first() {
        None => Ok(output.text.into()),
        Some(error) => Err(LaunchError::one(error.clone(), output.code)),
    }
}

/// A word as it can be typed.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
