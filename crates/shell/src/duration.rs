//! The two ways Kafka's tools take a time: an ISO 8601 date-time and an ISO 8601 duration.

use crate::io::{Civil, epoch_ms};

/// `Utils#getDateTime`: ms since the epoch of `YYYY-MM-DDThh:mm:ss.sss`, milliseconds and all, with `Z` or `+hh:mm` (else UTC,
/// the zone of every machine here). The error is a `ParseException`'s text.
pub(crate) fn date_time(text: &str) -> Result<i64, String> {
    let Some((date, time)) = text.split_once('T') else {
        return Err("Error parsing timestamp. It does not contain a 'T' according to ISO8601 format".to_owned());
    };
    // It names what it parsed, with the zone it was given.
    let zone = if time.contains(['Z', '+', '-']) { "" } else { "Z" };
    parse_date_time(date, time).ok_or_else(|| format!("Unparseable date: \"{text}{zone}\""))
}

fn parse_date_time(date: &str, time: &str) -> Option<i64> {
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone_at);
    let date: Vec<i64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (clock, fraction) = time.split_once('.')?;
    let clock: Vec<i64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = date[..] else { return None };
    let [hour, minute, second] = clock[..] else { return None };
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    let ms = fraction.parse().ok().filter(|ms| (0..1000).contains(ms) && in_range)?;
    Some(epoch_ms(Civil { year, month, day, hour, minute, second, ms }) - zone_ms(zone)?)
}

fn zone_ms(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.chars().next() {
        None | Some('Z') => return Some(0),
        Some('-') => (-1, &zone[1..]),
        Some(_) => (1, &zone[1..]),
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..).filter(|m| !m.is_empty()).map_or(Some(0), |m| m.parse().ok())?;
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// `java.time.Duration#parse`, in ms: `PnDTnHnMn.nS`. The error is Java's text.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    protocol::java_duration_ms(text).ok_or_else(|| "Text cannot be parsed to a Duration".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_utc_unless_they_say_otherwise() {
        assert_eq!(date_time("2027-01-15T08:00:00.000"), Ok(protocol::EPOCH_MS));
        assert_eq!(date_time("2027-01-15T08:00:01.000Z"), Ok(protocol::EPOCH_MS + 1000));
        assert_eq!(date_time("2027-01-15T10:00:00.000+02:00"), Ok(protocol::EPOCH_MS));
        assert_eq!(
            date_time("2020-01-01"),
            Err("Error parsing timestamp. It does not contain a 'T' according to ISO8601 format".to_owned())
        );
        for bad in ["2020-13-01T00:00:00.000Z", "2027-01-15T08:00:01Z", "2027-01-15T08:00Z"] {
            assert_eq!(date_time(bad), Err(format!("Unparseable date: \"{bad}\"")));
        }
        assert_eq!(date_time("2027-01-15T08:00:00"), Err("Unparseable date: \"2027-01-15T08:00:00Z\"".to_owned()));
    }

    #[test]
    fn durations_are_javas() {
        assert_eq!(duration("PT1H"), Ok(3_600_000));
        assert_eq!(duration("P1DT2H3M4.5S"), Ok(93_784_500));
        assert_eq!(duration("PT0S"), Ok(0));
        for bad in ["1h", "P", "PT", "P1H", "PT1X", ""] {
            assert_eq!(duration(bad), Err("Text cannot be parsed to a Duration".to_owned()), "{bad}");
        }
    }
}
