//! One running program: a machine made of the program's own steps and the Kafka clients it embeds.

use kernel::{Death, Effects, Input, Machine, Time};
use protocol::{Message, Note};

use crate::io::Io;
use crate::launch::{Launch, LaunchError};
use crate::tools::{self, SCRIPTS};
use crate::{builtins, Profile};
use crate::admin_tool::AdminTool;
use crate::tools::topics::Topics;
use std::sync::Arc;

/// A process that runs one program.
#[derive(Clone, Hash, Debug)]
pub struct AppProcess {
    launch: Arc<Launch>,
    body: Body,
    exited: Option<i32>,
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

/// The programs there are.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Body {
    Print(Print),
    Topics(Box<AdminTool<Topics>>),
}

/// A program that prints and ends: help, usage errors, text commands.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Print {
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
    pub(crate) code: i32,
}

impl Print {
    fn step(&mut self, input: &Input<Message>, io: &mut Io<'_>) {
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
        Ok(AppProcess { launch: Arc::new(launch), body, exited: None })
    }

    /// What it is called on the stage: `client.id`, or the program's name.
    pub fn title(&self) -> String {
        self.launch.argv.first().map_or_else(String::new, |word| word.trim_end_matches(".sh").to_owned())
    }

    /// What it is to the page.
    pub fn kind(&self) -> ProgramKind {
        match &self.body {
            Body::Print(_) | Body::Topics(_) => ProgramKind::Tool,
        }
    }

    /// Its client family.
    pub fn profile(&self) -> Profile {
        self.launch.profile
    }

    /// What was typed to start it.
    pub fn command_line(&self) -> String {
        self.launch.command_line()
    }

    /// The group it consumes in.
    pub fn group(&self) -> Option<&str> {
        None
    }

    /// Its member id in the group, once it has one.
    pub fn member(&self) -> Option<&str> {
        None
    }

    /// What stands in front of the line that is being typed, while it reads lines from its terminal (`>`).
    pub fn prompt(&self) -> Option<&'static str> {
        None
    }

    /// Whether it reads lines from its terminal.
    pub fn reads_terminal(&self) -> bool {
        false
    }

    /// Its exit code, once it has ended by itself.
    pub fn exit_code(&self) -> Option<i32> {
        self.exited
    }
}

fn load(launch: &Launch) -> Result<Body, LaunchError> {
    let Some(word) = launch.argv.first().map(String::as_str) else {
        return Ok(Body::Print(Print::default()));
    };
    if let Some(tool) = tools::find(word) {
        return Ok(tool.launch(launch));
    }
    if builtins::NAMES.contains(&word) {
        return Ok(Body::Print(text_command(launch)));
    }
    match word {
        "python" | "python3" => script(launch, word),
        _ => Err(LaunchError::not_found(word)),
    }
}

fn text_command(launch: &Launch) -> Print {
    let stdin = match &launch.stdin {
        crate::Stdin::Terminal => None,
        crate::Stdin::Text(text) => Some(&**text),
    };
    let output = builtins::run(&launch.argv, stdin, &launch.files);
    Print { out: output.text.lines().map(str::to_owned).collect(), err: output.errors, code: output.code }
}

fn script(launch: &Launch, python: &str) -> Result<Body, LaunchError> {
    let args: Vec<String> = launch.argv.iter().skip(1).skip_while(|a| a.starts_with('-')).cloned().collect();
    let Some((name, args)) = args.split_first() else {
        return Err(LaunchError::one(format!("{python}: the interactive interpreter is not modelled; name a program"), 2));
    };
    let path = name.trim_start_matches("./");
    let script = SCRIPTS.iter().find(|s| s.name == path).ok_or_else(|| LaunchError::no_script(python, name))?;
    let started = (script.start)(launch, args);
    Ok(started.unwrap_or_else(|refusal| Body::Print(Print { out: refusal.out, err: refusal.err, code: refusal.code })))
}

impl Machine for AppProcess {
    type Message = Message;
    type Note = Note;

    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Effects<Message, Note>) {
        if self.exited.is_some() {
            return;
        }
        let mut io = Io { now, fx, exited: &mut self.exited };
        match &mut self.body {
            Body::Print(print) => print.step(&input, &mut io),
            Body::Topics(tool) => tool.step(&input, &mut io),
        }
    }

    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }

    /// A program keeps nothing: started again, it is launched anew.
    fn halt(&mut self, _death: Death) {}
}
