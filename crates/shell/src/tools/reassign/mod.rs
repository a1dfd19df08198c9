//! `kafka-reassign-partitions` (`org.apache.kafka.tools.reassign.ReassignPartitionsCommand`): moves partitions to other
//! brokers (KIP-455). Each action asks a few things one after the other; what is done with the answers stands in the
//! action's own file. Left out: Java stack traces.

mod execute;
mod generate;
mod json;
mod moves;
mod verify;

use clients::{AdminCall, AdminResult, ClientError};
use kernel::Input;
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::describe_cluster::DescribeClusterResponse;
use protocol::api::describe_topic_partitions::DescribedTopic;
use protocol::api::list_partition_reassignments::OngoingReassignment;
use protocol::{BrokerId, Message, TopicName, TopicPartition};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, OptionError, Parsed, flag, maybe, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool, check_required};
use json::Target;
use moves::Moves;

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-reassign-partitions",
    summary: SUMMARY,
    without_arguments: SUMMARY,
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::Uncaught,
    start,
};

const SUMMARY: &str = "This tool helps to move topic partitions between replicas.";

/// What it is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Action {
    Generate,
    Execute,
    Verify,
    Cancel,
    List,
}

/// The actions with the options each needs and those it may have.
const ACTIONS: &[(&str, Action, &[&str], &[&str])] = &[
    ("generate", Action::Generate, &["topics-to-move-json-file", "broker-list"], &["disable-rack-aware"]),
    (
        "execute",
        Action::Execute,
        &["reassignment-json-file"],
        &["additional", "throttle", "replica-alter-log-dirs-throttle", "timeout", "disallow-replication-factor-change"],
    ),
    ("verify", Action::Verify, &["reassignment-json-file"], &["preserve-throttles"]),
    ("cancel", Action::Cancel, &["reassignment-json-file"], &["bootstrap-controller", "preserve-throttles", "timeout"]),
    ("list", Action::List, &[], &["bootstrap-controller"]),
];

/// The command under way, with what it has heard so far.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Reassign {
    action: Action,
    targets: Vec<Target>,
    topics: Vec<TopicName>,
    brokers: Vec<BrokerId>,
    is_rack_aware: bool,
    is_additional: bool,
    keeps_throttles: bool,
    allow_replication_factor_change: bool,
    throttle: i64,
    log_dir_throttle: i64,
    ongoing: Vec<OngoingReassignment>,
    described: Vec<(TopicName, Result<DescribedTopic, ClientError>)>,
    cluster: Option<DescribeClusterResponse>,
    /// The log directory of each replica that is known.
    log_dirs: SortedMap<(TopicPartition, BrokerId), Name>,
    /// The one it is moving to.
    future_dirs: SortedMap<(TopicPartition, BrokerId), Name>,
    /// Changes of configs that are not answered yet.
    open: usize,
    /// The throttles of brokers are off; those of topics are next.
    are_brokers_cleared: bool,
    /// Throttles of moves between log directories are set.
    are_dirs_throttled: bool,
    /// Replicas that are to lie in a log directory.
    moves: Moves,
}

const COMMAND_FAILED: &str = "org.apache.kafka.tools.AdminCommandFailedException";

/// Why it ends early.
enum Failure {
    /// A `TerseException`: this is all that is printed.
    Terse(String),
    /// Another exception: its class and message.
    Thrown { class: String, message: String },
    /// An `AdminCommandFailedException` that an exception of the admin client caused.
    Caused { message: String, by: ClientError },
    /// An exception of the admin client.
    Client(ClientError),
}

impl Failure {
    /// `AdminCommandFailedException`.
    fn command(message: impl Into<String>) -> Failure {
        Failure::thrown(COMMAND_FAILED, message)
    }
    fn thrown(class: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure::Thrown { class: class.into(), message: message.into() }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::Client(error)
    }
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let given: Vec<_> = ACTIONS.iter().filter(|(name, ..)| options.has(name)).collect();
    let [(name, action, needed, permitted)] = given[..] else {
        let names: Vec<String> = ACTIONS.iter().map(|(name, ..)| format!("--{name}")).collect();
        return Err(Refusal::usage(format!("Command must include exactly one action: {}", names.join(", "))));
    };
    check_bootstrap(options)?;
    check_required(options, needed)?;
    let fits = |option: &str| {
        ["bootstrap-server", "command-config", name].contains(&option)
            || needed.contains(&option)
            || permitted.contains(&option)
    };
    if let Some(option) = OPTIONS.iter().find(|option| options.has(option.name) && !fits(option.name)) {
        return Err(Refusal::usage(format!("Option \"[{}]\" can't be used with action \"[{name}]\"", option.name)));
    }
    let script = Reassign::new(launch, options, *action).map_err(refusal)?;
    Ok(Body::Reassign(Box::new(AdminTool::new(launch, options, script)?)))
}

