//! Patterns of `java.text.SimpleDateFormat`, in UTC and English as tools run here. Letters of weeks are left out: when a week begins
//! depends on the country.

use crate::io::civil;

/// A pattern, read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct JavaDate {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Part {
    /// It stands for itself.
    Text(char),
    /// A letter, and how often it stands there.
    Field(char, usize),
}

/// Why a pattern is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NoPattern {
    /// The message of Java's IllegalArgumentException.
    Illegal(String),
    /// Java knows this letter.
    Unmodelled(char),
}

const LETTERS: &str = "GyMdkHmsSEDFahKzZuXL";
const OF_WEEKS: &str = "YwW";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The epoch began on a Thursday.
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

impl JavaDate {
    /// Reads a pattern (`SimpleDateFormat#compile`).
    pub(crate) fn new(pattern: &str) -> Result<JavaDate, NoPattern> {
        let mut parts = Vec::new();
        let mut is_quoted = false;
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\'' {
                match chars.next_if_eq(&'\'') {
                    Some(quote) => parts.push(Part::Text(quote)),
                    None => is_quoted = !is_quoted,
                }
            } else if is_quoted || !c.is_ascii_alphabetic() {
                parts.push(Part::Text(c));
            } else if OF_WEEKS.contains(c) {
                return Err(NoPattern::Unmodelled(c));
            } else if !LETTERS.contains(c) {
                return Err(NoPattern::Illegal(format!("Illegal pattern character '{c}'")));
            } else {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                if c == 'X' && count > 3 {
                    return Err(NoPattern::Illegal(format!("invalid ISO 8601 format: length={count}")));
                }
                parts.push(Part::Field(c, count));
            }
        }
        if is_quoted { Err(NoPattern::Illegal("Unterminated quote".to_owned())) } else { Ok(JavaDate { parts }) }
    }

    /// A moment, in ms since the epoch.
    pub(crate) fn format(&self, ms: i64) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(c) => text.push(*c),
                Part::Field(letter, count) => text.push_str(&field(*letter, *count, ms)),
            }
        }
        text
    }
}

fn field(letter: char, count: usize, ms: i64) -> String {
    let t = civil(ms);
    let days = ms.div_euclid(86_400_000);
    let named = |name: &str| if count >= 4 { name.to_owned() } else { name[..3].to_owned() };
    let number = match letter {
        'G' => return "AD".to_owned(),
        'E' => return named(DAYS[days.rem_euclid(7) as usize]),
        'M' | 'L' if count >= 3 => return named(MONTHS[(t.month - 1) as usize]),
        'a' => return if t.hour < 12 { "AM" } else { "PM" }.to_owned(),
        'z' => return if count >= 4 { "Coordinated Universal Time" } else { "UTC" }.to_owned(),
        'Z' => return "+0000".to_owned(),
        'X' => return "Z".to_owned(),
        'y' if count == 2 => t.year.rem_euclid(100),
        'y' => t.year,
        'M' | 'L' => t.month,
        'd' => t.day,
        'D' => (1..t.month).map(|month| days_of(t.year, month)).sum::<i64>() + t.day,
        'F' => (t.day - 1) / 7 + 1,
        'u' => (days + 3).rem_euclid(7) + 1,
        'H' => t.hour,
        'k' => (t.hour + 23) % 24 + 1,
        'K' => t.hour % 12,
        'h' => (t.hour + 11) % 12 + 1,
        'm' => t.minute,
        's' => t.second,
        _ => t.ms,
    };
    format!("{number:0count$}")
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Java 17 writes 2027-01-15 07:45:23.004 and 2027-03-01 00:00:00.007.
    const OF_JAVA: &[(&str, [&str; 2])] = &[
        ("yyyy-MM-dd HH:mm:ss:SSS", ["2027-01-15 07:45:23:004", "2027-03-01 00:00:00:007"]),
        ("yy/M/d", ["27/1/15", "27/3/1"]),
        ("MMM d, yyyy h:mm a", ["Jan 15, 2027 7:45 AM", "Mar 1, 2027 12:00 AM"]),
        ("EEEE EEE E", ["Friday Fri Fri", "Monday Mon Mon"]),
        ("MMMMM L LL LLL LLLL", ["January 1 01 Jan January", "March 3 03 Mar March"]),
        ("kk:K:h", ["07:7:7", "24:0:12"]),
        ("y yyy yyyyy", ["2027 2027 02027", "2027 2027 02027"]),
        ("D DDD", ["15 015", "60 060"]),
        ("F uuu GGGG aaaa", ["3 005 AD AM", "1 001 AD AM"]),
        (
            "z zzzz ZZZZZ X XX XXX",
            ["UTC Coordinated Universal Time +0000 Z Z Z", "UTC Coordinated Universal Time +0000 Z Z Z"],
        ),
        ("SSSS S s", ["0004 4 23", "0007 7 0"]),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", ["2027-01-15T07:45:23.004Z", "2027-03-01T00:00:00.007Z"]),
        ("{}#!0é'o''clock'''", ["{}#!0éo'clock'", "{}#!0éo'clock'"]),
        ("", ["", ""]),
    ];

    #[test]
    fn dates_are_written_as_java_writes_them() {
        for (pattern, wanted) in OF_JAVA {
            let format = JavaDate::new(pattern).expect(pattern);
            assert_eq!([1_799_999_123_004, 1_803_859_200_007].map(|ms| format.format(ms)), *wanted, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_in_javas_words() {
        let why = |pattern: &str| JavaDate::new(pattern).expect_err(pattern);
        let illegal = |text: &str| NoPattern::Illegal(text.to_owned());
        assert_eq!(why("T"), illegal("Illegal pattern character 'T'"));
        assert_eq!(why("'it''s' o''clock"), illegal("Illegal pattern character 'o'"));
        assert_eq!(why("yyyy'"), illegal("Unterminated quote"));
        assert_eq!(why("XXXX"), illegal("invalid ISO 8601 format: length=4"));
        assert_eq!(why("YYYY"), NoPattern::Unmodelled('Y'));
    }
}
