//! Regular expressions against what `java.util.regex.Pattern` answers.

use clients::{Regex, RegexError};

#[test]
fn expressions_match_and_fail_as_javas_do() {
    let mut rows = include_str!("data/regex.tsv").lines().filter(|line| !line.starts_with('#'));
    let names = rows.next().and_then(|row| row.strip_prefix("names\t")).expect("the names come first");
    let mut wrong = Vec::new();
    for row in rows {
        let [pattern, kind, wanted] = row.splitn(3, '\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {row}")
        };
        let got = match Regex::new(pattern) {
            Ok(regex) => {
                let matched: Vec<&str> = names.split(' ').filter(|name| regex.matches(name)).collect();
                ("=", matched.join(" "))
            }
            Err(RegexError::Syntax(text)) => ("!", text.replace('\n', "\\n")),
            Err(RegexError::Unmodelled(text)) => ("unmodelled", text),
        };
        if got != (kind, wanted.to_owned()) {
            wrong.push(format!("{pattern}: {got:?} instead of {kind} {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What Java would follow is neither an error of syntax nor guessed.
#[test]
fn what_is_not_modelled_is_refused_as_such() {
    for pattern in
        ["a++b", "(?<name>a)", r"(a)\1", "[a-z&&[^b]]", "[a[b]]", r"\p{Alpha}", r"\bab", "(?>a)", "(?x)a", "a{2}+"]
    {
        assert!(matches!(Regex::new(pattern), Err(RegexError::Unmodelled(_))), "{pattern}");
    }
}
