//! The page's own words in the reader's language. The code says them in English; `www/lang/LANGUAGE.txt` has another
//! language's words for the same, a pair of lines each, and is fetched by `www/start.js` when it is asked for. What a table
//! lacks stays English. What Kafka and its tools print is not translated.

use std::cell::{Cell, RefCell};

use ordered::SortedMap;
use view::Text;
use wasm_bindgen::{JsCast, JsValue};

use crate::dom;

type Table = SortedMap<&'static str, &'static str>;

thread_local! {
    static TABLE: RefCell<Table> = const { RefCell::new(SortedMap::new()) };
}

/// A sentence with its holes filled, in the reader's language.
#[macro_export]
macro_rules! tell {
    ($form:literal $(, $part:expr)* $(,)?) => {
        $crate::words::fill($form, &[$(($part).to_string()),*])
    };
}

/// Words without holes.
pub(crate) fn t(english: &'static str) -> &'static str {
    let text = TABLE.with_borrow(|table| table.get(english).copied().unwrap_or(english));
    if STRAIN.get().is_empty() { text } else { strained(text) }
}

thread_local! {
    /// How texts are strained, for tests of the page: see [`strain`].
    static STRAIN: Cell<&'static str> = const { Cell::new("") };
    static STRAINED: RefCell<Table> = const { RefCell::new(SortedMap::new()) };
}

/// `?strings=`: every text of the page `long` (half as long again), `double`, from the right to the left (`rtl`), or as markup
/// that must not come to life (`xss`).
pub(crate) fn strain(how: &str) {
    STRAIN.set(["long", "double", "rtl", "xss"].into_iter().find(|known| *known == how).unwrap_or(""));
    if STRAIN.get() == "rtl"
        && let Some(root) = crate::dom::window().and_then(|w| w.document()).and_then(|d| d.document_element())
    {
        let _ = root.set_attribute("dir", "rtl");
    }
}

fn strained(text: &'static str) -> &'static str {
    // Signs and separators are no words.
    if !text.contains(|c: char| c.is_alphabetic()) {
        return text;
    }
    let known = STRAINED.with_borrow(|table| table.get(text).copied());
    known.unwrap_or_else(|| {
        let made: &'static str = Box::leak(strained_as(STRAIN.get(), text).into_boxed_str());
        STRAINED.with_borrow_mut(|table| table.insert(text, made));
        made
    })
}

fn strained_as(how: &str, text: &str) -> String {
    match how {
        "long" => format!("{text} {}", "ütmost ".repeat(text.len() / 14 + 1).trim_end()),
        // The second of both takes the same parts as the first.
        "double" => {
            let again: Vec<&str> = text.split("{}").collect();
            let numbered = again
                .iter()
                .enumerate()
                .map(|(n, part)| if n == 0 { (*part).to_owned() } else { format!("{{{}}}{part}", n - 1) });
            format!("{text} {}", numbered.collect::<String>())
        }
        "rtl" => format!("אבג {text}"),
        "xss" => format!("<img src=x onerror=alert(1)>{text}</script>"),
        _ => text.to_owned(),
    }
}

/// What the engine says in English of a scenario or a lesson that cannot be used: told in the reader's language, if its table
/// has a form that fits. What fills the holes is looked up in turn.
pub(crate) fn retold(message: &str) -> String {
    retold_at(message, 0)
}

/// Messages stand in messages at most so deep.
const DEPTH_MAX: usize = 4;

fn retold_at(message: &str, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return message.to_owned();
    }
    let found = TABLE.with_borrow(|table| {
        let fits = table.iter().filter_map(|(form, other)| Some((form.len(), *other, parts_of(form, message)?)));
        // The longest form says most.
        fits.max_by_key(|(len, ..)| *len).map(|(_, other, parts)| (other, parts))
    });
    let Some((other, parts)) = found else { return message.to_owned() };
    let parts: Vec<String> = parts
        .into_iter()
        .map(|part| if part == message { part.to_owned() } else { retold_at(part, depth + 1) })
        .collect();
    view::fill(other, &parts)
}

/// What fills the holes of a form so that it says a text. None if it cannot, or has fewer than two letters of its own.
fn parts_of<'a>(form: &str, text: &'a str) -> Option<Vec<&'a str>> {
    if form.chars().filter(|c| c.is_alphabetic()).count() < 2 {
        return None;
    }
    let mut pieces = form.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let (mut parts, mut pieces) = (Vec::new(), pieces.peekable());
    while let Some(piece) = pieces.next() {
        let at = match pieces.peek() {
            // The last piece ends the text.
            None => rest.ends_with(piece).then(|| rest.len() - piece.len())?,
            Some(_) => rest.find(piece)?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// A text that may be one of the page's own, e.g. the title of free play.
pub(crate) fn known(text: &str) -> String {
    TABLE.with_borrow(|table| table.get(text).copied().unwrap_or(text).to_owned())
}

/// See [`tell!`].
pub(crate) fn fill(form: &'static str, parts: &[String]) -> String {
    view::fill(t(form), parts)
}

/// What the engine says.
pub(crate) fn say(text: &Text) -> String {
    fill(text.form, &text.parts)
}

/// A count of things: `one` with a count of 1, else `many`; both have a hole for the count.
pub(crate) fn plural(n: u64, one: &'static str, many: &'static str) -> String {
    fill(if n == 1 { one } else { many }, &[crate::format::count(n)])
}

/// The language the page was loaded in, and its table: www/start.js fetched it. Empty for English.
pub(crate) fn begin() -> String {
    if let Some(how) = crate::theme::choice("strings", "") {
        strain(&how);
    }
    load(&global("kafkasimWords").as_string().unwrap_or_default());
    spoken()
}

/// The language the page speaks.
pub(crate) fn spoken() -> String {
    global("kafkasimLang").as_string().unwrap_or_else(|| "en".to_owned())
}

/// Asks www/start.js for another language. It tells by an event when its table is there.
pub(crate) fn speak(code: &str) {
    if let Ok(speak) = global("kafkasimSpeak").dyn_into::<js_sys::Function>() {
        let _ = speak.call1(&JsValue::UNDEFINED, &code.into());
    }
}

/// A property of the page's window.
pub(crate) fn global(name: &str) -> JsValue {
    dom::window().and_then(|w| js_sys::Reflect::get(&w, &name.into()).ok()).unwrap_or(JsValue::UNDEFINED)
}

/// The languages there are: codes and names, as `<html data-langs>` lists them (`en:English de:Deutsch`).
pub(crate) fn languages() -> Vec<(String, String)> {
    let root = dom::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    let list = root.and_then(|root| root.get_attribute("data-langs")).unwrap_or_default();
    let pair = |entry: &str| entry.split_once(':').map(|(code, name)| (code.to_owned(), name.to_owned()));
    list.split_whitespace().filter_map(pair).collect()
}

/// Takes a language's table; English needs none.
pub(crate) fn load(file: &str) {
    STRAINED.with_borrow_mut(SortedMap::clear);
    // The page has one table at a time, and a reader changes it seldom: it is never given back.
    let file: &'static str = Box::leak(file.to_owned().into_boxed_str());
    TABLE.with_borrow_mut(|table| *table = pairs(file).collect());
}

/// The pairs of a table: an English line, and below it, indented, the other language's. `#` begins a remark.
fn pairs(file: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut english = "";
    file.lines().filter_map(move |line| match line.strip_prefix("  ") {
        Some(other) => Some((english, other.trim_end())),
        None => {
            english = if line.starts_with('#') { "" } else { line.trim_end() };
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn a_table_replaces_what_it_has_and_leaves_the_rest() {
        load("# remark\nPlay\n  Abspielen\n{} of {}\n  {1} hat {0}\n");
        assert_eq!((t("Play"), t("Pause")), ("Abspielen", "Pause"));
        assert_eq!(tell!("{} of {}", 1, "b"), "b hat 1");
        load("");
        assert_eq!(t("Play"), "Play");
    }

    #[test]
    fn what_the_engine_says_is_told_by_the_form_that_fits() {
        load(
            "cluster.brokers is {}; it must be 1 to {}\n  cluster.brokers ist {}; erlaubt sind 1 bis {}\nline {}, column {}: {}\n  Zeile {}, Spalte {}: {}\n{} of {}\n  {} von {}\n",
        );
        let told = retold("line 3, column 14: cluster.brokers is 0; it must be 1 to 300");
        assert_eq!(told, "Zeile 3, Spalte 14: cluster.brokers ist 0; erlaubt sind 1 bis 300");
        assert_eq!(retold("cluster.racks is odd"), "cluster.racks is odd", "what no form fits stays");
        assert_eq!(parts_of("{} of {}", "1 of 2 of 3"), Some(vec!["1", "2 of 3"]));
        assert_eq!((parts_of("{}", "x"), parts_of("a {}", "b c"), parts_of("ab {} ba", "ab ba")), (None, None, None));
        load("");
    }

    #[test]
    fn texts_are_strained_and_their_holes_still_filled() {
        let of = |how| view::fill(&strained_as(how, "{} of {}"), &["1", "2"]);
        assert_eq!(of("double"), "1 of 2 1 of 2");
        assert!(of("long").len() * 2 > "1 of 2".len() * 3 && of("long").starts_with("1 of 2"));
        assert_eq!((of("xss").contains("<img"), of("rtl")), (true, "אבג 1 of 2".to_owned()));
    }

    fn root() -> PathBuf {
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is")).join("../..")
    }

    /// The files of a folder, deeply.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    /// What the page, the views and the titles of lessons say: sources without their tests, line ends within texts taken out.
    fn sources() -> String {
        let both = ["crates/web/src", "crates/view/src"].into_iter().flat_map(|folder| files(&root().join(folder)));
        let both = both.chain([root().join("crates/lessons/src/bundled.rs")]);
        let text = |file: PathBuf| {
            let all = std::fs::read_to_string(file).expect("it is text");
            let end = all.find("#[cfg(test)]").unwrap_or(all.len());
            all[..end].to_owned()
        };
        let joined: String = both.map(text).collect();
        joined.split("\\\n").map(str::trim_start).collect()
    }

    /// The texts that follow a call, e.g. both of `plural(n, "one", "many")`.
    fn texts_after<'a>(source: &'a str, call: &str, count: usize, found: &mut BTreeSet<&'a str>) {
        for (at, _) in source.match_indices(call) {
            let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            if source[..at].ends_with(is_name) || source[..at].ends_with("fn ") {
                continue;
            }
            let mut rest = &source[at + call.len()..];
            if count == 1 && !rest.trim_start().starts_with('"') {
                continue;
            }
            for _ in 0..count {
                let Some((_, tail)) = rest.split_once('"') else { break };
                let Some((text, tail)) = tail.split_once('"') else { break };
                found.insert(text);
                rest = tail;
            }
        }
    }

    fn tables() -> Vec<(String, String)> {
        let files = files(&root().join("www/lang")).into_iter();
        let table = |file: PathBuf| {
            let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(file).expect("it is text"))
        };
        files.map(table).collect()
    }

    fn holes(text: &str) -> usize {
        text.matches('{').count()
    }

    /// Said by serde, or put together by the engine from two parts.
    const OF_OTHERS: [&str; 16] = [
        "unknown field `{}`, expected one of {}",
        "unknown field `{}`, expected one of {}; did you mean `{}`?",
        "unknown field `{}`, expected {}",
        "missing field `{}`",
        "invalid type: {}, expected {}",
        "invalid value: {}, expected {}",
        "expected value",
        "expected `,` or `}`",
        "expected `,` or `]`",
        "key must be a string",
        "trailing characters",
        "trailing comma",
        "EOF while parsing {}",
        "{} at line {} column {}",
        "there is no key `{}` The keys are {}",
        "there is no key `{}`; did you mean `{}`? The keys are {}",
    ];

    /// What the engine says of scenarios, lessons and links, with holes without names.
    fn engine() -> String {
        let files = [
            "lab/src/scenario.rs",
            "lab/src/units.rs",
            "lab/src/link.rs",
            "lab/src/facts/expr.rs",
            "lab/src/facts/mod.rs",
            "lessons/src/front.rs",
            "lessons/src/lesson.rs",
        ];
        let files = files.map(str::to_owned).into_iter().chain(verbs());
        let text = |file: String| std::fs::read_to_string(root().join("crates").join(file)).expect("it is there");
        without_names(&files.map(text).collect::<String>())
    }

    /// The verbs' files, below `crates/`.
    fn verbs() -> Vec<String> {
        let all = files(&root().join("crates/lab/src/verbs"));
        let name = |file: PathBuf| file.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let mut names: Vec<String> = all.into_iter().map(|file| format!("lab/src/verbs/{}", name(file))).collect();
        names.sort();
        names
    }

    /// A source whose texts have holes without names.
    fn without_names(source: &str) -> String {
        let mut out = String::new();
        for (n, part) in source.split('{').enumerate() {
            // A hole has no space and no quote in it; other braces are code.
            let hole = part.split_once('}').filter(|(name, _)| !name.contains([' ', '\n', '"']));
            match hole {
                Some((_, rest)) if n > 0 => out.extend(["{}", rest]),
                _ => out.extend([if n == 0 { "" } else { "{" }, part]),
            }
        }
        out
    }

    #[test]
    fn every_language_has_every_text_once_with_the_same_holes_and_none_that_nobody_says() {
        let sources = sources();
        let mut said = BTreeSet::new();
        for (call, count) in [("t(", 1), ("tell!(", 1), ("say!(", 1), ("plural(", 2)] {
            texts_after(&sources, call, count, &mut said);
        }
        said.retain(|text| text.contains(|c: char| c.is_ascii_alphabetic()));
        assert!(said.len() > 350, "the sources were read: {}", said.len());
        let page = ["index.html", "www/start.js", "www/open.js"]
            .map(|file| std::fs::read_to_string(root().join(file)).expect("it is there"));
        let engine = engine();
        for (language, table) in tables() {
            let all: Vec<(&str, &str)> = pairs(&table).collect();
            let has: BTreeSet<&str> = all.iter().map(|pair| pair.0).collect();
            let missing: Vec<&&str> = said.iter().filter(|text| !has.contains(**text)).collect();
            assert!(missing.is_empty(), "{language} lacks {missing:#?}");
            assert_eq!(has.len(), all.len(), "{language} says something twice");
            for (english, other) in all {
                assert_eq!(holes(english), holes(other), "{language}: the holes of `{english}`");
                let quoted = format!("\"{english}\"");
                let is_said = sources.contains(&quoted)
                    || page.iter().any(|text| text.contains(english))
                    || engine.contains(english)
                    || OF_OTHERS.contains(&english);
                assert!(is_said, "{language}: nobody says `{english}`");
            }
        }
    }

    #[test]
    fn every_language_has_what_a_verb_refuses_and_what_it_says_it_did() {
        let text = |file: String| std::fs::read_to_string(root().join("crates").join(file)).expect("it is there");
        let source = |file| without_names(text(file).split("#[cfg(test)]").next().unwrap_or_default());
        let all: String = verbs().into_iter().filter(|file| !file.ends_with("judge.rs")).map(source).collect();
        let mut said = BTreeSet::new();
        for call in [
            "Err(",
            "Err(format!(",
            "Ok(format!(",
            "|| format!(",
            "ok_or_else(|| ",
            "Given::Refused(format!(",
            "summary: ",
        ] {
            texts_after(&all, call, 1, &mut said);
        }
        // Numbers, names and tables.
        said.retain(|text| text.replace("{}", "").matches(|c: char| c.is_alphabetic()).count() > 1);
        assert!(said.len() > 55, "the sources were read: {}", said.len());
        for (language, table) in tables() {
            let has: BTreeSet<&str> = pairs(&table).map(|pair| pair.0).collect();
            let missing: Vec<&&str> =
                said.iter().filter(|text| !has.contains(**text) && !text.contains(r"\n")).collect();
            assert!(missing.is_empty(), "{language} lacks {missing:#?}");
        }
    }

    #[test]
    fn the_page_offers_the_languages_it_has() {
        let page = std::fs::read_to_string(root().join("index.html")).expect("it is there");
        let (_, list) = page.split_once("data-langs=\"").expect("it lists them");
        let listed: BTreeSet<&str> =
            list.split('"').next().unwrap_or("").split(' ').filter_map(|l| Some(l.split_once(':')?.0)).collect();
        let mut there: BTreeSet<String> = tables().into_iter().map(|(name, _)| name).collect();
        there.insert("en".to_owned());
        assert_eq!(listed, there.iter().map(String::as_str).collect());
    }
}
