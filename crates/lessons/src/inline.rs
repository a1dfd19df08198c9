//! The text within a block of Markdown: code, emphasis, links, and nothing that could run.

use crate::markdown::Inline;

/// What a run is, beside plain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style<'a> {
    Plain,
    Strong,
    Emphasis,
    Link(&'a str),
}

/// Reads the text of a block; its lines are joined with spaces.
pub(crate) fn inline(text: &str) -> Vec<Inline> {
    let mut runs = Vec::new();
    read(text, Style::Plain, 0, &mut runs);
    runs
}

/// What may stand for characters that mean something: the names of the others are left as they are.
const ENTITIES: [(&str, &str); 6] =
    [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("nbsp", "\u{a0}"), ("apos", "'")];

/// How deep forms may stand within each other; deeper ones are plain text. A hostile lesson must not exhaust the stack.
pub(crate) const DEEPEST: usize = 8;
/// The longest code, link or emphasis in bytes; what closes later closes nothing. A hostile lesson must not take for ever.
const LONGEST: usize = 600;

fn read(text: &str, style: Style<'_>, depth: usize, runs: &mut Vec<Inline>) {
    let (mut plain, mut at) = (String::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let (before, rest) = text.split_at(at);
        let found = if depth < DEEPEST { special(c, before, head(rest)) } else { None };
        match found {
            Some(Found::Text(literal, length)) => {
                plain.push_str(literal);
                at += length;
            }
            Some(Found::Break(length)) => {
                plain.truncate(plain.trim_end_matches(' ').len());
                plain.push(' ');
                at += length;
            }
            Some(found) => {
                push(&mut plain, style, runs);
                at += take(found, style, depth + 1, runs);
            }
            None => {
                plain.push(c);
                at += c.len_utf8();
            }
        }
    }
    push(&mut plain, style, runs);
}

/// The part of a text that is looked at.
fn head(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Something at the head of a text, with its length in bytes.
enum Found<'a> {
    /// A literal text.
    Text(&'a str, usize),
    /// The end of a line.
    Break(usize),
    Code(&'a str, usize),
    /// A text within, with a style of its own.
    Styled(&'a str, Style<'a>, usize),
    /// An image: its text is shown as it would be without.
    Image(&'a str, usize),
    /// Raw HTML, which is dropped.
    Nothing(usize),
}

fn special<'a>(c: char, before: &str, rest: &'a str) -> Option<Found<'a>> {
    match c {
        '\n' => Some(Found::Break(1)),
        '\\' => escaped(rest),
        '&' => entity(rest),
        '`' => code(rest),
        '<' => angle(rest),
        '!' => link(rest.strip_prefix('!')?).map(|(text, _, length)| Found::Image(text, length + 1)),
        '[' => link(rest).map(|(text, to, length)| Found::Styled(text, Style::Link(to), length)),
        '*' | '_' => emphasis(c, before, rest),
        _ => None,
    }
}

fn take(found: Found<'_>, style: Style<'_>, depth: usize, runs: &mut Vec<Inline>) -> usize {
    match found {
        Found::Code(text, length) => {
            runs.push(Inline::Code(text.replace('\n', " ")));
            length
        }
        Found::Styled(text, own, length) => {
            read(text, own, depth, runs);
            length
        }
        Found::Image(text, length) => {
            read(text, style, depth, runs);
            length
        }
        Found::Text(_, length) | Found::Break(length) | Found::Nothing(length) => length,
    }
}

fn push(plain: &mut String, style: Style<'_>, runs: &mut Vec<Inline>) {
    let text = std::mem::take(plain);
    if text.is_empty() {
        return;
    }
    let run = match style {
        Style::Strong => Inline::Strong(text),
        Style::Emphasis => Inline::Emphasis(text),
        Style::Link(to) if to.starts_with("https://") || to.starts_with("http://") => Inline::Link(text, to.into()),
        Style::Link(_) | Style::Plain => Inline::Text(text),
    };
    append(run, runs);
}

/// Adds a run, to the last one if that is of the same kind.
pub(crate) fn append(run: Inline, runs: &mut Vec<Inline>) {
    match (runs.last_mut(), run) {
        (Some(Inline::Text(a)), Inline::Text(b))
        | (Some(Inline::Strong(a)), Inline::Strong(b))
        | (Some(Inline::Emphasis(a)), Inline::Emphasis(b)) => a.push_str(&b),
        (Some(Inline::Link(a, to)), Inline::Link(b, same)) if *to == same => a.push_str(&b),
        (_, run) => runs.push(run),
    }
}

fn escaped(rest: &str) -> Option<Found<'_>> {
    match rest[1..].chars().next()? {
        '\n' => Some(Found::Break(2)),
        c if c.is_ascii_punctuation() => Some(Found::Text(&rest[1..2], 2)),
        _ => None,
    }
}

