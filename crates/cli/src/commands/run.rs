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
        let late = late(&scenario, until);
        let end = BOOT + until;
        let slice = lab::Duration::from_nanos((until.as_nanos() / 200).max(1_000_000));
        while lab.now() < end && lab.violation().is_none() {
            let to = (lab.now() + slice).min(end);
            shown.run_until(&mut lab, to, |lab, news| {
                if self.verbose {
                    bar.suspend(|| print_terminals(&news));
                }
                news.iter().for_each(|new| refused.extend(refusals(lab, new)));
            });
            bar.set_position(lab.clock().as_millis());
            bar.set_message(format!(
                "{} of {}, {} events",
                format_duration(lab.clock()),
                format_duration(until),
                lab.events()
            ));
        }
        bar.finish_and_clear();
        summary(&lab, began.elapsed());
        refused.iter().for_each(|line| println!("refused       {line}"));
        late.iter().filter(|_| lab.violation().is_none()).for_each(|line| println!("not given     {line}"));
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

/// Commands of a scenario that its run ends before, which may be meant or a mistake: they are told.
pub(super) fn late(scenario: &Scenario, until: lab::Duration) -> Vec<String> {
    let late = scenario.commands.iter().filter(|command| command.at.0 > until);
    late.map(|command| {
        format!("{} [{}] {}: the run ends before", lab::Time::ZERO + command.at.0, command.term, command.run)
    })
    .collect()
}

/// What a terminal was written since it was last looked at.
pub(super) struct News {
    term: u32,
    lines: Vec<Line>,
    /// Lines before them that it remembers no more.
    forgotten: u64,
}

/// What was looked at of each terminal.
#[derive(Default)]
pub(super) struct Shown(BTreeMap<u32, u64>);

/// Events between two looks at the terminals, which remember so many lines only.
const EVENTS_UNSEEN: u32 = 32;

impl Shown {
    /// Runs up to and including `until`, and hands over what terminals are written meanwhile.
    pub(super) fn run_until(&mut self, lab: &mut Lab, until: lab::Time, mut look: impl FnMut(&Lab, Vec<News>)) {
        while lab.next_time().is_some_and(|next| next <= until) && lab.violation().is_none() {
            let mut left = EVENTS_UNSEEN;
            while left > 0 && lab.next_time().is_some_and(|next| next <= until) && lab.step() {
                left -= 1;
            }
            let news = self.news(lab);
            if !news.is_empty() {
                look(lab, news);
            }
        }
        lab.run_until(until);
    }

    /// What terminals were written since the last look.
    pub(super) fn news(&mut self, lab: &Lab) -> Vec<News> {
        let mut news = Vec::new();
        for (id, terminal) in lab.terminals().iter() {
            let before = self.0.insert(*id, terminal.written).unwrap_or(0);
            if terminal.written > before {
                let lines: Vec<Line> = terminal.since(before).cloned().collect();
                let forgotten = terminal.written - before - lines.len() as u64;
                news.push(News { term: *id, lines, forgotten });
            }
        }
        news
    }
}

fn clock(line: &Line) -> lab::Time {
    lab::Time::ZERO + line.at.since(BOOT)
}

/// In the order of time, whatever terminals they stand in.
fn print_terminals(news: &[News]) {
    for new in news.iter().filter(|new| new.forgotten > 0) {
        println!("[{}] … {} lines were written at once, more than a terminal remembers", new.term, new.forgotten);
    }
    let lines = news.iter().flat_map(|new| new.lines.iter().map(|line| (new.term, line)));
    let mut lines: Vec<(u32, &Line)> = lines.collect();
    lines.sort_by_key(|(_, line)| line.at);
    for (id, line) in lines {
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
pub(super) fn refusals(lab: &Lab, news: &News) -> Vec<String> {
    let (id, lines) = (news.term, &news.lines);
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
