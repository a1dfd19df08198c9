//! The shape of Kafka's admin tools: an admin client, a few calls one after the other, some lines, an exit code.

use clients::{
    Admin, AdminCall, AdminEvent, AdminResult, ConfigError, LogLevel, LogLine, NO_BOOTSTRAP, Profile, Properties,
};
use kernel::{Input, Order};
use protocol::Message;
use std::hash::Hash;

use crate::io::Io;
use crate::launch::Launch;
use crate::options::Parsed;
use crate::tools::Refusal;

/// What a tool does with its answers. It ends by calling [`Io::exit`].
pub(crate) trait Script: Clone + Hash {
    /// What the tool says when it has no client: `refusal` holds the exception's message, and its trace.
    fn unmade(&self, refusal: Refusal) -> Refusal {
        refusal
    }
    /// Makes the first call, or prints and exits.
    fn begin(&mut self, admin: &mut Calls<'_, '_>);
    /// Takes what else comes: lines that are typed, or their end, and its own timers. Most tools have none.
    fn input(&mut self, _input: &Input<Message>, _admin: &mut Calls<'_, '_>) {}
    /// Takes the answer to the call `id`.
    fn answer(&mut self, id: u64, result: AdminResult, admin: &mut Calls<'_, '_>);
}

/// A tool's hands: its admin client and its output.
pub(crate) struct Calls<'a, 'b> {
    pub(crate) io: &'a mut Io<'b>,
    admin: &'a mut Admin,
}

impl Calls<'_, '_> {
    /// Makes a call; its answer comes with the returned number.
    pub(crate) fn call(&mut self, call: AdminCall) -> u64 {
        self.admin.call(self.io.now, self.io.fx, call)
    }
}

/// A running admin tool.
#[derive(Clone, Hash, Debug)]
pub(crate) struct AdminTool<S> {
    admin: Admin,
    script: S,
}

impl<S: Script> AdminTool<S> {
    /// A tool with the client that its options ask for. If there cannot be one, the first line is the exception's message and
    /// the others are its trace.
    pub(crate) fn new(launch: &Launch, options: &Parsed, script: S) -> Result<AdminTool<S>, Refusal> {
        let mut properties = match options.one("command-config").ok().flatten() {
            Some(path) => command_config(launch, path).map_err(|refusal| script.unmade(refusal))?,
            None => Properties::new(),
        };
        let (option, property) = match options.has("bootstrap-controller") {
            true => ("bootstrap-controller", "bootstrap.controllers"),
            false => ("bootstrap-server", "bootstrap.servers"),
        };
        let nodes = options.one(option).ok().flatten().unwrap_or_default();
        properties.insert(property.into(), nodes.into());
        // Some tools name their clients; `GetOffsetShell` lets nobody choose another name.
        let named = match launch.argv.first().map(String::as_str) {
            Some("kafka-get-offsets") => Some("GetOffsetShell"),
            Some("kafka-reassign-partitions") => Some("reassign-partitions-tool"),
            Some("kafka-log-dirs") => Some("log-dirs-tool"),
            _ => None,
        };
        if let Some(name) = named.filter(|name| *name == "GetOffsetShell" || !properties.contains_key("client.id")) {
            properties.insert("client.id".into(), name.into());
        }
        AdminTool::with(&properties, script)
    }

    /// The same with a client of these properties.
    pub(crate) fn with(properties: &Properties, script: S) -> Result<AdminTool<S>, Refusal> {
        let client_id = properties.get("client.id").cloned().unwrap_or_else(|| "adminclient-1".into());
        let admin = Admin::new(Profile::Java, properties, &client_id, 1).map_err(|e| script.unmade(refusal(&e)))?;
        Ok(AdminTool { admin, script })
    }

    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => {
                self.admin.start(io.now, io.fx);
                self.script.begin(&mut Calls { io, admin: &mut self.admin });
                self.script.input(input, &mut Calls { io, admin: &mut self.admin });
            }
            Input::Order(Order::Interrupt) => return io.exit(INTERRUPTED),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
            Input::Order(_) => self.script.input(input, &mut Calls { io, admin: &mut self.admin }),
            input => {
                if !self.admin.handle(io.now, input, io.fx) {
                    self.script.input(input, &mut Calls { io, admin: &mut self.admin });
                }
            }
        }
        for event in self.admin.events() {
            let AdminEvent::Log(line) = event;
            log_line(&line, io);
        }
        while io.exited.is_none() {
            let results = self.admin.results();
            if results.is_empty() {
                break;
            }
            for (id, result) in results {
                if is_unmade(&result) {
                    self.end_unmade(io);
                }
                if io.exited.is_none() {
                    self.script.answer(id, result, &mut Calls { io, admin: &mut self.admin });
                }
            }
        }
    }
}

impl<S: Script> AdminTool<S> {
    /// No bootstrap server's name is known: Java's clients look them up as they are made.
    fn end_unmade(&self, io: &mut Io<'_>) {
        let refusal = self.script.unmade(refusal(&ConfigError::unresolvable()));
        refusal.out.into_iter().for_each(|line| io.out(line));
        refusal.err.into_iter().for_each(|line| io.err(line));
        io.exit(refusal.code);
    }
}

fn is_unmade(result: &AdminResult) -> bool {
    matches!(result, AdminResult::Failed(error) if *error.message == *NO_BOOTSTRAP)
}

/// The exception's message, and its trace.
fn refusal(error: &ConfigError) -> Refusal {
    let (message, trace) = error.of_admin();
    Refusal { err: [message].into_iter().chain(trace).collect(), code: 1, ..Refusal::default() }
}

/// 128 + SIGINT.
pub(crate) const INTERRUPTED: i32 = 130;
/// 128 + SIGTERM.
pub(crate) const TERMINATED: i32 = 143;

/// Prints what a Java client logs.
pub(crate) fn log_line(line: &LogLine, io: &mut Io<'_>) {
    let level = match line.level {
        LogLevel::Warn => "WARN",
        LogLevel::Error => "ERROR",
    };
    io.log(level, &line.text, line.logger);
    line.thrown.iter().for_each(|thrown| io.err(thrown));
}

/// Reads a properties file (`Utils#loadProps`): `key=value` or `key: value` lines, `#` and `!` start comments.
pub(crate) fn properties_file(launch: &Launch, path: &str) -> Result<Properties, Refusal> {
    let text = launch.read(path).ok_or_else(|| Refusal::line(format!("java.nio.file.NoSuchFileException: {path}")))?;
    Ok(properties(&text))
}

/// The same of an admin tool: it prints the exception's message, which is the path, and its trace.
pub(crate) fn command_config(launch: &Launch, path: &str) -> Result<Properties, Refusal> {
    properties_file(launch, path).map_err(|mut refusal| {
        refusal.err.insert(0, path.to_owned());
        refusal
    })
}

/// The text of a properties file, read.
pub(crate) fn properties(text: &str) -> Properties {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    // A key ends at the first of these; what is behind it may be nothing, and keeps the blanks at its end.
    let pair = |line: &str| match line.find(|c: char| matches!(c, '=' | ':') || c.is_whitespace()) {
        Some(end) => {
            let rest = line[end..].trim_start();
            (line[..end].into(), rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start().into())
        }
        None => (line.into(), "".into()),
    };
    lines.map(pair).collect()
}
