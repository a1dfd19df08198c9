//! A line that a terminal shows. Names of what is in the cluster are links that select it, and addresses open beside the page.

use view::{LineView, Picture};
use yew::prelude::*;

use crate::tell;
use crate::ui::{Act, Selection, UiHandle};
use crate::words;

/// What is there to be named, by name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Names {
    /// Topics, with how many partitions they have.
    topics: Vec<(String, usize)>,
    groups: Vec<String>,
    processes: Vec<String>,
}

impl Names {
    pub(crate) fn of(picture: &Picture) -> Names {
        let clients = picture.clients.iter().map(|c| &c.process);
        let nodes = picture.brokers.iter().map(|b| &b.process).chain(picture.controllers.iter().map(|c| &c.process));
        Names {
            topics: picture.topics.iter().map(|t| (t.name.clone(), t.partitions.len())).collect(),
            groups: picture.groups.iter().map(|g| g.group.clone()).collect(),
            processes: nodes.chain(clients).cloned().collect(),
        }
    }

    /// What a word names.
    fn find(&self, word: &str) -> Option<Selection> {
        let (stem, number) =
            word.rsplit_once('-').and_then(|(stem, n)| Some((stem, n.parse::<i32>().ok()?))).unwrap_or((word, 0));
        if self.processes.iter().any(|name| name == word) {
            return Some(match stem {
                "broker" => Selection::Broker(number),
                "controller" => Selection::Controller(number),
                _ => Selection::Client(word.to_owned()),
            });
        }
        let of = |name: &str, partition: i32| {
            let topic = self.topics.iter().find(|(topic, count)| topic == name && (partition as usize) < *count)?;
            Some(Selection::Partition { topic: topic.0.clone(), partition, on: None })
        };
        let topic =
            self.topics.iter().find(|(topic, _)| topic == word).map(|(topic, _)| Selection::Topic(topic.clone()));
        topic.or_else(|| of(stem, number)).or_else(|| {
            let group = self.groups.iter().find(|name| *name == word);
            group.map(|name| Selection::Group(name.clone()))
        })
    }
}

/// The line. What was typed is not looked through, and nothing is before there are names.
pub(crate) fn line(ui: &UiHandle, names: Option<&Names>, number: u64, line: &LineView) -> Html {
    let text = shown(line.kind, &line.text);
    let body = match names {
        Some(names) if !matches!(line.kind, "command" | "input") => {
            parts(&text).map(|part| linked(ui, names, part)).collect()
        }
        _ => html! { text },
    };
    html! { <div key={number} class={line.kind}>{ body }</div> }
}

/// A line as it is read: what a `sim` verb says, which is the page's own, in the reader's language; what programs print, as
/// they print it. An empty line keeps its height.
fn shown(kind: &str, text: &str) -> String {
    let is_verbs =
        kind == "sim" || kind == "err" && ["sim ", "sim: ", "usage: sim "].iter().any(|s| text.starts_with(s));
    match text {
        "" => "\u{200b}".to_owned(),
        _ if is_verbs => {
            let said = text.trim_start();
            format!("{}{}", &text[..text.len() - said.len()], words::retold(said))
        }
        _ => text.to_owned(),
    }
}

fn linked(ui: &UiHandle, names: &Names, part: &str) -> Html {
    if part.starts_with("https://") {
        return html! { <a href={part.to_owned()} target="_blank" rel="noopener noreferrer" tabindex="-1" data-nav="">{ part }</a> };
    }
    let Some(to) = names.find(part) else { return html! { part } };
    let ui = ui.clone();
    let onclick = Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(to.clone()))));
    html! { <span class="ref" role="link" tabindex="-1" data-nav="" title={tell!("Select {}", part)} {onclick}>{ part }</span> }
}

/// The words of a line and what is between them; an address is one word.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match rest.starts_with("https://") {
            true => rest.find([' ', ')', '"']),
            false => rest.find(|c| is_of_word(c) != is_of_word(first)),
        };
        // A full stop ends a sentence, not a name.
        let end = end.unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches('.');
        let (part, after) = rest.split_at(if word.is_empty() { end } else { word.len() });
        rest = after;
        Some(part)
    })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_so_that_nothing_is_lost() {
        let line =
            "Created topic orders. See (https://kafka.apache.org/documentation/#topic), or \"orders-0\": broker-1…";
        let all: Vec<&str> = parts(line).collect();
        assert_eq!(all.concat(), line);
        for word in ["orders", "https://kafka.apache.org/documentation/#topic", "orders-0", "broker-1"] {
            assert!(all.contains(&word), "{word} in {all:?}");
        }
        assert_eq!(parts("...").collect::<Vec<_>>(), ["..."]);
    }

    #[test]
    fn names_of_what_is_there_are_found_and_no_others() {
        let names = Names {
            topics: vec![("orders".to_owned(), 2), ("a-1".to_owned(), 1)],
            groups: vec!["billing".to_owned()],
            processes: vec!["broker-1".to_owned(), "controller-101".to_owned(), "app-3".to_owned()],
        };
        let partition = |topic: &str, partition| Selection::Partition { topic: topic.to_owned(), partition, on: None };
        assert_eq!(names.find("orders"), Some(Selection::Topic("orders".to_owned())));
        assert_eq!(names.find("orders-0"), Some(partition("orders", 0)));
        assert_eq!(names.find("orders-1"), Some(partition("orders", 1)));
        assert_eq!(names.find("a-1"), Some(Selection::Topic("a-1".to_owned())), "not partition 1 of `a`");
        assert_eq!(names.find("billing"), Some(Selection::Group("billing".to_owned())));
        assert_eq!(names.find("broker-1"), Some(Selection::Broker(1)));
        assert_eq!(names.find("controller-101"), Some(Selection::Controller(101)));
        assert_eq!(names.find("app-3"), Some(Selection::Client("app-3".to_owned())));
        for other in ["orders-2", "broker-2", "payments", "-1", "orders--1", "1"] {
            assert_eq!(names.find(other), None, "{other}");
        }
    }
}
