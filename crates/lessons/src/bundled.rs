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

/// The bundled lesson of that id.
pub fn bundled(id: &str) -> Option<Lesson> {
    let (_, text) = BUNDLED.iter().find(|(name, _)| *name == id)?;
    Lesson::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_lesson_parses_under_its_name() {
        for (name, text) in BUNDLED {
            let lesson = Lesson::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(lesson.id, *name);
        }
    }

    #[test]
    fn every_bundled_lesson_is_listed_with_its_title_in_the_same_order() {
        let read = BUNDLED.iter().map(|(name, _)| (*name, bundled(name).expect("it parses").title));
        let listed = TITLES.iter().map(|(name, title)| (*name, (*title).to_owned()));
        assert_eq!(read.collect::<Vec<_>>(), listed.collect::<Vec<_>>());
    }
}
