//! Markdown as plain data: paragraphs, lists, headings, code. Raw HTML is dropped, links only go to the web; nothing
//! in a lesson can run in the page. A part of CommonMark that is small, because the page carries it; not in it are tables,
//! footnotes, addresses given elsewhere (`[text][name]`), tabs as indents, and most names of entities.

use crate::inline::{DEEPEST, inline};

/// A block of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A heading of level 1 to 6.
    Heading(u8, Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list; numbered or not.
    List(bool, Vec<Vec<Inline>>),
    /// A quotation, used for notices.
    Quote(Vec<Inline>),
    /// A fenced block: what stands after the fence, the text, and the line its text begins on.
    Code {
        /// The words after the fence.
        info: String,
        /// Its text.
        text: String,
        /// The line of its first line of text, from 1.
        line: usize,
    },
}

/// A run of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Plain.
    Text(String),
    /// Code.
    Code(String),
    /// Strong.
    Strong(String),
    /// Emphasised.
    Emphasis(String),
    /// A link to the web: text and address.
    Link(String, String),
}

/// Reads Markdown whose first line is line `first_line` of its file.
pub(crate) fn blocks(text: &str, first_line: usize) -> Vec<Block> {
    let lines: Vec<Line<'_>> = text.lines().enumerate().map(|(n, text)| (first_line + n, text)).collect();
    let mut blocks = Vec::new();
    read(&lines, 0, &mut blocks);
    blocks
}

/// A line and its number in the file.
type Line<'a> = (usize, &'a str);

