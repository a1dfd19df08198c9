//! The text commands: `cat`, `echo`, `ls`, `printf`, `pwd` and `seq`, as in bash and coreutils, with the flags people use in
//! front of a console producer, and the filters that stand behind a `|`.

use protocol::FileContent;

use crate::filters::{self, Grep};
use crate::ls::ls;
use crate::tree::Tree;

/// Their names.
pub(crate) const NAMES: &[&str] =
    &["cat", "echo", "grep", "head", "ls", "nl", "printf", "pwd", "seq", "sort", "tail", "wc"];

/// What one printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) errors: Vec<String>,
    pub(crate) code: i32,
}

/// Runs one; `argv[0]` is one of [`NAMES`].
pub(crate) fn run(argv: &[String], stdin: Option<&str>, tree: &Tree<'_>) -> Output {
    let args: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    match argv.first().map(String::as_str) {
        Some("cat") => cat("cat", &args, stdin, tree),
        Some("echo") => echo(&args),
        Some("ls") => ls(&args, tree),
        Some("printf") => printf(&args),
        Some("pwd") => Output::text(format!("/{}\n", tree.cwd)),
        Some(name) if filters::NAMES.contains(&name) => filter(name, &args, stdin, tree),
        _ => seq(&args),
    }
}

impl Output {
    pub(crate) fn text(text: String) -> Output {
        Output { text, ..Output::default() }
    }
    pub(crate) fn error(error: String, code: i32) -> Output {
        Output { errors: vec![error], code, ..Output::default() }
    }
}

fn cat(name: &str, args: &[&str], stdin: Option<&str>, tree: &Tree<'_>) -> Output {
    let mut output = Output::default();
    let names = if args.is_empty() { &["-"] } else { args };
    for path in names {
        if *path == "-" {
            output.text.push_str(stdin.unwrap_or_default());
            continue;
        }
        let problem = match tree.read(path) {
            Some(content) => {
                output.text.push_str(&as_text(&content));
                continue;
            }
            None if tree.list(path).is_some() => "Is a directory",
            None => "No such file or directory",
        };
        output.errors.push(format!("{name}: {path}: {problem}"));
        output.code = 1;
    }
    output
}

/// A file as a terminal shows it; of bytes that are no text, what can be read.
fn as_text(content: &FileContent) -> String {
    match content {
        FileContent::Text(text) => text.to_string(),
        FileContent::Batches(batches) => {
            let bytes: Vec<u8> = batches.iter().flat_map(protocol::Batch::encode).collect();
            let shown = String::from_utf8_lossy(&bytes);
            shown.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).chain(['\n']).collect()
        }
        FileContent::Metadata(_)
        | FileContent::OffsetIndex { .. }
        | FileContent::TimeIndex { .. }
        | FileContent::Producers(_) => "(binary: read it with kafka-dump-log)\n".to_owned(),
        FileContent::Empty => String::new(),
    }
}

/// The words of a filter: its flags, and what is no flag, in any order.
pub(crate) fn flags_and_words<'a>(name: &str, args: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let takes_number = |word: &str| word == "-n" && matches!(name, "head" | "tail");
    let (mut flags, mut words) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            arg if takes_number(arg) => flags.extend(args.next()),
            arg if arg.len() > 1 && arg.starts_with('-') => flags.push(arg),
            arg => words.push(arg),
        }
    }
    (flags, words)
}

/// Takes grep out of its words.
pub(crate) fn grep(flags: &[&str], words: &mut Vec<&str>) -> Result<Grep, Output> {
    match words.is_empty() {
        true => Err(Output::error("usage: grep [-cEFiv] PATTERN [FILE]...".to_owned(), 2)),
        false => Grep::new(flags, words.remove(0)),
    }
}

/// A filter of files, or of what is piped in.
fn filter(name: &str, args: &[&str], stdin: Option<&str>, tree: &Tree<'_>) -> Output {
    let (flags, mut words) = flags_and_words(name, args);
    let grep = match (name == "grep").then(|| grep(&flags, &mut words)).transpose() {
        Ok(grep) => grep,
        Err(output) => return output,
    };
    let input = cat(name, &words, stdin, tree);
    let output = match grep {
        Some(grep) => grep.run(&input.text),
        None => filters::run(name, &flags, &input.text),
    };
    let code = if input.errors.is_empty() { output.code } else { input.code };
    Output { errors: [input.errors, output.errors].concat(), code, ..output }
}

fn echo(args: &[&str]) -> Output {
    let flags = args.iter().take_while(|a| matches!(**a, "-n" | "-e" | "-ne" | "-en" | "-E")).count();
    let (flags, words) = args.split_at(flags);
    let text = words.join(" ");
    let mut text = if flags.iter().any(|f| f.contains('e')) { unescape(&text) } else { text };
    if !flags.iter().any(|f| f.contains('n')) {
        text.push('\n');
    }
    Output::text(text)
}

