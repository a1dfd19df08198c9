//! The manual of lessons (`docs/lessons.md`) lists every fact there is, with the words that `kafkasim list` says of it, and no other.

use std::collections::BTreeSet;

use lab::facts::FACTS;

#[test]
fn the_manual_has_a_row_for_each_fact_and_none_for_others() {
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
    let manual = std::fs::read_to_string(package + "/../../docs/lessons.md").expect("it is there");
    let (_, facts) = manual.split_once("\n## Facts\n").expect("it has a chapter of facts");
    let chapter = facts.split("\n## ").next().unwrap_or(facts);
    let told: BTreeSet<&str> = chapter.lines().filter(|line| line.starts_with("| `")).collect();
    let rows: Vec<String> =
        FACTS.iter().map(|fact| format!("| `{}({})` | {} |", fact.name, fact.args.join(", "), fact.doc)).collect();
    let known: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    let missing: Vec<_> = known.difference(&told).collect();
    let others: Vec<_> = told.difference(&known).collect();
    assert!(missing.is_empty() && others.is_empty(), "docs/lessons.md lacks {missing:#?} and has {others:#?}");
}

#[test]
fn an_unknown_key_is_named_in_sentences() {
    let error = lessons::Lesson::parse("---\nid: a\ntitle: A\ncolour: red\n---\n").expect_err("there is no such key");
    assert!(error.to_string().contains("there is no key `colour`. The keys are id, title, "), "{error}");
}

#[test]
fn two_choices_of_one_value_are_no_choice() {
    let text = "---\nid: a\ntitle: A\n---\n\n```predict\nHow many?\n- 1 :: one\n- 2 :: two\n- 1 :: a single one\nanswer: 1\n```\n\n\
                ```check\nYes :: 1 == 1\n```\n";
    let error = lessons::Lesson::parse(text).expect_err("which of them was right?");
    assert_eq!(
        error.to_string(),
        "line 10, column 1: `1` is a choice already; the engine's answer must be one of them"
    );
    assert!(lessons::Lesson::parse(&text.replace("- 1 :: a single", "- 3 :: a single")).is_ok());
}
