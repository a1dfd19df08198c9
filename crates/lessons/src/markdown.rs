//! Markdown as plain data: paragraphs, lists, headings, code. Raw HTML is dropped, links only go to the web; nothing
//! in a lesson can run in the page.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

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
    let mut reader = Reader::default();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let line = first_line + text[..range.start].matches('\n').count();
        reader.event(event, line);
    }
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    runs: Vec<Inline>,
    items: Vec<Vec<Inline>>,
    lists: Vec<bool>,
    quotes: u32,
    style: Option<Style>,
    code: Option<(String, String, usize)>,
}

enum Style {
    Strong,
    Emphasis,
    Link(String),
}

impl Reader {
    fn event(&mut self, event: Event<'_>, line: usize) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((info, String::new(), line + 1));
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, text, line)) = self.code.take() {
                    self.blocks.push(Block::Code { info, text, line });
                }
            }
            Event::Start(Tag::List(start)) => {
                self.flush_item();
                self.lists.push(start.is_some());
            }
            Event::End(TagEnd::Item) => self.flush_item(),
            Event::End(TagEnd::List(_)) => {
                let numbered = self.lists.pop().unwrap_or(false);
                if self.lists.is_empty() {
                    let items = std::mem::take(&mut self.items);
                    self.blocks.push(Block::List(numbered, items));
                }
            }
            Event::Start(Tag::BlockQuote(_)) => self.quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => self.quotes = self.quotes.saturating_sub(1),
            Event::End(TagEnd::Paragraph) if self.lists.is_empty() => {
                let runs = std::mem::take(&mut self.runs);
                self.blocks.push(if self.quotes > 0 { Block::Quote(runs) } else { Block::Paragraph(runs) });
            }
            Event::End(TagEnd::Heading(level)) => {
                let runs = std::mem::take(&mut self.runs);
                self.blocks.push(Block::Heading(level_number(level), runs));
            }
            Event::Start(Tag::Strong) => self.style = Some(Style::Strong),
            Event::Start(Tag::Emphasis) => self.style = Some(Style::Emphasis),
            Event::Start(Tag::Link { dest_url, .. }) => self.style = Some(Style::Link(dest_url.to_string())),
            Event::End(TagEnd::Strong | TagEnd::Emphasis | TagEnd::Link) => self.style = None,
            Event::Text(text) => match &mut self.code {
                Some((_, code, _)) => code.push_str(&text),
                None => self.run(&text),
            },
            Event::Code(text) => self.runs.push(Inline::Code(text.to_string())),
            Event::SoftBreak | Event::HardBreak => self.run(" "),
            _ => {}
        }
    }

    fn run(&mut self, text: &str) {
        let run = match &self.style {
            Some(Style::Strong) => Inline::Strong(text.into()),
            Some(Style::Emphasis) => Inline::Emphasis(text.into()),
            Some(Style::Link(href)) if href.starts_with("https://") || href.starts_with("http://") => {
                Inline::Link(text.into(), href.clone())
            }
            Some(Style::Link(_)) | None => Inline::Text(text.into()),
        };
        self.runs.push(run);
    }

    fn flush_item(&mut self) {
        if !self.lists.is_empty() && !self.runs.is_empty() {
            self.items.push(std::mem::take(&mut self.runs));
        }
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    level as u8
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
        assert!(runs.contains(&Inline::Text("x".into())));
        assert!(runs.contains(&Inline::Link("y".into(), "https://kafka.apache.org".into())));
    }

    #[test]
    fn a_fenced_block_knows_its_line() {
        let blocks = blocks("# a\n\n```console term=2\n$ ls\n```\n", 10);
        assert_eq!(blocks[1], Block::Code { info: "console term=2".into(), text: "$ ls\n".into(), line: 13 });
    }
}
