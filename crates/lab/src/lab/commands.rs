//! Command lines: `sim` verbs, what is typed for a program, and programs that start (the lab's own shell).

use std::sync::Arc;

use kernel::Order;
use ordered::SortedMap;
use protocol::metadata::FirstVoters;
use shell::{AppProcess, Pipeline, Setting};

use super::{App, Given, Lab, Logged, MarkKind};
use crate::hosts::Disks;
use crate::scenario::Family;
use crate::terminal::LineKind;
use crate::{Actor, verbs};

impl Lab {
    /// Gives a command line now, as if typed in terminal `term`, and logs it. `^C` and `^D` are keys.
    pub fn command(&mut self, term: u32, text: &str) -> Given {
        let logged = Logged { event: self.world.events(), at: self.world.now(), term, text: text.into() };
        let given = self.carry_out(term, text);
        if !matches!(given, Given::Nothing) && !verbs::only_moves_time(text) {
            Arc::make_mut(&mut self.log).push(logged);
        }
        given
    }

    /// A command of the scenario, or one that `sim at` gives.
    pub(super) fn carry_out_scheduled(&mut self, term: u32, text: &str) {
        if !verbs::lets_time_pass(text) {
            self.carry_out(term, text);
            return;
        }
        // Whoever wrote it meant the next command to wait; it does not, each has its time.
        self.write(term, LineKind::Command, text.trim().into());
        self.write_lines(term, LineKind::Err, verbs::TIME_PASSES);
    }

    pub(crate) fn carry_out(&mut self, term: u32, text: &str) -> Given {
        let text = text.trim_end();
        let foreground = self.terminals.entry(term).or_default().foreground;
        match (foreground, text.trim()) {
            (Some(node), "^C") => {
                self.write(term, LineKind::Input, "^C".into());
                let terminal = self.terminals.entry(term).or_default();
                terminal.typed_ahead.clear();
                terminal.is_read = false;
                self.world.order(node, Order::Interrupt);
                Given::Typed
            }
            (Some(node), "^D") => {
                self.terminals.entry(term).or_default().is_read = false;
                self.world.order(node, Order::EndOfInput);
                Given::Typed
            }
            (None, "" | "^C" | "^D") => Given::Nothing,
            (_, line) if line == "sim" || line.starts_with("sim ") => {
                self.write(term, LineKind::Command, line.into());
                let given = verbs::carry_out(self, term, line);
                match &given {
                    Given::Done(answer) => self.write_lines(term, LineKind::Sim, answer),
                    Given::Refused(why) => self.write_lines(term, LineKind::Err, why),
                    Given::Started(_) | Given::Typed | Given::Nothing => {}
                }
                if !verbs::only_moves_time(line) {
                    self.mark(MarkKind::Command, line.into());
                }
                given
            }
            (Some(node), _) => {
                self.write(term, LineKind::Input, text.into());
                let terminal = self.terminals.entry(term).or_default();
                if terminal.is_read {
                    self.world.order(node, Order::Line(text.into()));
                } else {
                    terminal.typed_ahead.push_back(text.into());
                }
                Given::Typed
            }
            (None, line) => {
                self.write(term, LineKind::Command, line.into());
                self.mark(MarkKind::Command, line.into());
                self.run_line(term, line)
            }
        }
    }

    /// Parses a command line and starts its first program; the rest waits.
    fn run_line(&mut self, term: u32, line: &str) -> Given {
        let parsed = match shell::parse_line(line) {
            Ok(parsed) => parsed,
            Err(error) => {
                let text = error.to_string();
                self.write_lines(term, LineKind::Err, &text);
                return Given::Refused(text);
            }
        };
        let mut first = None;
        for pipeline in parsed.pipelines {
            let terminal = self.terminals.entry(term).or_default();
            if terminal.foreground.is_some() || !terminal.waiting.is_empty() {
                terminal.waiting.push_back(pipeline);
                continue;
            }
            let given = self.run_pipeline(term, pipeline);
            first.get_or_insert(given);
        }
        first.unwrap_or(Given::Nothing)
    }

    pub(super) fn run_pipeline(&mut self, term: u32, pipeline: Pipeline) -> Given {
        let terminal = self.terminals.entry(term).or_default();
        if !pipeline.when.runs_after(terminal.last_exit) {
            return Given::Nothing;
        }
        if let [only] = pipeline.commands.as_slice()
            && only.argv == ["clear"]
        {
            terminal.clear();
            return Given::Done(String::new());
        }
        let profile = match self.scenario.client {
            Family::Java => shell::Profile::Java,
            Family::Librdkafka => shell::Profile::Librdkafka,
        };
        let cwd = terminal.cwd.clone();
        let hosts = Disks { world: &self.world, layout: &self.layout };
        let setting = Setting { env: SortedMap::new(), files: self.files(), profile, hosts: &hosts, cwd: &cwd };
        if let Some(path) = pipeline.change_of_directory() {
            return match setting.change_directory(path) {
                Ok(cwd) => {
                    let terminal = self.terminals.entry(term).or_default();
                    (terminal.cwd, terminal.last_exit) = (cwd.into(), Some(0));
                    Given::Done(String::new())
                }
                Err(error) => self.not_launched(term, &error),
            };
        }
        let app = match pipeline.launch(&setting).and_then(AppProcess::launch) {
            Ok(app) => app.planted(self.scenario.plant.0),
            Err(error) => return self.not_launched(term, &error),
        };
        if let Some(formatting) = app.formats() {
            for dir in &formatting.dirs {
                let node = Disks { world: &self.world, layout: &self.layout }.node(&dir.host);
                if let Some(Actor::Kafka(process)) = node.map(|node| self.world.machine_mut(node)) {
                    process.format_dirs_with(&[dir.place], &formatting.features, &formatting.voters);
                    // Another quorum begins, under the same names and from epoch 1 on.
                    let spec = process.spec();
                    let is_metadata = spec.is_controller && dir.place == spec.metadata_dir();
                    if formatting.voters != FirstVoters::Others && is_metadata {
                        self.monitors.quorum_replaced();
                    }
                }
            }
        }
        let is_read = app.reads_terminal();
        let number = self.world.node_ids().count() - self.layout.processes().len() + 1;
        let node = self.world.add_node(&format!("app-{number}"), Actor::App(Box::new(app)));
        self.world.start(node);
        let started = self.world.now();
        Arc::make_mut(&mut self.apps).push(App { node, term, command: pipeline.text.as_str().into(), started });
        Arc::make_mut(&mut self.since).insert(node, started);
        if !pipeline.background {
            let terminal = self.terminals.entry(term).or_default();
            (terminal.foreground, terminal.is_read) = (Some(node), is_read);
            if is_read {
                let lines = std::mem::take(&mut terminal.typed_ahead);
                lines.into_iter().for_each(|line| self.world.order(node, Order::Line(line)));
            }
        }
        Given::Started(node)
    }

    fn not_launched(&mut self, term: u32, error: &shell::LaunchError) -> Given {
        let text = error.to_string();
        self.write_lines(term, LineKind::Err, &text);
        self.terminals.entry(term).or_default().last_exit = Some(error.code);
        Given::Refused(text)
    }

    pub(crate) fn write(&mut self, term: u32, kind: LineKind, text: Arc<str>) {
        let at = self.world.now();
        self.terminals.entry(term).or_default().write(at, kind, text);
    }

    fn write_lines(&mut self, term: u32, kind: LineKind, text: &str) {
        for line in text.lines() {
            self.write(term, kind, line.into());
        }
    }
}
