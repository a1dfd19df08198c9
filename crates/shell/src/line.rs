//! What a user types, split into commands: a small part of the POSIX shell grammar.
//!
//! Understood: comments, quotes, backslashes (also at line ends), `NAME=value` prefixes, pipes, `;`, `&&`, `||`, a trailing
//! `&`, `< file`, `<<< text`, `> file`, `>> file`, `2> file`, `&> file`, `2>&1`, and a leading `$ ` as it stands in front of commands
//! in tutorials. Left out on purpose, with an error that says so: command substitution and loops. `$NAME` is kept as it is.

use ordered::SortedMap;
use protocol::gap;

/// A line, parsed: pipelines that run one after the other.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Line {
    /// In the order they run; empty for a blank line or a comment.
    pub pipelines: Vec<Pipeline>,
}

/// When a pipeline runs, by the exit code of what ran last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum When {
    /// Whatever it was.
    Always,
    /// Joined by `&&`: if it was 0.
    AfterSuccess,
    /// Joined by `||`: if it was not.
    AfterFailure,
}

impl When {
    /// Whether it runs after that exit code; none if nothing ran yet.
    pub fn runs_after(self, code: Option<i32>) -> bool {
        let has_failed = code.is_some_and(|code| code != 0);
        match self {
            When::Always => true,
            When::AfterSuccess => !has_failed,
            When::AfterFailure => has_failed,
        }
    }
}

/// Commands joined by `|`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pipeline {
    /// At least one.
    pub commands: Vec<SimpleCommand>,
    /// Ends with `&`: the terminal does not wait for it.
    pub background: bool,
    /// Whether it runs after the one before.
    pub when: When,
    /// The text it was parsed from.
    pub text: String,
}

impl Pipeline {
    /// Where `cd PATH` goes, if that is all there is; without a path to the root.
    pub fn change_of_directory(&self) -> Option<&str> {
        let [only] = self.commands.as_slice() else { return None };
        match only.argv.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["cd"] => Some("/"),
            ["cd", _] => only.argv.get(1).map(String::as_str),
            _ => None,
        }
    }
}

/// One command: assignments, words, where its standard input comes from and where its output goes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SimpleCommand {
    /// `NAME=value` words in front.
    pub env: SortedMap<String, String>,
    /// The command and its arguments. Empty if there are only assignments.
    pub argv: Vec<String>,
    /// `< file` or `<<< text`.
    pub input: Option<Redirect>,
    /// Where its standard output goes.
    pub out: Sink,
    /// Where its standard error goes.
    pub err: Sink,
}

impl Default for SimpleCommand {
    fn default() -> SimpleCommand {
        SimpleCommand { env: SortedMap::new(), argv: Vec::new(), input: None, out: Sink::Out, err: Sink::Err }
    }
}

/// Where output goes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Sink {
    /// To the next command of the pipeline, or else to the terminal as standard output.
    Out,
    /// To the terminal as standard error.
    Err,
    /// Into a file, which is emptied first or not.
    File {
        /// As it was typed.
        path: String,
        /// `>>`: behind what it holds.
        append: bool,
    },
    /// Nowhere: `/dev/null`.
    Null,
}

/// Where standard input is taken from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Redirect {
    /// `< file`
    File(String),
    /// `<<< text`; the shell adds a line end.
    Text(String),
}

/// Why a line cannot be parsed, and where.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyntaxError {
    /// Of the first character at fault, counted from 1 in characters.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bash: column {}: {}", self.column, self.message)
    }
}
impl std::error::Error for SyntaxError {}

