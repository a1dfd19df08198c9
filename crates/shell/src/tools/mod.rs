//! Kafka's command-line tools, one file each, and the table that lists them. Help, completion and errors about options
//! come from the same rows. Adding a tool: a file with its options and its start function, and a line in `tools!`.

pub(crate) mod topics;
pub(crate) mod console_producer;
pub(crate) mod console_consumer;
pub(crate) mod consumer_groups;
pub(crate) mod configs;
pub(crate) mod get_offsets;
pub(crate) mod leader_election;
pub(crate) mod metadata_quorum;
pub(crate) mod verifiable_producer;
pub(crate) mod producer_perf;
pub(crate) mod consumer_perf;
mod perf_stats;
pub(crate) mod dump_log;
pub(crate) mod metadata_shell;
pub(crate) mod storage;
pub(crate) mod zk_shell;
mod znodes;
pub(crate) mod log_dirs;
pub(crate) mod delete_records;
pub(crate) mod reassign;
pub(crate) mod cluster;
pub(crate) mod features;
mod line_reader;
mod formatter;
mod include;
mod json_value;

use std::str::FromStr;

use clients::Properties;
use protocol::gap;

use crate::help;
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed};
use crate::process::{Body, Print};

/// A tool of Kafka's `bin` folder. `NAME` and `NAME.sh` both start it.
pub struct Tool {
    /// Without `.sh`.
    pub name: &'static str,
    /// The first line of its help.
    pub summary: &'static str,
    /// The first line of its help when it is started without any argument; nothing if that is to it a command line like others.
    pub(crate) without_arguments: &'static str,
    /// Its options, in the order help shows them.
    pub options: &'static [Opt],
    /// Options of older Kafka versions, with what to use today.
    pub removed: &'static [(&'static str, &'static str)],
    /// What it prints when it cannot read its options.
    pub(crate) on_misuse: Misuse,
    /// Makes the program.
    pub(crate) start: fn(&Launch, &Parsed) -> Result<Body, Refusal>,
}

/// Kafka's tools differ in what they print for an option they do not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misuse {
    /// The message.
    Message,
    /// The message and help.
    MessageAndHelp,
    /// The message, after `Error occurred: `.
    ErrorOccurred,
    /// Java's report of an exception nobody caught.
    Uncaught,
    /// argparse4j's usage and error.
    Argparse(&'static Argparse),
}

/// A tool's answer to a command line it cannot follow: it prints this and ends.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
    pub(crate) with_help: bool,
    pub(crate) code: i32,
}

/// A program whose options argparse4j reads. It breaks lines and stretches them to both margins: here the error is one line.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Argparse {
    pub(crate) program: &'static str,
    pub(crate) usage: &'static [&'static str],
}

impl Argparse {
    /// `ArgumentParser#handleError`.
    pub(crate) fn refuse(&self, text: impl AsRef<str>) -> Refusal {
        let error = format!("{}: error: {}", self.program, text.as_ref());
        let err = self.usage.iter().map(|line| line.to_string()).chain([error]).collect();
        Refusal { err, code: 1, ..Refusal::default() }
    }
    /// An option that is missing.
    pub(crate) fn require(&self, options: &Parsed, required: &[&str]) -> Result<(), Refusal> {
        match required.iter().find(|name| !options.has(name)) {
            Some(name) => Err(self.refuse(format!("argument --{name} is required"))),
            None => Ok(()),
        }
    }
    /// The value of an option, of several the last, as a number of a Java type.
    pub(crate) fn number<T: FromStr>(
        &self,
        options: &Parsed,
        name: &str,
        java_type: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = options.all(name).last() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let why = format!("could not convert '{text}' to {java_type} (For input string: \"{text}\")");
            self.refuse(format!("argument --{name}: {why}"))
        })
    }
}

impl Refusal {
    /// One line on standard error, exit code 1.
    pub(crate) fn line(text: impl Into<String>) -> Refusal {
        Refusal { err: vec![text.into()], code: 1, ..Refusal::default() }
    }
    /// One line on standard error and help (`CommandLineUtils#printUsageAndExit`), exit code 1.
    pub(crate) fn usage(text: impl Into<String>) -> Refusal {
        Refusal { with_help: true, ..Refusal::line(text) }
    }
}

