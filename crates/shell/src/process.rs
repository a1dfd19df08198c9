//! One running program: a machine made of the program's own steps and the Kafka clients it embeds.

use std::sync::Arc;

use clients::{Consumer, Producer};
use kernel::{Death, Effects, Input, Machine, Order, Time};
use protocol::{Message, Note, Plant};

use crate::Profile;
use crate::admin_tool::AdminTool;
use crate::builtins;
use crate::docker::{self, Docker};
use crate::io::{self, Io};
use crate::launch::{Launch, LaunchError, Stdin};
use crate::outlet::{Outlet, Written};
use crate::programs::SCRIPTS;
use crate::programs::admin::AdminPy;
use crate::programs::consumer::PyConsumer;
use crate::programs::experiment::ExperimentProducer;
use crate::programs::producer::PyProducer;
use crate::tools;
use crate::tools::cluster::Cluster;
use crate::tools::configs::Configs;
use crate::tools::console_consumer::ConsoleConsumer;
use crate::tools::console_producer::ConsoleProducer;
use crate::tools::consumer_groups::ConsumerGroups;
use crate::tools::consumer_perf::ConsumerPerf;
use crate::tools::delete_records::DeleteRecords;
use crate::tools::features::Features;
use crate::tools::get_offsets::GetOffsets;
use crate::tools::leader_election::LeaderElection;
use crate::tools::log_dirs::LogDirs;
use crate::tools::metadata_quorum::MetadataQuorum;
use crate::tools::metadata_shell::MetadataShell;
use crate::tools::producer_perf::ProducerPerf;
use crate::tools::reassign::Reassign;
use crate::tools::storage::{Format, RandomUuid};
use crate::tools::topics::Topics;
use crate::tools::verifiable_producer::VerifiableProducer;
use crate::tools::zk_shell::ZkShell;
use crate::tree::Formatting;

/// A process that runs one program.
#[derive(Clone, Hash, Debug)]
pub struct AppProcess {
    launch: Arc<Launch>,
    body: Body,
    outlet: Option<Box<Outlet>>,
    exited: Option<i32>,
    plant: Plant,
}

/// What a program is to the page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProgramKind {
    /// Sends records.
    Producer,
    /// Reads records.
    Consumer,
    /// Asks and ends.
    Tool,
}

impl ProgramKind {
    /// `producer`, `consumer` or `tool`.
    pub fn name(self) -> &'static str {
        match self {
            ProgramKind::Producer => "producer",
            ProgramKind::Consumer => "consumer",
            ProgramKind::Tool => "tool",
        }
    }
}

macro_rules! bodies {
    ($($name:ident($program:ty))*) => {
        /// The programs there are.
        #[derive(Clone, Hash, Debug)]
        pub(crate) enum Body {
            $($name($program),)*
        }

        impl Body {
            fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
                match self {
                    $(Body::$name(program) => program.step(input, io),)*
                }
            }
        }
    };
}
bodies! {
    Print(Print)
    RandomUuid(RandomUuid)
    Topics(Box<AdminTool<Topics>>)
    ConsumerGroups(Box<AdminTool<ConsumerGroups>>)
    GetOffsets(Box<AdminTool<GetOffsets>>)
    Configs(Box<AdminTool<Configs>>)
    LeaderElection(Box<AdminTool<LeaderElection>>)
    MetadataQuorum(Box<AdminTool<MetadataQuorum>>)
    LogDirs(Box<AdminTool<LogDirs>>)
    DeleteRecords(Box<AdminTool<DeleteRecords>>)
    Reassign(Box<AdminTool<Reassign>>)
    Cluster(Box<AdminTool<Cluster>>)
    Features(Box<AdminTool<Features>>)
    ConsoleProducer(Box<ConsoleProducer>)
    ConsoleConsumer(Box<ConsoleConsumer>)
    VerifiableProducer(Box<VerifiableProducer>)
    ProducerPerf(Box<ProducerPerf>)
    ConsumerPerf(Box<ConsumerPerf>)
    AdminPy(Box<AdminPy>)
    Experiment(Box<ExperimentProducer>)
    PyProducer(Box<PyProducer>)
    PyConsumer(Box<PyConsumer>)
    ZkShell(Box<AdminTool<ZkShell>>)
    MetadataShell(Box<MetadataShell>)
    Format(Box<Format>)
}

