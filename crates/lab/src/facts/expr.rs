//! The expressions of conditions, checks and predictions: integers, truth, texts and lists; operators; calls of facts.
//!
//! A small language of our own: the well-kept one that would fit (CEL) brings a generated parser that weighs more than
//! the page's whole budget for lessons. What it has: `|| && !`, `== != < <= > >= in`, `+ - * / %`, parentheses, calls
//! `leader("orders", 0)`, texts in double quotes, lists `[1, 2]`. What it leaves out: variables, floats, loops.

use std::fmt;

/// A value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
}

/// An expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// A value as it stands.
    Literal(Value),
    /// A list of expressions.
    List(Vec<Expr>),
    /// `!` or `-` before an expression.
    Unary(&'static str, Box<Expr>),
    /// An operator between two expressions.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// A fact by name, with arguments.
    Call(String, Vec<Expr>),
}

/// What is wrong with an expression, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExprError {
    /// Column in the expression, from 1; 0 if it shows only when evaluated.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Binary operators from weakest to strongest.
const LEVELS: &[&[&str]] =
    &[&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];

impl Expr {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Expr, ExprError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let expr = parser.level(0)?;
        parser.space();
        match parser.rest() {
            "" => Ok(expr),
            rest => Err(parser.error(format!("`{rest}` is left over; put an operator such as `&&` or `==` before it"))),
        }
    }

    /// The names of all facts it asks for, with their numbers of arguments.
    pub fn calls(&self) -> Vec<(&str, usize)> {
        match self {
            Expr::Literal(_) => Vec::new(),
            Expr::List(items) => items.iter().flat_map(Expr::calls).collect(),
            Expr::Unary(_, inner) => inner.calls(),
            Expr::Binary(_, left, right) => [left.calls(), right.calls()].concat(),
            Expr::Call(name, args) => {
                let mut calls = vec![(name.as_str(), args.len())];
                calls.extend(args.iter().flat_map(Expr::calls));
                calls
            }
        }
    }

    /// Its value, with `fact` answering calls.
    pub fn value(&self, fact: &dyn Fn(&str, &[Value]) -> Result<Value, String>) -> Result<Value, ExprError> {
        let late = |message: String| ExprError { column: 0, message };
        match self {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::List(items) => items.iter().map(|item| item.value(fact)).collect::<Result<_, _>>().map(Value::List),
            Expr::Call(name, args) => {
                let args: Vec<Value> = args.iter().map(|arg| arg.value(fact)).collect::<Result<_, _>>()?;
                fact(name, &args).map_err(late)
            }
            Expr::Unary(op, inner) => match (*op, inner.value(fact)?) {
                ("!", Value::Bool(b)) => Ok(Value::Bool(!b)),
                ("-", Value::Int(n)) => Ok(Value::Int(n.saturating_neg())),
                (op, value) => Err(late(format!("`{op}` cannot be put before {value}"))),
            },
            Expr::Binary("&&", left, right) => match left.value(fact)? {
                Value::Bool(false) => Ok(Value::Bool(false)),
                Value::Bool(true) => right.value(fact),
                value => Err(late(format!("`&&` needs true or false on its left, not {value}"))),
            },
            Expr::Binary("||", left, right) => match left.value(fact)? {
                Value::Bool(true) => Ok(Value::Bool(true)),
                Value::Bool(false) => right.value(fact),
                value => Err(late(format!("`||` needs true or false on its left, not {value}"))),
            },
            Expr::Binary(op, left, right) => binary(op, left.value(fact)?, right.value(fact)?).map_err(late),
        }
    }
}

fn binary(op: &str, left: Value, right: Value) -> Result<Value, String> {
    use Value::{Bool, Int, List, Text};
    let truth = |b| Ok(Bool(b));
    match (op, &left, &right) {
        ("==", ..) => truth(left == right),
        ("!=", ..) => truth(left != right),
        ("in", item, List(items)) => truth(items.contains(item)),
        ("<", Int(a), Int(b)) => truth(a < b),
        ("<=", Int(a), Int(b)) => truth(a <= b),
        (">", Int(a), Int(b)) => truth(a > b),
        (">=", Int(a), Int(b)) => truth(a >= b),
        ("+", Int(a), Int(b)) => Ok(Int(a.saturating_add(*b))),
        ("-", Int(a), Int(b)) => Ok(Int(a.saturating_sub(*b))),
        ("*", Int(a), Int(b)) => Ok(Int(a.saturating_mul(*b))),
        ("/" | "%", Int(_), Int(0)) => Err(format!("{left} {op} 0: there is no such number")),
        ("/", Int(a), Int(b)) => Ok(Int(a.wrapping_div(*b))),
        ("%", Int(a), Int(b)) => Ok(Int(a.wrapping_rem(*b))),
        ("+", Text(a), Text(b)) => Ok(Text(format!("{a}{b}"))),
        _ => Err(format!("`{op}` cannot stand between {left} and {right}")),
    }
}

