//! What the page around lets a reader do: `?readonly=1` refuses every command, `?allow=kafka-topics,sim stop` all but
//! these. `@look`, `@tools`, `@time` and `@faults` stand for whole kinds. Lines typed for a program that runs are its input,
//! and pass.

/// Which commands are taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Allow {
    /// All.
    #[default]
    All,
    /// None: the run can be looked at and rewound.
    Nothing,
    /// Those that begin with these words.
    Only(Vec<String>),
}

impl Allow {
    /// The commands of a list: `kafka-topics,sim stop`.
    pub(crate) fn only(list: &str) -> Allow {
        Allow::Only(list.split(',').map(words).filter(|words| !words.is_empty()).collect())
    }

    /// Why a line is not taken. `is_input` says that a program in the foreground would read it.
    pub(crate) fn refuses(&self, line: &str, is_input: bool) -> Option<String> {
        let is_verb = line.trim() == "sim" || line.trim_start().starts_with("sim ");
        match self {
            Allow::All => None,
            Allow::Nothing => Some("This page can be looked at and rewound, but takes no commands".to_owned()),
            Allow::Only(_) if is_input && !is_verb => None,
            Allow::Only(allowed) => {
                let commands = if is_verb { vec![words(line)] } else { commands_of(line) };
                let refused = commands
                    .into_iter()
                    .find(|command| !allowed.iter().any(|a| begins(command, a) || is_of(command, a)))?;
                Some(format!("This page takes {} only, not `{refused}`", allowed.join(", ")))
            }
        }
    }
}

/// The commands that a line would run; what cannot be parsed runs none, and the terminal will say why.
fn commands_of(line: &str) -> Vec<String> {
    let parsed = shell::parse_line(line).map(|line| line.pipelines).unwrap_or_default();
    let commands = parsed.into_iter().flat_map(|pipeline| pipeline.commands);
    commands.map(|command| command.argv.join(" ")).filter(|command| !command.is_empty()).collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Verbs of `sim` that only tell.
const TELLING: [&str; 5] = ["status", "ledger", "digest", "judge", "help"];
/// Text commands: what they are given, others have made.
const TEXT: [&str; 10] = ["ls", "cat", "pwd", "cd", "grep", "head", "tail", "sort", "wc", "nl"];

/// Whether a command is of a kind: `@look` changes nothing, `@tools` is all that is no `sim` verb, `@time` moves the playhead,
/// `@faults` is every other verb that acts.
fn is_of(command: &str, kind: &str) -> bool {
    let mut parts = command.split(' ');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_verb = first == "sim";
    let tells = is_verb && TELLING.contains(&second);
    let moves_time = is_verb && lab::verbs::VERBS.iter().any(|verb| verb.name == second && verb.only_moves_time);
    match kind {
        "@look" => {
            tells
                || TEXT.contains(&first)
                || parts.chain([second]).any(|p| matches!(p, "--describe" | "--list" | "--help" | "--version"))
        }
        "@tools" => !is_verb,
        "@time" => moves_time && !tells,
        "@faults" => is_verb && !tells && !moves_time,
        _ => false,
    }
}

fn begins(command: &str, allowed: &str) -> bool {
    command.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::Allow;

    #[test]
    fn only_what_is_on_the_list_runs_however_it_is_written() {
        let allow = Allow::only("kafka-topics, sim  stop,python producer.py,");
        for line in [
            "kafka-topics --list",
            "sim stop broker 1",
            "TOPIC=a python producer.py",
            "kafka-topics --list && kafka-topics",
            "",
            "sim  stop broker 2",
        ] {
            assert_eq!(allow.refuses(line, false), None, "{line}");
        }
        for (line, named) in [
            ("sim kill broker 1", "`sim kill broker 1`"),
            ("kafka-topics --list; kafka-configs --describe", "`kafka-configs --describe`"),
            ("kafka-topics-more", "`kafka-topics-more`"),
            ("kafka-topics --list | grep a", "`grep a`"),
            ("sim stopper", "`sim stopper`"),
        ] {
            let why = allow.refuses(line, false).unwrap_or_default();
            assert!(
                why.contains(named) && why.contains("kafka-topics, sim stop, python producer.py only"),
                "{line}: {why}"
            );
        }
    }

    #[test]
    fn kinds_of_commands_are_allowed_by_their_tags() {
        let may = |list: &str, line: &str| Allow::only(list).refuses(line, false).is_none();
        let describe = "kafka-topics --bootstrap-server :9092 --describe --topic a | grep Leader";
        let create = "kafka-topics --bootstrap-server :9092 --create --topic a";
        for (tag, does, does_not) in [
            ("@look", &[describe, "sim status", "ls data"][..], &[create, "sim run 5s", "sim kill 1"][..]),
            ("@tools", &[describe, create, "python producer.py"], &["sim status", "sim run 5s", "sim kill 1"]),
            ("@time", &["sim run 5s", "sim until 4s"], &["sim status", "sim heal", create]),
            (
                "@faults",
                &["sim kill 1", "sim mend", "sim when 'lost() > 0' sim heal"],
                &["sim status", "sim run 5s", create],
            ),
            ("@time, @look", &["sim run 5s", "sim help"], &[create]),
            ("@nothing", &[], &["sim run 5s", create, "sim status"]),
        ] {
            does.iter().for_each(|line| assert!(may(tag, line), "{tag}: {line}"));
            does_not.iter().for_each(|line| assert!(!may(tag, line), "{tag}: {line}"));
        }
    }

    #[test]
    fn what_a_program_reads_passes_but_not_a_verb_and_a_page_to_look_at_takes_nothing() {
        let allow = Allow::only("kafka-console-producer");
        assert_eq!(allow.refuses("sim-cards are records too", true), None);
        assert!(allow.refuses("sim kill broker 1", true).is_some());
        assert!(Allow::Nothing.refuses("hello", true).is_some());
        assert_eq!(Allow::All.refuses("sim kill broker 1", false), None);
    }
}