fn entity(rest: &str) -> Option<Found<'_>> {
    let name = rest[1..].split_once(';')?.0;
    let (_, stands_for) = ENTITIES.iter().find(|(known, _)| *known == name)?;
    Some(Found::Text(stands_for, name.len() + 2))
}

fn code(rest: &str) -> Option<Found<'_>> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    let length = code_end(rest)?;
    if length == ticks {
        return Some(Found::Text(&rest[..ticks], ticks));
    }
    let text = &rest[ticks..length - ticks];
    let is_padded = text.len() > 2 && text.starts_with([' ', '\n']) && text.ends_with([' ', '\n']);
    Some(Found::Code(if is_padded && !text.trim().is_empty() { &text[1..text.len() - 1] } else { text }, length))
}

/// The length of the code at the head of a text, or of its ticks if nothing closes them. None if there are none.
fn code_end(rest: &str) -> Option<usize> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    let mut at = ticks;
    while let Some(next) = rest[at..].find('`') {
        at += next;
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        at += run;
        if run == ticks {
            return Some(at);
        }
    }
    (ticks > 0).then_some(ticks)
}

/// An address in angle brackets, or a tag or comment of HTML.
fn angle(rest: &str) -> Option<Found<'_>> {
    if rest.starts_with("<!--") {
        return rest.find("-->").map(|end| Found::Nothing(end + 3));
    }
    let inside = &rest[1..rest.find('>')?];
    let length = inside.len() + 2;
    if (inside.starts_with("https://") || inside.starts_with("http://")) && !inside.contains([' ', '\n', '<']) {
        return Some(Found::Styled(inside, Style::Link(inside), length));
    }
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)).then_some(Found::Nothing(length))
}

/// `[text](address "title")`: text, address, length.
fn link(rest: &str) -> Option<(&str, &str, usize)> {
    let close = closing(rest, '[', ']')?;
    let target = rest[close + 1..].strip_prefix('(').map(|_| &rest[close + 1..])?;
    let end = closing(target, '(', ')')?;
    let inside = target[1..end].trim();
    let to = match inside.strip_prefix('<').and_then(|inside| inside.split_once('>')) {
        Some((to, _)) => to,
        None => inside.split_whitespace().next().unwrap_or_default(),
    };
    Some((&rest[1..close], to, close + 1 + end + 1))
}

/// Where the bracket at the head of a text is closed; brackets in code and escaped ones do not count.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    if !text.starts_with(open) {
        return None;
    }
    while let Some(c) = text[at..].chars().next() {
        at += match c {
            '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '`' => code_end(&text[at..])?,
            c => {
                depth += i32::from(c == open) - i32::from(c == close);
                if depth == 0 {
                    return Some(at);
                }
                c.len_utf8()
            }
        };
    }
    None
}

/// `*emphasis*`, `**strong**`, and the same with underscores, which count at the edges of words only.
fn emphasis<'a>(mark: char, before: &str, rest: &'a str) -> Option<Found<'a>> {
    let marks = (rest.len() - rest.trim_start_matches(mark).len()).min(3);
    let inside = &rest[marks..];
    let literal = Found::Text(&rest[..marks], marks);
    let in_word = mark == '_' && before.ends_with(char::is_alphanumeric);
    if in_word || inside.is_empty() || inside.starts_with(char::is_whitespace) {
        return Some(literal);
    }
    let Some(end) = closing_marks(mark, marks, inside) else { return Some(literal) };
    let style = if marks == 1 { Style::Emphasis } else { Style::Strong };
    Some(Found::Styled(&inside[..end], style, marks + end + marks))
}

/// Where as many marks follow a word. More of them close nothing but what was opened inside.
fn closing_marks(mark: char, marks: usize, text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        at += match c {
            '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '`' => code_end(&text[at..])?,
            c if c == mark => {
                let run = text[at..].len() - text[at..].trim_start_matches(mark).len();
                let after_word = at > 0 && !text[..at].ends_with(char::is_whitespace);
                let in_word = mark == '_' && text[at + run..].starts_with(char::is_alphanumeric);
                if run == marks && after_word && !in_word {
                    return Some(at);
                }
                run
            }
            c => c.len_utf8(),
        };
    }
    None
}
