//! Text filters for pipes: `grep`, `head`, `nl`, `sort`, `tail` and `wc`, as in coreutils, with the flags people use behind `ls`
//! and `kafka-dump-log`.

use crate::builtins::Output;
use crate::regex::Regex;

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

/// `grep [-v] [-c] [-i] PATTERN`: lines in which the pattern is found.
pub(crate) fn grep(flags: &[&str], pattern: &str, text: &str) -> Output {
    let (mut inverted, mut counted, mut fixed, mut folded, mut extended) = (false, false, false, false, false);
    for letter in flags.iter().flat_map(|flag| flag.chars().skip(1)) {
        match letter {
            'v' => inverted = true,
            'c' => counted = true,
            'F' => fixed = true,
            'i' => folded = true,
            'E' => extended = true,
            other => return Output::error(format!("grep: invalid option -- '{other}'; here it knows -cEFiv"), 2),
        }
    }
    let fold = |text: &str| if folded { text.to_lowercase() } else { text.to_owned() };
    let is_plain = fixed || !pattern.contains(['.', '*', '+', '?', '[', '(', '|', '^', '$', '\\', '{']);
    // In basic expressions these are letters like any other.
    let literal = |c: char| if !extended && "|+?(){}".contains(c) { format!("\\{c}") } else { c.to_string() };
    let wanted: String = if is_plain { fold(pattern) } else { fold(pattern).chars().map(literal).collect() };
    let regex = match is_plain {
        true => None,
        false => match Regex::new(&around(&wanted)) {
            Ok(regex) => Some(regex),
            Err(error) => return Output::error(format!("grep: {error}"), 2),
        },
    };
    let is_found = |line: &&str| {
        let line = fold(line);
        let found = regex.as_ref().map_or_else(|| line.contains(&wanted), |regex| regex.matches(&line));
        found != inverted
    };
    let lines: Vec<&str> = text.lines().filter(is_found).collect();
    let text = match counted {
        true => format!("{}\n", lines.len()),
        false => lines.iter().map(|line| format!("{line}\n")).collect(),
    };
    Output { text, code: i32::from(lines.is_empty()), ..Output::default() }
}

/// A pattern that must match anywhere as one that must match the whole line.
fn around(pattern: &str) -> String {
    let (start, rest) = pattern.strip_prefix('^').map_or((".*", pattern), |rest| ("", rest));
    let (rest, end) = rest.strip_suffix('$').map_or((rest, ".*"), |rest| (rest, ""));
    format!("{start}({rest}){end}")
}

/// `-n 3`, `-n3` or `-3`; 10 without.
fn count<'a>(flags: &[&'a str]) -> Result<usize, &'a str> {
    let Some(word) = flags.last() else { return Ok(10) };
    let digits = word.trim_start_matches('-').trim_start_matches('n');
    digits.parse().map_err(|_| digits)
}

/// Numbers in six columns and a tab; empty lines are not counted.
fn nl(lines: &[&str]) -> String {
    let mut number = 0;
    let mut text = String::new();
    for line in lines {
        if line.is_empty() {
            text.push_str("       \n");
            continue;
        }
        number += 1;
        text.push_str(&format!("{number:>6}\t{line}\n"));
    }
    text
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
