//! Running other programs, and where things are.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a task stopped, in words for the person who started it.
#[derive(Debug)]
pub(crate) struct Failure(String);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Failure {
        Failure(format!("{error} (see `cargo xtask --help`)"))
    }
}

/// The top of the clone from which this runs. Cargo says it when it runs a program; what it said when it built one may be
/// another clone, if both build into one folder.
pub(crate) fn root() -> PathBuf {
    let told = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&told);
    here.ancestors().nth(2).expect("this crate is two folders below the top").to_path_buf()
}

/// Where cargo builds: `CARGO_TARGET_DIR`, or `target`.
pub(crate) fn target_dir() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Where tools are installed that the machine does not have.
pub(crate) fn tools_dir() -> PathBuf {
    target_dir().join("tools")
}

/// The search path of every program we start: our own tools before the machine's.
pub(crate) fn path() -> OsString {
    let ours = [tools_dir().join("bin"), tools_dir().join("node_modules/.bin")];
    let theirs = env::var_os("PATH").unwrap_or_default();
    env::join_paths(ours.into_iter().chain(env::split_paths(&theirs))).unwrap_or(theirs)
}

/// The file that `program` would run, if there is one.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&path()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Reads a file of the project.
pub(crate) fn read(file: impl AsRef<Path>) -> Result<String> {
    let file = file.as_ref();
    std::fs::read_to_string(file).map_err(|e| Failure(format!("cannot read {}: {e}", file.display())))
}

/// Writes a file, with the folders above it.
pub(crate) fn write(file: impl AsRef<Path>, text: &str) -> Result<()> {
    let file = file.as_ref();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Failure(format!("cannot make {}: {e}", folder.display())))?;
    }
    std::fs::write(file, text).map_err(|e| Failure(format!("cannot write {}: {e}", file.display())))
}

/// A program to run.
pub(crate) struct Cmd {
    program: String,
    args: Vec<OsString>,
    envs: Vec<(String, OsString)>,
}

/// A command line without arguments so far.
pub(crate) fn cmd(program: &str) -> Cmd {
    Cmd { program: program.into(), args: Vec::new(), envs: Vec::new() }
}

impl Cmd {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Cmd {
        self.args.push(arg.as_ref().into());
        self
    }
    /// Adds the words of `words`; for arguments without spaces.
    pub(crate) fn words(mut self, words: &str) -> Cmd {
        self.args.extend(words.split_whitespace().map(OsString::from));
        self
    }
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Cmd {
        self.envs.push((name.into(), value.as_ref().into()));
        self
    }

    /// As one would type it.
    pub(crate) fn line(&self) -> String {
        let envs = self.envs.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = std::iter::once(quoted(OsStr::new(&self.program))).chain(self.args.iter().map(|arg| quoted(arg)));
        envs.chain(words).collect::<Vec<_>>().join(" ")
    }

    fn command(&self) -> Command {
        let program = which(&self.program).unwrap_or_else(|| self.program.clone().into());
        let mut command = Command::new(program);
        command.args(&self.args).env("PATH", path()).envs(self.envs.iter().map(|(k, v)| (k, v)));
        command
    }

    fn started(&self, error: std::io::Error) -> Failure {
        Failure(format!("cannot run `{}`: {error}", self.line()))
    }

    /// Prints the command line and runs it; what it prints goes to our own output.
    pub(crate) fn run(&self) -> Result<()> {
        println!("$ {}", self.line());
        let status = self.command().status().map_err(|e| self.started(e))?;
        if status.success() { Ok(()) } else { Err(Failure(format!("`{}` failed: {status}", self.line()))) }
    }

    /// Like `run`, and shows each line of its output to `look` as it goes by.
    pub(crate) fn watch(&self, mut look: impl FnMut(&str)) -> Result<()> {
        println!("$ {}", self.line());
        let mut child = self.command().stdout(Stdio::piped()).spawn().map_err(|e| self.started(e))?;
        let output = child.stdout.take().expect("its output is piped");
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|e| self.started(e))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            look(&line);
        }
        let status = child.wait().map_err(|e| self.started(e))?;
        if status.success() { Ok(()) } else { Err(Failure(format!("`{}` failed: {status}", self.line()))) }
    }

    /// Runs it silently and returns what it printed.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self.command().output().map_err(|e| self.started(e))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure(format!("`{}` failed: {}\n{}", self.line(), output.status, said.trim_end())))
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