/// A program that prints and ends: help, usage errors, text commands.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Print {
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
    pub(crate) code: i32,
}

impl Print {
    pub(crate) fn step(&mut self, input: &Input<Message>, io: &mut Io<'_>) {
        if *input == Input::Start {
            self.out.drain(..).for_each(|line| io.out(line));
            self.err.drain(..).for_each(|line| io.err(line));
            io.exit(self.code);
        }
    }
}

impl AppProcess {
    /// Loads the program that `launch` names. A wrong option is not an error here: the program starts, prints Kafka's
    /// message and ends.
    pub fn launch(launch: Launch) -> Result<AppProcess, LaunchError> {
        let body = load(&launch)?;
        let outlet = launch.outlet.clone();
        let launch = Launch { printed: None, opened: Vec::new(), outlet: None, ..launch };
        Ok(AppProcess { launch: Arc::new(launch), body, outlet, exited: None, plant: Plant::None })
    }

    /// With a bug in its clients.
    pub fn planted(self, plant: Plant) -> AppProcess {
        AppProcess { plant, ..self }
    }

    /// What it is called on the stage: `client.id`, or the program's name.
    pub fn title(&self) -> String {
        match &self.body {
            Body::AdminPy(program) => return program.title(),
            Body::PyProducer(program) => return program.title(),
            Body::Experiment(program) => return program.title(),
            Body::PyConsumer(program) => return program.title(),
            _ => {}
        }
        let client_id =
            self.producer().map(|p| p.client_id().clone()).or_else(|| self.consumer().map(|c| c.client_id().clone()));
        match (client_id, self.launch.argv.first()) {
            (Some(client_id), _) => client_id.to_string(),
            (None, Some(word)) => word.trim_end_matches(".sh").to_owned(),
            (None, None) => String::new(),
        }
    }

    /// What it is to the page.
    pub fn kind(&self) -> ProgramKind {
        match &self.body {
            Body::ConsoleProducer(_)
            | Body::VerifiableProducer(_)
            | Body::ProducerPerf(_)
            | Body::PyProducer(_)
            | Body::Experiment(_) => ProgramKind::Producer,
            Body::ConsoleConsumer(_) | Body::ConsumerPerf(_) | Body::PyConsumer(_) => ProgramKind::Consumer,
            _ => ProgramKind::Tool,
        }
    }

    /// Whether it reads what is typed in its terminal.
    pub fn reads_terminal(&self) -> bool {
        match &self.body {
            Body::ConsoleProducer(_) | Body::ZkShell(_) => self.launch.stdin == Stdin::Terminal,
            Body::MetadataShell(program) => program.reads_terminal(),
            Body::PyProducer(program) => program.reads_terminal(),
            _ => false,
        }
    }

    /// Its client family.
    pub fn profile(&self) -> Profile {
        match &self.body {
            Body::AdminPy(program) => program.profile(),
            Body::PyProducer(program) => program.producer().profile(),
            Body::Experiment(program) => program.producer().profile(),
            Body::PyConsumer(program) => program.profile(),
            _ => Profile::Java,
        }
    }

    /// Its producer, if it has one.
    pub fn producer(&self) -> Option<&Producer> {
        match &self.body {
            Body::ConsoleProducer(program) => Some(program.producer()),
            Body::VerifiableProducer(program) => Some(program.producer()),
            Body::ProducerPerf(program) => Some(program.producer()),
            Body::PyProducer(program) => Some(program.producer()),
            Body::Experiment(program) => Some(program.producer()),
            _ => None,
        }
    }

    /// Its consumer, if it has one and has started.
    pub fn consumer(&self) -> Option<&Consumer> {
        match &self.body {
            Body::ConsoleConsumer(program) => program.consumer(),
            Body::ConsumerPerf(program) => program.consumer(),
            Body::PyConsumer(program) => program.consumer(),
            _ => None,
        }
    }

    /// Records its consumer has handed to it so far.
    pub fn records(&self) -> u64 {
        match &self.body {
            Body::ConsoleConsumer(program) => program.printed(),
            Body::ConsumerPerf(program) => program.records(),
            Body::PyConsumer(program) => program.records(),
            _ => 0,
        }
    }

    /// What was typed to start it.
    pub fn command_line(&self) -> String {
        self.launch.command_line()
    }

