//! Moments that a reader has named, each on a branch. Those of the branch that is shown, and of the past that it shares
//! with others, travel in the link, after the run: `#s=1.…&b=MOMENT~NAME,…`.

use crate::options::decoded;

/// More would not fit a link.
const BOOKMARKS_MAX: usize = 24;
/// Letters of a name that are kept.
const NAME_MAX: usize = 60;

/// A named moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bookmark {
    /// When, ns.
    pub(crate) at_ns: u64,
    /// What it is called.
    pub(crate) name: String,
    /// The branch it is of.
    pub(crate) branch: String,
}

/// Where a branch began: its name, and the branch it left with the moment, ns.
pub(crate) type Root = (String, Option<(String, u64)>);

/// The branch that a moment of `branch` is of: the first one that played it.
pub(crate) fn home(roots: &[Root], branch: &str, at_ns: u64) -> String {
    let mut home = branch.to_owned();
    while let Some((_, Some((parent, left_ns)))) = roots.iter().find(|root| root.0 == home)
        && at_ns <= *left_ns
    {
        home.clone_from(parent);
    }
    home
}

/// Adds a moment, or renames the one that is there already.
pub(crate) fn add(list: &mut Vec<Bookmark>, branch: &str, at_ns: u64, name: &str) {
    let name: String = name.trim().chars().take(NAME_MAX).collect();
    list.retain(|b| b.at_ns != at_ns || b.branch != branch);
    if list.len() < BOOKMARKS_MAX && !name.is_empty() {
        list.push(Bookmark { at_ns, name, branch: branch.to_owned() });
        ordered::sort_by_key(list, |b| b.at_ns);
    }
}

/// The part of a link that holds them; nothing for none.
pub(crate) fn pack<'a>(list: impl Iterator<Item = &'a Bookmark>) -> String {
    let all: Vec<String> = list.map(|b| format!("{}~{}", b.at_ns, encoded(&b.name))).collect();
    if all.is_empty() { String::new() } else { format!("&b={}", all.join(",")) }
}

/// A link without its bookmarks, and those, which are of `branch`. What is no bookmark is left out.
pub(crate) fn unpack<'a>(link: &'a str, branch: &str) -> (&'a str, Vec<Bookmark>) {
    let (run, rest) = link.split_once('&').unwrap_or((link, ""));
    let mut list = Vec::new();
    for entry in rest.strip_prefix("b=").unwrap_or("").split(',') {
        if let Some((at, name)) = entry.split_once('~')
            && let Ok(at_ns) = at.parse()
        {
            add(&mut list, branch, at_ns, &decoded(name));
        }
    }
    (run, list)
}

fn encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => text.push(char::from(byte)),
            _ => text += &format!("%{byte:02X}"),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookmarks_travel_in_a_link_and_leave_the_run_alone() {
        let mut list = Vec::new();
        for (at, name) in [(9_000, " Übung, 2~b & c% "), (1_000, "before"), (1_000, "first"), (5_000, "  ")] {
            add(&mut list, "main", at, name);
        }
        assert_eq!(list.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["first", "Übung, 2~b & c%"]);
        let link = format!("s=1.abc.def{}", pack(list.iter()));
        assert_eq!(unpack(&link, "main"), ("s=1.abc.def", list));
        assert_eq!(unpack("s=1.abc.def", "main"), ("s=1.abc.def", Vec::new()));
        assert_eq!(unpack("s=1.abc.def&b=x~y,3,~,&c=1", "main").1, Vec::new());
    }

    #[test]
    fn a_moment_is_of_the_branch_that_played_it_first() {
        let left = |branch: &str, parent: &str, at| (branch.to_owned(), Some((parent.to_owned(), at)));
        let roots = [("main".to_owned(), None), left("1: a", "main", 50), left("2: b", "1: a", 80)];
        for (at, of) in [(10, "main"), (50, "main"), (51, "1: a"), (80, "1: a"), (81, "2: b")] {
            assert_eq!(home(&roots, "2: b", at), of, "{at}");
        }
        // A branch that is no longer kept is still where the moment was.
        assert_eq!(home(&roots[2..], "2: b", 60), "1: a");
    }
}
