//! Java's regular expressions (`java.util.regex.Pattern`), as far as topics are chosen by them: alternatives, groups, classes,
//! `.`, `\w \d \s` and their opposites, `\Q…\E`, look-ahead and look-behind, `(?i)`, and the quantifiers `* + ? {m,n}`, greedy and
//! lazy. A name must match as a whole, so that lazy or greedy is all the same. Matching tries every way, so it is bounded by a step count.

use std::fmt;

/// A compiled expression.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Regex(Vec<Vec<Piece>>);

/// Why an expression does not compile.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RegexError {
    /// It is none: the message of `PatternSyntaxException`, or of what a topic filter throws instead.
    Syntax(String),
    /// It has something that is not modelled.
    Unmodelled(String),
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegexError::Syntax(text) | RegexError::Unmodelled(text) => f.write_str(text),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Piece {
    atom: Atom,
    min: u32,
    max: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Atom {
    Char(char),
    Any,
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
        any_case: bool,
    },
    Group(Vec<Vec<Piece>>),
    /// What stands behind (or before) this place must match, or must not.
    Look {
        is_ahead: bool,
        is_wanted: bool,
        inner: Vec<Vec<Piece>>,
    },
    Start,
    End,
}

/// Java tries on for ever.
const STEPS_MAX: u32 = 100_000;

impl Regex {
    /// Compiles an expression.
    pub fn new(text: &str) -> Result<Regex, RegexError> {
        let chars: Vec<char> = text.chars().collect();
        let mut parser = Parser { chars: &chars, at: 0, any_case: false };
        let alternatives = parser.alternatives()?;
        match parser.at < chars.len() {
            true => Err(parser.error("Unmatched closing ')'", parser.at.checked_sub(1))),
            false => Ok(Regex(alternatives)),
        }
    }

    /// Kafka's topic filter (`IncludeList`): a list with commas is alternatives too, quotes around it are dropped.
    pub fn topic_filter(text: &str) -> Result<Regex, RegexError> {
        let text = text.trim().replace(',', "|").replace(' ', "");
        let text = text.trim_matches(['"', '\'']);
        Regex::new(text).map_err(|error| match error {
            RegexError::Syntax(_) => RegexError::Syntax(format!("{text} is an invalid regex.")),
            RegexError::Unmodelled(_) => error,
        })
    }

