//! How far a reader has come in a lesson. The page keeps one and asks the lab; nothing here types anything.

use kernel::Time;
use lab::Lab;

use crate::lesson::{Check, Item, Lesson, Predict};
use lab::facts::{Value, evaluate};

/// How a check stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum CheckState {
    /// Not true yet.
    #[default]
    Open,
    /// It became true then.
    Met(Time),
    /// A check that must always hold failed then.
    Broken(Time),
    /// It could not be evaluated.
    Error(String),
}

/// A reader's progress.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The step the reader is at.
    pub step: usize,
    checks: Vec<Vec<CheckState>>,
    choices: Vec<Vec<Option<usize>>>,
}

impl Progress {
    /// At the beginning of a lesson.
    pub fn new(lesson: &Lesson) -> Progress {
        let count = |f: fn(&Item) -> bool| {
            lesson.steps.iter().map(move |step| step.items.iter().filter(|item| f(item)).count())
        };
        Progress {
            step: 0,
            checks: count(|item| matches!(item, Item::Check(_))).map(|n| vec![CheckState::Open; n]).collect(),
            choices: count(|item| matches!(item, Item::Predict(_))).map(|n| vec![None; n]).collect(),
        }
    }

    /// Evaluates the open checks of the current step, one after the other, as [`crate::play()`] does: what comes after a check
    /// that is not met yet is not asked, since it may be true already for another reason.
    pub fn look(&mut self, lesson: &Lesson, lab: &Lab) {
        let Some(step) = lesson.steps.get(self.step) else { return };
        let checks = step.items.iter().filter_map(as_check);
        for (check, state) in checks.zip(&mut self.checks[self.step]) {
            if matches!(state, CheckState::Met(_)) && !check.always {
                continue;
            }
            *state = match (evaluate(&check.expr, lab), check.always) {
                (Ok(Value::Bool(true)), _) => CheckState::Met(lab.now()),
                (Ok(Value::Bool(false)), true) => CheckState::Broken(lab.now()),
                (Ok(Value::Bool(false)), false) => CheckState::Open,
                (Ok(value), _) => CheckState::Error(format!("`{}` is {value}, neither true nor false", check.source)),
                (Err(error), _) => CheckState::Error(error.message),
            };
            if !check.always && !matches!(state, CheckState::Met(_)) {
                break;
            }
        }
    }

    /// How the checks of a step stand, in their order.
    pub fn checks(&self, step: usize) -> &[CheckState] {
        self.checks.get(step).map_or(&[], Vec::as_slice)
    }
    /// Locks a choice for prediction `n` of a step; a locked choice stays.
    pub fn choose(&mut self, step: usize, n: usize, choice: usize) {
        if let Some(slot) = self.choices.get_mut(step).and_then(|step| step.get_mut(n)) {
            slot.get_or_insert(choice);
        }
    }
    /// The choice locked for prediction `n` of a step.
    pub fn choice(&self, step: usize, n: usize) -> Option<usize> {
        *self.choices.get(step)?.get(n)?
    }
    /// Takes a step for done, as a reader did it on an earlier visit that ended at `at`.
    pub fn was_done(&mut self, step: usize, at: Time) {
        if let Some(checks) = self.checks.get_mut(step) {
            checks.fill(CheckState::Met(at));
        }
    }
    /// Whether every check of a step is met.
    pub fn is_done(&self, step: usize) -> bool {
        self.checks(step).iter().all(|state| matches!(state, CheckState::Met(_)))
    }
    /// Whether every check of every step is met.
    pub fn is_complete(&self) -> bool {
        (0..self.checks.len()).all(|step| self.is_done(step))
    }
}

impl Predict {
    /// Which choice the engine finds right now: its number, or the value no choice has.
    pub fn right_choice(&self, lab: &Lab) -> Result<usize, String> {
        let value = evaluate(&self.answer, lab).map_err(|error| error.message)?.to_string();
        let found = self.choices.iter().position(|(choice, _)| *choice == value);
        found.ok_or_else(|| format!("the engine's answer is {value}, which is none of the choices"))
    }
}

fn as_check(item: &Item) -> Option<&Check> {
    match item {
        Item::Check(check) => Some(check),
        _ => None,
    }
}
