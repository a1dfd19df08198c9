//! Java regular expressions, as far as topic filters need them: alternatives, groups, classes, `.`, `\w \d \s`, and the
//! quantifiers `* + ? {m,n}`. A name must match as a whole. Matching tries every way, so it is bounded by a step count.

/// A compiled expression.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Regex(Vec<Vec<Piece>>);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Piece {
    atom: Atom,
    min: usize,
    max: usize,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Atom {
    Char(char),
    Any,
    Class { ranges: Vec<(char, char)>, negated: bool },
    Group(Vec<Vec<Piece>>),
    Start,
    End,
}

const STEPS_MAX: u32 = 100_000;

impl Regex {
    /// Parses an expression; the error is a text like that of `PatternSyntaxException`.
    pub(crate) fn new(text: &str) -> Result<Regex, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut parser = Parser { chars: &chars, at: 0 };
        let alternatives = parser.alternatives()?;
        if parser.at < chars.len() {
            return Err(format!("Unmatched closing ')' near index {}\n{text}", parser.at.saturating_sub(1)));
        }
        Ok(Regex(alternatives))
    }

    /// Kafka's topic filter (`IncludeList`): a list with commas is alternatives too, quotes around it are dropped.
    pub(crate) fn topic_filter(text: &str) -> Result<Regex, String> {
        let text = text.trim().replace(',', "|").replace(' ', "");
        Regex::new(text.trim_matches(['"', '\'']))
    }

    /// Whether all of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let mut steps = 0;
        alternatives(&self.0, &chars, 0, &mut steps, &mut |at| at == chars.len())
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Vec<Vec<Piece>>, String> {
        let mut all = vec![Vec::new()];
        while let Some(&c) = self.chars.get(self.at) {
            match c {
                ')' => break,
                '|' => {
                    self.at += 1;
                    all.push(Vec::new());
                }
                _ => {
                    let piece = self.piece()?;
                    all.last_mut().expect("there is at least one alternative").push(piece);
                }
            }
        }
        Ok(all)
    }

    fn piece(&mut self) -> Result<Piece, String> {
        let atom = self.atom()?;
        let (min, max) = match self.chars.get(self.at) {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => return self.counted(atom),
            _ => return Ok(Piece { atom, min: 1, max: 1 }),
        };
        self.at += 1;
        if matches!(self.chars.get(self.at), Some('?' | '+')) {
            self.at += 1;
        }
        Ok(Piece { atom, min, max })
    }

    fn counted(&mut self, atom: Atom) -> Result<Piece, String> {
        let close = self.chars[self.at..]
            .iter()
            .position(|c| *c == '}')
            .ok_or_else(|| self.error("Unclosed counted closure"))?;
        let text: String = self.chars[self.at + 1..self.at + close].iter().collect();
        let (min, max) = text.split_once(',').unwrap_or((&text, &text));
        let min = min.parse().map_err(|_| self.error("Illegal repetition"))?;
        let max =
            if max.is_empty() { usize::MAX } else { max.parse().map_err(|_| self.error("Illegal repetition"))? };
        if min > max {
            return Err(self.error("Illegal repetition range"));
        }
        self.at += close + 1;
        Ok(Piece { atom, min, max })
    }

    fn atom(&mut self) -> Result<Atom, String> {
        let c = self.chars[self.at];
        self.at += 1;
        match c {
            '.' => Ok(Atom::Any),
            '^' => Ok(Atom::Start),
            '$' => Ok(Atom::End),
            '[' => self.class(),
            '(' => self.group(),
            '\\' => self.escape(),
            '*' | '+' | '?' => {
                Err(format!("Dangling meta character '{c}' near index {}\n{}", self.at - 1, self.text()))
            }
            c => Ok(Atom::Char(c)),
        }
    }

    fn group(&mut self) -> Result<Atom, String> {
        if self.chars[self.at..].starts_with(&['?', ':']) {
            self.at += 2;
        }
        let inner = self.alternatives()?;
        if self.chars.get(self.at) != Some(&')') {
            return Err(self.error("Unclosed group"));
        }
        self.at += 1;
        Ok(Atom::Group(inner))
    }

    fn class(&mut self) -> Result<Atom, String> {
        let negated = self.chars.get(self.at) == Some(&'^');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        loop {
            let c = *self.chars.get(self.at).ok_or_else(|| self.error("Unclosed character class"))?;
            self.at += 1;
            match c {
                ']' if !ranges.is_empty() => return Ok(Atom::Class { ranges, negated }),
                '\\' => match self.escape()? {
                    Atom::Class { ranges: named, .. } => ranges.extend(named),
                    Atom::Char(c) => ranges.push((c, c)),
                    _ => {}
                },
                c => {
                    let is_range =
                        self.chars.get(self.at) == Some(&'-') && self.chars.get(self.at + 1).is_some_and(|e| *e != ']');
                    let end = if is_range { self.chars[self.at + 1] } else { c };
                    self.at += if is_range { 2 } else { 0 };
                    ranges.push((c, end));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<Atom, String> {
        let c = *self.chars.get(self.at).ok_or_else(|| self.error("Unexpected internal error"))?;
        self.at += 1;
        let class = |ranges: &[(char, char)], negated| Ok(Atom::Class { ranges: ranges.to_vec(), negated });
        let word = &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
        match c {
            'w' => class(word, false),
            'W' => class(word, true),
            'd' => class(&[('0', '9')], false),
            'D' => class(&[('0', '9')], true),
            's' => class(&[(' ', ' '), ('\t', '\r')], false),
            c if c.is_alphanumeric() => Err(self.error("Illegal/unsupported escape sequence")),
            c => Ok(Atom::Char(c)),
        }
    }

    fn error(&self, what: &str) -> String {
        format!("{what} near index {}\n{}", self.chars.len().saturating_sub(1), self.text())
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
    done: usize,
    steps: &mut u32,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    *steps += 1;
    if *steps > STEPS_MAX {
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
    done: usize,
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
        Atom::Class { ranges, negated } => {
            text.get(at).is_some_and(|c| ranges.iter().any(|(a, b)| a <= c && c <= b) != *negated)
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

    #[test]
    fn bad_expressions_are_refused() {
        for bad in ["(", "a)", "[a", "*a", "a{x}", "\\q"] {
            assert!(Regex::new(bad).is_err(), "{bad}");
        }
    }
}
