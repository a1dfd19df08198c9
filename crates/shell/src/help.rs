//! `--help` of Kafka's tools, made from their option tables (joptsimple's `BuiltinHelpFormatter(80, 2)`).

use crate::options::{Arg, Opt};

const OVERALL_WIDTH: usize = 80;
const SEPARATOR_WIDTH: usize = 2;

/// The table of options, one line an element, padded as joptsimple pads it.
pub(crate) fn table(options: &[Opt]) -> Vec<String> {
    let mut rows: Vec<(String, String)> =
        vec![("Option".to_owned(), "Description".to_owned()), ("------".to_owned(), "-----------".to_owned())];
    rows.extend(options.iter().map(|o| (shown(o), o.doc.to_owned())));
    let (options_width, docs_width) = widths(&rows);
    let mut fitted = Vec::new();
    for (option, doc) in &rows {
        let (left, right) = (pieces(option, options_width), pieces(doc, docs_width));
        for i in 0..left.len().max(right.len()) {
            fitted.push((left.get(i).cloned().unwrap_or_default(), right.get(i).cloned().unwrap_or_default()));
        }
    }
    let (options_width, docs_width) = widths(&fitted);
    fitted
        .iter()
        .map(|(option, doc)| format!("{option:options_width$}{:SEPARATOR_WIDTH$}{doc:docs_width$}", ""))
        .collect()
}

fn shown(option: &Opt) -> String {
    match option.arg {
        Arg::None => format!("--{}", option.name),
        Arg::Required(label) => format!("--{} <{label}>", option.name),
        Arg::Optional(label) => format!("--{} [{label}]", option.name),
    }
}

fn widths(rows: &[(String, String)]) -> (usize, usize) {
    let widest =
        |side: fn(&(String, String)) -> &String| rows.iter().map(|row| side(row).chars().count()).max().unwrap_or(0);
    let option = widest(|row| &row.0).min((OVERALL_WIDTH - SEPARATOR_WIDTH) / 2);
    (option, widest(|row| &row.1).min(OVERALL_WIDTH - option - SEPARATOR_WIDTH))
}

/// Breaks a text into lines of at most `width`, the second and later of a paragraph indented by two.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for paragraph in text.trim().split('\n') {
        let mut line = String::new();
        for word in words(paragraph) {
            if line.chars().count() + word.chars().count() > width {
                pieces.push(line.trim_end().to_owned());
                line = format!("  {word}");
            } else {
                line.push_str(word);
            }
        }
        if !line.is_empty() {
            pieces.push(line);
        }
    }
    pieces
}

/// Where Java's `BreakIterator.getLineInstance()` allows a line to break, as far as option texts need it: after blanks, and
/// after `-`, `.`, `:` and `,` inside a word.
fn words(paragraph: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = paragraph.char_indices().collect();
    let mut words = Vec::new();
    let mut start = 0;
    for pair in chars.windows(2) {
        let ((_, a), (at, b)) = (pair[0], pair[1]);
        let after_blank = a.is_whitespace() && !b.is_whitespace();
        let after_mark = match a {
            // A minus belongs to its number.
            '-' => b.is_alphabetic(),
            '.' | ':' | ',' | '?' => b.is_alphanumeric(),
            _ => false,
        };
        if after_blank || after_mark {
            words.push(&paragraph[start..at]);
            start = at;
        }
    }
    words.push(&paragraph[start..]);
    words
}
