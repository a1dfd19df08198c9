//! `kafka-consumer-groups` (`org.apache.kafka.tools.consumer.group.ConsumerGroupCommand`).
//!
//! What goes wrong after the options are read is printed as `Error: …` and still ends with code 0, as in Kafka.

mod options;
mod describe;
mod plan;
mod reset;
mod delete_offsets;

use clients::{AdminCall, AdminResult, ClientError, Regex, RegexError};
use protocol::api::list_groups::ListedGroup;
use protocol::{BrokerId, ErrorCode, GroupId, gap};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{OptionError, Parsed};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool};
use delete_offsets::DeleteOffsets;
use describe::Describe;
use reset::Reset;

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-consumer-groups",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: options::OPTIONS,
    removed: &[("to-period", "today it is --by-duration")],
    on_misuse: Misuse::Uncaught,
    start,
};

const SUMMARY: &str = "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.";
const STATES: &[&str] =
    &["Stable", "Empty", "Dead", "CompletingRebalance", "Reconciling", "Assigning", "PreparingRebalance"];
const TYPES: &[&str] = &["Consumer", "Classic"];

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let warnings = options::check(options)?;
    if let Ok(Some(regex)) = options.one("validate-regex") {
        return Err(Refusal { out: vec![validated(regex)], code: 0, ..Refusal::default() });
    }
    if options.has("list") {
        filter(options, "state", STATES).map_err(|text| {
            Refusal::usage(format!("Invalid state list '{text}'. Valid states are: {}", STATES.join(", ")))
        })?;
        filter(options, "type", TYPES).map_err(|text| {
            Refusal::usage(format!("Invalid types list '{text}'. Valid types are: {}", TYPES.join(", ")))
        })?;
    }
    let files = launch.files.clone();
    let script = ConsumerGroups { options: options.clone(), warnings, work: Work::Groups, files };
    Ok(Body::ConsumerGroups(Box::new(AdminTool::new(launch, options, script)?)))
}

/// What `--validate-regex` says. It asks no broker.
fn validated(regex: &str) -> String {
    gap!("--validate-regex knows Java's regular expressions, in the words of RE2", "RE2J");
    match Regex::new(regex) {
        Ok(_) => format!("The regular expression `{regex}` is valid."),
        Err(RegexError::Unmodelled(text)) => text,
        Err(RegexError::Syntax(error)) => {
            let reason = error.lines().next().unwrap_or_default();
            format!("The regular expression `{regex}` is invalid: {}.", as_re2(regex, reason))
        }
    }
}

/// What RE2 says where Java's regular expressions give this reason.
fn as_re2<'a>(regex: &str, reason: &'a str) -> &'a str {
    const WORDS: &[(&str, &str)] = &[
        ("Unclosed group", "missing closing )"),
        ("Unclosed character class", "missing closing ]"),
        ("Unmatched closing ')'", "regexp/syntax: internal error"),
        ("Illegal repetition", "invalid repeat count"),
        ("Illegal/unsupported escape sequence", "invalid escape sequence"),
    ];
    let dangling = || reason.strip_prefix("Dangling meta character")?.rsplit(' ').next()?.parse::<usize>().ok();
    match dangling().map(|at| regex.chars().nth(at.wrapping_sub(1))) {
        Some(None | Some('(' | '|' | '^')) => "missing argument to repetition operator",
        Some(Some(_)) => "invalid nested repetition operator",
        None => WORDS.iter().find(|(java, _)| reason.starts_with(java)).map_or(reason, |(_, re2)| re2),
    }
}