/// `%s`, `%d`, `%%` and backslash escapes; the format is used again while arguments are left.
fn printf(args: &[&str]) -> Output {
    let Some((format, mut rest)) = args.split_first() else {
        return Output::error("printf: usage: printf [-v var] format [arguments]".to_owned(), 2);
    };
    let mut text = String::new();
    loop {
        let before = rest.len();
        let mut chars = format.chars().peekable();
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('%', Some('%')) => literal.push('%'),
                ('%', Some('s' | 'd')) => {
                    text.push_str(&unescape(&std::mem::take(&mut literal)));
                    if let Some((word, tail)) = rest.split_first() {
                        text.push_str(word);
                        rest = tail;
                    }
                }
                ('%', other) => {
                    let shown = other.map_or(String::new(), char::to_string);
                    return Output::error(
                        format!("bash: printf: `{shown}': invalid format character; here it is %s, %d or %%"),
                        1,
                    );
                }
                ('\\', Some(next)) => literal.extend(['\\', *next]),
                _ => {
                    literal.push(c);
                    continue;
                }
            }
            chars.next();
        }
        text.push_str(&unescape(&literal));
        if rest.is_empty() || rest.len() == before {
            return Output::text(text);
        }
    }
}

/// The largest number of lines `seq` makes.
const SEQ_MAX: i64 = 1_000_000;

fn seq(args: &[&str]) -> Output {
    let mut numbers = Vec::new();
    for arg in args {
        match arg.parse::<i64>() {
            Ok(n) => numbers.push(n),
            Err(_) => return Output::error(format!("seq: invalid integer argument: '{arg}'"), 1),
        }
    }
    let (first, step, last) = match numbers[..] {
        [last] => (1, 1, last),
        [first, last] => (first, 1, last),
        [first, step, last] => (first, step, last),
        _ => {
            return Output::error(
                "seq: one to three numbers are needed: seq LAST, seq FIRST LAST, seq FIRST STEP LAST".to_owned(),
                1,
            );
        }
    };
    if step == 0 {
        return Output::error("seq: invalid Zero increment value: '0'".to_owned(), 1);
    }
    let count = (last.saturating_sub(first) / step).saturating_add(1);
    if count > SEQ_MAX {
        return Output::error(format!("seq: more than {SEQ_MAX} numbers are not supported here"), 1);
    }
    Output::text((0..count.max(0)).map(|i| format!("{}\n", first + i * step)).collect())
}

/// Backslash escapes as `printf` and `echo -e` know them.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some('"') => out.push('"'),
            Some('\'') => out.push('\''),
            Some('0') => out.push('\0'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], text: &str) {
        let argv: Vec<String> = argv.iter().map(|s| (*s).to_owned()).collect();
        let files = crate::files::Files::bundled();
        let tree = Tree { files: &files, hosts: &crate::tree::tests::OneHost, cwd: "", inside: None };
        let output = run(&argv, Some("in\nto\n"), &tree);
        let all = output.text + &output.errors.concat();
        assert_eq!(all, text, "{argv:?}");
    }

    #[test]
    fn text_commands_print_what_coreutils_print() {
        check(&["echo", "a", "b"], "a b\n");
        check(&["echo", "-n", "a"], "a");
        check(&["echo", "-e", "a\\tb"], "a\tb\n");
        check(&["echo", "a\\tb"], "a\\tb\n");
        check(&["printf", "k%s:v%s\\n", "1", "2", "3", "4"], "k1:v2\nk3:v4\n");
        check(&["printf", "100%%\\n"], "100%\n");
        check(&["seq", "3"], "1\n2\n3\n");
        check(&["seq", "4", "-2", "0"], "4\n2\n0\n");
        check(&["seq", "3", "1"], "");
        check(&["cat", "-"], "in\nto\n");
        check(&["cat", "data/kafka1/kafka-logs/t-0/leader-epoch-checkpoint"], "0\n1\n0 0\n");
        check(&["nl"], "     1\tin\n     2\tto\n");
        check(&["head", "-1"], "in\n");
        check(&["tail", "-n", "1"], "to\n");
        check(&["wc", "-l"], "2\n");
        check(&["wc"], "      2       2       6\n");
        check(&["sort", "-r"], "to\nin\n");
        check(&["grep", "^i"], "in\n");
        check(&["grep", "-vc", "t"], "1\n");
        check(&["grep", "kafka", "data/kafka1/kafka-logs/t-0/leader-epoch-checkpoint"], "");
        check(&["pwd"], "/\n");
        check(&["ls", "loads"], "2.json\n3.json\n");
    }

    #[test]
    fn text_commands_refuse_what_is_wrong() {
        check(&["cat", "nope"], "cat: nope: No such file or directory");
        check(&["cat", "data"], "cat: data: Is a directory");
        check(&["grep"], "usage: grep [-cEFiv] PATTERN [FILE]...");
        check(&["head", "-x"], "head: invalid number of lines: 'x'");
        check(&["ls", "nope"], "ls: cannot access 'nope': No such file or directory");
        check(&["seq", "x"], "seq: invalid integer argument: 'x'");
        check(&["seq", "99999999999999"], "seq: more than 1000000 numbers are not supported here");
        check(&["printf", "%x"], "bash: printf: `x': invalid format character; here it is %s, %d or %%");
    }
}
