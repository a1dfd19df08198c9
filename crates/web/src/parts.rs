//! Which parts of the page there are: all, or what the page around has room for. `?ui=` and `?panels=` say so; www/start.js
//! reads them and marks the root. What is not shown is not drawn either, so an embedded page needs no code for it.

use crate::dom;

/// The parts that can be missing. The stage never is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    /// The page is its own: it has a header.
    pub(crate) header: bool,
    pub(crate) lesson: bool,
    pub(crate) timeline: bool,
    pub(crate) terminals: bool,
    /// Inspector, events and chart.
    pub(crate) rail: bool,
}

impl Parts {
    /// Those of the page.
    pub(crate) fn of_page() -> Parts {
        let root = dom::window().and_then(|w| w.document()).and_then(|d| d.document_element());
        let mark = |name| root.as_ref().and_then(|root| root.get_attribute(name)).unwrap_or_default();
        Parts::of(&mark("data-ui"), &mark("data-panels"))
    }

    /// Nothing said is everything shown.
    fn of(ui: &str, panels: &str) -> Parts {
        let header = matches!(ui, "" | "full");
        let has = |panel| header || panels.split(' ').any(|one| one == panel);
        Parts {
            header,
            lesson: has("lesson"),
            timeline: has("timeline"),
            terminals: has("terminal"),
            rail: has("inspector"),
        }
    }

    /// Whether a narrow page has several panels, and tabs to choose among them (www/frame.css).
    pub(crate) fn has_tabs(self) -> bool {
        self.lesson || self.rail
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn a_page_of_its_own_has_all_parts_and_an_embedded_one_those_that_are_listed() {
        let all = Parts { header: true, lesson: true, timeline: true, terminals: true, rail: true };
        let none = Parts { header: false, lesson: false, timeline: false, terminals: false, rail: false };
        assert_eq!((Parts::of("", ""), Parts::of("full", "")), (all, all));
        assert_eq!(Parts::of("embed", "timeline terminal"), Parts { timeline: true, terminals: true, ..none });
        assert_eq!(Parts::of("none", "lesson inspector"), Parts { lesson: true, rail: true, ..none });
        assert!(!Parts::of("minimal", "timeline").has_tabs() && Parts::of("none", "lesson").has_tabs());
    }
}
