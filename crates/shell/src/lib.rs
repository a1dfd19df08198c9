//! The terminal's programs: command-line parsing, Kafka's tools and the workshops' programs, each a step machine that
//! embeds clients. [`TOOLS`] is the table; help, completion and option errors come from it.
//!
//! Left out on purpose: Java stack traces, and the second or so a JVM takes to start.

mod line;
mod suggest;
mod files;
mod launch;
mod builtins;
mod options;
mod help;
mod io;
mod process;
mod tools;

pub use files::Files;
pub use launch::{Launch, LaunchError, Setting, Stdin};
pub use line::{parse_line, Line, Pipeline, Redirect, SimpleCommand, SyntaxError};
pub use options::{Arg, Opt, OptionError, Parsed};
pub use process::{AppProcess, ProgramKind};
pub use suggest::nearest;
pub use tools::{find as find_tool, Script, Tool, SCRIPTS, TOOLS};

/// The family of client libraries a program uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Profile {
    /// Kafka's own clients.
    Java,
    /// librdkafka and what is built on it (confluent-kafka for Python, kcat).
    Librdkafka,
}