    /// The group it consumes in.
    pub fn group(&self) -> Option<&str> {
        self.consumer().and_then(|consumer| consumer.group().map(|group| &**group))
    }

    /// Its member id in the group, once it has one.
    pub fn member(&self) -> Option<Arc<str>> {
        self.consumer().map(Consumer::member).filter(|member| !member.is_empty())
    }

    /// The files it writes (`> file`).
    pub fn written(&self) -> &[Written] {
        self.outlet.as_ref().map_or(&[], |outlet| outlet.files())
    }

    /// What it formats, at once when it is started.
    pub fn formats(&self) -> Option<&Formatting> {
        match &self.body {
            Body::Format(format) => Some(format.formatting()),
            _ => None,
        }
    }

    /// Its exit code, once it has ended by itself.
    pub fn exit_code(&self) -> Option<i32> {
        self.exited
    }
}

pub(crate) fn load(launch: &Launch) -> Result<Body, LaunchError> {
    let Some(word) = launch.argv.first().map(String::as_str) else {
        return Ok(Body::Print(Print::default()));
    };
    if let Some(tool) = tools::find(word) {
        return Ok(tool.launch(launch));
    }
    if let Some(printed) = &launch.printed {
        return Ok(Body::Print(printed.clone()));
    }
    match word {
        "python" | "python3" => script(launch, word),
        "help" => Ok(Body::Print(help(launch.argv.get(1).map(String::as_str)))),
        "docker" => match docker::read(launch)? {
            Docker::Run(launch) => load(&launch),
            Docker::Say(text) => Ok(Body::Print(Print { out: vec![text], ..Print::default() })),
        },
        _ => Err(LaunchError::not_found(word)),
    }
}

/// `help` lists the programs; `help kafka-topics` is that tool's help.
fn help(topic: Option<&str>) -> Print {
    if let Some(tool) = topic.and_then(tools::find) {
        return Print { out: tool.help(), ..Print::default() };
    }
    let mut out = vec!["Kafka's tools (with and without .sh; --help tells more):".to_owned()];
    out.extend(tools::TOOLS.iter().map(|tool| format!("  {:<26} {}", tool.name, tool.summary)));
    out.push("Workshop programs (python NAME):".to_owned());
    out.extend(SCRIPTS.iter().map(|script| {
        let inputs = script.inputs.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        format!("  {:<42} {} [{inputs}]", script.name, script.summary)
    }));
    out.push(format!("Files and text: cd, {}", builtins::NAMES.join(", ")));
    Print { out, ..Print::default() }
}

fn script(launch: &Launch, python: &str) -> Result<Body, LaunchError> {
    let args: Vec<String> = launch.argv.iter().skip(1).skip_while(|a| a.starts_with('-')).cloned().collect();
    let Some((name, args)) = args.split_first() else {
        return Err(LaunchError::one(
            format!("{python}: the interactive interpreter is not modelled; name a program"),
            2,
        ));
    };
    let path = name.trim_start_matches("./");
    let script = SCRIPTS.iter().find(|s| s.name == path).ok_or_else(|| LaunchError::no_script(python, name))?;
    let started = (script.start)(launch, args);
    Ok(started.unwrap_or_else(|refusal| Body::Print(Print { out: refusal.out, err: refusal.err, code: refusal.code })))
}

impl Machine for AppProcess {
    type Message = Message;
    type Note = Note;

    fn step(&mut self, now: Time, mut input: Input<Message>, fx: &mut Effects<Message, Note>) {
        if self.exited.is_some() {
            return;
        }
        if let (Input::Order(Order::Interrupt), Some(outlet)) = (&input, &mut self.outlet) {
            outlet.interrupt();
        }
        let outlet = self.outlet.as_deref_mut();
        self.body.step(&mut input, &mut Io::new(now, fx, &mut self.exited, self.plant, outlet));
        if let (Some(code), Some(outlet)) = (self.exited, &mut self.outlet) {
            let code = outlet.finish(code, &mut |line, is_stderr| io::show(fx, line, is_stderr));
            self.exited = Some(code);
            fx.exit(code);
        }
    }

    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }

    /// A program keeps nothing: started again, it is launched anew.
    fn halt(&mut self, _now: Time, _death: Death) {}
}
