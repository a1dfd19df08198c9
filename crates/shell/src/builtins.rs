//! The text commands that feed pipes: `cat`, `echo`, `ls`, `printf` and `seq`, as in bash and coreutils, with the flags
//! people use in front of a console producer.

use protocol::gap;

use crate::files::Files;

/// Their names.
pub(crate) const NAMES: &[&str] = &["cat", "echo", "ls", "printf", "seq"];

/// What one printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) errors: Vec<String>,
    pub(crate) code: i32,
}

/// Runs one; `argv[0]` is one of [`NAMES`].
pub(crate) fn run(argv: &[String], stdin: Option<&str>, files: &Files) -> Output {
    let args: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    match argv.first().map(String::as_str) {
        Some("cat") => cat(&args, stdin, files),
        Some("echo") => echo(&args),
        Some("ls") => ls(&args, files),
        Some("printf") => printf(&args),
        _ => seq(&args),
    }
}

impl Output {
    fn text(text: String) -> Output {
        Output { text, ..Output::default() }
    }
    fn error(error: String, code: i32) -> Output {
        Output { errors: vec![error], code, ..Output::default() }
    }
}

fn cat(args: &[&str], stdin: Option<&str>, files: &Files) -> Output {
    let mut output = Output::default();
    let names = if args.is_empty() { &["-"] } else { args };
    for name in names {
        match if *name == "-" { stdin } else { files.get(name).map(|text| &**text) } {
            Some(text) => output.text.push_str(text),
            None if *name == "-" => {}
            None => {
                output.errors.push(format!("cat: {name}: No such file or directory"));
                output.code = 1;
            }
        }
    }
    output
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

fn ls(args: &[&str], files: &Files) -> Output {
    gap!("ls over a broker's log directories", "kafka.server LogManager");
    let folder = args.iter().find(|a| !a.starts_with('-')).copied().unwrap_or(".");
    match files.list(folder) {
        Some(names) => Output::text(names.iter().map(|name| format!("{name}\n")).collect()),
        None => Output::error(format!("ls: cannot access '{folder}': No such file or directory"), 2),
    }
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
        let output = run(&argv, Some("in\n"), &Files::bundled());
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
        check(&["cat", "-"], "in\n");
        check(&["ls", "loads"], "2.json\n3.json\n");
    }

    #[test]
    fn text_commands_refuse_what_is_wrong() {
        check(&["cat", "nope"], "cat: nope: No such file or directory");
        check(&["ls", "nope"], "ls: cannot access 'nope': No such file or directory");
        check(&["seq", "x"], "seq: invalid integer argument: 'x'");
        check(&["seq", "99999999999999"], "seq: more than 1000000 numbers are not supported here");
        check(&["printf", "%x"], "bash: printf: `x': invalid format character; here it is %s, %d or %%");
    }
}