fn read(lines: &[Line<'_>], depth: usize, blocks: &mut Vec<Block>) {
    let mut rest = lines;
    while let Some((_, line)) = rest.first() {
        let taken = if line.trim().is_empty() {
            1
        } else if let Some(fence) = Fence::at(line) {
            fence.read(rest, blocks)
        } else if indent(line) >= 4 {
            indented_code(rest, blocks)
        } else if let Some((level, text)) = heading(line) {
            blocks.push(Block::Heading(level, inline(text)));
            1
        } else if is_rule(line) {
            1
        } else if line.trim_start().starts_with('>') && depth < DEEPEST {
            quote(rest, depth, blocks)
        } else if let Some(item) = marker(line) {
            list(rest, item.is_numbered, blocks)
        } else if let Some(end) = html_end(line) {
            rest.iter().position(|(_, line)| end.is_at(line)).map_or(rest.len(), |at| at + 1)
        } else {
            paragraph(rest, blocks)
        };
        rest = &rest[taken..];
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The opening of a fenced block.
struct Fence<'a> {
    mark: char,
    length: usize,
    indent: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn at(line: &'a str) -> Option<Fence<'a>> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let (length, indent) = (text.len() - info.len(), indent(line));
        let is_fence = length >= 3 && indent < 4 && !(mark == '`' && info.contains('`'));
        is_fence.then_some(Fence { mark, length, indent, info: info.trim() })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        indent(line) < 4 && text.len() >= self.length && text.chars().all(|c| c == self.mark)
    }

    /// Reads the block whose fence is the first line; a block that nothing closes goes on to the end.
    fn read(&self, lines: &[Line<'_>], blocks: &mut Vec<Block>) -> usize {
        let inside = &lines[1..];
        let length = inside.iter().position(|(_, line)| self.is_closed_by(line)).unwrap_or(inside.len());
        let text = inside[..length].iter().map(|(_, line)| unindented(line, self.indent) + "\n").collect();
        blocks.push(Block::Code { info: self.info.to_owned(), text, line: lines[0].0 + 1 });
        (length + 2).min(lines.len())
    }
}

/// A line without its first spaces, at most so many.
fn unindented(line: &str, most: usize) -> String {
    line[indent(line).min(most)..].to_owned()
}

fn indented_code(lines: &[Line<'_>], blocks: &mut Vec<Block>) -> usize {
    let is_code = |line: &str| indent(line) >= 4 || line.trim().is_empty();
    let all = lines.iter().position(|(_, line)| !is_code(line)).unwrap_or(lines.len());
    let length = lines[..all].iter().rposition(|(_, line)| !line.trim().is_empty()).map_or(all, |at| at + 1);
    let text = lines[..length].iter().map(|(_, line)| unindented(line, 4) + "\n").collect();
    blocks.push(Block::Code { info: String::new(), text, line: lines[0].0 });
    length
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let text = line.trim();
    let rest = text.trim_start_matches('#');
    let level = text.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with(' '));
    let plain = rest.trim_end_matches('#');
    let closed = plain.is_empty() || plain.ends_with(' ');
    is_heading.then_some((level as u8, if closed { plain } else { rest }.trim()))
}

/// `---`, `***` or `___`.
fn is_rule(line: &str) -> bool {
    let marks: String = line.split_whitespace().collect();
    marks.len() >= 3 && ['-', '*', '_'].iter().any(|mark| marks.chars().all(|c| c == *mark))
}

/// Reads a quotation: its paragraphs become quotes, what else it holds stays what it is.
fn quote(lines: &[Line<'_>], depth: usize, blocks: &mut Vec<Block>) -> usize {
    let goes_on = |line: &str| line.trim_start().starts_with('>') || !(line.trim().is_empty() || interrupts(line));
    let length = lines.iter().position(|(_, line)| !goes_on(line)).unwrap_or(lines.len());
    let inside = |line| {
        let text = str::trim_start(line);
        text.strip_prefix("> ").or_else(|| text.strip_prefix('>')).unwrap_or(line)
    };
    let inner: Vec<Line<'_>> = lines[..length].iter().map(|(n, line)| (*n, inside(*line))).collect();
    let from = blocks.len();
    read(&inner, depth + 1, blocks);
    for block in &mut blocks[from..] {
        if let Block::Paragraph(runs) = block {
            *block = Block::Quote(std::mem::take(runs));
        }
    }
    length
}

struct Marker<'a> {
    is_numbered: bool,
    /// From where the text of the item stands.
    width: usize,
    text: &'a str,
}

/// The bullet or number that opens an item.
fn marker(line: &str) -> Option<Marker<'_>> {
    let text = line.trim_start();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let is_numbered = (1..=9).contains(&digits) && text[digits..].starts_with(['.', ')']);
    let is_bullet = text.starts_with(['-', '*', '+']);
    let length = if is_numbered { digits + 1 } else { 1 };
    let after = text.get(length..)?;
    let is_marker = (is_numbered || is_bullet) && (after.is_empty() || after.starts_with(' '));
    let text = after.trim_start();
    is_marker.then_some(Marker { is_numbered, width: line.len() - text.len(), text })
}

/// Reads a list. Items of lists within it follow those that hold them, and code in it comes before it.
fn list(lines: &[Line<'_>], is_numbered: bool, blocks: &mut Vec<Block>) -> usize {
    let (mut items, mut text, mut width, mut at) = (Vec::new(), String::new(), 0, 0);
    while let Some((_, line)) = lines.get(at) {
        let is_inner = indent(line) >= width;
        let after_blank = at > 0 && lines[at - 1].1.trim().is_empty();
        if line.trim().is_empty() {
            at += 1;
        } else if let Some(fence) = Fence::at(&unindented(line, width)).filter(|_| is_inner) {
            at += (Fence { indent: indent(line), ..fence }).read(&lines[at..], blocks);
        } else if let Some(item) =
            marker(line).filter(|item| !is_rule(line) && (is_inner || item.is_numbered == is_numbered))
        {
            flush(&mut text, &mut items);
            text.push_str(item.text);
            // What stands within the item, lists too, is indented to its text.
            width = if is_inner && at > 0 { width } else { item.width };
            at += 1;
        } else if is_inner || !(after_blank || interrupts(line)) {
            text.push('\n');
            text.push_str(line.trim_start());
            at += 1;
        } else {
            break;
        }
    }
    flush(&mut text, &mut items);
    blocks.push(Block::List(is_numbered, items));
    at
}

fn flush(text: &mut String, items: &mut Vec<Vec<Inline>>) {
    let runs = inline(std::mem::take(text).trim());
    if !runs.is_empty() {
        items.push(runs);
    }
}

/// Whether a line ends the paragraph before it.
fn interrupts(line: &str) -> bool {
    let is_item = marker(line)
        .is_some_and(|item| !item.text.is_empty() && (!item.is_numbered || line.trim_start().starts_with("1")));
    let starts_block = heading(line).is_some() || is_rule(line) || line.trim_start().starts_with('>') || is_item;
    indent(line) < 4
        && (starts_block || Fence::at(line).is_some() || html_end(line).is_some_and(|end| end != HtmlEnd::Tag))
}

fn paragraph(lines: &[Line<'_>], blocks: &mut Vec<Block>) -> usize {
    let underline = |line: &str| match line.trim() {
        "" => None,
        text if text.chars().all(|c| c == '=') => Some(1),
        text if text.chars().all(|c| c == '-') => Some(2),
        _ => None,
    };
    let mut text = lines[0].1.trim_start().to_owned();
    for (at, (_, line)) in lines.iter().enumerate().skip(1) {
        if let Some(level) = underline(line).filter(|_| indent(line) < 4) {
            blocks.push(Block::Heading(level, inline(text.trim())));
            return at + 1;
        }
        if line.trim().is_empty() || interrupts(line) {
            blocks.push(Block::Paragraph(inline(text.trim_end())));
            return at;
        }
        text.push('\n');
        text.push_str(line.trim_start());
    }
    blocks.push(Block::Paragraph(inline(text.trim_end())));
    lines.len()
}

/// Where raw HTML that stands as a block ends. It is dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HtmlEnd {
    /// With the line that holds this text.
    Text(&'static str),
    /// With an empty line.
    Empty,
    /// With an empty line too; the block is one tag of any name, alone on its line, and ends no paragraph.
    Tag,
}

/// Elements whose text is not text: their blocks end where they do.
const RAW: [(&str, &str); 4] =
    [("script", "</script>"), ("pre", "</pre>"), ("style", "</style>"), ("textarea", "</textarea>")];
/// Elements that are blocks.
const BLOCKS: [&str; 28] = [
    "address", "article", "aside", "body", "center", "details", "dialog", "div", "dl", "figure", "footer", "form",
    "frame", "h1", "h2", "h3", "head", "header", "html", "iframe", "li", "link", "main", "nav", "p", "section",
    "table", "ul",
];

impl HtmlEnd {
    fn is_at(self, line: &str) -> bool {
        match self {
            HtmlEnd::Text(end) => line.to_ascii_lowercase().contains(end),
            HtmlEnd::Empty | HtmlEnd::Tag => line.trim().is_empty(),
        }
    }
}

fn html_end(line: &str) -> Option<HtmlEnd> {
    let text = line.trim();
    let inside = text.strip_prefix('<')?;
    if inside.starts_with("!--") {
        return Some(HtmlEnd::Text("-->"));
    }
    if inside.starts_with(['!', '?']) {
        return Some(HtmlEnd::Text(">"));
    }
    let named = inside.trim_start_matches('/');
    let name = named[..named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len())].to_ascii_lowercase();
    if let Some((_, end)) = RAW.iter().find(|(raw, _)| *raw == name) {
        return Some(HtmlEnd::Text(end));
    }
    if BLOCKS.contains(&name.as_str()) {
        return Some(HtmlEnd::Empty);
    }
    let is_tag = named.starts_with(|c: char| c.is_ascii_alphabetic()) && text.find('>') == Some(text.len() - 1);
    (is_tag && !named.contains("://")).then_some(HtmlEnd::Tag)
}

impl Inline {
    /// Its text without form.
    pub fn text(&self) -> &str {
        match self {
            Inline::Text(text)
            | Inline::Code(text)
            | Inline::Strong(text)
            | Inline::Emphasis(text)
            | Inline::Link(text, _) => text,
        }
    }
}

/// The text of several runs without form.
pub(crate) fn plain(runs: &[Inline]) -> String {
    runs.iter().map(Inline::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_markdown_can_run() {
        let blocks = blocks(
            "hi <script>alert(1)</script> [x](javascript:alert(1)) [y](https://kafka.apache.org)\n\n<img onerror=x>\n",
            1,
        );
        let Some(Block::Paragraph(runs)) = blocks.first() else { panic!("{blocks:?}") };
        assert!(runs.iter().all(|run| !run.text().contains("script>")), "{runs:?}");
        assert!(runs.iter().all(|run| !matches!(run, Inline::Link(_, to) if to.contains("javascript"))), "{runs:?}");
        assert!(runs.contains(&Inline::Link("y".into(), "https://kafka.apache.org".into())));
    }

    #[test]
    fn hostile_markdown_is_read_in_no_time() {
        for unit in ["[", "*a ", "**", "> ", "`", "[a](", "<", "&", "- ", "1. ", "_a*", "\\", "[x](y", "é*", "> - "] {
            let text = unit.repeat(20_000 / unit.len());
            assert!(blocks(&text, 1).len() <= 20_000);
            assert!(blocks(&text.replace(' ', "\n"), 1).len() <= 20_000);
        }
    }

    #[test]
    fn a_fenced_block_knows_its_line() {
        let blocks = blocks("# a\n\n```console term=2\n$ ls\n```\n", 10);
        assert_eq!(blocks[1], Block::Code { info: "console term=2".into(), text: "$ ls\n".into(), line: 13 });
    }

    fn read_as_the_reference<'a>(texts: impl IntoIterator<Item = &'a &'a str>) {
        let other = |text: &&str| {
            let (ours, reference) = (blocks(text, 1), crate::commonmark::blocks(text, 1));
            (ours != reference).then(|| format!("{text}\n{ours:?}\n{reference:?}"))
        };
        let found: Vec<String> = texts.into_iter().filter_map(other).collect();
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }

    #[test]
    fn the_bundled_lessons_read_as_commonmark_has_them() {
        read_as_the_reference(crate::bundled::BUNDLED.iter().map(|(_, text)| text));
    }

    #[test]
    fn what_lessons_may_use_reads_as_commonmark_has_it() {
        read_as_the_reference(&[
            "one\ntwo  \nthree\n\nfour",
            "# a *b* #\n## c\n\nd\n===\n\n#no",
            "a **b `c` d** *e* _f_ snake_case_name ***g*** 2 * 3 * 4 ** 5",
            "[x](https://a.b/c_(d) \"title\") ![pic](p.png) <https://e.f> [no] (x) [`k`](http://g)",
            "- a\n- b\n  more\nlazy\n- c\n\nafter",
            "1. a\n2. b\n   - c\n   - d\n3. e",
            "* a\n\n* b\n\ntext",
            "> a\n> b\nlazy\n>\n> c\n\nd",
            "````text\n```\ncode\n````\nafter\n~~~\nopen\n",
            "    indented\n    code\n\ntext\n    not code\n",
            "``a ` b`` ` x ` \\* \\` &amp; &lt; & AT&T",
            "<div>\nx\n\ny <b>bold</b> z\n\n<!-- a\n\nb -->\nc",
            "---\n***\na\n***\nb",
            "<script>\nalert(1)\n\nalert(2)</script>\n\nd <script>e</script>",
            "a\n- b\n\nc\n2. d",
            "**d** *open **shut",
        ]);
    }
}
