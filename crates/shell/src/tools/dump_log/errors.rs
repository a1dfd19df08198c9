//! What `kafka-dump-log` complains about at its end: indexes that do not match their log (the zeros at the end of a
//! preallocated index look so), and offsets that do not follow one another (compaction, or a log that does not start at 0).

/// Complaints by file, in the order they are printed.
#[derive(Default)]
pub(super) struct Errors {
    index: Vec<(String, Vec<(i64, i64)>)>,
    time: Vec<(String, Vec<(i64, i64)>)>,
    missing: Vec<(String, Vec<(i64, i64)>)>,
    gaps: Vec<(String, Vec<(i64, i64)>)>,
}

impl Errors {
    pub(super) fn index_mismatch(&mut self, file: &str, index: i64, log: i64) {
        add(&mut self.index, file, (index, log));
    }
    pub(super) fn time_mismatch(&mut self, file: &str, index: i64, log: i64) {
        add(&mut self.time, file, (index, log));
    }
    pub(super) fn not_found(&mut self, file: &str, indexed: i64, found: i64) {
        add(&mut self.missing, file, (indexed, found));
    }
    /// A record at `offset` comes after the one at `last`.
    pub(super) fn follow(&mut self, file: &str, last: &mut i64, offset: i64) {
        if offset != *last + 1 {
            add(&mut self.gaps, file, (*last, offset));
        }
        *last = offset;
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut section = |all: &[(String, Vec<(i64, i64)>)], title: &str, line: &dyn Fn(i64, i64) -> String| {
            for (file, pairs) in all {
                lines.push(format!("{title}{file}"));
                lines.extend(pairs.iter().map(|(a, b)| line(*a, *b)));
            }
        };
        section(&self.index, "Mismatches in :", &|a, b| format!("  Index offset: {a}, log offset: {b}"));
        section(&self.time, "Found timestamp mismatch in :", &|a, b| {
            format!("  Index timestamp: {a}, log timestamp: {b}")
        });
        section(&self.missing, "The following indexed offsets are not found in :", &|a, b| {
            format!("Indexed offset: {a}, found log offset: {b}")
        });
        section(&self.gaps, "Non-consecutive offsets in ", &|a, b| format!("  {a} is followed by {b}"));
        lines
    }
}

fn add(all: &mut Vec<(String, Vec<(i64, i64)>)>, file: &str, pair: (i64, i64)) {
    match all.iter_mut().find(|(known, _)| known == file) {
        Some((_, pairs)) => pairs.push(pair),
        None => all.push((file.to_owned(), vec![pair])),
    }
}
