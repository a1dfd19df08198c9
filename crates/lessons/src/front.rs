//! Front matter: lines `key: value` between two lines `---`, a subset of YAML. A value is JSON (`{"brokers": 3}`,
//! `7`, `[1]`) or, if it is not, a text. It sets the lesson's names and its scenario.

use lab::Scenario;
use ordered::SortedMap;
use serde_json::{Map, Value};

use crate::LessonError;

/// What the front matter says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Front {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) kafka: String,
    pub(crate) needs: Vec<String>,
    pub(crate) next: Option<String>,
    pub(crate) minutes: u32,
    pub(crate) leaves_out: String,
    pub(crate) scenario: Scenario,
}

/// Keys that are the lesson's own; all others are the scenario's.
const OWN: &[&str] = &["id", "title", "kafka", "needs", "next", "minutes", "leaves-out"];
const SCENARIO: &[&str] = &["seed", "cluster", "client", "topics", "files", "commands", "until"];

/// Longest front matter that is read, bytes.
const FRONT_BYTES_MAX: usize = 64 << 10;

/// Splits a file into its front matter and the rest with the line the rest begins on.
pub(crate) fn split(text: &str) -> Result<(Front, &str, usize), LessonError> {
    let Some(body) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else {
        return Err(LessonError::at(
            1,
            1,
            "a lesson begins with front matter: a line `---`, then lines such as `id: my-lesson`, then `---`",
        ));
    };
    let Some(end) = body.find("\n---") else {
        return Err(LessonError::at(1, 1, "the front matter does not end: put a line `---` after it"));
    };
    if end > FRONT_BYTES_MAX {
        return Err(LessonError::at(
            1,
            1,
            format!("the front matter has {end} bytes; at most {FRONT_BYTES_MAX} are read"),
        ));
    }
    let front = parse(&body[..end])?;
    let rest = body[end + 4..].trim_start_matches(['-', '\r']);
    let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
    Ok((front, rest, line))
}

fn parse(text: &str) -> Result<Front, LessonError> {
    let mut values: SortedMap<&str, (usize, Value)> = SortedMap::new();
    for (n, line) in text.lines().enumerate() {
        let number = n + 2;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            return Err(LessonError::at(number, 1, format!("`{line}` has no `:`; front matter is `key: value`")));
        };
        let key = key.trim();
        if !OWN.contains(&key) && !SCENARIO.contains(&key) {
            let known = OWN.iter().chain(SCENARIO).copied();
            let near =
                shell_nearest(key, known.clone()).map_or(".".to_owned(), |near| format!("; did you mean `{near}`?"));
            let all = known.collect::<Vec<_>>().join(", ");
            return Err(LessonError::at(number, 1, format!("there is no key `{key}`{near} The keys are {all}")));
        }
        let text = value.trim();
        let value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) if text.starts_with(['{', '[']) => {
                let column = line.len() - value.trim_start().len() + error.column();
                return Err(LessonError::at(number, column, format!("{key}: {error}")));
            }
            Err(_) => Value::String(text.trim_matches('"').to_owned()),
        };
        if values.insert(key, (number, value)).is_some() {
            return Err(LessonError::at(number, 1, format!("`{key}` stands twice")));
        }
    }
    front_of(values)
}

fn front_of(mut values: SortedMap<&str, (usize, Value)>) -> Result<Front, LessonError> {
    let lines = ["id", "minutes"].map(|key| values.get(key).map_or(1, |(line, _)| *line));
    let mut text = |key: &str| {
        values.remove(key).map_or(String::new(), |(_, value)| value.as_str().map_or(value.to_string(), str::to_owned))
    };
    let (id, title, kafka, leaves_out, next) =
        (text("id"), text("title"), text("kafka"), text("leaves-out"), text("next"));
    let minutes = text("minutes");
    let needs = text("needs");
    let minutes = match minutes.as_str() {
        "" => 0,
        given => given.parse().map_err(|_| {
            LessonError::at(lines[1], 1, format!("`minutes` is `{given}`; it is a whole number of minutes"))
        })?,
    };
    for (key, value) in [("id", &id), ("title", &title)] {
        if value.is_empty() {
            return Err(LessonError::at(1, 1, format!("the front matter has no `{key}:`")));
        }
    }
    if !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(LessonError::at(lines[0], 1, format!("id `{id}` may have lower-case letters, digits and `-`")));
    }
    let object: Map<String, Value> = values.iter().map(|(key, (_, value))| (key.to_string(), value.clone())).collect();
    let scenario = Scenario::parse(&Value::Object(object).to_string())
        .map_err(|error| LessonError::at(line_of_wrong(&values), 1, error.message))?;
    let needs = needs
        .split([',', ' '])
        .map(|need| need.trim_matches(['[', ']', '"']).to_owned())
        .filter(|need| !need.is_empty());
    Ok(Front {
        needs: needs.collect(),
        next: (!next.is_empty()).then_some(next),
        scenario: Scenario { title: title.clone(), ..scenario },
        id,
        title,
        kafka,
        minutes,
        leaves_out,
    })
}

/// Where a scenario that is wrong is wrong: what is wrong with one key alone is told at its line, else at the first.
#[cold]
fn line_of_wrong(values: &SortedMap<&str, (usize, Value)>) -> usize {
    let alone = |key: &str, value: &Value| Value::Object([(key.to_owned(), value.clone())].into_iter().collect());
    let is_wrong = |key: &str, value: &Value| Scenario::parse(&alone(key, value).to_string()).is_err();
    let wrong = values.iter().find(|(key, (_, value))| is_wrong(key, value)).map(|(_, (line, _))| *line);
    wrong.or_else(|| values.values().map(|(line, _)| *line).min()).unwrap_or(1)
}

fn shell_nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = |a: &str, b: &str| a.len().abs_diff(b.len()) + a.chars().zip(b.chars()).filter(|(x, y)| x != y).count();
    known
        .into_iter()
        .map(|name| (far(word, name), name))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_refused_at_its_line() {
        let place = |text: &str| parse(text).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(place("id: a\ntitle: A\nminutes: 5"), Ok(()));
        for (text, says) in [
            ("title: A\nid: One Two\n", "line 3, column 1: id `One Two` may have lower-case letters"),
            ("id: a\ntitle: A\nminutes: some", "line 4, column 1: `minutes` is `some`; it is a whole number"),
            (
                "id: a\ntitle: A\nseed: 7\ncluster: [3]",
                "line 5, column 1: invalid type: sequence, expected an object, in braces",
            ),
            ("id: a\ntitle: A\nseed: some", "line 4, column 1: invalid type: string \"some\", expected a whole number"),
        ] {
            assert!(place(text).is_err_and(|error| error.starts_with(says)), "{text}: {:?}", place(text));
        }
    }
}