impl Tool {
    /// Help's text (Kafka prints it to standard error).
    pub fn help(&self) -> Vec<String> {
        std::iter::once(self.summary.to_owned()).chain(help::table(self.options)).collect()
    }

    pub(crate) fn launch(&self, launch: &Launch) -> Body {
        let args = launch.argv.get(1..).unwrap_or_default();
        if args.is_empty() && !self.without_arguments.is_empty() {
            return Body::Print(self.refused(Refusal::usage(self.without_arguments)));
        }
        if args.iter().any(|a| a == "--help") {
            return Body::Print(Print { out: vec![], err: self.help(), code: 1 });
        }
        if args.iter().any(|a| a == "--version") {
            return Body::Print(Print { out: vec![VERSION.to_owned()], err: vec![], code: 0 });
        }
        let started = match Parsed::read(args, self.options, self.removed) {
            Ok(parsed) => (self.start)(launch, &parsed),
            Err(error) => Err(self.misuse(error)),
        };
        started.unwrap_or_else(|refusal| Body::Print(self.refused(refusal)))
    }

    fn misuse(&self, error: OptionError) -> Refusal {
        let text = match self.on_misuse {
            Misuse::Uncaught => format!("Exception in thread \"main\" joptsimple.{}: {}", error.class, error.message),
            Misuse::ErrorOccurred => format!("Error occurred: {}", error.message),
            Misuse::Message | Misuse::MessageAndHelp => error.message,
            Misuse::Argparse(argparse) => {
                let text = match error.class {
                    "UnrecognizedOptionException" => format!("unrecognized arguments: '--{}'", error.option),
                    _ => format!("argument --{}: expected one argument", error.option),
                };
                let mut refusal = argparse.refuse(text);
                refusal.err.extend(error.hint);
                return refusal;
            }
        };
        let err = std::iter::once(text).chain(error.hint).collect();
        Refusal { out: vec![], err, with_help: self.on_misuse == Misuse::MessageAndHelp, code: 1 }
    }

    fn refused(&self, refusal: Refusal) -> Print {
        let mut err = refusal.err;
        if refusal.with_help {
            err.extend(help::table(self.options));
        }
        Print { out: refusal.out, err, code: refusal.code }
    }
}

/// What `--version` prints.
pub(crate) const VERSION: &str = "4.4.0";

// Tools are looked up one by one and not in the table, so that whoever starts one does not need all the others' options: in
// the page those come later.
macro_rules! tools {
    ($($tool:expr),* $(,)?) => {
        /// Every tool, by name.
        pub const TOOLS: &[Tool] = &[$($tool),*];

        fn named(name: &str) -> Option<&'static Tool> {
            $(
                if $tool.name == name {
                    const FOUND: &Tool = &$tool;
                    return Some(FOUND);
                }
            )*
            None
        }
    };
}

gap!(
    "kafka-acls, kafka-broker-api-versions, kafka-client-metrics, kafka-delegation-tokens, kafka-groups, kafka-jmx, kafka-replica-verification, kafka-share-…, kafka-streams-…, kafka-transactions, kafka-verifiable-consumer",
    "Kafka's bin folder"
);

tools! {
    topics::TOOL,
    console_producer::TOOL,
    console_consumer::TOOL,
    consumer_groups::TOOL,
    get_offsets::TOOL,
    configs::TOOL,
    leader_election::TOOL,
    metadata_quorum::TOOL,
    verifiable_producer::TOOL,
    producer_perf::TOOL,
    consumer_perf::TOOL,
    dump_log::TOOL,
    metadata_shell::TOOL,
    storage::TOOL,
    zk_shell::TOOL,
    log_dirs::TOOL,
    delete_records::TOOL,
    reassign::TOOL,
    cluster::TOOL,
    features::TOOL,
    crate::programs::experiment::TOOL,
}

/// The tool a command word names.
pub fn find(word: &str) -> Option<&'static Tool> {
    let word = word.rsplit('/').next().unwrap_or(word);
    let name = word.strip_suffix(".sh").unwrap_or(word);
    named(name)
}

