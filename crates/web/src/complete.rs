//! Completion: tools, verbs, options, and the names of topics and groups a person could know.

use lab::{Lab, verbs};
use shell::{SCRIPTS, TOOLS};

/// Candidates offered at most.
const MAX: usize = 12;

/// What the last word of `text` may become.
pub(crate) fn candidates(lab: &Lab, text: &str) -> Vec<String> {
    let command = text.rsplit(['|', ';']).next().unwrap_or("").trim_start();
    let mut words: Vec<&str> = command.split_whitespace().collect();
    let last = if text.ends_with(char::is_whitespace) { "" } else { words.pop().unwrap_or("") };
    let all: Vec<String> = match words.as_slice() {
        [] => tools(),
        ["sim"] => verbs::VERBS.iter().map(|v| v.name.to_owned()).collect(),
        ["sim", ..] => nodes(lab),
        [.., "--topic"] => topics(lab),
        [.., "--group"] => view::groups(lab).into_iter().map(|g| g.group).collect(),
        [.., "--bootstrap-server"] => vec![":9092".to_owned()],
        [tool, ..] => options(tool),
    };
    let mut found: Vec<String> = all.into_iter().filter(|c| c.starts_with(last) && c != last).collect();
    found.sort();
    found.dedup();
    found.truncate(MAX);
    found
}

fn tools() -> Vec<String> {
    let tools = TOOLS.iter().map(|t| t.name.to_owned());
    tools.chain(SCRIPTS.iter().map(|s| s.name.to_owned())).chain(["sim".to_owned()]).collect()
}

fn options(tool: &str) -> Vec<String> {
    let found = shell::find_tool(tool.trim_end_matches(".sh"));
    found.map_or(Vec::new(), |t| t.options.iter().map(|o| format!("--{}", o.name)).collect())
}

fn topics(lab: &Lab) -> Vec<String> {
    let image = lab::replicas::image(lab.world(), lab.layout());
    image.map_or(Vec::new(), |i| i.by_name.keys().map(ToString::to_string).collect())
}

fn nodes(lab: &Lab) -> Vec<String> {
    let world = lab.world();
    let names = world.node_ids().map(|n| world.name(n).to_string());
    names.chain(["broker".to_owned(), "controller".to_owned(), "app".to_owned()]).collect()
}
