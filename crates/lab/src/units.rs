//! Spans of virtual time as people write them: `45s`, `5min`, `500ms`, `7d`, `1h30m`.

use kernel::Duration;

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("sec", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Reads a span such as `45s`, `1.5 s`, `2h30m`. Says what would have been right if it cannot.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is not a span of time; write a number and a unit, such as 500ms, 45s, 5min, 2h or 7d");
    let mut rest: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let letters = rest[digits..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |n| digits + n);
        let (number, unit) = (&rest[..digits], &rest[digits..letters]);
        let ns_per_unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        let span = decimal_times(number, ns_per_unit).ok_or_else(wrong)?;
        total = total.checked_add(span).ok_or_else(|| format!("`{text}` is longer than 584 years"))?;
        rest = rest[letters..].to_owned();
    }
    Ok(Duration::from_nanos(total))
}

/// `number` × `scale` for a decimal number of at most nine digits after the point, in integers.
fn decimal_times(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let tenths: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = tenths * u128::from(scale) / 10u128.pow(fraction.len() as u32);
    whole.checked_mul(scale)?.checked_add(part as u64)
}

/// Prints a span in its largest units: `45s`, `1m 30s`, `7d`, `12.5ms`.
pub fn format_duration(span: Duration) -> String {
    let ns = span.as_nanos();
    if ns < 1_000_000_000 {
        return match (ns / 1_000_000, ns % 1_000_000 / 100_000) {
            (ms, 0) => format!("{ms}ms"),
            (ms, tenth) => format!("{ms}.{tenth}ms"),
        };
    }
    let seconds = ns / 1_000_000_000;
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut words: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    let tenth = ns / 100_000_000 % 10;
    if tenth > 0 && seconds < 60 {
        words = vec![format!("{seconds}.{tenth}s")];
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, ms) in [
            ("45s", 45_000),
            ("500 ms", 500),
            ("1.5s", 1_500),
            ("5min", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn a_wrong_span_says_what_would_be_right() {
        for text in ["", "45", "s", "4 fortnights", "-3s", "1..5s"] {
            assert!(parse_duration(text).is_err_and(|e| e.contains("45s")), "{text}");
        }
    }

    #[test]
    fn spans_print_in_their_largest_units() {
        for (ms, text) in [(45_000, "45s"), (90_000, "1m 30s"), (604_800_000, "7d"), (12, "12ms"), (12_500, "12.5s")] {
            assert_eq!(format_duration(Duration::from_millis(ms)), text);
        }
    }
}
