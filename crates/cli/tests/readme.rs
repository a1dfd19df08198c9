//! What the README shows of the command line is what the binary prints: its files are taken from it, and its commands are run.

use std::path::PathBuf;
use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// The text of the first fenced block that opens with `fence` and has all of `words` in it.
fn block(fence: &str, words: &str) -> &'static str {
    let close = fence.trim_end_matches(char::is_alphabetic);
    let mut rest = README;
    while let Some((_, after)) = rest.split_once(&format!("\n{fence}\n")) {
        let (text, after) = after.split_once(&format!("\n{close}\n")).expect("a block ends");
        if text.contains(words) {
            return text;
        }
        rest = after;
    }
    panic!("the README has no {fence} with {words}");
}

/// A line without what differs from run to run: times of this machine, and all but the beginning of links.
fn lasting(line: &str) -> String {
    let line = line.split_once("s=1.").map_or(line, |(before, _)| before);
    match line.rsplit_once(" (") {
        Some((before, time)) if time.ends_with(" s)") || time.ends_with(" a second)") => before.to_owned(),
        _ => line.to_owned(),
    }
}

/// Runs what a block shows, command by command, in a folder with the README's files.
#[track_caller]
fn shows_truly(words: &str) {
    // Tests run side by side: each has a folder of its own.
    let name = words.trim().replace(|c: char| !c.is_alphanumeric(), "-");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readme").join(name);
    std::fs::create_dir_all(&folder).expect("the folder is made");
    let hello = block("````markdown", "id: hello");
    let bad = hello.replace("== 3\n", "== 4\n");
    assert_ne!(hello, bad, "the lesson has a check that can be made to fail");
    for (name, text) in
        [("first.json", block("```json", "The leader of orders-0 dies")), ("hello.md", hello), ("bad.md", &bad)]
    {
        std::fs::write(folder.join(name), format!("{text}\n")).expect("the file is written");
    }
    for shown in block("```console", words).split("$ kafkasim ").skip(1) {
        let (command, wanted) = shown.split_once('\n').unwrap_or((shown, ""));
        let ran = Command::new(env!("CARGO_BIN_EXE_kafkasim"))
            .args(command.split_whitespace())
            .current_dir(&folder)
            .output()
            .expect("it starts");
        let printed = String::from_utf8_lossy(&ran.stdout);
        let lines = |text: &str| text.trim_end().lines().map(lasting).collect::<Vec<_>>();
        assert_eq!(
            lines(&printed),
            lines(wanted),
            "the README is to show what `kafkasim {command}` prints: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

#[test]
fn a_run_and_its_digest() {
    shows_truly("kafkasim run first.json");
}

#[test]
fn a_lesson_that_passes_and_one_that_fails() {
    shows_truly("kafkasim test -v hello.md");
    shows_truly("kafkasim test bad.md");
}

#[test]
fn the_bundled_lessons() {
    shows_truly("kafkasim test\n");
}

#[test]
fn partitions_and_replicas() {
    shows_truly("kafkasim place");
}
