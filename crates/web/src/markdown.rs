//! Lesson text as elements. It was parsed elsewhere and holds no HTML.

use lessons::{Block, Inline};
use yew::prelude::*;

/// A block.
pub(crate) fn block(block: &Block) -> Html {
    match block {
        Block::Heading(_, runs) => html! { <h3>{ inline(runs) }</h3> },
        Block::Paragraph(runs) => html! { <p>{ inline(runs) }</p> },
        Block::Quote(runs) => html! { <blockquote>{ inline(runs) }</blockquote> },
        Block::List(true, items) => html! { <ol>{ list(items) }</ol> },
        Block::List(false, items) => html! { <ul>{ list(items) }</ul> },
        Block::Code { text, .. } => html! { <pre><code>{ text }</code></pre> },
    }
}

/// A text that a lesson gives as a line, a question, a choice or a goal: what stands between backticks is code.
pub(crate) fn line(text: &str) -> Html {
    let parts = text.split('`').enumerate();
    let last = parts.clone().count() - 1;
    let shown = parts.map(|(i, part)| match i % 2 {
        0 => html! { part },
        _ if i < last => html! { <code>{ part }</code> },
        _ => html! { format!("`{part}") },
    });
    shown.collect()
}

/// A command whose words stay whole where a line ends: a browser would break `--topic` after its dashes.
pub(crate) fn command(line: &str) -> Html {
    html! { <>{ for line.split(' ').enumerate().map(|(i, word)| html! { <>{ if i > 0 { " " } else { "" } }<i>{ word }</i></> }) }</> }
}

fn list(items: &[Vec<Inline>]) -> Html {
    items.iter().enumerate().map(|(i, runs)| html! { <li key={i}>{ inline(runs) }</li> }).collect()
}

fn inline(runs: &[Inline]) -> Html {
    let nodes = runs.iter().enumerate().map(|(key, run)| match run {
        Inline::Text(text) => html! { <span {key}>{ text }</span> },
        Inline::Code(text) => html! { <code {key}>{ text }</code> },
        Inline::Strong(text) => html! { <strong {key}>{ text }</strong> },
        Inline::Emphasis(text) => html! { <em {key}>{ text }</em> },
        Inline::Link(text, to) => {
            html! { <a {key} href={to.clone()} target="_blank" rel="noopener noreferrer">{ text }</a> }
        }
    });
    nodes.collect()
}
