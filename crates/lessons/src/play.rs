//! Plays a lesson headless, as its best reader would: types every command, waits for every check, and lets the
//! engine answer every prediction. This is the lesson's test.

use std::fmt;

use kernel::{Duration, Time};
use lab::{Given, Lab, Line, LineKind};

use crate::lesson::{Check, Console, ConsoleLine, Item, Lesson, Predict};
use lab::facts::{Value, evaluate};

/// How a lesson went.
#[derive(Clone)]
pub struct Outcome {
    /// Checks that were met, with the virtual time after the start of the run.
    pub met: Vec<(String, Duration)>,
    /// Predictions with the engine's answer.
    pub predictions: Vec<(String, String)>,
    /// Commands that were typed.
    pub commands: u32,
    /// The lab at the end.
    pub lab: Lab,
}

/// Why a lesson failed.
#[derive(Clone)]
pub struct Failure {
    /// The line in the lesson file.
    pub line: usize,
    /// What was wrong.
    pub message: String,
    /// The run up to there, unless not even its cluster could be built.
    pub lab: Option<Box<Lab>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// How long a command may run before the block must say `run=`.
const COMMAND: Duration = Duration::from_secs(120);

/// Plays a lesson; `progress` is told of every step.
pub fn play(lesson: &Lesson, mut progress: impl FnMut(usize, &str)) -> Result<Outcome, Failure> {
    let lab = Lab::new(&lesson.scenario).map_err(|error| Failure { line: 1, message: error.to_string(), lab: None })?;
    let mut player = Player { lab, met: Vec::new(), predictions: Vec::new(), commands: 0, lasting: Vec::new() };
    for (n, step) in lesson.steps.iter().enumerate() {
        progress(n, &step.title);
        player.lasting.clear();
        player.step(&step.items).map_err(|(line, message)| Failure {
            line,
            message,
            lab: Some(Box::new(player.lab.clone())),
        })?;
    }
    let Player { lab, met, predictions, commands, .. } = player;
    Ok(Outcome { met, predictions, commands, lab })
}

struct Player<'a> {
    lab: Lab,
    met: Vec<(String, Duration)>,
    predictions: Vec<(String, String)>,
    commands: u32,
    lasting: Vec<&'a Check>,
}

type Step = Result<(), (usize, String)>;

impl<'a> Player<'a> {
    /// Predictions are answered when all else in their step is done: the reader bets before, the engine tells after.
    fn step(&mut self, items: &'a [Item]) -> Step {
        for item in items {
            match item {
                Item::Text(_) | Item::Hint(_) | Item::Stop(_) | Item::Predict(_) => {}
                Item::Console(console) => self.console(console)?,
                Item::Check(check) => self.check(check)?,
            }
        }
        items
            .iter()
            .filter_map(|item| if let Item::Predict(predict) = item { Some(predict) } else { None })
            .try_for_each(|predict| self.predict(predict))
    }

    fn console(&mut self, console: &Console) -> Step {
        for (n, line) in console.lines.iter().enumerate() {
            let written = self.lab.terminals().get(&console.term).map_or(0, |t| t.written);
            self.commands += 1;
            let given = self.lab.command(console.term, &line.command);
            if let Given::Refused(why) = &given
                && line.expected.iter().all(|expected| expected == "...")
            {
                return Err((line.line, why.clone()));
            }
            match console.pace(n) {
                Some(span) => self.run_until(self.lab.now() + span, line.line)?,
                None => self.wait(console.term, line)?,
            }
            self.compare(console.term, written, line)?;
        }
        Ok(())
    }

    /// Waits until the command's program ends.
    fn wait(&mut self, term: u32, line: &ConsoleLine) -> Step {
        let limit = self.lab.now() + COMMAND;
        let idle = |lab: &Lab| lab.terminals().get(&term).is_none_or(|t| t.foreground.is_none());
        if self.lab.run_until_pred(limit, idle) {
            return self.still_well(line.line);
        }
        let message = format!(
            "`{}` still runs after 120 s; give the block `run=10s`, say, if it is not meant to end",
            line.command
        );
        Err((line.line, message))
    }

