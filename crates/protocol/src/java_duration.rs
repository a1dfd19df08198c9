//! Durations as Java reads them (ISO 8601): `auto.offset.reset=by_duration:PT1H`, `--by-duration P1D`.

/// `java.time.Duration#parse`, in ms: `PnDTnHnMn.nS`, in capital or small letters; none if it is not one.
pub fn java_duration_ms(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let text = text.as_str();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
    let mut total =
        if days.is_empty() { 0 } else { days.strip_suffix('D')?.parse::<i64>().ok()?.checked_mul(86_400_000)? };
    if days.is_empty() && time.is_none_or(str::is_empty) {
        return None;
    }
    let mut rest = time.unwrap_or("");
    for (unit, ms) in [('H', 3_600_000), ('M', 60_000), ('S', 1000)] {
        if let Some((number, tail)) = rest.split_once(unit) {
            total = total.checked_add(scaled(number, ms)?)?;
            rest = tail;
        }
    }
    rest.is_empty().then_some(sign * total)
}

/// `number` (with decimals, for seconds) times `ms`.
fn scaled(number: &str, ms: i64) -> Option<i64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if !decimals.is_empty() && ms != 1000 {
        return None;
    }
    let thousandths: i64 = format!("{decimals:0<3}").get(..3)?.parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(ms)?.checked_add(thousandths)
}
