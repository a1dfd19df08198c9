//! The lessons that come with kafkasim: the files of `lessons/`, one line each.

use crate::Lesson;

/// Names and texts of the bundled lessons, in teaching order.
pub const BUNDLED: &[(&str, &str)] = &[
    ("producer-consumer", include_str!("../lessons/producer-consumer.md")),
    ("load", include_str!("../lessons/load.md")),
    ("lost-ack", include_str!("../lessons/lost-ack.md")),
    ("acks-grid", include_str!("../lessons/acks-grid.md")),
    ("playground", include_str!("../lessons/playground.md")),
];

/// Their names and titles: what one chooses from, without reading the lessons.
pub const TITLES: &[(&str, &str)] = &[
    ("producer-consumer", "One topic, two keys, and who reads what"),
    ("load", "A load that changes, and the curve it draws"),
    ("lost-ack", "Acknowledged, and gone"),
    ("acks-grid", "What an acknowledgement is worth"),
    ("playground", "Where partitions live, and how long their files do"),
];

/// Bundled lessons in other languages: id, language, text. One is a lesson file like any other that has its reader do the same.
pub const TRANSLATED: &[(&str, &str, &str)] = &[
    ("producer-consumer", "de", include_str!("../lessons/de/producer-consumer.md")),
    ("load", "de", include_str!("../lessons/de/load.md")),
    ("lost-ack", "de", include_str!("../lessons/de/lost-ack.md")),
    ("acks-grid", "de", include_str!("../lessons/de/acks-grid.md")),
    ("playground", "de", include_str!("../lessons/de/playground.md")),
];

/// The bundled lesson of that id in a language, or in English if there is none in it.
pub fn bundled_in(id: &str, language: &str) -> Option<Lesson> {
    let found = TRANSLATED.iter().find(|(name, of, _)| *name == id && *of == language);
    found.map_or_else(|| bundled(id), |(.., text)| Lesson::parse(text).ok())
}

/// The bundled lesson of that id.
pub fn bundled(id: &str) -> Option<Lesson> {
    let (_, text) = BUNDLED.iter().find(|(name, _)| *name == id)?;
    Lesson::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use lab::Scenario;

    use super::*;
    use crate::{Item, Step};

    #[test]
    fn every_bundled_lesson_parses_under_its_name() {
        for (name, text) in BUNDLED {
            let lesson = Lesson::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(lesson.id, *name);
        }
    }

    #[test]
    fn a_translation_has_its_reader_do_the_same_and_checks_the_same() {
        for (name, language, text) in TRANSLATED {
            let translated = Lesson::parse(text).unwrap_or_else(|error| panic!("{language}/{name}: {error}"));
            let original = bundled(name).expect("it translates a bundled lesson");
            assert_eq!(translated.scenario, Scenario { title: translated.title.clone(), ..original.scenario.clone() });
            assert_eq!(translated.steps.len(), original.steps.len(), "{language}/{name}");
            for (one, other) in translated.steps.iter().zip(&original.steps) {
                assert_eq!(deeds(one), deeds(other), "{language}/{name}: {}", one.title);
                assert_ne!(one.title, other.title, "it is translated");
            }
            let answers = [(&translated.id, &original.id), (&translated.kafka, &original.kafka)];
            assert!(answers.iter().all(|(one, other)| one == other) && translated.next == original.next);
        }
    }

    /// What a step has its reader do, without words.
    fn deeds(step: &Step) -> Vec<String> {
        let deed = |item: &Item| match item {
            Item::Text(_) => None,
            Item::Console(c) => {
                let lines: Vec<_> = c.lines.iter().map(|line| (&line.command, &line.expected)).collect();
                Some(format!("terminal {} {:?} {lines:?}", c.term, c.run))
            }
            Item::Check(c) => Some(format!("{} within {:?} always {}", c.source, c.within, c.always)),
            Item::Predict(p) => {
                Some(format!("{} of {:?}", p.source, p.choices.iter().map(|choice| &choice.0).collect::<Vec<_>>()))
            }
            Item::Hint(_) => Some("hint".to_owned()),
            Item::Stop(_) => Some("stop".to_owned()),
        };
        step.items.iter().filter_map(deed).collect()
    }

    #[test]
    fn every_bundled_lesson_is_listed_with_its_title_in_the_same_order() {
        let read = BUNDLED.iter().map(|(name, _)| (*name, bundled(name).expect("it parses").title));
        let listed = TITLES.iter().map(|(name, title)| (*name, (*title).to_owned()));
        assert_eq!(read.collect::<Vec<_>>(), listed.collect::<Vec<_>>());
    }
}