/// Parses one typed line (which may hold line ends, as pasted text does).
pub fn parse_line(text: &str) -> Result<Line, SyntaxError> {
    let chars: Vec<char> = text.chars().collect();
    let tokens = Lexer { chars: &chars, at: 0 }.tokens()?;
    Parser { chars: &chars, tokens, at: 0 }.line()
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    /// A word; `bare` is how many of its first characters are unquoted (an assignment's name must be).
    Word {
        text: String,
        bare: usize,
    },
    Pipe,
    Semicolon,
    AndAnd,
    OrOr,
    Background,
    Less,
    HereText,
    /// `>` and `>>`, of the streams in front of it.
    Greater {
        streams: Streams,
        append: bool,
    },
    /// `2>&1`: the stream goes where the other goes by now.
    Join {
        stream: Streams,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Streams {
    Out,
    Err,
    Both,
}

struct Spanned {
    token: Token,
    start: usize,
    end: usize,
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn tokens(mut self) -> Result<Vec<Spanned>, SyntaxError> {
        let mut tokens: Vec<Spanned> = Vec::new();
        while let Some(start) = self.skip_blank() {
            let token = self.token(start)?;
            let is_prompt = matches!(&token, Token::Word { text, .. } if text == "$")
                && tokens.last().is_none_or(|t| t.token == Token::Semicolon);
            if !is_prompt {
                tokens.push(Spanned { token, start, end: self.at });
            }
        }
        Ok(tokens)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Skips blanks, continued lines and comments; where the next token starts.
    fn skip_blank(&mut self) -> Option<usize> {
        loop {
            match self.peek(0)? {
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                '\\' if self.peek(1) == Some('\r') && self.peek(2) == Some('\n') => self.at += 3,
                '#' => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return Some(self.at),
            }
        }
    }

    fn token(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let not_here = |what: &str| Err(SyntaxError { column: start + 1, message: what.to_owned() });
        if let Some((token, length)) = redirection(&self.chars[start..]) {
            self.at += length;
            return Ok(token);
        }
        let (token, length) = match (self.chars[start], self.peek(1), self.peek(2)) {
            ('|', Some('|'), _) => (Token::OrOr, 2),
            ('|', ..) => (Token::Pipe, 1),
            ('&', Some('&'), _) => (Token::AndAnd, 2),
            ('&', ..) => (Token::Background, 1),
            (';' | '\n', ..) => (Token::Semicolon, 1),
            ('<', Some('<'), Some('<')) => (Token::HereText, 3),
            ('<', Some('<'), _) => {
                return not_here("`<<` is not supported here; use `<<< text` or `printf 'a\\nb\\n' | …`");
            }
            ('<', ..) => (Token::Less, 1),
            ('(' | ')', ..) => {
                return not_here("`(` and `)` are not supported here; quote them if they are meant as text");
            }
            _ => return self.word(start),
        };
        self.at += length;
        Ok(token)
    }

    fn word(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let mut text = String::new();
        let mut bare = None;
        while let Some(c) = self.peek(0) {
            match c {
                ' ' | '\t' | '\r' | '\n' | '|' | '&' | ';' | '<' | '>' => break,
                '(' if text.ends_with('$') => self.substitution(&mut text)?,
                '(' | ')' => break,
                '\'' | '"' => {
                    bare.get_or_insert(text.chars().count());
                    self.quoted(c, &mut text)?;
                }
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                '\\' => {
                    bare.get_or_insert(text.chars().count());
                    text.extend(self.peek(1));
                    self.at += 2;
                }
                '`' => {
                    return Err(SyntaxError {
                        column: self.at + 1,
                        message: "command substitution is not supported here".to_owned(),
                    });
                }
                _ => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        self.at = self.at.min(self.chars.len());
        debug_assert!(self.at > start, "a word has at least one character");
        let bare = bare.unwrap_or(text.chars().count());
        Ok(Token::Word { text, bare })
    }

    /// `$(pwd)` is `.`; nothing else can be substituted.
    fn substitution(&mut self, text: &mut String) -> Result<(), SyntaxError> {
        gap!("command substitution other than $(pwd)", "POSIX shell");
        let pwd: Vec<char> = "(pwd)".chars().collect();
        if self.chars[self.at..].starts_with(&pwd) {
            text.pop();
            text.push('.');
            self.at += pwd.len();
            return Ok(());
        }
        Err(SyntaxError {
            column: self.at,
            message: "command substitution is not supported here (only `$(pwd)`)".to_owned(),
        })
    }

    fn quoted(&mut self, quote: char, text: &mut String) -> Result<(), SyntaxError> {
        let opened = self.at;
        let ansi_c = quote == '\'' && text.ends_with('$');
        if ansi_c {
            text.pop();
        }
        self.at += 1;
        loop {
            let Some(c) = self.peek(0) else {
                let message = format!("unexpected EOF while looking for matching `{quote}'");
                return Err(SyntaxError { column: opened + 1, message });
            };
            self.at += 1;
            match c {
                c if c == quote => return Ok(()),
                '\\' if quote == '"' => self.escaped_in_double_quotes(text),
                '\\' if ansi_c => self.escaped_in_ansi_c(text),
                '(' if quote == '"' && text.ends_with('$') => {
                    self.at -= 1;
                    self.substitution(text)?;
                }
                c => text.push(c),
            }
        }
    }

    fn escaped_in_double_quotes(&mut self, text: &mut String) {
        match self.peek(0) {
            Some('\n') => self.at += 1,
            Some(c @ ('"' | '\\' | '$' | '`')) => {
                text.push(c);
                self.at += 1;
            }
            _ => text.push('\\'),
        }
    }

    fn escaped_in_ansi_c(&mut self, text: &mut String) {
        let c = self.peek(0);
        self.at += usize::from(c.is_some());
        match c {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(c @ ('\'' | '"' | '\\')) => text.push(c),
            Some(c) => text.extend(['\\', c]),
            None => text.push('\\'),
        }
    }
}

struct Parser<'a> {
    chars: &'a [char],
    tokens: Vec<Spanned>,
    at: usize,
}

impl Parser<'_> {
    fn line(mut self) -> Result<Line, SyntaxError> {
        let mut line = Line::default();
        let mut when = When::Always;
        while self.at < self.tokens.len() {
            if self.tokens[self.at].token == Token::Semicolon {
                self.at += 1;
                continue;
            }
            let first = self.at;
            let commands = self.pipeline()?;
            let end = self.tokens[self.at - 1].end;
            let text = self.chars[self.tokens[first].start..end].iter().collect();
            let separator = self.tokens.get(self.at).map(|t| t.token.clone());
            self.at += usize::from(separator.is_some());
            let background = separator == Some(Token::Background);
            line.pipelines.push(Pipeline { commands, background, when, text });
            when = match separator {
                Some(Token::AndAnd) => When::AfterSuccess,
                Some(Token::OrOr) => When::AfterFailure,
                _ => When::Always,
            };
        }
        if when != When::Always {
            let word = if when == When::AfterSuccess { "&&" } else { "||" };
            return Err(SyntaxError {
                column: self.chars.len() + 1,
                message: format!("a command is missing after `{word}`"),
            });
        }
        Ok(line)
    }

    fn pipeline(&mut self) -> Result<Vec<SimpleCommand>, SyntaxError> {
        let mut commands = vec![self.command()?];
        while self.tokens.get(self.at).is_some_and(|t| t.token == Token::Pipe) {
            self.at += 1;
            commands.push(self.command()?);
        }
        Ok(commands)
    }

    fn command(&mut self) -> Result<SimpleCommand, SyntaxError> {
        let mut command = SimpleCommand::default();
        let first = self.at;
        while let Some(spanned) = self.tokens.get(self.at) {
            match &spanned.token {
                Token::Word { text, bare } => {
                    match assignment(text, *bare).filter(|_| command.argv.is_empty()) {
                        Some((name, value)) => drop(command.env.insert(name, value)),
                        None => command.argv.push(text.clone()),
                    }
                    self.at += 1;
                }
                Token::Less => command.input = Some(Redirect::File(self.operand("<", "a file name")?)),
                Token::HereText => command.input = Some(Redirect::Text(self.operand("<<<", "a word")?)),
                Token::Greater { streams, append } => {
                    let (streams, append) = (*streams, *append);
                    let path = self.operand(if append { ">>" } else { ">" }, "a file name")?;
                    let sink = if path == "/dev/null" { Sink::Null } else { Sink::File { path, append } };
                    match streams {
                        Streams::Out => command.out = sink,
                        Streams::Err => command.err = sink,
                        Streams::Both => (command.out, command.err) = (sink.clone(), sink),
                    }
                }
                Token::Join { stream } => {
                    match stream {
                        Streams::Err => command.err = command.out.clone(),
                        Streams::Out | Streams::Both => command.out = command.err.clone(),
                    }
                    self.at += 1;
                }
                Token::Pipe | Token::Semicolon | Token::AndAnd | Token::OrOr | Token::Background => break,
            }
        }
        if self.at == first {
            return Err(self.missing_command());
        }
        Ok(command)
    }

    fn missing_command(&self) -> SyntaxError {
        let (column, found) = match self.tokens.get(self.at) {
            Some(t) => (
                t.start + 1,
                format!(
                    "syntax error near unexpected token `{}'",
                    self.chars[t.start..t.end].iter().collect::<String>()
                ),
            ),
            None => (self.chars.len() + 1, "syntax error: unexpected end of line".to_owned()),
        };
        SyntaxError { column, message: format!("{found}; a command is missing here") }
    }

    fn operand(&mut self, operator: &str, what: &str) -> Result<String, SyntaxError> {
        self.at += 1;
        match self.tokens.get(self.at).map(|t| &t.token) {
            Some(Token::Word { text, .. }) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => {
                let column = self.tokens.get(self.at).map_or(self.chars.len(), |t| t.start) + 1;
                Err(SyntaxError { column, message: format!("{what} is missing after `{operator}`") })
            }
        }
    }
}

/// The redirection of output that stands here, and its length.
fn redirection(chars: &[char]) -> Option<(Token, usize)> {
    let (streams, rest) = match chars {
        ['1', rest @ ..] => (Streams::Out, rest),
        ['2', rest @ ..] => (Streams::Err, rest),
        ['&', rest @ ..] => (Streams::Both, rest),
        rest => (Streams::Out, rest),
    };
    let before = chars.len() - rest.len();
    match (rest, streams) {
        (['>', '&', '1', ..], Streams::Err) | (['>', '&', '2', ..], Streams::Out) => {
            Some((Token::Join { stream: streams }, before + 3))
        }
        (['>', '>', ..], _) => Some((Token::Greater { streams, append: true }, before + 2)),
        (['>', ..], _) => Some((Token::Greater { streams, append: false }, before + 1)),
        _ => None,
    }
}

/// `NAME=value`, if the word is one and its name is not quoted.
fn assignment(word: &str, bare: usize) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let first = name.chars().next()?;
    let is_name =
        (first.is_ascii_alphabetic() || first == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && name.len() < bare).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, argvs: &[&[&str]]) {
        let line = parse_line(text).expect("it parses");
        let found: Vec<Vec<String>> =
            line.pipelines.iter().flat_map(|p| p.commands.iter().map(|c| c.argv.clone())).collect();
        assert_eq!(found, argvs, "{text}");
    }
    fn check_error(text: &str, error: &str) {
        assert_eq!(parse_line(text).expect_err("it does not parse").to_string(), error, "{text}");
    }

    #[test]
    fn words_split_as_in_a_shell() {
        check("kafka-topics.sh --list", &[&["kafka-topics.sh", "--list"]]);
        check("a 'b c' \"d \\\" e\" f\\ g ''", &[&["a", "b c", "d \" e", "f g", ""]]);
        check("a \\\n  --b # rest", &[&["a", "--b"]]);
        check("# only a comment", &[]);
        check("$ make it\n$ so", &[&["make", "it"], &["so"]]);
        check("printf 'a\\nb\\n' | t -x; u && v &", &[&["printf", "a\\nb\\n"], &["t", "-x"], &["u"], &["v"]]);
        check("a||b && c", &[&["a"], &["b"], &["c"]]);
        check("-v \"$(pwd)/auth\":/x", &[&["-v", "./auth:/x"]]);
        check("t $'a\\tb'", &[&["t", "a\tb"]]);
        check("t a#b", &[&["t", "a#b"]]);
    }

    #[test]
    fn assignments_in_front_are_the_environment() {
        let line = parse_line("TOPIC=temperature KEY= python producer.py A=b").expect("it parses");
        let command = &line.pipelines[0].commands[0];
        assert_eq!(
            command.env.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
            ["KEY=", "TOPIC=temperature"]
        );
        assert_eq!(command.argv, ["python", "producer.py", "A=b"]);
        check("'A'=b", &[&["A=b"]]);
    }

    #[test]
    fn redirections_and_background_are_kept() {
        let line = parse_line("t < in.txt & u <<< 'x y'").expect("it parses");
        assert_eq!(line.pipelines[0].commands[0].input, Some(Redirect::File("in.txt".to_owned())));
        assert!(line.pipelines[0].background && !line.pipelines[1].background);
        assert_eq!(line.pipelines[1].commands[0].input, Some(Redirect::Text("x y".to_owned())));
        assert_eq!(line.pipelines[0].text, "t < in.txt");
    }

    #[test]
    fn output_goes_where_the_shell_sends_it() {
        let check = |text: &str, out: Sink, err: Sink| {
            let line = parse_line(text).expect("it parses");
            let command = &line.pipelines[0].commands[0];
            assert_eq!(
                (command.argv.as_slice(), &command.out, &command.err),
                (["t".to_owned()].as_slice(), &out, &err),
                "{text}"
            );
        };
        let file = |path: &str, append| Sink::File { path: path.to_owned(), append };
        check("t > f", file("f", false), Sink::Err);
        check("t>>f", file("f", true), Sink::Err);
        check("t 2>/dev/null", Sink::Out, Sink::Null);
        check("t > f 2>&1", file("f", false), file("f", false));
        check("t 2>&1 > f", file("f", false), Sink::Out);
        check("t &> f", file("f", false), file("f", false));
        check("t >&2", Sink::Err, Sink::Err);
    }

    #[test]
    fn errors_say_where_and_what_would_be_right() {
        check_error("a 'b", "bash: column 3: unexpected EOF while looking for matching `''");
        check_error("a | | b", "bash: column 5: syntax error near unexpected token `|'; a command is missing here");
        check_error("| a", "bash: column 1: syntax error near unexpected token `|'; a command is missing here");
        check_error("a |", "bash: column 4: syntax error: unexpected end of line; a command is missing here");
        check_error("a && ", "bash: column 6: a command is missing after `&&`");
        check_error("a <", "bash: column 4: a file name is missing after `<`");
        check_error("a >", "bash: column 4: a file name is missing after `>`");
        check_error("a >> | b", "bash: column 6: a file name is missing after `>>`");
        check_error("a || ", "bash: column 6: a command is missing after `||`");
        check_error("a $(date)", "bash: column 3: command substitution is not supported here (only `$(pwd)`)");
    }
}
