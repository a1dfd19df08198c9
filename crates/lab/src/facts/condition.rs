//! A condition: an expression that is true or false of a lab.

use std::fmt;
use std::sync::Arc;

use super::{Expr, ExprError, Value, evaluate, known};
use crate::Lab;
use crate::units::parse_duration;

/// A condition that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    text: Arc<str>,
    expr: Arc<Expr>,
}

/// Whether a condition holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Truth {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// A fact in it cannot be told now: the leader of a topic that is not there yet.
    Untold(String),
    /// It is neither true nor false.
    Never(String),
}

impl Condition {
    /// Whether a text that may be a span of time is meant to be a condition.
    pub fn is_meant(text: &str) -> bool {
        parse_duration(text.trim()).is_err() && text.contains(['(', '\''])
    }

    /// Reads a condition; quotes `'…'` around it may be there.
    ///
    /// # Errors
    /// If it is no expression, or asks for what is no fact.
    pub fn parse(text: &str) -> Result<Condition, ExprError> {
        let text = text.trim();
        let text = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
        let expr = Expr::parse(text)?;
        for (name, args) in expr.calls() {
            known(name, args).map_err(|message| ExprError { column: 0, message })?;
        }
        Ok(Condition { text: text.into(), expr: expr.into() })
    }

    /// Whether it holds now.
    pub fn truth(&self, lab: &Lab) -> Truth {
        match evaluate(&self.expr, lab) {
            Ok(Value::Bool(true)) => Truth::Yes,
            Ok(Value::Bool(false)) => Truth::No,
            Ok(other) => Truth::Never(format!("this is {other}, neither true nor false")),
            Err(error) => Truth::Untold(error.message),
        }
    }

    /// Whether it holds now; what cannot be told does not hold.
    pub fn holds(&self, lab: &Lab) -> bool {
        self.truth(lab) == Truth::Yes
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