    /// Whether all of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let mut steps = 0;
        alternatives(&self.0, &chars, 0, &mut steps, &mut |at| at == chars.len())
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    /// `(?i)` stands before, in this group.
    any_case: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn alternatives(&mut self) -> Result<Vec<Vec<Piece>>, RegexError> {
        let mut all = vec![Vec::new()];
        while let Some(c) = self.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.at += 1;
                    all.push(Vec::new());
                }
                _ => {
                    let pieces = all.last_mut().expect("there is at least one alternative");
                    match self.chars[self.at..].starts_with(&['\\', 'Q']) {
                        true => self.quoted(pieces),
                        false => pieces.push(self.piece()?),
                    }
                }
            }
        }
        Ok(all)
    }

    /// `\Q…\E`
    fn quoted(&mut self, pieces: &mut Vec<Piece>) {
        self.at += 2;
        while let Some(c) = self.peek() {
            if self.chars[self.at..].starts_with(&['\\', 'E']) {
                self.at += 2;
                return;
            }
            self.at += 1;
            pieces.push(Piece { atom: self.char(c), min: 1, max: 1 });
        }
    }

    fn piece(&mut self) -> Result<Piece, RegexError> {
        let mut piece = Piece { atom: self.atom()?, min: 1, max: 1 };
        loop {
            let (min, max) = match self.peek() {
                Some('*') => (0, u32::MAX),
                Some('+') => (1, u32::MAX),
                Some('?') => (0, 1),
                Some('{') => {
                    let (min, max) = self.counted()?;
                    let is_first = (piece.min, piece.max) == (1, 1);
                    let atom = if is_first { piece.atom } else { Atom::Group(vec![vec![piece]]) };
                    piece = Piece { atom, min, max };
                    if self.takes('?') || self.refuse_possessive()? || self.peek() != Some('{') {
                        return Ok(piece);
                    }
                    continue;
                }
                _ => return Ok(piece),
            };
            self.at += 1;
            if !self.takes('?') {
                self.refuse_possessive()?;
            }
            return Ok(Piece { min, max, ..piece });
        }
    }

    /// A quantifier that gives nothing back.
    fn refuse_possessive(&mut self) -> Result<bool, RegexError> {
        if self.peek() == Some('+') { Err(self.unmodelled("a possessive quantifier")) } else { Ok(false) }
    }

    /// `{m}`, `{m,}`, `{m,n}`
    fn counted(&mut self) -> Result<(u32, u32), RegexError> {
        self.at += 1;
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(self.error("Illegal repetition", Some(self.at)));
        }
        let min = self.count()?;
        let max = match self.takes(',') {
            false => min,
            true if self.peek() == Some('}') => u32::MAX,
            true => self.count()?,
        };
        if self.peek() != Some('}') {
            return Err(self.error("Unclosed counted closure", Some(self.at)));
        }
        if min > max {
            return Err(self.error("Illegal repetition range", Some(self.at)));
        }
        self.at += 1;
        Ok((min, max))
    }

    fn count(&mut self) -> Result<u32, RegexError> {
        let mut count = 0i32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = count.checked_mul(10).and_then(|tens| tens.checked_add(digit as i32));
            count = next.ok_or_else(|| self.error("Illegal repetition range", Some(self.at)))?;
            self.at += 1;
        }
        Ok(count.unsigned_abs())
    }

    fn atom(&mut self) -> Result<Atom, RegexError> {
        let c = self.chars[self.at];
        self.at += 1;
        match c {
            '.' => Ok(Atom::Any),
            '^' => Ok(Atom::Start),
            '$' => Ok(Atom::End),
            '[' => self.class(),
            '(' => self.group(),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(self.error(&format!("Dangling meta character '{c}'"), Some(self.at - 1))),
            '{' => Err(self.error("Illegal repetition", Some(self.at))),
            c => Ok(self.char(c)),
        }
    }

    fn char(&self, c: char) -> Atom {
        match self.any_case && c.is_ascii_alphabetic() {
            true => Atom::Class { ranges: vec![(c, c)], is_negated: false, any_case: true },
            false => Atom::Char(c),
        }
    }

    fn group(&mut self) -> Result<Atom, RegexError> {
        let any_case = self.any_case;
        let mut look = None;
        if self.takes('?') {
            let is_ahead = !self.takes('<');
            match self.peek() {
                Some(c @ ('=' | '!')) => look = Some((is_ahead, c == '=')),
                Some(':') if is_ahead => {}
                Some('i') if is_ahead => {
                    self.at += 1;
                    self.any_case = true;
                    match self.peek() {
                        // It holds for the rest of the group that it stands in.
                        Some(')') => {
                            self.at += 1;
                            return Ok(Atom::Group(vec![Vec::new()]));
                        }
                        Some(':') => {}
                        _ => return Err(self.bad_modifier()),
                    }
                }
                _ if is_ahead => return Err(self.bad_modifier()),
                _ => return Err(self.unmodelled("a group with a name")),
            }
            self.at += 1;
        }
        let inner = self.alternatives()?;
        self.any_case = any_case;
        if !self.takes(')') {
            return Err(self.error("Unclosed group", Some(self.at)));
        }
        Ok(match look {
            Some((is_ahead, is_wanted)) => Atom::Look { is_ahead, is_wanted, inner },
            None => Atom::Group(inner),
        })
    }

    fn bad_modifier(&self) -> RegexError {
        match self.peek().is_some_and(|c| "dimsuxU->".contains(c)) {
            true => self.unmodelled("such a group"),
            false => self.error("Unknown inline modifier", Some(self.at)),
        }
    }

    fn class(&mut self) -> Result<Atom, RegexError> {
        let is_negated = self.takes('^');
        let mut ranges = Vec::new();
        loop {
            let unclosed = |parser: &Self| parser.error("Unclosed character class", Some(parser.chars.len() - 1));
            let c = self.peek().ok_or_else(|| unclosed(self))?;
            self.at += 1;
            if c == ']' && !ranges.is_empty() {
                return Ok(Atom::Class { ranges, is_negated, any_case: self.any_case });
            }
            if c == '[' || c == '&' && self.peek() == Some('&') {
                return Err(self.unmodelled("a class within a class"));
            }
            let start = match self.class_char(c)? {
                Ok(start) => start,
                Err(named) => {
                    ranges.extend(named);
                    continue;
                }
            };
            let is_range = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|end| *end != ']');
            if !is_range {
                ranges.push((start, start));
                continue;
            }
            self.at += 2;
            match self.class_char(self.chars[self.at - 1])? {
                Ok(end) if start <= end => ranges.push((start, end)),
                _ => return Err(self.error("Illegal character range", Some(self.at - 1))),
            }
        }
    }

    /// A character of a class, or the ranges of one that has a name.
    fn class_char(&mut self, c: char) -> Result<Result<char, Vec<(char, char)>>, RegexError> {
        if c != '\\' {
            return Ok(Ok(c));
        }
        if self.peek().is_none() {
            return Err(self.error("Unclosed character class", Some(self.at)));
        }
        match self.escape()? {
            Atom::Class { ranges, any_case: false, .. } => Ok(Err(ranges)),
            _ => Ok(Ok(self.chars[self.at - 1])),
        }
    }

    fn escape(&mut self) -> Result<Atom, RegexError> {
        let c = self.peek().ok_or_else(|| self.error("Unexpected internal error", Some(self.at)))?;
        self.at += 1;
        let class =
            |ranges: &[(char, char)]| Ok(Atom::Class { ranges: ranges.to_vec(), is_negated: false, any_case: false });
        match c {
            'w' => class(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            'W' => class(&[('\0', '/'), (':', '@'), ('[', '^'), ('`', '`'), ('{', char::MAX)]),
            'd' => class(&[('0', '9')]),
            'D' => class(&[('\0', '/'), (':', char::MAX)]),
            's' => class(&[('\t', '\r'), (' ', ' ')]),
            'S' => class(&[('\0', '\u{8}'), ('\u{e}', '\u{1f}'), ('!', char::MAX)]),
            'A' => Ok(Atom::Start),
            'z' => Ok(Atom::End),
            'C' | 'E' | 'F' | 'I' | 'J' | 'K' | 'L' | 'M' | 'O' | 'T' | 'U' | 'Y' | 'g' | 'i' | 'j' | 'l' | 'm'
            | 'o' | 'q' | 'y' => Err(self.error("Illegal/unsupported escape sequence", Some(self.at - 1))),
            c if c.is_ascii_alphanumeric() => Err(self.unmodelled(&format!("\\{c}"))),
            c => Ok(self.char(c)),
        }
    }

    fn unmodelled(&self, what: &str) -> RegexError {
        protocol::gap!(
            "regular expressions with possessive quantifiers, named groups, back references, classes within classes, or escapes beyond \\w \\d \\s \\A \\z: refused",
            "java.util.regex.Pattern"
        );
        RegexError::Unmodelled(format!("{}: {what} in a regular expression is not modelled here", self.text()))
    }

    /// As `PatternSyntaxException#getMessage` words it.
    fn error(&self, what: &str, index: Option<usize>) -> RegexError {
        let text = self.text();
        RegexError::Syntax(match index {
            None => format!("{what}\n{text}"),
            Some(index) if index >= self.chars.len() => format!("{what} near index {index}\n{text}"),
            Some(index) => format!("{what} near index {index}\n{text}\n{}^", " ".repeat(index)),
        })
    }
    fn text(&self) -> String {
        self.chars.iter().collect()
    }
}

