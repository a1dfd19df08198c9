//! `ls`, as in coreutils: names, or with `-l` sizes and times. Flags: `-1`, `-a`, `-A`, `-d`, `-h`, `-l`, `-r`, `-R`, `-S`,
//! `-t`, and the long names of some.

use protocol::DirEntry;

use crate::builtins::Output;
use crate::io::civil;
use crate::tree::Tree;

#[derive(Clone, Copy, Default)]
struct Flags {
    all: bool,
    almost_all: bool,
    directories: bool,
    human: bool,
    long: bool,
    reverse: bool,
    recursive: bool,
    by_size: bool,
    by_time: bool,
}

pub(crate) fn ls(args: &[&str], tree: &Tree<'_>) -> Output {
    let (flags, paths): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-') && arg.len() > 1);
    let flags = match read_flags(&flags) {
        Ok(flags) => flags,
        Err(error) => return Output { errors: vec![error], code: 2, ..Output::default() },
    };
    let paths = if paths.is_empty() { vec!["."] } else { paths };
    let mut output = Output::default();
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for path in paths {
        match tree.entry(path) {
            Some(entry) if entry.is_dir && !flags.directories => folders.push(path.to_owned()),
            Some(entry) => files.push(entry),
            None => {
                output.errors.push(format!("ls: cannot access '{path}': No such file or directory"));
                output.code = 2;
            }
        }
    }
    let with_names = folders.len() > 1 || !files.is_empty() || flags.recursive || !output.errors.is_empty();
    let mut sections = Vec::new();
    if !files.is_empty() {
        sections.push(lines(files, flags));
    }
    ordered::sort(&mut folders);
    folders.reverse();
    while let Some(folder) = folders.pop() {
        let entries = shown(tree.list(&folder).unwrap_or_default(), flags);
        let mut section = if with_names { format!("{folder}:\n") } else { String::new() };
        if flags.long {
            let blocks: u64 = entries.iter().map(|entry| entry.used_bytes.div_ceil(4096) * 4).sum();
            section
                .push_str(&format!("total {}\n", if flags.human { human(blocks * 1024) } else { blocks.to_string() }));
        }
        if flags.recursive {
            let below = entries.iter().filter(|entry| entry.is_dir && !entry.name.starts_with('.'));
            let mut below: Vec<String> = below.map(|entry| format!("{folder}/{}", entry.name)).collect();
            below.reverse();
            folders.extend(below);
        }
        section.push_str(&lines(entries, flags));
        sections.push(section);
    }
    Output { text: sections.join("\n"), ..output }
}

fn read_flags(words: &[&str]) -> Result<Flags, String> {
    let mut flags = Flags::default();
    for word in words {
        let letters = match *word {
            "--all" => "a",
            "--almost-all" => "A",
            "--directory" => "d",
            "--human-readable" => "h",
            "--reverse" => "r",
            "--recursive" => "R",
            long if long.starts_with("--") => return Err(format!("ls: unrecognized option '{long}'")),
            short => &short[1..],
        };
        for letter in letters.chars() {
            match letter {
                '1' => {}
                'a' => flags.all = true,
                'A' => flags.almost_all = true,
                'd' => flags.directories = true,
                'h' => flags.human = true,
                'l' => flags.long = true,
                'r' => flags.reverse = true,
                'R' => flags.recursive = true,
                'S' => flags.by_size = true,
                't' => flags.by_time = true,
                other => return Err(format!("ls: invalid option -- '{other}'; here it knows -1aAdhlrRSt")),
            }
        }
    }
    Ok(flags)
}

fn shown(mut entries: Vec<DirEntry>, flags: Flags) -> Vec<DirEntry> {
    if flags.all {
        entries.insert(0, DirEntry::dir("..", protocol::EPOCH_MS));
        entries.insert(0, DirEntry::dir(".", protocol::EPOCH_MS));
    } else if !flags.almost_all {
        entries.retain(|entry| !entry.name.starts_with('.'));
    }
    entries
}