fn check_bootstrap(options: &Parsed) -> Result<(), Refusal> {
    match (options.has("bootstrap-server"), options.has("bootstrap-controller")) {
        (true, true) => Err(Refusal::usage("Please don't specify both --bootstrap-server and --bootstrap-controller")),
        (true, false) | (false, true) => Ok(()),
        (false, false) => Err(Refusal::usage("Please specify either --bootstrap-server or --bootstrap-controller")),
    }
}

/// What the tool prints for an exception before it has done anything.
fn refusal(failure: Failure) -> Refusal {
    Refusal { out: lines(failure), code: 1, ..Refusal::default() }
}

fn lines(failure: Failure) -> Vec<String> {
    match failure {
        Failure::Terse(text) => vec![text],
        Failure::Thrown { class, message } => vec![format!("Error: {message}"), format!("{class}: {message}")],
        Failure::Caused { message, by } => vec![
            format!("Error: {message}"),
            format!("{COMMAND_FAILED}: {message}"),
            format!("Caused by: java.util.concurrent.ExecutionException: {by}"),
            format!("Caused by: {by}"),
        ],
        Failure::Client(error) => {
            vec![format!("Error: {error}"), format!("java.util.concurrent.ExecutionException: {error}")]
        }
    }
}

impl Reassign {
    fn new(launch: &Launch, options: &Parsed, action: Action) -> Result<Reassign, Failure> {
        let of_option = |error: OptionError| Failure::thrown(format!("joptsimple.{}", error.class), error.message);
        let file = |name: &str| {
            let path = options.one(name).map_err(of_option)?.unwrap_or_default();
            let missing = || Failure::thrown("java.io.IOException", format!("Unable to read file {path}"));
            launch.read(path).ok_or_else(missing)
        };
        let (mut targets, mut topics, mut brokers) = (Vec::new(), Vec::new(), Vec::new());
        match action {
            Action::List => {}
            Action::Generate => {
                let list = options.one("broker-list").map_err(of_option)?.unwrap_or_default();
                let wishes = json::wishes(&file("topics-to-move-json-file")?, list)?;
                topics = wishes.0.into_iter().map(Into::into).collect();
                brokers = wishes.1;
            }
            Action::Execute | Action::Verify | Action::Cancel => {
                targets = json::targets(&file("reassignment-json-file")?)?;
            }
        }
        if action == Action::Verify {
            json::keep_last(&mut targets);
        }
        if action == Action::Execute {
            json::check_executable(&targets)?;
        }
        let rate = |name| Ok::<i64, Failure>(options.number(name).map_err(of_option)?.unwrap_or(-1));
        Ok(Reassign {
            action,
            targets,
            topics,
            brokers,
            is_rack_aware: !options.has("disable-rack-aware"),
            is_additional: options.has("additional"),
            keeps_throttles: options.has("preserve-throttles"),
            allow_replication_factor_change: !options.has("disallow-replication-factor-change"),
            throttle: rate("throttle")?,
            log_dir_throttle: rate("replica-alter-log-dirs-throttle")?,
            ongoing: Vec::new(),
            described: Vec::new(),
            cluster: None,
            log_dirs: SortedMap::new(),
            future_dirs: SortedMap::new(),
            open: 0,
            are_brokers_cleared: false,
            are_dirs_throttled: false,
            moves: Moves::new(options.number("timeout").map_err(of_option)?.unwrap_or(10_000)),
        })
    }

