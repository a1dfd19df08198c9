//! `docs/planted-bugs.md`: the bugs a sweep can plant (the table in `protocol/src/plant.rs`), and how many seeds it takes to find
//! each and what shrinking leaves of what it found, as `kafkasim sweep --measure docs/planted-bugs.tsv` measured it.

use std::fmt::Write as _;

use crate::shell::{Result, read, root};

const TABLE: &str = "crates/protocol/src/plant.rs";
const MEASURED: &str = "docs/planted-bugs.tsv";

/// A line of the measured file.
struct Measured {
    seeds: Vec<Option<u64>>,
    broke: String,
    commands: Shrunk,
    nodes: Shrunk,
}

/// How many there were of something and how many are left, over the sweeps that found the bug.
#[derive(Clone, Copy, Default)]
struct Shrunk {
    before: u64,
    after: u64,
}

pub(crate) fn text(notice: &str) -> Result<String> {
    let (source, measured) = (read(root().join(TABLE))?, read(root().join(MEASURED))?);
    let rows = bugs(&source);
    let all: Vec<Measured> = rows.iter().filter_map(|[name, ..]| measured_of(&measured, name)).collect();
    let gone = |of: fn(&Measured) -> Shrunk| {
        let (before, after) = all.iter().map(of).fold((0, 0), |(b, a), of| (b + of.before, a + of.after));
        // In tenths, without floats.
        let permille = (before - after) * 1_000 / before.max(1);
        format!("{}.{}", permille / 10, permille % 10)
    };
    let mut text = format!(
        "{notice}\n\n# Planted bugs\n\nA check that never fails proves nothing. These {} bugs, most of them once Kafka's, can be planted one at a time \
         (`kafkasim sweep --plant BUG`, or `\"plant\": \"BUG\"` in a scenario), and a sweep must find each. The figures are the seeds it took in a few \
         sweeps of at most 1,000 seeds each, and their median; `kafkasim sweep --measure {MEASURED}` measures them again.\n\n\
         Each plan that was found is shrunk. Of all their commands {} % are gone then, and {} % of their brokers, controllers and \
         programs; the last column says how many commands are left, of how many, in all sweeps together.\n\n\
         | bug | what is wrong | Kafka's name for it | median seeds | every sweep | what broke | commands left |\n\
         |---|---|---|---:|---|---|---|\n",
        rows.len(),
        gone(|found| found.commands),
        gone(|found| found.nodes),
    );
    for [name, doc, source] in rows {
        let Some(found) = measured_of(&measured, name) else {
            let _ = writeln!(text, "| `{name}` | {doc} | {source} | not measured yet | | | |");
            continue;
        };
        let all: Vec<String> = found.seeds.iter().map(|seeds| shown(*seeds)).collect();
        let _ = writeln!(
            text,
            "| `{name}` | {doc} | {source} | {} | {} | {} | {} of {} |",
            shown(median(&found.seeds)),
            all.join(", "),
            found.broke,
            found.commands.after,
            found.commands.before
        );
    }
    Ok(text)
}

/// Name, doc and source of each bug: the three literals of its row.
fn bugs(source: &str) -> Vec<[&str; 3]> {
    let rows = source.lines().skip_while(|line| *line != "plants! {").skip(1).take_while(|line| *line != "}");
    let literals: Vec<&str> = rows.flat_map(|line| line.split('"').skip(1).step_by(2)).collect();
    literals.chunks_exact(3).map(|row| [row[0], row[1], row[2]]).collect()
}

fn measured_of(measured: &str, name: &str) -> Option<Measured> {
    let mut columns =
        measured.lines().map(|line| line.split('\t')).find_map(|mut line| (line.next()? == name).then_some(line))?;
    let seeds = columns.next()?.split(' ').map(|seeds| seeds.parse().ok()).collect();
    let broke = columns.next()?.split_whitespace().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    Some(Measured { seeds, broke, commands: shrunk(columns.next()), nodes: shrunk(columns.next()) })
}

/// A column of `before>after`.
fn shrunk(column: Option<&str>) -> Shrunk {
    let pairs = column.unwrap_or_default().split(' ').filter_map(|pair| pair.split_once('>'));
    pairs.fold(Shrunk::default(), |sum, (before, after)| {
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        Shrunk { before: sum.before + number(before), after: sum.after + number(after) }
    })
}

/// The one in the middle; a sweep that found nothing counts as the longest.
fn median(seeds: &[Option<u64>]) -> Option<u64> {
    let mut all: Vec<u64> = seeds.iter().map(|seeds| seeds.unwrap_or(u64::MAX)).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().filter(|seeds| *seeds != u64::MAX)
}

fn shown(seeds: Option<u64>) -> String {
    seeds.map_or_else(|| "> 1000".into(), |seeds| seeds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_the_median_is_the_middle_one() {
        assert_eq!(bugs("plants! {\n    A \"a\"\n        \"b c\" \"d\"\n}\n\"x\""), [["a", "b c", "d"]]);
        let found = measured_of("# head\na\t3 - 1\tx y\t30>2 - 8>3\t9>5 - 7>4\n", "a").expect("it is there");
        assert_eq!((median(&found.seeds), found.broke), (Some(3), "`x`, `y`".into()));
        assert_eq!((found.commands.before, found.commands.after, found.nodes.after), (38, 5, 9));
    }
}
