//! Tab completion, from the same tables as help and errors.

use crate::Files;
use crate::builtins;
use crate::options::{Arg, Opt};
use crate::programs::SCRIPTS;
use crate::tools::{self, TOOLS};

/// What can be named on a command line now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompletionContext {
    /// Topic names.
    pub topics: Vec<String>,
    /// Group names.
    pub groups: Vec<String>,
    /// `host:port` of brokers.
    pub brokers: Vec<String>,
    /// Paths of files.
    pub files: Vec<String>,
}

impl CompletionContext {
    /// A context with the paths of `files`.
    pub fn with_files(files: &Files) -> CompletionContext {
        CompletionContext { files: files.paths().map(str::to_owned).collect(), ..CompletionContext::default() }
    }
}

/// Words that can stand for the word at `cursor` (in bytes), sorted. Each is a whole word, to replace the one begun.
pub fn complete(line: &str, cursor: usize, context: &CompletionContext) -> Vec<String> {
    let mut end = cursor.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let before = line[..end].rsplit(['|', ';', '&']).next().unwrap_or("");
    let mut words: Vec<&str> = before.split_whitespace().filter(|word| *word != "$").collect();
    let begun = if before.ends_with(char::is_whitespace) || words.is_empty() { "" } else { words.pop().unwrap_or("") };
    let mut found: Vec<String> = candidates(&words, begun, context)
        .into_iter()
        .filter(|word| word.starts_with(begun) && word != begun)
        .collect();
    ordered::sort(&mut found);
    found.dedup();
    found
}

fn candidates(words: &[&str], begun: &str, context: &CompletionContext) -> Vec<String> {
    let words: Vec<&str> = words.iter().copied().skip_while(|word| is_assignment(word)).collect();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let Some((command, args)) = words.split_first() else {
        return if is_assignment(begun) { assignment_values(begun, context) } else { commands() };
    };
    if words.last() == Some(&"<") {
        return context.files.clone();
    }
    match *command {
        "python" | "python3" if args.is_empty() => SCRIPTS.iter().map(|s| s.name.to_owned()).collect(),
        "python" | "python3" => context.topics.clone(),
        "cat" | "ls" => context.files.clone(),
        "help" => TOOLS.iter().map(|t| t.name.to_owned()).collect(),
        "docker" if args.is_empty() => owned(&["run", "exec", "build"]),
        word => match tools::find(word) {
            Some(tool) => tool_words(tool.options, args, context),
            None => vec![],
        },
    }
}

fn commands() -> Vec<String> {
    let names =
        TOOLS.iter().map(|t| t.name).chain(builtins::NAMES.iter().copied()).chain(["python", "docker", "cd", "help"]);
    let variables = SCRIPTS
        .iter()
        .flat_map(|s| s.inputs.iter())
        .map(|(name, _)| *name)
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    names.map(str::to_owned).chain(variables.chain(["CLIENT", "BOOTSTRAP"]).map(|name| format!("{name}="))).collect()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn assignment_values(begun: &str, context: &CompletionContext) -> Vec<String> {
    let (name, value) = begun.split_once('=').unwrap_or((begun, ""));
    // A list keeps what stands before its last comma.
    let kept = value.rfind(',').map_or("", |at| &value[..=at]);
    let values = match name {
        "TOPIC" | "TOPICS" => context.topics.clone(),
        "GROUP" => context.groups.clone(),
        "BOOTSTRAP" => context.brokers.clone(),
        "CLIENT" => vec!["java".to_owned(), "librdkafka".to_owned()],
        _ => vec![],
    };
    values.into_iter().map(|value| format!("{name}={kept}{value}")).collect()
}

fn tool_words(options: &[Opt], args: &[&str], context: &CompletionContext) -> Vec<String> {
    let option = args.last().and_then(|word| word.strip_prefix("--").or_else(|| word.strip_prefix('-')));
    if let Some(option) =
        option.and_then(|name| options.iter().find(|o| o.name == name)).filter(|o| matches!(o.arg, Arg::Required(_)))
    {
        return values(option.name, context);
    }
    let is_repeatable = |name: &str| ["config", "group", "topic"].contains(&name) || name.ends_with("property");
    let is_free = |o: &&Opt| is_repeatable(o.name) || !args.iter().any(|arg| arg.trim_start_matches('-') == o.name);
    options
        .iter()
        .filter(is_free)
        .map(|o| format!("{}{}", if o.name.len() == 1 { "-" } else { "--" }, o.name))
        .collect()
}

fn values(option: &str, context: &CompletionContext) -> Vec<String> {
    let fixed: &[&str] = match option {
        "topic" | "include" => return context.topics.clone(),
        "group" => return context.groups.clone(),
        "bootstrap-server" | "brokers" | "b" => return context.brokers.clone(),
        "config-file" | "from-file" | "command-config" | "producer.config" | "consumer.config" => {
            return context.files.clone();
        }
        "offset" => &["earliest", "latest"],
        "time" => &["earliest", "latest", "max-timestamp"],
        "election-type" => &["preferred", "unclean"],
        "entity-type" => &["topics", "brokers", "groups"],
        "isolation-level" => &["read_committed", "read_uncommitted"],
        "reader-property" => &["parse.key=true", "key.separator=:", "parse.headers=true", "null.marker="],
        "formatter-property" => &[
            "print.key=true",
            "print.offset=true",
            "print.partition=true",
            "print.timestamp=true",
            "print.headers=true",
            "key.separator=:",
        ],
        _ => &[],
    };
    fixed.iter().map(|value| (*value).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        let context = CompletionContext {
            topics: vec!["orders".to_owned(), "temperature".to_owned()],
            groups: vec!["monitoring".to_owned()],
            brokers: vec!["localhost:9092".to_owned()],
            files: vec!["loads/3.json".to_owned()],
        };
        assert_eq!(complete(line, line.len(), &context), expected, "{line}");
    }

    #[test]
    fn words_complete_from_the_tables() {
        check("kafka-to", &["kafka-topics"]);
        check("kafka-topics --desc", &["--describe"]);
        check("kafka-topics.sh --topic ", &["orders", "temperature"]);
        check("kafka-topics --topic te", &["temperature"]);
        check("kafka-topics --topic orders --top", &["--topic", "--topic-id", "--topics-with-overrides"]);
        check("seq 3 | kafka-console-producer --boo", &["--bootstrap-server"]);
        check("kafka-consumer-groups --bootstrap-server localhost:9092 --group ", &["monitoring"]);
        check("experiment-producer --config-file l", &["loads/3.json"]);
        check("TOPIC=te", &["TOPIC=temperature"]);
        check("TOPICS=orders,t", &["TOPICS=orders,temperature"]);
        check("TOPIC=temperature python a", &["admin.py"]);
        check("CLIENT=", &["CLIENT=java", "CLIENT=librdkafka"]);
        check("nonsense ", &[]);
    }
}