    fn next(&mut self, result: AdminResult, admin: &mut Calls<'_, '_>) -> Result<(), Failure> {
        match result {
            AdminResult::ListReassignments(ongoing) => {
                self.ongoing = ongoing;
                match self.action {
                    Action::List => self.list(admin),
                    Action::Verify => self.verify_topics(admin),
                    Action::Execute => self.check_no_other(admin)?,
                    Action::Cancel | Action::Generate => self.cancel(admin),
                }
            }
            AdminResult::DescribeTopics(described) => {
                self.described = described;
                match self.action {
                    Action::Verify => self.verified(admin)?,
                    _ => self.look_into_log_dirs(admin)?,
                }
            }
            AdminResult::DescribeLogDirs(found) => {
                self.learn_log_dirs(&found);
                match self.action {
                    Action::Verify => self.moves_verified(admin),
                    Action::Cancel => self.cancel_moves(admin),
                    Action::Generate => self.ask_cluster(admin),
                    _ => self.execute(admin)?,
                }
            }
            AdminResult::DescribeCluster(cluster) => {
                self.cluster = Some(cluster);
                match self.action {
                    Action::Verify | Action::Cancel => self.clear_broker_throttles(admin),
                    Action::Generate => self.generate(admin)?,
                    _ => self.check_brokers(admin)?,
                }
            }
            AdminResult::AlterConfigs(result) => {
                result?;
                self.open -= 1;
                if self.open == 0 {
                    self.throttled(admin);
                }
            }
            AdminResult::AlterReassignments(results) => self.altered(results, admin)?,
            AdminResult::AlterReplicaLogDirs(results) => self.moved(results, admin)?,
            AdminResult::Failed(error) => return Err(error.into()),
            _ => unreachable!("the tool makes no other call"),
        }
        Ok(())
    }

    /// Configs are set or deleted; on to what waited for that.
    fn throttled(&mut self, admin: &mut Calls<'_, '_>) {
        match self.action {
            Action::Verify | Action::Cancel => self.broker_throttles_cleared(admin),
            _ => self.throttle_set(admin),
        }
    }

    fn ask_cluster(&self, admin: &mut Calls<'_, '_>) {
        admin.call(AdminCall::DescribeCluster { include_fenced: false });
    }

    /// The brokers there are.
    fn live(&self) -> Vec<BrokerId> {
        self.cluster.iter().flat_map(|cluster| &cluster.brokers).map(|(broker, _)| broker.id).collect()
    }

    /// `--list`.
    fn list(&self, admin: &mut Calls<'_, '_>) {
        if self.ongoing.is_empty() {
            admin.io.out("No partition reassignments found.");
        } else {
            admin.io.out("Current partition reassignments:");
        }
        let part = |word: &str, brokers: &[BrokerId]| match brokers {
            [] => String::new(),
            some => format!(" {word}: {}.", joined(some)),
        };
        for of in &self.ongoing {
            let (adding, removing) = (part("adding", &of.adding), part("removing", &of.removing));
            admin.io.out(format!(
                "{}-{}: replicas: {}.{adding}{removing}",
                of.topic,
                of.partition,
                joined(&of.replicas)
            ));
        }
        admin.io.exit(0);
    }

    /// `--cancel`: of those that were asked for, what moves is told to go back.
    fn cancel(&mut self, admin: &mut Calls<'_, '_>) {
        if self.ongoing.is_empty() {
            admin.io.out("None of the specified partition reassignments are active.");
            return self.end_cancel(admin);
        }
        let tp = |of: &OngoingReassignment| (TopicPartition::new(of.topic.clone(), of.partition), None);
        let partitions = self.ongoing.iter().map(tp).collect();
        admin.call(AdminCall::AlterReassignments { partitions, allow_replication_factor_change: true });
    }

