//! What one copies to ask for help: the lesson's step and goals, the last commands, the cluster, and a link that replays it.

use view::Picture;

use crate::dom;
use crate::engine::Engine;
use crate::format;
use crate::lesson::{GoalState, LessonView, Part};

/// Commands that are told.
const COMMANDS_MAX: usize = 20;

/// The text. It is English, as commands and Kafka are, so that anybody can be asked.
pub(crate) fn text(engine: &Engine, picture: &Picture) -> String {
    let mut out = format!(
        "{}, at {}, event {}, seed {}\n",
        engine.title(),
        format::clock(picture.now_ns),
        picture.event,
        engine.seed()
    );
    if let Some(lesson) = engine.lesson() {
        out += &goals(&lesson);
    }
    let given: Vec<_> = engine.given().collect();
    out += "\nlast commands:\n";
    for (at, term, line) in &given[given.len().saturating_sub(COMMANDS_MAX)..] {
        out += &format!("  {} terminal {term}: {line}\n", format::clock(*at));
    }
    out += "\ncluster:\n";
    for b in &picture.brokers {
        out += &format!("  broker {}: {}{}\n", b.id, b.state.name(), if b.fenced { ", fenced" } else { "" });
    }
    for t in &picture.topics {
        for p in &t.partitions {
            let isr = format::ids(&p.isr);
            out += &format!(
                "  {}-{}: leader {}, epoch {}, ISR {isr}, end {}\n",
                t.name, p.partition, p.leader, p.leader_epoch, p.log_end
            );
        }
    }
    for g in &picture.groups {
        out += &format!("  group {}: {}, generation {}\n", g.group, g.state, g.generation);
    }
    let address = dom::window().and_then(|w| w.location().href().ok()).unwrap_or_default();
    out + &format!("\nreplay: {}{}\n", address.split('#').next().unwrap_or_default(), engine.link())
}

fn goals(lesson: &LessonView) -> String {
    let mut out =
        format!("lesson {}, step {} of {}: {}\n", lesson.id, lesson.step + 1, lesson.steps, lesson.step_title);
    for part in &lesson.parts {
        let Part::Goals(goals) = part else { continue };
        for goal in goals {
            let state = match &goal.state {
                GoalState::Open => "open".to_owned(),
                GoalState::Met(at) => format!("met at {}", format::clock(*at)),
                GoalState::Broken(at) => format!("broken at {}", format::clock(*at)),
                GoalState::Unclear(why) => format!("unclear: {why}"),
            };
            out += &format!("  {} ({state})\n", goal.text);
        }
    }
    out
}
