//! `cargo xtask test`: all that CI runs, as one list of stages, the fast ones first.

use std::fmt;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::shell::{Cmd, Failure, Result, cmd, root, target_dir};
use crate::wasm::{self, Host};
use crate::{Task, browser, dist, r#gen, tools};

pub(crate) const TASK: Task = Task {
    name: "test",
    summary: "everything CI checks; ends with a line `N passed, M failed`",
    options: &[
        ("--quick", "without the page, the browser and the documentation"),
        ("--only <stage>", "one stage; can be given again for more"),
        ("--list", "the stages"),
    ],
    run,
};

/// A stage. What counts as one thing tested is what its tests count; a stage without tests counts as one.
struct Stage {
    name: &'static str,
    what: &'static str,
    quick: bool,
    run: fn(&mut Tally) -> Result<()>,
}

/// In the order they run. A new one: a line here and its function below.
const STAGES: &[Stage] = &[
    Stage { name: "format", what: "rustfmt leaves every file as it is", quick: true, run: format },
    Stage { name: "generated", what: "generated documents are current", quick: true, run: generated },
    Stage { name: "rules", what: "who may use whom, licences, words", quick: true, run: rules },
    Stage { name: "lints", what: "clippy, natively", quick: true, run: lints },
    Stage { name: "lints-web", what: "clippy, the page in wasm", quick: false, run: lints_web },
    Stage { name: "tests", what: "unit and integration tests", quick: true, run: tests },
    Stage { name: "lessons", what: "every lesson, played headless", quick: true, run: lessons },
    Stage {
        name: "sweep",
        what: "a few dozen seeds with faults, and bugs that a sweep must find",
        quick: true,
        run: sweep,
    },
    Stage { name: "docs", what: "rustdoc without a warning", quick: false, run: docs },
    Stage {
        name: "determinism",
        what: "equal digests natively, in Node and in Chromium",
        quick: false,
        run: determinism,
    },
    Stage { name: "wasm", what: "the engine in wasm, under wasm-bindgen's test runner", quick: false, run: wasm },
    Stage { name: "site", what: "the static site, and its size", quick: false, run: site },
    Stage { name: "page", what: "the site in headless Chromium, from end to end", quick: false, run: page },
];

fn run(mut args: lexopt::Parser) -> Result<()> {
    let (mut quick, mut only) = (false, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("quick") => quick = true,
            Long("only") => only.push(stage_named(&args.value()?.to_string_lossy())?),
            Long("list") => return list(),
            other => return Err(other.unexpected().into()),
        }
    }
    let chosen = |stage: &&Stage| match only.is_empty() {
        true => stage.quick || !quick,
        false => only.contains(&stage.name),
    };
    report(&STAGES.iter().filter(chosen).map(play).collect::<Vec<_>>())
}

fn list() -> Result<()> {
    for stage in STAGES {
        println!("{:<12} {}", stage.name, stage.what);
    }
    Ok(())
}

fn stage_named(name: &str) -> Result<&'static str> {
    let known = STAGES.iter().map(|stage| stage.name);
    known.clone().find(|known| *known == name).ok_or_else(|| {
        Failure::new(format!("no stage is called `{name}`; there are: {}", known.collect::<Vec<_>>().join(", ")))
    })
}

/// What a stage came to.
struct Played {
    stage: &'static str,
    seconds: f64,
    tally: Tally,
    failure: Option<Failure>,
}

fn play(stage: &'static Stage) -> Played {
    println!("\n=== {}: {}", stage.name, stage.what);
    let clock = Clock::start();
    let mut tally = Tally::default();
    let failure = (stage.run)(&mut tally).err();
    match &failure {
        Some(why) => {
            println!("{why}");
            tally.failed = tally.failed.max(1);
        }
        None => tally.passed = tally.passed.max(1),
    }
    Played { stage: stage.name, seconds: clock.seconds(), tally, failure }
}

/// Prints the table of stages and, alone on the last line, the sum.
fn report(all: &[Played]) -> Result<()> {
    println!();
    for played in all {
        let verdict = if played.tally.failed > 0 || played.failure.is_some() { "FAILED" } else { "ok" };
        println!("{:<12} {:>8.1} s  {:<6}  {}", played.stage, played.seconds, verdict, played.tally);
    }
    let passed = all.iter().map(|played| played.tally.passed).sum();
    let failed = all.iter().map(|played| played.tally.failed).sum();
    println!("\n{}", Tally { passed, failed });
    if failed == 0 { Ok(()) } else { std::process::exit(1) }
}

/// How many tests passed and failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Tally {
    /// Runs a command and adds the results that it prints.
    fn watch(&mut self, command: &Cmd) -> Result<()> {
        command.watch(|line| {
            let seen = counts(line);
            self.passed += seen.passed;
            self.failed += seen.failed;
        })
    }
}

/// The results in one line of output: `test result: ok. 3 passed; 1 failed; …` (Rust, natively and in wasm),
/// `# pass 3` and `# fail 1` (node), `3 passed, 1 failed` (kafkasim).
fn counts(line: &str) -> Tally {
    let line = line.trim();
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    let alone = |word| line.strip_prefix(word).map_or(0, number);
    let tally = Tally { passed: alone("# pass "), failed: alone("# fail ") };
    let results = match line.strip_prefix("test result: ") {
        Some(rest) => rest.split_once(". ").map_or("", |(_, results)| results),
        None if line.ends_with(" failed") => line,
        None => return tally,
    };
    let of = |word| results.split([',', ';']).find_map(|part| part.trim().strip_suffix(word)).map_or(0, number);
    Tally { passed: of(" passed"), failed: of(" failed") }
}