/// `CommandLineUtils#checkRequiredArgs`.
pub(crate) fn check_required(options: &Parsed, required: &[&str]) -> Result<(), Refusal> {
    match required.iter().find(|name| !options.has(name)) {
        Some(name) => Err(Refusal::usage(format!("Missing required argument \"[{name}]\""))),
        None => Ok(()),
    }
}

/// `CommandLineUtils#checkInvalidArgs`: `used` excludes each of `others`.
pub(crate) fn check_invalid(options: &Parsed, used: &str, others: &[&str]) -> Result<(), Refusal> {
    match others.iter().find(|name| options.has(used) && options.has(name)) {
        Some(name) => Err(Refusal::usage(format!("Option \"[{used}]\" can't be used with option \"[{name}]\""))),
        None => Ok(()),
    }
}

/// The option of the two that is used: `old` still works, `new` is today's name (KIP-1147).
pub(crate) struct Deprecated {
    old: &'static str,
    new: &'static str,
    is_old: bool,
}

/// Which of `old` and `new` is given; both are one too many.
pub(crate) fn deprecated(options: &Parsed, old: &'static str, new: &'static str) -> Result<Deprecated, Refusal> {
    if options.has(old) && options.has(new) {
        let (first, second) = if old == "property" && new == "formatter-property" { (old, new) } else { (new, old) };
        return Err(Refusal::usage(format!("Options --{first} and --{second} cannot be specified together.")));
    }
    Ok(Deprecated { old, new, is_old: options.has(old) })
}

impl Deprecated {
    /// The name to read; the console producer's warning.
    pub(crate) fn warn_as_producer(&self, out: &mut Vec<String>) -> &'static str {
        if self.is_old {
            out.push(format!(
                "Warning: --{} is deprecated and will be removed in a future version. Use --{} instead.",
                self.old, self.new
            ));
        }
        if self.is_old { self.old } else { self.new }
    }
    /// The name to read; the warning of `kafka-consumer-perf-test`.
    pub(crate) fn warn_briefly(&self, out: &mut Vec<String>) -> &'static str {
        if self.is_old {
            out.push(format!("Warning: --{} is deprecated. Use --{} instead.", self.old, self.new));
        }
        if self.is_old { self.old } else { self.new }
    }
    /// The name to read; the console consumer's warning.
    pub(crate) fn warn_as_consumer(&self, out: &mut Vec<String>) -> &'static str {
        if self.is_old {
            out.push(format!(
                "Option --{} is deprecated and will be removed in a future version. Use --{} instead.",
                self.old, self.new
            ));
        }
        if self.is_old { self.old } else { self.new }
    }
}

/// `key=value` arguments (`CommandLineUtils#parseKeyValueArgs`); a missing value is empty.
fn key_values(args: &[String]) -> Vec<(String, String)> {
    let pair =
        |arg: &String| arg.split_once('=').map_or((arg.clone(), String::new()), |(k, v)| (k.to_owned(), v.to_owned()));
    args.iter().filter(|arg| !arg.is_empty()).map(pair).collect()
}

/// What a properties file holds, if one is given, and arguments say, which count more.
pub(crate) fn with_args(file: Option<Properties>, args: &[String]) -> Properties {
    let mut properties = file.unwrap_or_default();
    properties.extend(key_values(args).into_iter().map(|(key, value)| (key.into(), value.into())));
    properties
}

/// The same, as readers and formatters take them.
pub(crate) fn pairs_with_args(file: Option<Properties>, args: &[String]) -> Vec<(String, String)> {
    with_args(file, args).iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// `ToolsUtils#validateBootstrapServer`.
pub(crate) fn validate_bootstrap(options: &Parsed) -> Result<(), Refusal> {
    let servers = options.all("bootstrap-server").join(",");
    if servers.is_empty() {
        return Err(Refusal::usage("Error while validating the bootstrap address\n"));
    }
    let is_valid = |server: &str| server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if !servers.split(',').all(is_valid) {
        return Err(Refusal::usage("Please provide valid host:port like host1:9091,host2:9092\n"));
    }
    Ok(())
}
