//! `kafkasim test`: lessons and scenarios as tests.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use lab::units::format_duration;
use lab::{BOOT, Lab, Scenario};
use lessons::{BUNDLED, Lesson, play};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Exit;
use super::run::{Shown, late, refusals};
use crate::guarded::guarded;
use crate::input::{page_link, read, write};

/// Arguments of `test`.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// Lessons (`.md`) and scenarios (`.json`), or ids of bundled lessons. Without any: all bundled lessons.
    files: Vec<PathBuf>,
    /// Writes the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Another seed than the files'.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints the checks that were met, with their virtual times.
    #[arg(long, short)]
    verbose: bool,
}

/// Before a command of a scenario that was refused, which may be meant or a typing error: it is always told.
const REFUSED: &str = "! refused: ";

/// Before one that was never given, as the run ends before: the same.
const LATE: &str = "! not given: ";

/// How one file went.
struct Played {
    name: String,
    took: Duration,
    lines: Vec<String>,
    trouble: Option<Trouble>,
}

/// Why a file failed.
struct Trouble {
    message: String,
    replay: Vec<String>,
}

/// A file, or a bundled lesson by its id.
fn given(path: &Path) -> Result<(String, String), String> {
    let bundled = |id: &str| BUNDLED.iter().find(|(name, _)| *name == id).filter(|_| !path.exists());
    if let Some((name, text)) = path.to_str().and_then(bundled) {
        return Ok((format!("{name}.md"), (*text).to_owned()));
    }
    let ids = || BUNDLED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let text = read(path).map_err(|error| match path.extension() {
        None if !path.exists() => format!("{error}; lessons that come with kafkasim are {}", ids()),
        _ => error,
    })?;
    Ok((path.display().to_string(), text))
}

