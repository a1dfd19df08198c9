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
}