/// The values of `--state` or `--type`, in Kafka's spelling; the error is what was given.
fn filter(options: &Parsed, option: &str, known: &[&'static str]) -> Result<Vec<&'static str>, String> {
    let Some(text) = options.all(option).first() else { return Ok(vec![]) };
    text.split(',')
        .map(|one| known.iter().copied().find(|k| k.eq_ignore_ascii_case(one.trim())).ok_or_else(|| text.clone()))
        .collect()
}

/// The command under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ConsumerGroups {
    options: Parsed,
    warnings: Vec<String>,
    work: Work,
    files: std::sync::Arc<crate::Files>,
}

/// Groups → (done | Deleting | DeletingOffsets | Describing | Resetting).
#[derive(Clone, Hash, Debug)]
enum Work {
    /// Lists groups, or is about to start with the groups that were named.
    Groups,
    Deleting,
    DeletingOffsets(DeleteOffsets),
    Describing(Describe),
    Resetting(Box<Reset>),
}

/// Why the tool gives up.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Failure {
    /// What stands behind `failed due to`.
    text: String,
    /// What goes to standard error.
    stack: String,
}

impl Failure {
    /// A failure whose text is the exception with its class.
    fn of(error: &ClientError) -> Failure {
        Failure { text: error.to_string(), stack: format!("java.util.concurrent.ExecutionException: {error}") }
    }
    /// A failure whose text is the message alone.
    fn bare(class: &str, message: impl Into<String>) -> Failure {
        let text = message.into();
        Failure { stack: format!("{class}: {text}"), text }
    }
    fn print(self, admin: &mut Calls<'_, '_>) {
        admin.io.out(format!("\nError: Executing consumer group command failed due to {}", self.text));
        admin.io.err(self.stack);
        admin.io.exit(0);
    }
}
impl From<OptionError> for Failure {
    fn from(e: OptionError) -> Failure {
        Failure::bare(&format!("joptsimple.{}", e.class), e.message)
    }
}

impl Script for ConsumerGroups {
    /// The client is made where everything that goes wrong is printed, and ends well.
    fn unmade(&self, mut refusal: Refusal) -> Refusal {
        let message = refusal.err.remove(0);
        let text = match refusal.err.as_mut_slice() {
            // A file that is not there is wrapped before it gets here.
            [trace] if trace.starts_with("java.nio.file.") => {
                let text = trace.clone();
                trace.insert_str(0, "java.lang.RuntimeException: ");
                refusal.err.push(format!("Caused by: {text}"));
                text
            }
            _ => message,
        };
        refusal.out.push(format!("\nError: Executing consumer group command failed due to {text}"));
        Refusal { code: 0, ..refusal }
    }

    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        self.warnings.drain(..).for_each(|line| admin.io.err(line));
        if let Err(e) = self.options.number::<i64>("timeout") {
            return Failure::from(e).print(admin);
        }
        if self.options.has("list") || self.options.has("all-groups") {
            admin.call(AdminCall::ListGroups { states: vec![] });
        } else {
            let groups = self.options.all("group").iter().map(|group| GroupId::from(group.as_str())).collect();
            self.with_groups(groups, admin);
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        let done = match (&mut self.work, result) {
            (_, AdminResult::Failed(error)) => Err(Failure::of(&error)),
            (Work::Groups, AdminResult::ListGroups(groups)) => self.listed(groups, admin),
            (Work::Deleting, AdminResult::DeleteGroups(results)) => {
                deleted(&results, admin);
                Ok(())
            }
            (Work::DeletingOffsets(deletion), result) => {
                deletion.answer(result, admin);
                Ok(())
            }
            (Work::Describing(describe), result) => describe.answer(result, admin),
            (Work::Resetting(reset), result) => reset.answer(result, admin),
            (Work::Groups | Work::Deleting, _) => unreachable!("the tool makes no other call"),
        };
        if let Err(failure) = done {
            failure.print(admin);
        }
    }
}