    fn compare(&self, term: u32, written: u64, line: &ConsoleLine) -> Step {
        if line.expected.is_empty() {
            return Ok(());
        }
        let terminal = &self.lab.terminals()[&term];
        let printed = |l: &&Line| matches!(l.kind, LineKind::Out | LineKind::Err | LineKind::Sim);
        let got: Vec<&str> = terminal.since(written).filter(printed).map(|l| &*l.text).collect();
        let expected: Vec<&str> = line.expected.iter().map(String::as_str).collect();
        match matches(&expected, &got) {
            true => Ok(()),
            false => Err((
                line.line,
                format!("`{}` printed\n{}\nand not\n{}", line.command, indent(&got), indent(&expected)),
            )),
        }
    }

    fn check(&mut self, check: &'a Check) -> Step {
        if check.always {
            self.lasting.push(check);
            return self.still_well(check.line);
        }
        let limit = self.lab.now() + check.within;
        let mut trouble = None;
        // Facts are functions of state that only events change, but asking after each would be slow: ask every 50 ms.
        loop {
            match evaluate(&check.expr, &self.lab) {
                Ok(Value::Bool(true)) => {
                    self.met.push((check.text.clone(), self.lab.clock()));
                    return Ok(());
                }
                Ok(Value::Bool(false)) => {}
                Ok(value) => trouble = Some(format!("is {value}, neither true nor false")),
                Err(error) => trouble = Some(format!("cannot be told: {}", error.message)),
            }
            if self.lab.now() >= limit || trouble.is_some() {
                break;
            }
            let next = (self.lab.now() + Duration::from_millis(50)).min(limit);
            self.run_until(next, check.line)?;
        }
        let why = trouble.unwrap_or_else(|| format!("not within {}", lab::units::format_duration(check.within)));
        Err((check.line, format!("“{}” did not come true: `{}` {why}{}", check.text, check.source, self.values(check))))
    }

    /// What the facts of a check are now, behind why it is not met. Those that cannot be told were just named.
    fn values(&self, check: &Check) -> String {
        let values = match evaluate(&check.expr, &self.lab) {
            Ok(_) => lab::facts::explain(&check.expr, &self.lab),
            Err(_) => String::new(),
        };
        if values.is_empty() { values } else { format!("; {values}") }
    }

    fn predict(&mut self, predict: &Predict) -> Step {
        let right = predict
            .right_choice(&self.lab)
            .map_err(|message| (predict.line, format!("“{}”: {message}", predict.question)))?;
        self.predictions.push((predict.question.clone(), predict.choices[right].1.clone()));
        Ok(())
    }

    fn run_until(&mut self, at: Time, line: usize) -> Step {
        self.lab.run_until(at);
        self.still_well(line)
    }

    fn still_well(&self, line: usize) -> Step {
        if let Some(violation) = self.lab.violation() {
            return Err((line, violation.to_string()));
        }
        for check in &self.lasting {
            match evaluate(&check.expr, &self.lab) {
                Ok(Value::Bool(true)) => {}
                Ok(value) => {
                    return Err((
                        check.line,
                        format!("“{}” should always hold, and `{}` is {value}", check.text, check.source),
                    ));
                }
                Err(error) => return Err((check.line, error.message)),
            }
        }
        Ok(())
    }
}

fn indent(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Whether lines are as expected; `...` stands for any number of lines.
fn matches(expected: &[&str], got: &[&str]) -> bool {
    match expected {
        [] => got.is_empty(),
        ["...", rest @ ..] => (0..=got.len()).any(|n| matches(rest, &got[n..])),
        [first, rest @ ..] => got.first().is_some_and(|line| line_matches(first, line)) && matches(rest, &got[1..]),
    }
}

/// Whether a line is as expected; `[..]` stands for any text.
fn line_matches(expected: &str, got: &str) -> bool {
    let expected = expected.trim_end();
    let got = got.trim_end();
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = got.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_text_and_for_lines() {
        assert!(line_matches("offset [..] of t-[..]!", "offset 5 of t-0!"));
        assert!(!line_matches("offset [..]!", "offset 5"));
        assert!(matches(&["a", "...", "d"], &["a", "b", "c", "d"]));
        assert!(!matches(&["a"], &["a", "b"]));
    }
}