/// Wall time.
#[allow(clippy::disallowed_types)]
struct Clock(std::time::Instant);

#[allow(clippy::disallowed_types)]
impl Clock {
    fn start() -> Clock {
        Clock(std::time::Instant::now())
    }
    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

// ---- the stages

fn format(_: &mut Tally) -> Result<()> {
    cmd("cargo").words("fmt --all --check").run()
}

fn generated(_: &mut Tally) -> Result<()> {
    r#gen::check()
}

fn rules(tally: &mut Tally) -> Result<()> {
    tally.watch(&cmd("cargo").words("test --quiet --no-fail-fast -p kafkasim-tests --test rules"))
}

fn lints(_: &mut Tally) -> Result<()> {
    cmd("cargo").words("clippy --quiet --workspace --exclude web --all-targets -- -D warnings").run()
}

fn lints_web(_: &mut Tally) -> Result<()> {
    tools::wasm_target()?;
    cmd("cargo").words("clippy --quiet -p web --target wasm32-unknown-unknown -- -D warnings").run()
}

fn tests(tally: &mut Tally) -> Result<()> {
    tally.watch(&cmd("cargo").words("test --quiet --no-fail-fast --workspace"))
}

fn lessons(tally: &mut Tally) -> Result<()> {
    tally.watch(&cmd("cargo").words("run --quiet -p cli -- test"))
}

/// Bugs that are found within a few seeds, so that each layer's hooks and checks are seen to work.
const QUICK_BUGS: [&str; 4] = ["ack-before-isr", "sequence-unchecked", "min-isr-ignored", "reads-past-high-watermark"];

/// Sound seeds stay green, and planted bugs go red. The long sweep is `kafkasim sweep --seeds 1..10000`.
fn sweep(tally: &mut Tally) -> Result<()> {
    let sweep = |words: &str| {
        cmd("cargo").words("run --quiet -p cli -- sweep --quiet --out target/sweep-failures").words(words)
    };
    let mut sound = (0, 0);
    let ended = sweep("--seeds 1..40").watch(|line| sound = swept(line).unwrap_or(sound));
    tally.passed += sound.0 - sound.1;
    tally.failed += sound.1;
    ended?;
    for bug in QUICK_BUGS {
        let mut found = (0, 0);
        // It ends with status 1, as it should.
        let _ = sweep("--seeds 1..40 --first --shrink 0")
            .words("--plant")
            .arg(bug)
            .watch(|line| found = swept(line).unwrap_or(found));
        tally.passed += u64::from(found.1 > 0);
        tally.failed += u64::from(found.1 == 0);
    }
    Ok(())
}

/// `seeds 40, violations 0`.
fn swept(line: &str) -> Option<(u64, u64)> {
    let (seeds, violations) = line.strip_prefix("seeds ")?.split_once(", violations ")?;
    Some((seeds.parse().ok()?, violations.parse().ok()?))
}

fn docs(_: &mut Tally) -> Result<()> {
    cmd("cargo")
        .words("doc --quiet --workspace --no-deps --document-private-items")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

/// Debug and release builds, Node and Chromium print the same digests.
fn determinism(tally: &mut Tally) -> Result<()> {
    tools::node()?;
    tools::playwright()?;
    let example = || cmd("cargo").words("run --quiet -p kafkasim-tests --example digests");
    let script = root().join("tests/js/digests.mjs");
    let in_wasm = |host: &str, module: PathBuf| cmd("node").arg(&script).arg(host).arg(module);
    let expected = example().output()?;
    print!("{expected}");
    let others = [
        ("a release build", example().arg("--release")),
        ("Node", in_wasm("node", wasm::build(Host::Node)?)),
        ("Chromium", browser::env(in_wasm("chromium", wasm::build(Host::Browser)?))?),
    ];
    for (host, command) in others {
        let got = command.output().unwrap_or_else(|why| why.to_string());
        let equal = got == expected;
        println!("{host}: {}", if equal { "the same" } else { &got });
        tally.passed += u64::from(equal);
        tally.failed += u64::from(!equal);
    }
    Ok(())
}

/// Where the tests of the page find the site.
fn site_dir() -> PathBuf {
    target_dir().join("site")
}

fn wasm(tally: &mut Tally) -> Result<()> {
    tools::node()?;
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    let command = cmd("cargo").words("test -p kafkasim-tests --target wasm32-unknown-unknown --test wasm");
    tally.watch(&command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner"))
}

fn site(_: &mut Tally) -> Result<()> {
    dist::build(&site_dir())?;
    dist::check_size(&site_dir())
}

fn page(tally: &mut Tally) -> Result<()> {
    tools::node()?;
    tools::playwright()?;
    tools::fflate()?;
    if !site_dir().join("index.html").is_file() {
        dist::build(&site_dir())?;
    }
    // A file that hangs fails after ten minutes, and the others still run.
    let command = cmd("node").words("--test --test-reporter=tap --test-timeout=600000").arg(root().join("tests/page"));
    tally.watch(&browser::env(command.env("KAFKASIM_SITE", site_dir()))?)
}

#[cfg(test)]
mod tests {
    use super::{Tally, counts, swept};

    #[test]
    fn results_are_read_from_every_runner() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(counts("test result: FAILED. 3 passed; 1 failed; 0 ignored; finished in 0.01s"), tally(3, 1));
        assert_eq!(counts("# pass 4"), tally(4, 0));
        assert_eq!(counts("# fail 2"), tally(0, 2));
        assert_eq!(counts("40 passed, 1 failed"), tally(40, 1));
        assert_eq!(counts("the broker has failed"), tally(0, 0));
        assert_eq!((swept("seeds 40, violations 2"), swept("seed 4: x")), (Some((40, 2)), None));
    }
}