fn alternatives(
    all: &[Vec<Piece>],
    text: &[char],
    at: usize,
    steps: &mut u32,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    all.iter().any(|pieces| sequence(pieces, text, at, steps, then))
}

fn sequence(pieces: &[Piece], text: &[char], at: usize, steps: &mut u32, then: &mut dyn FnMut(usize) -> bool) -> bool {
    match pieces.split_first() {
        None => then(at),
        Some((piece, rest)) => repeat(piece, rest, text, at, 0, steps, then),
    }
}

fn repeat(
    piece: &Piece,
    rest: &[Piece],
    text: &[char],
    at: usize,
    done: u32,
    steps: &mut u32,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    *steps += 1;
    if *steps > STEPS_MAX {
        protocol::gap!(
            "regular expressions that take more than 100,000 steps for a name: they do not match it",
            "java.util.regex.Pattern"
        );
        return false;
    }
    if done < piece.max && once(piece, rest, text, at, done, steps, then) {
        return true;
    }
    done >= piece.min && sequence(rest, text, at, steps, then)
}

fn once(
    piece: &Piece,
    rest: &[Piece],
    text: &[char],
    at: usize,
    done: u32,
    steps: &mut u32,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let is_match = match &piece.atom {
        Atom::Group(inner) => {
            let mut steps_inside = *steps;
            let found = alternatives(inner, text, at, steps, &mut |end| {
                let advanced = end > at || done < piece.min;
                advanced && repeat(piece, rest, text, end, done + 1, &mut steps_inside, then)
            });
            *steps = (*steps).max(steps_inside);
            return found;
        }
        Atom::Start => return at == 0 && repeat(piece, rest, text, at, piece.max, steps, then),
        Atom::End => return at == text.len() && repeat(piece, rest, text, at, piece.max, steps, then),
        Atom::Any => text.get(at).is_some(),
        Atom::Char(c) => text.get(at) == Some(c),
        Atom::Look { is_ahead, is_wanted, inner } => {
            let found = match is_ahead {
                true => alternatives(inner, text, at, steps, &mut |_| true),
                false => (0..=at).any(|from| alternatives(inner, text, from, steps, &mut |end| end == at)),
            };
            return found == *is_wanted && repeat(piece, rest, text, at, piece.max, steps, then);
        }
        Atom::Class { ranges, is_negated, any_case } => {
            let within = |c: char| ranges.iter().any(|(a, b)| *a <= c && c <= *b);
            let holds =
                |c: char| within(c) || *any_case && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()));
            text.get(at).is_some_and(|c| holds(*c) != *is_negated)
        }
    };
    is_match && repeat(piece, rest, text, at + 1, done + 1, steps, then)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let regex = Regex::topic_filter(pattern).expect("it compiles");
        for text in yes {
            assert!(regex.matches(text), "{pattern} {text}");
        }
        for text in no {
            assert!(!regex.matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn topic_filters_match_whole_names() {
        check("orders", &["orders"], &["orders2", "my-orders", ""]);
        check("o.*", &["o", "orders"], &["no"]);
        check("ra|cfg", &["ra", "cfg"], &["r", "racfg"]);
        check("a, b", &["a", "b"], &["a,b"]);
        check("topic-[0-9]+", &["topic-1", "topic-42"], &["topic-", "topic-x"]);
        check("(a|b)*c?", &["", "abba", "ac"], &["cc"]);
        check("x{2}", &["xx"], &["x", "xxx"]);
        check("^my\\.topic$", &["my.topic"], &["my_topic"]);
        check("[^_].*", &["a"], &["_a", ""]);
        check("\\w+", &["a_1"], &["a-1"]);
        check("(a*)*b", &["aaab"], &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"]);
    }

    #[test]
    fn a_comma_in_a_plain_expression_is_no_alternative() {
        let regex = Regex::new("x{2,3}").expect("it compiles");
        assert_eq!(["x", "xx", "xxx", "xxxx"].map(|text| regex.matches(text)), [false, true, true, false]);
    }
}
