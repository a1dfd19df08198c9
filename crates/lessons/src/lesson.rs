//! What a lesson is: steps of text with items in them — commands to type, checks, predictions, hints, stops.

use std::fmt;

use kernel::Duration;
use lab::Scenario;
use lab::units::parse_duration;

use crate::front::{self, Front};
use crate::markdown::{self, Block};
use lab::facts::{self, Expr};

/// A lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lesson {
    /// A stable name, used in addresses and progress.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The Kafka version its statements are about.
    pub kafka: String,
    /// Lessons one should know first.
    pub needs: Vec<String>,
    /// The lesson that follows.
    pub next: Option<String>,
    /// How long it takes a reader, minutes; 0 if not said.
    pub minutes: u32,
    /// What it leaves out, in a sentence.
    pub leaves_out: String,
    /// The cluster it plays in.
    pub scenario: Scenario,
    /// Its steps; the first is the introduction.
    pub steps: Vec<Step>,
}

/// A part of a lesson under one heading.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// Text and items, in order.
    pub items: Vec<Item>,
}

/// Something in a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// Text to read.
    Text(Block),
    /// Commands to type, with what they should print.
    Console(Console),
    /// Something that must become true.
    Check(Check),
    /// A question to answer before time runs.
    Predict(Predict),
    /// Help, shown on demand.
    Hint(Vec<Block>),
    /// A place where a teacher may let everybody wait.
    Stop(Vec<Block>),
}

/// Commands to type into a terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Console {
    /// The terminal, from 1.
    pub term: u32,
    /// How long to let time pass after the last command, for programs that do not end.
    pub run: Option<Duration>,
    /// The commands.
    pub lines: Vec<ConsoleLine>,
    /// Where it stands in the file.
    pub line: usize,
}

impl Console {
    /// How long time runs after one of the lines, from 0; None until its program ends.
    pub fn pace(&self, line: usize) -> Option<Duration> {
        self.run.filter(|_| line + 1 == self.lines.len())
    }
}

/// A command with what it should print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsoleLine {
    /// The command line, a line for the program that runs, or `^C`.
    pub command: String,
    /// What stands before it: `$`, `>`, or nothing before a key.
    pub prompt: &'static str,
    /// Lines it should print: `...` stands for any lines, `[..]` for anything within a line.
    pub expected: Vec<String>,
    /// Where it stands in the file.
    pub line: usize,
}

/// Something that must become true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What the reader sees.
    pub text: String,
    /// What must become true.
    pub expr: Expr,
    /// The expression as written.
    pub source: String,
    /// How long it may take, from when the step reaches it.
    pub within: Duration,
    /// Whether it must hold at once and as long as the step lasts, instead of becoming true.
    pub always: bool,
    /// Where it stands in the file.
    pub line: usize,
}

/// A question, its choices, and the expression the engine answers it with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Predict {
    /// The question.
    pub question: String,
    /// Choices: what the answer's value must print as, and what the reader sees.
    pub choices: Vec<(String, String)>,
    /// The expression the engine evaluates for the answer.
    pub answer: Expr,
    /// The expression as written.
    pub source: String,
    /// Where it stands in the file.
    pub line: usize,
}

/// What is wrong with a lesson file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Largest lesson that is read, bytes.
const LESSON_BYTES_MAX: usize = 1 << 20;
/// How long a check may take if it does not say.
const WITHIN: Duration = Duration::from_secs(60);

impl LessonError {
    pub(crate) fn at(line: usize, column: usize, message: impl Into<String>) -> LessonError {
        LessonError { line, column, message: message.into() }
    }
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}
impl std::error::Error for LessonError {}

impl Lesson {
    /// Reads a lesson file.
    pub fn parse(text: &str) -> Result<Lesson, LessonError> {
        if text.len() > LESSON_BYTES_MAX {
            return Err(LessonError::at(
                1,
                1,
                format!("the file has {} bytes; a lesson has at most {LESSON_BYTES_MAX}", text.len()),
            ));
        }
        let (front, body, first_line) = front::split(text)?;
        let Front { id, title, kafka, needs, next, minutes, leaves_out, scenario } = front;
        let mut steps = vec![Step { title: title.clone(), items: Vec::new() }];
        for block in markdown::blocks(body, first_line) {
            match block {
                Block::Heading(1, _) => {}
                Block::Heading(2, runs) => steps.push(Step { title: markdown::plain(&runs), items: Vec::new() }),
                Block::Code { info, text, line } => {
                    let step = steps.last_mut().expect("there is the introduction");
                    fenced(step, &info, &text, line)?;
                }
                text => steps.last_mut().expect("there is the introduction").items.push(Item::Text(text)),
            }
        }
        if !steps.iter().flat_map(|step| &step.items).any(|item| matches!(item, Item::Check(_))) {
            return Err(LessonError::at(
                first_line,
                1,
                "a lesson needs at least one ```check, or it would pass by doing nothing",
            ));
        }
        Ok(Lesson { id, title, kafka, needs, next, minutes, leaves_out, scenario, steps })
    }
}

const KINDS: &str = "console, check, predict, hint, stop, text";

