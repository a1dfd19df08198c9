//! Markdown as the reference crate reads it, for tests: what our own reader takes must mean the same there.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::inline::append;
use crate::markdown::{Block, Inline};

/// Reads Markdown whose first line is line `first_line` of its file.
pub(crate) fn blocks(text: &str, first_line: usize) -> Vec<Block> {
    let mut reader = Reader::default();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let line = first_line + text[..range.start].matches('\n').count();
        reader.event(event, line);
    }
    reader.blocks.into_iter().map(joined).collect()
}

/// The block with neighbouring runs of one kind in one, as ours has them.
fn joined(block: Block) -> Block {
    match block {
        Block::Heading(level, runs) => Block::Heading(level, join(runs)),
        Block::Paragraph(runs) => Block::Paragraph(join(runs)),
        Block::Quote(runs) => Block::Quote(join(runs)),
        Block::List(numbered, items) => Block::List(numbered, items.into_iter().map(join).collect()),
        code => code,
    }
}

fn join(runs: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    runs.into_iter().filter(|run| !run.text().is_empty()).for_each(|run| append(run, &mut out));
    out
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
                let (info, line) = match kind {
                    CodeBlockKind::Fenced(info) => (info.to_string(), line + 1),
                    CodeBlockKind::Indented => (String::new(), line),
                };
                self.code = Some((info, String::new(), line));
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
