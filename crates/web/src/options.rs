//! What the address asks for at the start: `?lesson=load&step=2&autoplay=1`. Unknown keys and bad values are warnings, not
//! faults: an embedding page may be newer or older than this one. The keys are listed in docs/embed.md.

use crate::allow::Allow;
use crate::dom;
use crate::tell;
use crate::theme;
use crate::ui::{VIEWS, View};

/// Keys that scripts of the page read (www/start.js, www/host.js, www/fuzz.js) or that style it.
const READ_ELSEWHERE: [&str; 10] =
    ["v", "lang", "locale", "scenario", "origin", "height", "keys", "links", "fullscreen", "fuzz"];
/// Keys with lists of words, and the words they know; those too are read elsewhere.
const WORDS: [(&str, &[&str]); 7] = [
    ("ui", &["full", "embed", "minimal", "none"]),
    ("panels", &["lesson", "timeline", "terminal", "inspector", "story", ""]),
    ("theme", &["auto", "light", "dark", "contrast"]),
    ("strings", &["long", "double", "rtl", "xss"]),
    ("motion", &["auto", "full", "reduced"]),
    ("storage", &["auto", "none"]),
    ("compat", &["lti", "h5p", "embedly"]),
];

/// What the address asks for.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Options {
    /// A bundled lesson's id.
    pub(crate) lesson: Option<String>,
    /// Which of its steps, from 1.
    pub(crate) step: Option<usize>,
    /// Steps that were done on an earlier visit, from 1.
    pub(crate) done: Vec<usize>,
    /// The last step that may be turned to, from 1.
    pub(crate) lock: Option<usize>,
    /// Another seed than the scenario's.
    pub(crate) seed: Option<u64>,
    /// Where the clock stands at the start, ms.
    pub(crate) t_ms: Option<u64>,
    /// Virtual time per real time.
    pub(crate) speed: Option<f64>,
    /// Whether time runs at once.
    pub(crate) autoplay: bool,
    /// A condition to run to at the start, as `sim until` takes it.
    pub(crate) until: Option<String>,
    /// The view that is open at the start.
    pub(crate) view: Option<View>,
    /// How much screen readers are told: `none`, `summary` or `all`.
    pub(crate) log: Option<&'static str>,
    /// Which commands are taken.
    pub(crate) allow: Allow,
    /// What could not be understood.
    pub(crate) warnings: Vec<String>,
}

impl Options {
    /// Those of the page's address.
    pub(crate) fn of_page() -> Options {
        Options::parse(&dom::window().and_then(|w| w.location().search().ok()).unwrap_or_default())
    }

    /// What a reader is told of it. In a page of another, that one is told (`ready`).
    pub(crate) fn complaint(&self) -> Option<String> {
        let is_ours = theme::choice("ui", "").is_none_or(|ui| !["embed", "minimal", "none"].contains(&ui.as_str()));
        let parts: Vec<&str> = self.warnings.iter().filter_map(|warning| warning.split('`').nth(1)).collect();
        (is_ours && !parts.is_empty())
            .then(|| tell!("Not understood in the address, and left out: {}", parts.join(", ")))
    }

