//! "Did you mean …?": the nearest of some names to a mistyped one.

/// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours) to `given`, if it is near
/// enough to be a typing error: one edit per three letters, at least one.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (given.chars().count() / 3).max(1);
    let best = candidates.into_iter().map(|c| (distance(given, c), c)).min_by_key(|(d, _)| *d)?;
    (best.0 > 0 && best.0 <= limit).then_some(best.1)
}

/// Optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word_and_another_word_does_not() {
        let names = ["topic", "partitions", "list", "kafka-topics"];
        assert_eq!(nearest("topik", names), Some("topic"));
        assert_eq!(nearest("tpoic", names), Some("topic"));
        assert_eq!(nearest("kafka-topcis", names), Some("kafka-topics"));
        assert_eq!(nearest("zookeeper", names), None);
        assert_eq!(nearest("topic", names), None, "a name that is right needs no suggestion");
    }
}
