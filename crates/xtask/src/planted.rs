//! `docs/planted-bugs.md`: the bugs a sweep can plant (the table in `protocol/src/plant.rs`), and how many seeds it takes to find
//! each, as `kafkasim sweep --measure docs/planted-bugs.tsv` measured it.

use std::fmt::Write as _;

use crate::shell::{Result, read, root};

const TABLE: &str = "crates/protocol/src/plant.rs";
const MEASURED: &str = "docs/planted-bugs.tsv";

/// A line of the measured file.
struct Measured {
    seeds: Vec<Option<u64>>,
    broke: String,
}

pub(crate) fn text(notice: &str) -> Result<String> {
    let (source, measured) = (read(root().join(TABLE))?, read(root().join(MEASURED))?);
    let rows = bugs(&source);
    let mut text = format!(
        "{notice}\n\n# Planted bugs\n\nA check that never fails proves nothing. These {} bugs, most of them once Kafka's, can be planted one at a time \
         (`kafkasim sweep --plant BUG`, or `\"plant\": \"BUG\"` in a scenario), and a sweep must find each. The figures are the seeds it took in a few \
         sweeps of at most 1,000 seeds each, and their median; `kafkasim sweep --measure {MEASURED}` measures them again.\n\n\
         | bug | what is wrong | Kafka's name for it | median seeds | every sweep | what broke |\n|---|---|---|---:|---|---|\n",
        rows.len()
    );
    for [name, doc, source] in rows {
        let Some(found) = measured_of(&measured, name) else {
            let _ = writeln!(text, "| `{name}` | {doc} | {source} | not measured yet | | |");
            continue;
        };
        let all: Vec<String> = found.seeds.iter().map(|seeds| shown(*seeds)).collect();
        let _ = writeln!(
            text,
            "| `{name}` | {doc} | {source} | {} | {} | {} |",
            shown(median(&found.seeds)),
            all.join(", "),
            found.broke
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
    Some(Measured { seeds, broke })
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
        let found = measured_of("# head\na\t3 - 1\tx y\n", "a").map(|found| (median(&found.seeds), found.broke));
        assert_eq!(found, Some((Some(3), "`x`, `y`".into())));
    }
}
