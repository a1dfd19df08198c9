//! Paths of the shell, with `*`, `?` and `{a,b}` in them (`GlobVisitor`, `GlobComponent`).

use protocol::image::MetadataImage;

use super::nodes::{self, Node};

/// What a path found: its parts, and what is there.
pub(super) type Found = (Vec<String>, Node);

/// All that a pattern matches, seen from a working directory (`""` is the root).
pub(super) fn matches(image: &MetadataImage, folder: &[String], pattern: &str) -> Vec<Found> {
    let mut parts: Vec<&str> =
        if pattern.starts_with('/') { vec![] } else { folder.iter().map(String::as_str).collect() };
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    let mut found = Vec::new();
    descend(image, &parts, &mut Vec::new(), &mut found);
    found
}

fn descend(image: &MetadataImage, pattern: &[&str], path: &mut Vec<String>, found: &mut Vec<Found>) {
    let Some(node) = look(image, path) else { return };
    let Some((part, rest)) = pattern.split_first() else { return found.push((path.clone(), node)) };
    let names = match (Glob::new(part), node) {
        (_, Node::Leaf(_)) => return,
        (None, Node::Directory(_)) => vec![(*part).to_owned()],
        (Some(glob), Node::Directory(names)) => names.into_iter().filter(|name| glob.matches(name)).collect(),
    };
    for name in names {
        path.push(name);
        descend(image, rest, path, found);
        path.pop();
    }
}

/// What is at a path without patterns.
pub(super) fn look(image: &MetadataImage, path: &[String]) -> Option<Node> {
    nodes::find(image, &path.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A part of a path that may match several names.
struct Glob(Vec<Piece>);

enum Piece {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Run,
    /// `{a,b}`
    OneOf(Vec<Vec<Piece>>),
}

impl Glob {
    /// None if the part can match nothing but itself, or cannot be read.
    fn new(part: &str) -> Option<Glob> {
        let mut chars = part.chars();
        let (mut whole, mut group): (Vec<Piece>, Option<Vec<Vec<Piece>>>) = (Vec::new(), None);
        let mut is_literal = true;
        while let Some(c) = chars.next() {
            let piece = match c {
                '?' => Piece::Any,
                '*' => Piece::Run,
                '\\' => Piece::Char(chars.next().unwrap_or('\\')),
                '{' if group.is_some() => return None,
                '{' => {
                    group = Some(vec![Vec::new()]);
                    continue;
                }
                ',' if group.is_some() => {
                    group.iter_mut().for_each(|choices| choices.push(Vec::new()));
                    continue;
                }
                '}' if group.is_some() => {
                    whole.extend(group.take().map(Piece::OneOf));
                    is_literal = false;
                    continue;
                }
                c => Piece::Char(c),
            };
            is_literal &= matches!(piece, Piece::Char(_));
            group.as_mut().and_then(|choices| choices.last_mut()).unwrap_or(&mut whole).push(piece);
        }
        (!is_literal && group.is_none()).then_some(Glob(whole))
    }

    fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        rests(&self.0, &name).contains(&0)
    }
}

/// How many characters can be left of `text` when the pieces have taken theirs.
fn rests(pieces: &[Piece], text: &[char]) -> Vec<usize> {
    pieces.iter().fold(vec![text.len()], |left, piece| {
        let tail = |left: usize| &text[text.len() - left..];
        let mut after: Vec<usize> = left
            .into_iter()
            .flat_map(|left| match piece {
                Piece::Char(c) => {
                    if tail(left).first() == Some(c) {
                        vec![left - 1]
                    } else {
                        vec![]
                    }
                }
                Piece::Any => left.checked_sub(1).into_iter().collect(),
                Piece::Run => (0..=left).collect(),
                Piece::OneOf(choices) => choices.iter().flat_map(|choice| rests(choice, tail(left))).collect(),
            })
            .collect();
        ordered::sort(&mut after);
        after.dedup();
        after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_kafkas_do() {
        for (pattern, yes, no) in [
            ("t*", &["topics", "t"][..], &["at"][..]),
            ("*", &["", "topics"], &[]),
            ("ver?ion", &["version"], &["verion", "verssion"]),
            ("{image,local}", &["image", "local"], &["imagelocal", "imag"]),
            ("a{b,c*}d", &["abd", "acd", "acxd"], &["ad", "abxd"]),
            ("b\\*c?", &["b*cd"], &["bxcd"]),
            ("*.*", &["a.b", "."], &["ab"]),
        ] {
            let glob = Glob::new(pattern).expect("it is a pattern");
            assert!(yes.iter().all(|name| glob.matches(name)), "{pattern}");
            assert!(!no.iter().any(|name| glob.matches(name)), "{pattern}");
        }
        for literal in ["version", "a,b", "{a", "{a{b}}", "a}"] {
            assert!(Glob::new(literal).is_none(), "{literal}");
        }
    }

    #[test]
    fn paths_are_seen_from_the_working_directory() {
        let image = MetadataImage::default();
        let folder = ["image".to_owned(), "topics".to_owned()];
        let found = |pattern: &str| {
            let found = matches(&image, &folder, pattern);
            found.iter().map(|(path, _)| format!("/{}", path.join("/"))).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("."), "/image/topics");
        assert_eq!(found("by*"), "/image/topics/byId /image/topics/byName");
        assert_eq!(found("../../../local//version/"), "/local/version");
        assert_eq!(found("/{image,local}/t*"), "/image/topics");
        assert_eq!(found("nope"), "");
        assert_eq!(found("/local/version/x"), "");
    }
}