    fn parse(search: &str) -> Options {
        let mut options = Options::default();
        for pair in search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, "1"));
            let value = &decoded(value);
            if !options.take(key, value) {
                options.warnings.push(format!("`{key}={value}` is not understood"));
            }
        }
        options
    }

    /// Takes one key. False if it is unknown or its value is bad.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "lesson" => {
                self.lesson = lessons::bundled(value).map(|lesson| lesson.id);
                self.lesson.is_some()
            }
            "step" => set(&mut self.step, value.parse().ok().filter(|step| *step > 0)),
            "lock" => set(&mut self.lock, value.parse().ok().filter(|step| *step > 0)),
            "done" => {
                let steps: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
                self.done = steps.unwrap_or_default();
                !self.done.is_empty()
            }
            "seed" => set(&mut self.seed, value.parse().ok()),
            "t" => set(&mut self.t_ms, value.parse().ok()),
            "speed" => set(&mut self.speed, value.parse().ok().filter(|speed: &f64| *speed > 0.0)),
            "autoplay" => set_flag(&mut self.autoplay, value),
            "until" => set(&mut self.until, Some(value.to_owned()).filter(|text| !text.trim().is_empty())),
            "view" => {
                // One view is open at a time: the first of a list.
                let known = |name: &str| VIEWS.iter().find(|v| v.1.eq_ignore_ascii_case(name.trim())).map(|v| v.0);
                set(&mut self.view, value.split(',').next().and_then(known))
            }
            "allow" => {
                if self.allow != Allow::Nothing {
                    self.allow = Allow::only(value);
                }
                true
            }
            "readonly" => {
                if value == "1" {
                    self.allow = Allow::Nothing;
                }
                matches!(value, "0" | "1")
            }
            "log" => set(&mut self.log, ["none", "summary", "all"].into_iter().find(|word| *word == value)),
            _ => {
                let known = WORDS.iter().find(|words| words.0 == key);
                let is_known = |words: &&(&str, &[&str])| value.split(',').all(|word| words.1.contains(&word.trim()));
                READ_ELSEWHERE.contains(&key) || known.filter(is_known).is_some()
            }
        }
    }
}

/// The text of an address's part: `1%2C2` is `1,2`. What is no escape stays as it is.
pub(crate) fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let is_good = value.is_some();
    *slot = value;
    is_good
}

fn set_flag(slot: &mut bool, value: &str) -> bool {
    *slot = value == "1";
    matches!(value, "0" | "1")
}

#[cfg(test)]
mod tests {
    use super::{Allow, Options, View};

    #[test]
    fn escapes_are_decoded_and_other_text_stays() {
        for (part, text) in [("1%2C2", "1,2"), ("a+b", "a b"), ("100%", "100%"), ("%zz%C3%A9", "%zzé")] {
            assert_eq!(super::decoded(part), text);
        }
    }

    #[test]
    fn what_is_understood_is_taken_and_the_rest_is_a_warning() {
        let options = Options::parse(
            "?lesson=load&step=2&lock=2&done=1%2C2&seed=18446744073709551615&t=1500&speed=0.01&autoplay=1&ui=embed",
        );
        assert_eq!(options.lesson.as_deref(), Some("load"));
        assert_eq!((options.step, options.seed, options.t_ms), (Some(2), Some(u64::MAX), Some(1_500)));
        assert_eq!((options.done.as_slice(), options.lock), (&[1, 2][..], Some(2)));
        assert_eq!((options.speed, options.autoplay, &options.allow), (Some(0.01), true, &Allow::All));
        assert_eq!(options.warnings, [""; 0]);

        let view = Options::parse(
            "?view=space-time&until=leader(%22a%22,0)%20==%202&allow=sim,kafka-topics&readonly=1&keys=0",
        );
        assert_eq!((view.view, view.until.as_deref()), (Some(View::Flow), Some("leader(\"a\",0) == 2")));
        assert_eq!((view.allow, view.warnings), (Allow::Nothing, vec![]));

        let many =
            Options::parse("?panels=story,timeline&theme=auto&compat=lti,h5p&log=all&view=log,groups&fullscreen=1");
        assert_eq!((many.log, many.view, many.warnings), (Some("all"), Some(View::Log), vec![]));

        let bad = Options::parse(
            "?lesson=nope&step=0&seed=-1&autoplay=yes&colour=red&view=moon&theme=red&panels=attic&log=loud&compat=lti,x",
        );
        assert_eq!(bad.warnings.len(), 10, "{:?}", bad.warnings);
        assert_eq!(bad, Options { warnings: bad.warnings.clone(), ..Options::default() });
    }
}
