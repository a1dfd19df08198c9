//! What the page around lets a reader do: `?readonly=1` refuses every command, `?allow=kafka-topics,sim stop` all but
//! these. Lines typed for a program that runs are its input, and pass.

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
                let refused = commands.into_iter().find(|command| !allowed.iter().any(|a| begins(command, a)))?;
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
    fn what_a_program_reads_passes_but_not_a_verb_and_a_page_to_look_at_takes_nothing() {
        let allow = Allow::only("kafka-console-producer");
        assert_eq!(allow.refuses("sim-cards are records too", true), None);
        assert!(allow.refuses("sim kill broker 1", true).is_some());
        assert!(Allow::Nothing.refuses("hello", true).is_some());
        assert_eq!(Allow::All.refuses("sim kill broker 1", false), None);
    }
}