    /// The controller took the reassignments, or the cancellations.
    fn altered(
        &mut self,
        mut results: Vec<(TopicPartition, Result<(), ClientError>)>,
        admin: &mut Calls<'_, '_>,
    ) -> Result<(), Failure> {
        ordered::sort_by(&mut results, |a, b| a.0.cmp(&b.0));
        let failed: Vec<String> =
            results.iter().filter_map(|(tp, r)| Some(format!("{tp}: {}", r.as_ref().err()?.message))).collect();
        let is_cancel = self.action == Action::Cancel;
        if !failed.is_empty() {
            let what = match is_cancel {
                true => format!("cancelling partition reassignment{} for", plural(failed.len())),
                false => "reassigning partition(s)".into(),
            };
            return Err(Failure::Terse(format!("Error {what}:\n{}", failed.join("\n"))));
        }
        let (s, names) = (plural(results.len()), joined_of(results.iter().map(|(tp, _)| tp)));
        if is_cancel {
            admin.io.out(format!("Successfully cancelled partition reassignment{s} for: {names}"));
            self.end_cancel(admin);
        } else {
            admin.io.out(format!("Successfully started partition reassignment{s} for {names}"));
            self.begin_moves(admin);
        }
        Ok(())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn joined(brokers: &[BrokerId]) -> String {
    joined_of(brokers.iter())
}

fn joined_of<'a, T: ToString + 'a>(items: impl Iterator<Item = &'a T>) -> String {
    items.map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Script for Reassign {
    fn unmade(&self, mut refusal: Refusal) -> Refusal {
        refusal.err[0].insert_str(0, "Error: ");
        refusal
    }

    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        let partitions = self.targets.iter().map(|target| target.tp.clone()).collect();
        admin.call(match self.action {
            Action::Generate => AdminCall::describe_topics(Some(self.topics.clone())),
            Action::Cancel => AdminCall::ListReassignments { partitions: Some(partitions) },
            Action::Execute | Action::Verify | Action::List => AdminCall::ListReassignments { partitions: None },
        });
    }

    fn input(&mut self, input: &Input<Message>, admin: &mut Calls<'_, '_>) {
        if let Input::Timer { token } = input {
            self.retry_moves(*token, admin);
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        if let Err(failure) = self.next(result, admin) {
            lines(failure).into_iter().for_each(|line| admin.io.out(line));
            admin.io.exit(1);
        }
    }
}

const OPTIONS: &[Opt] = &[
    flag(
        "additional",
        "Execute this reassignment in addition to any other ongoing ones. This option can also be used to change the throttle of an ongoing reassignment.",
    ),
    maybe(
        "bootstrap-controller",
        "String: bootstrap controller to connect to",
        "The controller to use for reassignment. By default, the tool will get the quorum controller. This option supports the actions --cancel and --list.",
    ),
    maybe("bootstrap-server", "String: Server(s) to use for bootstrapping", "the server(s) to use for bootstrapping."),
    value(
        "broker-list",
        "String: brokerlist",
        "The list of brokers to which the partitions need to be reassigned in the form \"0,1,2\". This is required if --topics-to-move-json-file is used to generate reassignment configuration",
    ),
    flag("cancel", "Cancel an active reassignment."),
    value(
        "command-config",
        "String: Admin client property file",
        "Property file containing configs to be passed to Admin Client.",
    ),
    flag("disable-rack-aware", "Disable rack aware replica assignment"),
    flag(
        "disallow-replication-factor-change",
        "Denies the ability to change a partition's replication factor as part of this reassignment through adding validation against it.",
    ),
    flag("execute", "Kick off the reassignment as specified by the --reassignment-json-file option."),
    flag(
        "generate",
        "Generate a candidate partition reassignment configuration. Note that this only generates a candidate assignment, it does not execute it.",
    ),
    flag("help", "Print usage information."),
    flag("list", "List all active partition reassignments."),
    flag("preserve-throttles", "Do not modify broker or topic throttles."),
    value(
        "reassignment-json-file",
        "String: manual assignment json file path",
        "The JSON file with the partition reassignment configurationThe format to use is - \n{\"partitions\":\n\t[{\"topic\": \"foo\",\n\t  \"partition\": 1,\n\t  \"replicas\": [1,2,3],\n\t  \"log_dirs\": [\"dir1\",\"dir2\",\"dir3\"] }],\n\"version\":1\n}\nNote that \"log_dirs\" is optional. When it is specified, its length must equal the length of the replicas list. The value in this list can be either \"any\" or the absolution path of the log directory on the broker. If absolute log directory path is specified, the replica will be moved to the specified log directory on the broker.",
    ),
    value(
        "replica-alter-log-dirs-throttle",
        "Long: replicaAlterLogDirsThrottle",
        "The movement of replicas between log directories on the same broker will be throttled to this value (bytes/sec). This option can be included with --execute when a reassignment is started, and it can be altered by resubmitting the current reassignment along with the --additional flag. The throttle rate should be at least 1 KB/s. (default: -1)",
    ),
    value(
        "throttle",
        "Long: throttle",
        "The movement of partitions between brokers will be throttled to this value (bytes/sec). This option can be included with --execute when a reassignment is started, and it can be altered by resubmitting the current reassignment along with the --additional flag. The throttle rate should be at least 1 KB/s. (default: -1)",
    ),
    value(
        "timeout",
        "Long: timeout",
        "The maximum time in ms to wait for log directory replica assignment to begin. (default: 10000)",
    ),
    value(
        "topics-to-move-json-file",
        "String: topics to reassign json file path",
        "Generate a reassignment configuration to move the partitions of the specified topics to the list of brokers specified by the --broker-list option. The format to use is - \n{\"topics\":\n\t[{\"topic\": \"foo\"},{\"topic\": \"foo1\"}],\n\"version\":1\n}",
    ),
    flag(
        "verify",
        "Verify if the reassignment completed as specified by the --reassignment-json-file option. If there is a throttle engaged for the replicas specified, and the rebalance has completed, the throttle will be removed",
    ),
    flag("version", "Display Kafka version."),
];
