//! The files that programs can read: a flat, read-only table from path to text. The lab fills it from the scenario;
//! the workshops' own files come with it.

use std::sync::Arc;

use ordered::SortedMap;

/// Virtual files by path. Paths are relative to the terminal's directory; `./x` and `/x` are `x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Files(SortedMap<String, Arc<str>>);

/// The files every lab has: the loads of workshop S1, unchanged.
const BUNDLED: &[(&str, &str)] =
    &[("loads/2.json", include_str!("../files/loads/2.json")), ("loads/3.json", include_str!("../files/loads/3.json"))];

impl Files {
    /// No files.
    pub fn new() -> Files {
        Files::default()
    }

    /// The files every lab has.
    pub fn bundled() -> Files {
        Files(BUNDLED.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))).collect())
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: &str, text: impl Into<Arc<str>>) {
        self.0.insert(normal(path), text.into());
    }

    /// The text of a file. A path that is not known is looked up without its first folders (`kafka/loads/3.json`
    /// finds `loads/3.json`), because tutorials run from their repository's root.
    pub fn get(&self, path: &str) -> Option<&Arc<str>> {
        let path = normal(path);
        let mut rest = path.as_str();
        loop {
            if let Some(text) = self.0.get(rest) {
                return Some(text);
            }
            let (_, tail) = rest.split_once('/')?;
            if !tail.contains('/') {
                return None;
            }
            rest = tail;
        }
    }

    /// The text of the file of exactly that path.
    pub(crate) fn exact(&self, path: &str) -> Option<&Arc<str>> {
        self.0.get(path)
    }

    /// All paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What `ls folder` shows: names in the folder, sub-folders once; none if there is no such folder.
    pub fn list(&self, folder: &str) -> Option<Vec<String>> {
        let folder = normal(folder);
        if self.0.contains_key(&folder) {
            return Some(vec![folder]);
        }
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| rest.split('/').next().unwrap_or(rest).to_owned())
            .collect();
        names.dedup();
        (folder.is_empty() || !names.is_empty()).then_some(names)
    }
}

fn normal(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_loads_are_found_from_the_repository_root_too() {
        let files = Files::bundled();
        assert!(files.get("loads/3.json").is_some());
        assert_eq!(files.get("./kafka/loads/3.json"), files.get("loads/3.json"));
        assert_eq!(files.get("3.json"), None);
        assert_eq!(files.get("kafka/3.json"), None);
        assert_eq!(files.list("."), Some(vec!["loads".to_owned()]));
        assert_eq!(files.list("loads/"), Some(vec!["2.json".to_owned(), "3.json".to_owned()]));
        assert_eq!(files.list("nope"), None);
    }
}