/// Nesting an author would write; more is an attack or a mistake.
const DEPTH_MAX: u32 = 64;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }
    fn error(&self, message: impl Into<String>) -> ExprError {
        ExprError { column: self.text[..self.at].chars().count() + 1, message: message.into() }
    }
    fn eat(&mut self, token: &str) -> bool {
        let before = self.at;
        self.space();
        let found = self.rest().starts_with(token);
        self.at = if found { self.at + token.len() } else { before };
        found
    }

    fn level(&mut self, level: usize) -> Result<Expr, ExprError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        loop {
            self.space();
            let rest = self.rest();
            let found = operators.iter().find(|op| {
                let word = op.chars().all(char::is_alphabetic);
                rest.starts_with(**op)
                    && !(word && rest[op.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            let Some(op) = found else { return Ok(left) };
            self.at += op.len();
            let right = self.level(level + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Result<Expr, ExprError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("too deeply nested"));
        }
        self.space();
        let expr = if !self.rest().starts_with("!=") && self.eat("!") {
            Expr::Unary("!", Box::new(self.unary()?))
        } else if self.eat("-") {
            Expr::Unary("-", Box::new(self.unary()?))
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn atom(&mut self) -> Result<Expr, ExprError> {
        self.space();
        let Some(first) = self.rest().chars().next() else { return Err(self.error("the expression ends too early")) };
        match first {
            '(' => {
                self.at += 1;
                let inner = self.level(0)?;
                if !self.eat(")") {
                    return Err(self.error("a `)` is missing"));
                }
                Ok(inner)
            }
            '[' => {
                self.at += 1;
                self.list("]").map(Expr::List)
            }
            '"' => self.text_literal(),
            c if c.is_ascii_digit() => {
                let digits = self.rest().chars().take_while(|c| c.is_ascii_digit() || *c == '_').count();
                let number = self.rest()[..digits].replace('_', "");
                let value = number.parse().map_err(|_| self.error(format!("{number} is too large a number")))?;
                self.at += digits;
                Ok(Expr::Literal(Value::Int(value)))
            }
            c if c.is_alphabetic() => {
                let length =
                    self.rest().find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest().len());
                let name = &self.rest()[..length];
                self.at += length;
                match name {
                    "true" => Ok(Expr::Literal(Value::Bool(true))),
                    "false" => Ok(Expr::Literal(Value::Bool(false))),
                    _ if self.eat("(") => Ok(Expr::Call(name.into(), self.list(")")?)),
                    _ => Err(self.error(format!(
                        "`{name}` is not a value; facts are called, as in `{name}(…)`, and texts stand in quotes"
                    ))),
                }
            }
            other => Err(self.error(format!("`{other}` cannot start a value"))),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, ExprError> {
        let mut items = Vec::new();
        if self.eat(end) {
            return Ok(items);
        }
        loop {
            items.push(self.level(0)?);
            if self.eat(end) {
                return Ok(items);
            }
            if !self.eat(",") {
                return Err(self.error(format!("`,` or `{end}` is missing")));
            }
        }
    }

    fn text_literal(&mut self) -> Result<Expr, ExprError> {
        let body = &self.rest()[1..];
        let Some(length) = body.find('"') else { return Err(self.error("the closing `\"` is missing")) };
        self.at += length + 2;
        Ok(Expr::Literal(Value::Text(body[..length].into())))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Text(text) => write!(f, "{text}"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}
impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}", self.message),
            column => write!(f, "column {column}: {}", self.message),
        }
    }
}
impl std::error::Error for ExprError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, ExprError> {
        Expr::parse(text)?.value(&|name, args| match name {
            "add" => Ok(Value::Int(args.len() as i64)),
            _ => Err(format!("no fact {name}")),
        })
    }

    #[test]
    fn operators_bind_as_everywhere() {
        for (text, result) in [
            ("1 + 2 * 3 == 7 && !false", Value::Bool(true)),
            ("(1 + 2) * 3", Value::Int(9)),
            ("-2 + 5 % 3", Value::Int(0)),
            ("2 in [1, 2] || missing()", Value::Bool(true)),
            ("add(1, [2, 3], \"x\") != 3", Value::Bool(false)),
            ("\"a\" + \"b\" == \"ab\"", Value::Bool(true)),
        ] {
            assert_eq!(value(text), Ok(result), "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_column_and_what_would_be_right() {
        for (text, column, says) in [
            ("1 +", 4, "ends too early"),
            ("leader == 1", 7, "leader(…)"),
            ("(1", 3, "`)` is missing"),
            ("1 2", 3, "operator"),
            ("\"open", 1, "closing"),
            ("[1; 2]", 3, "`,` or `]`"),
        ] {
            let error = value(text).expect_err(text);
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(says), "{text}: {error}");
        }
        assert!(value(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn nothing_overflows_or_divides_by_zero() {
        assert!(value("1 / 0").is_err());
        assert_eq!(value("9223372036854775807 + 1"), Ok(Value::Int(i64::MAX)));
    }
}
