//! The terminal's programs: command-line parsing, Kafka's tools and the workshops' programs, each a step machine that
//! embeds clients. [`TOOLS`] is the table; help, completion and option errors come from it.
//!
//! Left out on purpose: Java stack traces, and the second or so a JVM takes to start.

mod line;
mod suggest;
mod files;
mod launch;
mod tree;
mod builtins;
mod ls;
mod filters;
mod options;
mod help;
mod io;
mod outlet;
mod json;
mod java;
mod java_date;
mod duration;
mod stdin;
mod admin_tool;
mod process;
mod tools;
mod programs;
mod docker;
mod complete;

pub use clients::Profile;
pub use complete::{CompletionContext, complete};
pub use files::Files;
pub use io::log_time;
pub use launch::{Launch, LaunchError, Setting, Stdin};
pub use line::{Line, Pipeline, Redirect, SimpleCommand, Sink, SyntaxError, When, parse_line};
pub use options::{Arg, Opt, OptionError, Parsed};
pub use outlet::{Outlet, Written};
pub use process::{AppProcess, ProgramKind};
pub use programs::{SCRIPTS, Script};
pub use suggest::nearest;
pub use tools::{TOOLS, Tool, find as find_tool};
pub use tree::{Formatting, Hosts, LogDir, NoHosts, Quorum};