impl Test {
    pub(crate) fn act(self) -> Exit {
        let mut tests: Vec<(String, String)> = Vec::new();
        for path in &self.files {
            tests.push(given(path)?);
        }
        if tests.is_empty() {
            tests = BUNDLED.iter().map(|(name, text)| (format!("{name}.md"), (*text).to_owned())).collect();
        }
        let mut played = Vec::new();
        for (name, text) in tests {
            let bar = ProgressBar::new_spinner();
            bar.set_message(name.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            let result = self.play(name, text, &bar);
            bar.finish_and_clear();
            self.print(&result);
            played.push(result);
        }
        let failed = played.iter().filter(|p| p.trouble.is_some()).count();
        if let Some(path) = &self.junit {
            write(path, &junit(&played)?)?;
        }
        println!("{} passed, {failed} failed", played.len() - failed);
        Ok(u8::from(failed > 0))
    }

    fn play(&self, name: String, text: String, bar: &ProgressBar) -> Played {
        let began = Instant::now();
        let (seed, of, bar) = (self.seed, name.clone(), bar.clone());
        let result = guarded(&name, move || match Path::new(&of).extension().and_then(|e| e.to_str()) {
            Some("json") => scenario(&text, seed),
            _ => lesson(&text, &of, seed, &bar),
        });
        let result = result.unwrap_or_else(|words| Err(self.fault(&name, &words)));
        let took = began.elapsed();
        match result {
            Ok(lines) => Played { name, took, lines, trouble: None },
            Err(trouble) => Played { name, took, lines: Vec::new(), trouble: Some(trouble) },
        }
    }

    /// A panic is a fault of the simulator. It fails this test only, and the same command shows it again.
    fn fault(&self, name: &str, words: &str) -> Trouble {
        let seed = self.seed.map(|seed| format!(" --seed {seed}")).unwrap_or_default();
        Trouble {
            message: format!("the simulator itself failed: {words}"),
            replay: vec![format!("replay: kafkasim test {name}{seed}")],
        }
    }

    fn print(&self, played: &Played) {
        match &played.trouble {
            None => {
                println!("ok    {} ({:.2} s)", played.name, played.took.as_secs_f64());
                let told = played.lines.iter().filter(|line| self.verbose || line.starts_with("! "));
                told.for_each(|line| println!("      {line}"));
            }
            Some(trouble) => {
                println!("FAIL  {} ({:.2} s)", played.name, played.took.as_secs_f64());
                trouble
                    .message
                    .lines()
                    .chain(trouble.replay.iter().map(String::as_str))
                    .for_each(|line| println!("      {line}"));
            }
        }
    }
}

fn lesson(text: &str, name: &str, seed: Option<u64>, bar: &ProgressBar) -> Result<Vec<String>, Trouble> {
    let mut lesson = Lesson::parse(text).map_err(|error| Trouble { message: error.to_string(), replay: Vec::new() })?;
    lesson.scenario.seed = seed.unwrap_or(lesson.scenario.seed);
    let outcome = play(&lesson, |_, step| bar.set_message(format!("{name}: {step}")));
    match outcome {
        Ok(outcome) => {
            let met = outcome.met.iter().map(|(text, at)| format!("● {text} ({})", format_duration(*at)));
            let told = outcome.predictions.iter().map(|(question, answer)| format!("? {question} — {answer}"));
            Ok(met.chain(told).chain(refused_of(&lesson.scenario, &outcome.lab)).collect())
        }
        Err(failure) => {
            let replay = failure.lab.as_deref().map_or(Vec::new(), how_to_replay);
            Err(Trouble { message: failure.to_string(), replay })
        }
    }
}

/// The commands in a lesson's front matter that were refused: no expected line stands below them. What a terminal remembers is
/// looked at.
fn refused_of(scenario: &Scenario, lab: &Lab) -> Vec<String> {
    let of_front_matter = |told: &String| {
        scenario
            .commands
            .iter()
            .any(|c| told.starts_with(&format!("{} [{}] {}: ", lab::Time::ZERO + c.at.0, c.term, c.run.trim())))
    };
    let news = Shown::default().news(lab);
    let told = news.iter().flat_map(|new| refusals(lab, new));
    told.filter(of_front_matter).map(|line| format!("{REFUSED}{line}")).collect()
}

fn scenario(text: &str, seed: Option<u64>) -> Result<Vec<String>, Trouble> {
    let wrong = |message: String| Trouble { message, replay: Vec::new() };
    let mut scenario = Scenario::parse(text).map_err(|error| wrong(error.to_string()))?;
    scenario.seed = seed.unwrap_or(scenario.seed);
    let until = scenario.until.map_or(lab::Duration::from_secs(60), |until| until.0);
    let mut lab = Lab::new(&scenario).map_err(|error| wrong(error.to_string()))?;
    let mut refused = Vec::new();
    let look = |lab: &Lab, news: Vec<_>| news.iter().for_each(|new| refused.extend(refusals(lab, new)));
    Shown::default().run_until(&mut lab, BOOT + until, look);
    match lab.violation() {
        Some(violation) => Err(Trouble { message: violation.to_string(), replay: how_to_replay(&lab) }),
        None => {
            let held = format!("● {} invariants held for {}", lab::INVARIANTS.len(), format_duration(until));
            let refused = refused.iter().map(|line| format!("{REFUSED}{line}"));
            let late = late(&scenario, until).into_iter().map(|line| format!("{LATE}{line}"));
            Ok([held].into_iter().chain(refused).chain(late).collect())
        }
    }
}

/// Seed, event, command and page link that show a run again.
fn how_to_replay(lab: &Lab) -> Vec<String> {
    let link = lab.link();
    vec![
        format!(
            "seed {}, event {}, clock {}, digest {:016x}",
            lab.scenario().seed,
            lab.events(),
            format_duration(lab.clock()),
            lab.digest()
        ),
        format!("replay: kafkasim replay '{link}'"),
        format!("page:   {}", page_link(&link)),
    ]
}

fn junit(played: &[Played]) -> Result<String, String> {
    let mut suite = TestSuite::new("kafkasim");
    for test in played {
        let mut status = TestCaseStatus::success();
        if let Some(trouble) = &test.trouble {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(trouble.message.lines().next().unwrap_or_default());
            status.set_description(format!("{}\n{}", trouble.message, trouble.replay.join("\n")));
        }
        let mut case = TestCase::new(test.name.clone(), status);
        case.set_time(test.took);
        suite.add_test_case(case);
    }
    let mut report = Report::new("kafkasim");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}