impl ConsumerGroups {
    fn listed(&mut self, groups: Vec<(ListedGroup, BrokerId)>, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        // Share and streams groups are not consumer groups; offset-only groups have no protocol type.
        let groups: Vec<ListedGroup> = groups
            .into_iter()
            .map(|(group, _)| group)
            .filter(|g| g.protocol_type.is_empty() || &*g.protocol_type == "consumer")
            .collect();
        if self.options.has("list") {
            self.print_list(&groups, admin);
            admin.io.exit(0);
        } else {
            self.with_groups(groups.into_iter().map(|g| g.group).collect(), admin);
        }
        Ok(())
    }

    fn print_list(&self, groups: &[ListedGroup], admin: &mut Calls<'_, '_>) {
        let (with_type, with_state) = (self.options.has("type"), self.options.has("state"));
        let states = filter(&self.options, "state", STATES).unwrap_or_default();
        let types = filter(&self.options, "type", TYPES).unwrap_or_default();
        let is_wanted = |g: &&ListedGroup| {
            (states.is_empty() || states.contains(&&*g.state)) && (types.is_empty() || types.contains(&&*g.group_type))
        };
        let groups: Vec<&ListedGroup> = groups.iter().filter(is_wanted).collect();
        if !with_type && !with_state {
            groups.iter().for_each(|g| admin.io.out(&*g.group));
            return;
        }
        let width = groups.iter().map(|g| g.group.len() + 10).max().unwrap_or(0).max(25);
        let row = |group: &str, kind: &str, state: &str| match (with_type, with_state) {
            (true, true) => format!("{group:width$} {kind:<20} {state:<20}"),
            (true, false) => format!("{group:width$} {kind:<20}"),
            _ => format!("{group:width$} {state:<20}"),
        };
        admin.io.out(row("GROUP", "TYPE", "STATE"));
        groups.iter().for_each(|g| admin.io.out(row(&g.group, &g.group_type, &g.state)));
    }

    fn with_groups(&mut self, mut groups: Vec<GroupId>, admin: &mut Calls<'_, '_>) {
        ordered::sort(&mut groups);
        groups.dedup();
        if groups.is_empty() {
            if self.options.has("delete") {
                deleted(&[], admin);
            }
            return admin.io.exit(0);
        }
        if self.options.has("delete") {
            self.work = Work::Deleting;
            admin.call(AdminCall::DeleteGroups { groups });
        } else if self.options.has("delete-offsets") {
            let topics = options::topic_args(&self.options).unwrap_or_default();
            let group = groups.swap_remove(0);
            self.work = Work::DeletingOffsets(DeleteOffsets::begin(group, &topics, admin));
        } else if self.options.has("reset-offsets") {
            self.work = match Reset::begin(&self.options, &self.files, groups, admin) {
                Ok(reset) => Work::Resetting(Box::new(reset)),
                Err(failure) => return failure.print(admin),
            };
        } else {
            self.work = Work::Describing(Describe::begin(&self.options, groups, admin));
        }
    }
}

fn deleted(results: &[(GroupId, Result<(), ClientError>)], admin: &mut Calls<'_, '_>) {
    let names = results
        .iter()
        .filter(|(_, result)| result.is_ok())
        .map(|(group, _)| format!("'{group}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let failed: Vec<String> = results
        .iter()
        .filter_map(|(group, result)| {
            result.as_ref().err().map(|e| format!("* Group '{group}' could not be deleted due to: {e}"))
        })
        .collect();
    if failed.is_empty() {
        admin.io.out(format!("Deletion of requested consumer groups ({names}) was successful."));
    } else {
        admin.io.out("\nError: Deletion of some consumer groups failed:");
        failed.into_iter().for_each(|line| admin.io.out(line));
        if !names.is_empty() {
            admin.io.out(format!("\nThese consumer groups were deleted successfully: {names}"));
        }
    }
    admin.io.exit(0);
}

/// The error of a group that is not there, as the tool words it.
fn not_found(group: &str, error: ClientError) -> ClientError {
    match error.code {
        ErrorCode::GroupIdNotFound => error.with_message(Some(&format!("Group {group} not found."))),
        _ => error,
    }
}
