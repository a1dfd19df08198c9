//! Text filters for pipes: `grep`, `head`, `nl`, `sort`, `tail` and `wc`, as in coreutils, with the flags people use behind `ls`
//! and `kafka-dump-log`.

use clients::Regex;

use crate::builtins::Output;

/// Their names.
pub(crate) const NAMES: &[&str] = &["grep", "head", "nl", "sort", "tail", "wc"];

/// Runs one on a text: its standard input, or its files one after the other.
pub(crate) fn run(name: &str, flags: &[&str], text: &str) -> Output {
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let text = match name {
        "head" | "tail" => match count(flags) {
            Ok(n) if name == "head" => joined(&lines[..n.min(lines.len())]),
            Ok(n) => joined(&lines[lines.len().saturating_sub(n)..]),
            Err(word) => return Output::error(format!("{name}: invalid number of lines: '{word}'"), 1),
        },
        "nl" => nl(&lines),
        "wc" => wc(flags, text, lines.len()),
        "sort" => sort(flags, lines),
        _ => unreachable!("grep has its own entry, and there is no other"),
    };
    Output::text(text)
}

/// `grep [-cEFiv] PATTERN`: lines in which the pattern is found.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Grep {
    inverted: bool,
    folded: bool,
    /// Whether only their number is wanted.
    pub(crate) counts: bool,
    wanted: String,
    /// None for a pattern of plain letters.
    regex: Option<Regex>,
}

impl Grep {
    pub(crate) fn new(flags: &[&str], pattern: &str) -> Result<Grep, Output> {
        let (mut inverted, mut counts, mut fixed, mut folded, mut extended) = (false, false, false, false, false);
        for letter in flags.iter().flat_map(|flag| flag.chars().skip(1)) {
            match letter {
                'v' => inverted = true,
                'c' => counts = true,
                'F' => fixed = true,
                'i' => folded = true,
                'E' => extended = true,
                other => {
                    return Err(Output::error(format!("grep: invalid option -- '{other}'; here it knows -cEFiv"), 2));
                }
            }
        }
        let is_plain = fixed || !pattern.contains(['.', '*', '+', '?', '[', '(', '|', '^', '$', '\\', '{']);
        // In basic expressions these are letters like any other.
        let literal = |c: char| if !extended && "|+?(){}".contains(c) { format!("\\{c}") } else { c.to_string() };
        let pattern = fold(pattern, folded);
        let wanted: String = if is_plain { pattern } else { pattern.chars().map(literal).collect() };
        let regex = match is_plain {
            true => None,
            false => match Regex::new(&around(&wanted)) {
                Ok(regex) => Some(regex),
                Err(error) => return Err(Output::error(format!("grep: {error}"), 2)),
            },
        };
        Ok(Grep { inverted, folded, counts, wanted, regex })
    }

    /// Whether it lets a line through.
    pub(crate) fn finds(&self, line: &str) -> bool {
        let line = fold(line, self.folded);
        let found = self.regex.as_ref().map_or_else(|| line.contains(&self.wanted), |regex| regex.matches(&line));
        found != self.inverted
    }

    pub(crate) fn run(&self, text: &str) -> Output {
        let lines: Vec<&str> = text.lines().filter(|line| self.finds(line)).collect();
        let text = match self.counts {
            true => format!("{}\n", lines.len()),
            false => lines.iter().map(|line| format!("{line}\n")).collect(),
        };
        Output { text, code: i32::from(lines.is_empty()), ..Output::default() }
    }
}

fn fold(text: &str, folded: bool) -> String {
    if folded { text.to_lowercase() } else { text.to_owned() }
}

/// A pattern that must match anywhere as one that must match the whole line.
fn around(pattern: &str) -> String {
    let (start, rest) = pattern.strip_prefix('^').map_or((".*", pattern), |rest| ("", rest));
    let (rest, end) = rest.strip_suffix('$').map_or((rest, ".*"), |rest| (rest, ""));
    format!("{start}({rest}){end}")
}

/// `-n 3`, `-n3` or `-3`; 10 without.
pub(crate) fn count<'a>(flags: &[&'a str]) -> Result<usize, &'a str> {
    let Some(word) = flags.last() else { return Ok(10) };
    let digits = word.trim_start_matches('-').trim_start_matches('n');
    digits.parse().map_err(|_| digits)
}

fn nl(lines: &[&str]) -> String {
    let mut last = 0;
    lines.iter().map(|line| numbered(&mut last, line) + "\n").collect()
}

/// A number in six columns, a tab and the line; empty lines are not counted.
pub(crate) fn numbered(last: &mut u64, line: &str) -> String {
    if line.is_empty() {
        return "       ".to_owned();
    }
    *last += 1;
    format!("{last:>6}\t{line}")
}

fn wc(flags: &[&str], text: &str, lines: usize) -> String {
    let counts = [('l', lines), ('w', text.split_whitespace().count()), ('c', text.len())];
    let asked: String = flags.iter().flat_map(|flag| flag.chars().skip(1)).collect();
    let wanted: Vec<usize> =
        counts.iter().filter(|(l, _)| asked.is_empty() || asked.contains(*l)).map(|(_, n)| *n).collect();
    match wanted.as_slice() {
        [one] => format!("{one}\n"),
        several => format!("{}\n", several.iter().map(|n| format!("{n:>7}")).collect::<Vec<_>>().join(" ")),
    }
}

fn sort(flags: &[&str], mut lines: Vec<&str>) -> String {
    let has = |letter: char| flags.iter().any(|flag| flag.contains(letter));
    ordered::sort(&mut lines);
    if has('n') {
        let number = |line: &str| {
            let digits: String = line.trim_start().chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u64>().unwrap_or(0)
        };
        ordered::sort_by_key(&mut lines, |line| number(line));
    }
    if has('u') {
        lines.dedup();
    }
    if has('r') {
        lines.reverse();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
