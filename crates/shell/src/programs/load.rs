//! The load file of workshop S1 (`experiment-producer --config-file`), read as it is there.

use serde::Deserialize;

use crate::suggest::nearest;

/// One experiment of a load.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Experiment {
    /// When it starts, in seconds after the program.
    pub(crate) start_time: Seconds,
    /// Whose it is.
    pub(crate) researcher: String,
    /// How many sensors send.
    pub(crate) num_sensors: AtLeastOne,
    /// Ms between two samples of a sensor (a period, for all its name).
    pub(crate) sample_rate: AtLeastOne,
    /// In degrees.
    pub(crate) start_temperature: f64,
    /// Samples of each sensor before the experiment starts.
    pub(crate) stabilization_samples: Count,
    /// Samples of each sensor while it runs.
    pub(crate) carry_out_samples: Count,
    /// Where the temperature should be.
    pub(crate) temp_range: Range,
}

/// A temperature range, in degrees.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Thresholds")]
pub(crate) struct Range {
    pub(crate) lower_threshold: f64,
    pub(crate) upper_threshold: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    lower_threshold: f64,
    upper_threshold: f64,
}

impl TryFrom<Thresholds> for Range {
    type Error = String;
    fn try_from(t: Thresholds) -> Result<Range, String> {
        if t.lower_threshold > t.upper_threshold {
            return Err(format!(
                "lower_threshold {} is above upper_threshold {}",
                t.lower_threshold, t.upper_threshold
            ));
        }
        Ok(Range { lower_threshold: t.lower_threshold, upper_threshold: t.upper_threshold })
    }
}

/// Most of anything in a load: keeps a typing error from filling the memory.
const MAX: i64 = 1_000_000;

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident $min:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
        #[serde(try_from = "i64")]
        pub(crate) struct $name(pub(crate) u64);
        impl TryFrom<i64> for $name {
            type Error = String;
            fn try_from(n: i64) -> Result<$name, String> {
                if ($min..=MAX).contains(&n) { Ok($name(n as u64)) } else { Err(format!("{n} is not between {} and {MAX}", $min)) }
            }
        }
    };
}
bounded! {
    /// Seconds from the start of the program.
    Seconds 0
}
bounded! {
    /// A number that may be zero.
    Count 0
}
bounded! {
    /// A number that may not be zero.
    AtLeastOne 1
}

/// What each field should be.
const FIELDS: &[(&str, &str)] = &[
    ("start_time", "whole seconds after the start of the program, 0 or more"),
    ("researcher", "a text in quotes, such as \"d.landau@uu.nl\""),
    ("num_sensors", "a whole number of sensors, 1 or more"),
    ("sample_rate", "whole milliseconds between two samples of a sensor, 1 or more"),
    ("start_temperature", "a number of degrees"),
    ("stabilization_samples", "a whole number of samples a sensor, 0 or more"),
    ("carry_out_samples", "a whole number of samples a sensor, 0 or more"),
    ("temp_range", "{ \"lower_threshold\": degrees, \"upper_threshold\": degrees }, the lower one first"),
    ("lower_threshold", "a number of degrees"),
    ("upper_threshold", "a number of degrees"),
];

/// Reads a load file. The error says where it is wrong, in which field, and what would be right.
pub(crate) fn read(path: &str, text: &str) -> Result<Vec<Experiment>, String> {
    serde_json::from_str::<Vec<Experiment>>(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let whole = error.to_string();
        let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message);
        format!(
            "{path}: line {line}, column {column}: {}",
            explain(message, error.is_eof(), field_before(text, line, column))
        )
    })
}

fn explain(message: &str, is_eof: bool, field: Option<&str>) -> String {
    let known = |name: &str| FIELDS.iter().find(|(field, _)| *field == name);
    if is_eof {
        return format!("{message}: the file ends too early; a load is a list, [ {{ … }}, {{ … }} ]");
    }
    if let Some(name) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        let fields = FIELDS.iter().map(|(field, _)| *field);
        let near = nearest(name, fields).map_or(String::new(), |near| format!("; did you mean {near}?"));
        return format!("{name}: {message}{near}");
    }
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return format!("{name}: {message}; it is {}", known(name).map_or("needed", |(_, right)| right));
    }
    let field = if message.contains(" is above upper_threshold ") { Some("temp_range") } else { field };
    match field.and_then(known) {
        Some((name, right)) => format!("{name}: {message}; it is {right}"),
        None => message.to_owned(),
    }
}

/// The name of the last `"name":` before a position.
fn field_before(text: &str, line: usize, column: usize) -> Option<&str> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut end = (start + column).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = &text[..end];
    loop {
        let colon = rest.rfind(':')?;
        rest = &rest[..colon];
        let name = rest.trim_end().strip_suffix('"').and_then(|quoted| quoted.rsplit('"').next());
        if let Some(name) = name.filter(|name| FIELDS.iter().any(|(field, _)| field == name)) {
            return Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: &str = include_str!("../../files/loads/3.json");

    fn check(from: &str, to: &str, expected: &str) {
        assert!(LOAD.contains(from), "{from}");
        let broken = LOAD.replacen(from, to, 1);
        assert_eq!(read("f.json", &broken).expect_err("it is broken"), expected);
    }

    #[test]
    fn the_workshops_loads_are_read_unchanged() {
        let load = read("loads/3.json", LOAD).expect("it is right");
        let samples: u64 =
            load.iter().map(|e| e.num_sensors.0 * (e.stabilization_samples.0 + e.carry_out_samples.0)).sum();
        assert_eq!((load.len(), samples), (3, 2420));
        assert_eq!((load[2].start_time.0, load[2].temp_range.upper_threshold), (45, 150.0));
    }

    #[test]
    fn a_wrong_load_is_refused_with_place_field_and_remedy() {
        check(
            "\"sample_rate\": 1000",
            "\"sample_rate\": -5",
            "f.json: line 6, column 25: sample_rate: -5 is not between 1 and 1000000; it is whole milliseconds between two samples of a sensor, 1 or more",
        );
        check(
            "\"num_sensors\": 10",
            "\"num_sensors\": \"ten\"",
            "f.json: line 5, column 28: num_sensors: invalid type: string \"ten\", expected i64; it is a whole number of sensors, 1 or more",
        );
        check(
            "num_sensors",
            "num_sensor",
            "f.json: line 5, column 20: num_sensor: unknown field `num_sensor`, expected one of `start_time`, `researcher`, `num_sensors`, `sample_rate`, `start_temperature`, `stabilization_samples`, `carry_out_samples`, `temp_range`; did you mean num_sensors?",
        );
        check(
            "        \"start_time\": 0,\n",
            "",
            "f.json: line 13, column 5: start_time: missing field `start_time`; it is whole seconds after the start of the program, 0 or more",
        );
        check(
            "\"lower_threshold\": 100",
            "\"lower_threshold\": 1000",
            "f.json: line 14, column 5: temp_range: lower_threshold 1000 is above upper_threshold 150; it is { \"lower_threshold\": degrees, \"upper_threshold\": degrees }, the lower one first",
        );
    }

    #[test]
    fn a_truncated_load_is_refused() {
        let error = read("f.json", &LOAD[..200]).expect_err("it is cut");
        assert!(
            error.starts_with("f.json: line ")
                && error.ends_with("the file ends too early; a load is a list, [ { … }, { … } ]"),
            "{error}"
        );
    }
}