fn fenced(step: &mut Step, info: &str, text: &str, line: usize) -> Result<(), LessonError> {
    let mut words = info.split_whitespace();
    let kind = words.next().unwrap_or("text");
    let mut options = Options { words: words.collect(), line: line - 1 };
    match kind {
        "console" => step.items.push(Item::Console(console(&mut options, text, line)?)),
        "check" => {
            for check in checks(&mut options, text, line)? {
                step.items.push(Item::Check(check));
            }
        }
        "predict" => step.items.push(Item::Predict(predict(text, line)?)),
        "hint" => step.items.push(Item::Hint(markdown::blocks(text, line))),
        "stop" => step.items.push(Item::Stop(markdown::blocks(text, line))),
        "text" | "json" | "properties" => {
            step.items.push(Item::Text(Block::Code { info: info.into(), text: text.into(), line }))
        }
        other => return Err(LessonError::at(line - 1, 4, format!("there is no block ```{other}; there are {KINDS}"))),
    }
    options.done()
}

/// `key=value` words after a fence.
struct Options<'a> {
    words: Vec<&'a str>,
    line: usize,
}

impl Options<'_> {
    fn take<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, LessonError> {
        let Some(at) = self.words.iter().position(|word| word.split('=').next() == Some(key)) else { return Ok(None) };
        let word = self.words.remove(at);
        let value = word.split_once('=').map_or("", |(_, value)| value);
        read(value).map(Some).map_err(|message| LessonError::at(self.line, 4, format!("{key}: {message}")))
    }
    fn done(self) -> Result<(), LessonError> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(LessonError::at(self.line, 4, format!("`{word}` is not an option of this block"))),
        }
    }
}

fn console(options: &mut Options<'_>, text: &str, first: usize) -> Result<Console, LessonError> {
    let term = options.take("term", |n| {
        n.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(|| format!("`{n}` is not a terminal; they count from 1"))
    })?;
    let run = options.take("run", parse_duration)?;
    let mut lines: Vec<ConsoleLine> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let number = first + n;
        let given =
            ["$", ">"].into_iter().find_map(|prompt| Some((prompt, line.strip_prefix(prompt)?.strip_prefix(' ')?)));
        if let Some((prompt, command)) = given.or(matches!(line, "^C" | "^D").then_some(("", line))) {
            lines.push(ConsoleLine { command: command.to_owned(), prompt, expected: Vec::new(), line: number });
        } else if let Some(last) = lines.last_mut() {
            last.expected.push(line.to_owned());
        } else if !line.trim().is_empty() {
            return Err(LessonError::at(number, 1, "a console block begins with a command: `$ ` and a command line"));
        }
    }
    if lines.is_empty() {
        return Err(LessonError::at(first, 1, "the console block has no command; write `$ ` and a command line"));
    }
    Ok(Console { term: term.unwrap_or(1), run, lines, line: first })
}

fn checks(options: &mut Options<'_>, text: &str, first: usize) -> Result<Vec<Check>, LessonError> {
    let within = options.take("within", parse_duration)?.unwrap_or(WITHIN);
    let always = options.take("always", |_| Ok(()))?.is_some();
    let mut checks = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = first + n;
        let Some((text, source)) = line.split_once(" :: ") else {
            return Err(LessonError::at(number, 1, "a check is `what the reader sees :: expression`"));
        };
        let column = line.chars().count() - source.chars().count();
        let expr = expression(source, number, column)?;
        checks.push(Check {
            text: text.trim().into(),
            expr,
            source: source.trim().into(),
            within,
            always,
            line: number,
        });
    }
    match checks.is_empty() {
        true => Err(LessonError::at(first, 1, "the check block is empty; write `what the reader sees :: expression`")),
        false => Ok(checks),
    }
}

fn predict(text: &str, first: usize) -> Result<Predict, LessonError> {
    let mut question = Vec::new();
    let mut choices = Vec::new();
    let mut answer = None;
    for (n, line) in text.lines().enumerate() {
        let number = first + n;
        if let Some(choice) = line.strip_prefix("- ") {
            let Some((value, text)) = choice.split_once(" :: ") else {
                return Err(LessonError::at(number, 1, "a choice is `- value :: what the reader sees`"));
            };
            let value = value.trim();
            if choices.iter().any(|(other, _): &(String, String)| other == value) {
                let message = format!("`{value}` is a choice already; the engine's answer must be one of them");
                return Err(LessonError::at(number, 1, message));
            }
            choices.push((value.to_owned(), text.trim().to_owned()));
        } else if let Some(source) = line.strip_prefix("answer:") {
            answer = Some((expression(source, number, "answer:".len())?, source.trim().to_owned()));
        } else {
            question.push(line.trim());
        }
    }
    let Some((answer, source)) = answer else {
        return Err(LessonError::at(
            first,
            1,
            "the prediction has no `answer:` with an expression for the engine to evaluate",
        ));
    };
    if choices.len() < 2 {
        return Err(LessonError::at(
            first,
            1,
            "a prediction needs at least two choices, `- value :: what the reader sees`",
        ));
    }
    Ok(Predict { question: question.join(" ").trim().to_owned(), choices, answer, source, line: first })
}

fn expression(source: &str, line: usize, column: usize) -> Result<Expr, LessonError> {
    let expr = Expr::parse(source).map_err(|error| LessonError::at(line, column + error.column, error.message))?;
    for (name, args) in expr.calls() {
        facts::known(name, args).map_err(|message| LessonError::at(line, column + 1, message))?;
    }
    Ok(expr)
}