fn lines(mut entries: Vec<DirEntry>, flags: Flags) -> String {
    ordered::sort_by(&mut entries, |a, b| a.name.cmp(&b.name));
    if flags.by_time {
        ordered::sort_by_key(&mut entries, |entry| std::cmp::Reverse(entry.modified_ms));
    }
    if flags.by_size {
        ordered::sort_by_key(&mut entries, |entry| std::cmp::Reverse(entry.size_bytes));
    }
    if flags.reverse {
        entries.reverse();
    }
    if !flags.long {
        return entries.iter().map(|entry| format!("{}\n", entry.name)).collect();
    }
    let size = |entry: &DirEntry| if flags.human { human(entry.size_bytes) } else { entry.size_bytes.to_string() };
    let width = entries.iter().map(|entry| size(entry).len()).max().unwrap_or(0);
    let line = |entry: &DirEntry| {
        let mode = if entry.is_dir { "drwxr-xr-x 2" } else { "-rw-r--r-- 1" };
        format!("{mode} kafka kafka {:>width$} {} {}\n", size(entry), date(entry.modified_ms), entry.name)
    };
    entries.iter().map(line).collect()
}

/// `Jan 15 08:00`, as for a file of this half-year, in UTC.
fn date(ms: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let civil = civil(ms);
    let month = MONTHS[(civil.month - 1) as usize];
    format!("{month} {:>2} {:02}:{:02}", civil.day, civil.hour, civil.minute)
}

/// `72`, `1.3K`, `10M`: rounded up, one digit after the point below ten.
fn human(bytes: u64) -> String {
    let mut unit = 1;
    let mut letters = ["", "K", "M", "G", "T"].iter();
    let mut letter = letters.next().unwrap_or(&"");
    while bytes >= unit * 1024 {
        unit *= 1024;
        letter = letters.next().unwrap_or(letter);
    }
    let tenths = (bytes * 10).div_ceil(unit);
    match unit > 1 && tenths < 100 {
        true => format!("{}.{}{letter}", tenths / 10, tenths % 10),
        false => format!("{}{letter}", bytes.div_ceil(unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;
    use crate::tree::tests::OneHost;

    fn check(args: &[&str], expected: &str) {
        let files = Files::bundled();
        let tree = Tree { files: &files, hosts: &OneHost, cwd: "data/kafka1/kafka-logs", inside: None };
        let output = ls(args, &tree);
        assert_eq!(output.text + &output.errors.concat(), expected, "{args:?}");
    }

    #[test]
    fn names_sizes_and_times_are_those_of_the_files() {
        check(&[], "t-0\n");
        check(&["-A"], ".lock\nt-0\n");
        check(
            &["-l", "t-0"],
            "total 8\n\
             -rw-r--r-- 1 kafka kafka 10485760 Jan 15 08:01 00000000000000000000.index\n\
             -rw-r--r-- 1 kafka kafka       71 Jan 15 08:02 00000000000000000000.log\n\
             -rw-r--r-- 1 kafka kafka        8 Jan 15 08:00 leader-epoch-checkpoint\n",
        );
        check(&["-t", "-r", "t-0"], "leader-epoch-checkpoint\n00000000000000000000.index\n00000000000000000000.log\n");
        check(
            &["-lhS", "t-0/00000000000000000000.log", "t-0/00000000000000000000.index"],
            "-rw-r--r-- 1 kafka kafka 10M Jan 15 08:01 t-0/00000000000000000000.index\n\
             -rw-r--r-- 1 kafka kafka  71 Jan 15 08:02 t-0/00000000000000000000.log\n",
        );
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        check(&["nope"], "ls: cannot access 'nope': No such file or directory");
        check(&["-x"], "ls: invalid option -- 'x'; here it knows -1aAdhlrRSt");
        check(
            &["nope", "t-0"],
            "t-0:\n00000000000000000000.index\n00000000000000000000.log\nleader-epoch-checkpoint\nls: cannot access 'nope': No such file or directory",
        );
    }
}
