//! Numbers and times as the page prints them.

use crate::tell;
use crate::words::t;

/// `mm:ss.mmm`, as every clock of kafkasim prints.
pub(crate) fn clock(ns: u64) -> String {
    let ms = ns / 1_000_000;
    format!("{:02}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
}

/// A span in the two or three digits a person reads: `740 µs`, `12 ms`, `9.4 s`, `45 s`, `3 min 20 s`, `7 d`.
pub(crate) fn span(ns: u64) -> String {
    let (us, ms, s) = (ns / 1_000, ns / 1_000_000, ns / 1_000_000_000);
    match s {
        0 if ms == 0 => format!("{us} µs"),
        0 => format!("{ms} ms"),
        1..10 => format!("{s}{}{} s", t("."), ms / 100 % 10),
        10..120 => format!("{s} s"),
        120..7200 if s % 60 == 0 => format!("{} min", s / 60),
        120..7200 => format!("{} min {} s", s / 60, s % 60),
        7200..172_800 => format!("{} h", s / 3600),
        _ => format!("{} d", s / 86_400),
    }
}

/// A span in whole seconds, once there are some.
pub(crate) fn whole_span(ns: u64) -> String {
    match ns / 1_000_000_000 {
        s @ 1..10 => format!("{s} s"),
        _ => span(ns),
    }
}

/// `12,481`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push_str(t(","));
        }
        out.push(c);
    }
    out
}

/// A length for a drawing, with so many digits behind the point. Floats print themselves exactly, which is much code.
pub(crate) fn fixed(x: f64, digits: u32) -> String {
    let scale = 10_i64.pow(digits);
    let n = (x * scale as f64 + 0.5).floor() as i64;
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", n.abs() / scale, n.abs() % scale, width = digits as usize)
}

/// `512 B`, `3.4 KiB`.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{}{}{} KiB", n / 1024, t("."), n % 1024 * 10 / 1024),
        _ => format!("{}{}{} MiB", n / 1_048_576, t("."), n % 1_048_576 * 10 / 1_048_576),
    }
}

/// A number that is −1 where it is not known.
pub(crate) fn known(n: i32) -> String {
    if n < 0 { "–".to_owned() } else { n.to_string() }
}

/// What is said of a log that is not seen, since the first offset shown lies behind its end.
pub(crate) fn ends_before(end: i64, from: i64) -> Option<String> {
    (0 < end && end <= from).then(|| tell!("◂ ends at {}", end))
}

/// `1,2,3`, as Kafka's tools print replica lists.
pub(crate) fn ids(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_a_person_would_say_them() {
        let ms = 1_000_000;
        assert_eq!(span(740_000), "740 µs");
        assert_eq!(span(12 * ms), "12 ms");
        assert_eq!(span(9_460 * ms), "9.4 s");
        assert_eq!(span(45_000 * ms), "45 s");
        assert_eq!(span(200_000 * ms), "3 min 20 s");
        assert_eq!(span(7 * 86_400_000 * ms), "7 d");
    }

    #[test]
    fn lengths_are_rounded_to_their_digits() {
        let all =
            [fixed(0.0, 2), fixed(98.5, 2), fixed(1.005_1, 2), fixed(-0.05, 1), fixed(-3.26, 1), fixed(37.699, 1)];
        assert_eq!(all, ["0.00", "98.50", "1.01", "0.0", "-3.3", "37.7"]);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(12_345_678), "12,345,678");
    }
}
