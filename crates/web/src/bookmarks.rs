//! Moments that a reader has named. They travel in the link, after the run: `#s=1.…&b=MOMENT~NAME,…`.

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
}

/// Adds a moment, or renames the one that is there already.
pub(crate) fn add(list: &mut Vec<Bookmark>, at_ns: u64, name: &str) {
    let name: String = name.trim().chars().take(NAME_MAX).collect();
    list.retain(|b| b.at_ns != at_ns);
    if list.len() < BOOKMARKS_MAX && !name.is_empty() {
        list.push(Bookmark { at_ns, name });
        ordered::sort_by_key(list, |b| b.at_ns);
    }
}

/// The part of a link that holds them; nothing for none.
pub(crate) fn pack(list: &[Bookmark]) -> String {
    let all: Vec<String> = list.iter().map(|b| format!("{}~{}", b.at_ns, encoded(&b.name))).collect();
    if all.is_empty() { String::new() } else { format!("&b={}", all.join(",")) }
}

/// A link without its bookmarks, and those. What is no bookmark is left out.
pub(crate) fn unpack(link: &str) -> (&str, Vec<Bookmark>) {
    let (run, rest) = link.split_once('&').unwrap_or((link, ""));
    let mut list = Vec::new();
    for entry in rest.strip_prefix("b=").unwrap_or("").split(',') {
        if let Some((at, name)) = entry.split_once('~')
            && let Ok(at_ns) = at.parse()
        {
            add(&mut list, at_ns, &decoded(name));
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
        add(&mut list, 9_000, " Übung, 2~b & c% ");
        add(&mut list, 1_000, "before");
        add(&mut list, 1_000, "first");
        add(&mut list, 5_000, "  ");
        assert_eq!(list.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["first", "Übung, 2~b & c%"]);
        let link = format!("s=1.abc.def{}", pack(&list));
        assert_eq!(unpack(&link), ("s=1.abc.def", list));
        assert_eq!(unpack("s=1.abc.def"), ("s=1.abc.def", Vec::new()));
        assert_eq!(unpack("s=1.abc.def&b=x~y,3,~,&c=1").1, Vec::new());
    }
}
