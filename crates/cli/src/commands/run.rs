//! `kafkasim run FILE`: a scenario with live progress and a summary.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lab::units::{format_duration, parse_duration};
use lab::{BOOT, Lab, Line, LineKind, NodeState, Scenario};

use super::Exit;
use crate::input::{page_link, read, write};
use crate::report;

/// Arguments of `run`.
#[derive(clap::Args)]
pub(crate) struct Run {
    /// The scenario file (JSON). Without one: three brokers, three controllers, no commands.
    file: Option<PathBuf>,
    /// Another seed than the file's.
    #[arg(long)]
    seed: Option<u64>,
    /// How long to run, e.g. 90s or 5min; else the file's `until`, else 60s.
    #[arg(long, value_parser = span)]
    until: Option<lab::Duration>,
    /// Prints what the terminals show while it runs.
    #[arg(long, short)]
    verbose: bool,
    /// Writes an HTML page with charts of rates, lag and ISRs.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Writes the notes as JSON lines.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

fn span(text: &str) -> Result<lab::Duration, String> {
    parse_duration(text)
}

impl Run {
    pub(crate) fn act(self) -> Exit {
        let mut scenario = match &self.file {
            Some(path) if path.extension().is_some_and(|end| end == "md") => {
                let path = path.display();
                return Err(format!("{path}: this is a lesson, and `run` takes scenarios; kafkasim test {path}"));
            }
            Some(path) => Scenario::parse(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?,
            None => Scenario::default(),
        };
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        let until = self.until.or(scenario.until.map(|until| until.0)).unwrap_or(lab::Duration::from_secs(60));
        let name = self.file.as_ref().map_or(String::new(), |path| format!("{}: ", path.display()));
        let mut lab = Lab::new(&scenario).map_err(|error| format!("{name}{error}"))?;

        let bar = if self.quiet { ProgressBar::hidden() } else { ProgressBar::new(until.as_millis().max(1)) };
        let style = ProgressStyle::with_template("{bar:32} {msg}").expect("the template is right");
        bar.set_style(style);
        let began = Instant::now();
        let mut shown = Shown::default();
        let mut refused = Vec::new();
        let end = BOOT + until;
        let slice = lab::Duration::from_nanos((until.as_nanos() / 200).max(1_000_000));
        while lab.now() < end && lab.violation().is_none() {
            lab.run_until((lab.now() + slice).min(end));
            bar.set_position(lab.clock().as_millis());
            bar.set_message(format!(
                "{} of {}, {} events",
                format_duration(lab.clock()),
                format_duration(until),
                lab.events()
            ));
            for (id, lines) in shown.new_lines(&lab) {
                if self.verbose {
                    bar.suspend(|| print_terminal(id, &lines));
                }
                refused.extend(refusals(&lab, id, &lines));
            }
        }
        bar.finish_and_clear();
        summary(&lab, began.elapsed());
        refused.iter().for_each(|line| println!("refused       {line}"));
        if let Some(path) = &self.report {
            write(path, &report::html(&lab)?)?;
            println!("report        {}", path.display());
        }
        if let Some(path) = &self.trace {
            write(path, &report::trace(&lab))?;
            println!("trace         {}", path.display());
        }
        Ok(u8::from(lab.violation().is_some()))
    }
}

/// What was looked at of each terminal.
#[derive(Default)]
pub(super) struct Shown(BTreeMap<u32, u64>);

impl Shown {
    /// What terminals were written since the last call.
    pub(super) fn new_lines(&mut self, lab: &Lab) -> Vec<(u32, Vec<Line>)> {
        let terminals = lab.terminals().iter();
        let new = terminals.map(|(id, terminal)| {
            let before = self.0.insert(*id, terminal.written).unwrap_or(0);
            (*id, terminal.since(before).cloned().collect())
        });
        new.collect()
    }
}

fn clock(line: &Line) -> lab::Time {
    lab::Time::ZERO + line.at.since(BOOT)
}

fn print_terminal(id: u32, lines: &[Line]) {
    for line in lines {
        let mark = match line.kind {
            LineKind::Command => "$ ",
            LineKind::Input => "> ",
            LineKind::Out | LineKind::Err | LineKind::Sim => "",
        };
        println!("{} [{id}] {mark}{}", clock(line), line.text);
    }
}

/// Commands that were answered by an error in the same moment: a verb that could not be carried out, a tool or an option that is
/// not there.
pub(super) fn refusals(lab: &Lab, id: u32, lines: &[Line]) -> Vec<String> {
    // A tool that is there and goes on had something else to say.
    let is_started = |line: &Line| {
        let app = lab.apps().iter().find(|app| app.term == id && app.started == line.at && *app.command == *line.text);
        app.is_some_and(|app| match lab.world().state(app.node) {
            NodeState::Exited(code) => code == 0 || lab.since(app.node) > app.started,
            _ => true,
        })
    };
    let is_refusal = |pair: &&[Line]| {
        pair[0].kind == LineKind::Command
            && pair[1].kind == LineKind::Err
            && pair[0].at == pair[1].at
            && !is_started(&pair[0])
    };
    let told = lines.windows(2).filter(is_refusal);
    told.map(|pair| format!("{} [{id}] {}: {}", clock(&pair[0]), pair[0].text, pair[1].text)).collect()
}

/// What a run came to, a line a figure.
pub(crate) fn summary(lab: &Lab, took: Duration) {
    let lost = lab.ledger().lost(lab);
    println!("clock         {}", format_duration(lab.clock()));
    println!(
        "events        {} ({:.2} s, {:.0} a second)",
        lab.events(),
        took.as_secs_f64(),
        lab.events() as f64 / took.as_secs_f64().max(1e-9)
    );
    println!("acknowledged  {}", lab.ledger().acked());
    println!("failed        {}", lab.ledger().failed());
    println!("acked, lost   {}", lost.len());
    for ((group, tp), count) in lab.ledger().delivered() {
        println!("delivered     {count} of {tp} to {}", group.as_deref().unwrap_or("a consumer without group"));
    }
    for group in view::groups(lab) {
        println!(
            "group         {}: {}, {} members, generation {}",
            group.group,
            group.state,
            group.members.len(),
            group.generation
        );
    }
    match lab.violation() {
        None => println!("invariants    {} hold", lab::INVARIANTS.len()),
        Some(violation) => println!("VIOLATION     {violation}"),
    }
    println!("seed          {}", lab.scenario().seed);
    println!("digest        {:016x}", lab.digest());
    println!("replay        kafkasim replay '{}'", lab.link());
    println!("page          {}", page_link(&lab.link()));
}
