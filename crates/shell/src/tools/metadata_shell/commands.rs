//! The commands of the shell and how a line is read (`Commands`, argparse4j, JLine's `DefaultParser`).
//!
//! Left out: columns of `ls` by the width of the terminal, for a dumb one has none.

/// A command.
pub(super) struct Command {
    pub(super) name: &'static str,
    description: &'static str,
    /// Whether it is there in interactive mode only.
    is_interactive: bool,
    argument: Option<Argument>,
}

struct Argument {
    name: &'static str,
    doc: &'static str,
    count: Count,
}

/// How many words may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    One,
    AtMostOne,
    AtLeastOne,
    Any,
}

const fn command(
    name: &'static str,
    description: &'static str,
    is_interactive: bool,
    argument: Option<Argument>,
) -> Command {
    Command { name, description, is_interactive, argument }
}
const fn words(name: &'static str, count: Count, doc: &'static str) -> Option<Argument> {
    Some(Argument { name, doc, count })
}

/// All of them, by name.
const COMMANDS: [Command; 10] = [
    command(
        "cat",
        "Show the contents of metadata files.",
        false,
        words("targets", Count::AtLeastOne, "The metadata files to display."),
    ),
    command(
        "cd",
        "Set the current working directory.",
        true,
        words("target", Count::AtMostOne, "The directory to change to."),
    ),
    command("exit", "Exit the metadata shell.", true, None),
    command(
        "find",
        "Search for nodes in the directory hierarchy.",
        false,
        words("paths", Count::Any, "The paths to start at."),
    ),
    command("help", "Display this help message.", true, None),
    command(
        "history",
        "Print command history.",
        true,
        words("numEntriesToShow", Count::AtMostOne, "The number of entries to show."),
    ),
    command("ls", "List metadata nodes.", false, words("targets", Count::Any, "The metadata node paths to list.")),
    command(
        "man",
        "Show the help text for a specific command.",
        true,
        words("cmd", Count::One, "The command to get help text for."),
    ),
    command("pwd", "Print the current working directory.", true, None),
    command(
        "tree",
        "Show the contents of metadata nodes in a tree structure.",
        false,
        words("targets", Count::AtLeastOne, "The metadata nodes to display."),
    ),
];

/// `help`, as argparse4j breaks and stretches it.
pub(super) const HELP: [&str; 17] = [
    "Welcome to the Apache Kafka metadata shell.",
    "",
    "usage:  {cat,cd,exit,find,help,history,ls,man,pwd,tree} ...",
    "",
    "positional arguments:",
    "  {cat,cd,exit,find,help,history,ls,man,pwd,tree}",
    "    cat                  Show the contents of metadata files.",
    "    cd                   Set the current working directory.",
    "    exit                 Exit the metadata shell.",
    "    find                 Search for nodes in the directory hierarchy.",
    "    help                 Display this help message.",
    "    history              Print command history.",
    "    ls                   List metadata nodes.",
    "    man                  Show the help text for a specific command.",
    "    pwd                  Print the current working directory.",
    "    tree                 Show the contents  of  metadata  nodes  in  a tree",
    "                         structure.",
];

/// What a line asks for, or what to print instead.
pub(super) type Asked = Result<(&'static str, Vec<String>), Vec<String>>;

/// Reads the words of a line. An empty one asks for nothing.
pub(super) fn read(mut words: Vec<String>, is_interactive: bool) -> Option<Asked> {
    while words.last().is_some_and(String::is_empty) {
        words.pop();
    }
    let (word, rest) = words.split_first()?;
    Some(understand(word, rest, is_interactive).map(|name| (name, rest.to_vec())))
}

fn understand(word: &str, rest: &[String], is_interactive: bool) -> Result<&'static str, Vec<String>> {
    let one = |text: String| Err(vec![text]);
    if word.starts_with('-') {
        return one(format!("unrecognized arguments: '{word}'"));
    }
    let known = || COMMANDS.iter().filter(|command| is_interactive || !command.is_interactive);
    let begun: Vec<&Command> = known().filter(|command| command.name.starts_with(word)).collect();
    let command = match (known().find(|command| command.name == word), &begun[..]) {
        (Some(command), _) => command,
        (None, [command]) => command,
        (None, []) => {
            let names = known().map(|command| format!("'{}'", command.name)).collect::<Vec<_>>().join(", ");
            return one(format!("invalid choice: '{word}' (choose from {names})"));
        }
        (None, several) => {
            let names = several.iter().map(|command| command.name).collect::<Vec<_>>().join(", ");
            return one(format!("ambiguous command: {word} could match {names}"));
        }
    };
    command.check(rest)?;
    if command.name != word {
        return one(format!("invalid choice: '{word}': did you mean '{}'?", command.name));
    }
    Ok(command.name)
}

impl Command {
    fn find(name: &str) -> Option<&'static Command> {
        COMMANDS.iter().find(|command| command.name == name)
    }

    fn check(&self, words: &[String]) -> Result<(), Vec<String>> {
        if words.iter().any(|word| word == "-h" || word == "--help") {
            return Err(self.usage(true));
        }
        let is_option = |word: &&String| word.len() > 1 && word.starts_with('-') && word.parse::<i32>().is_err();
        let (least, most) = match self.argument.as_ref().map(|argument| argument.count) {
            None => (0, 0),
            Some(Count::One) => (1, 1),
            Some(Count::AtMostOne) => (0, 1),
            Some(Count::AtLeastOne) => (1, usize::MAX),
            Some(Count::Any) => (0, usize::MAX),
        };
        if let Some(wrong) = words.iter().find(is_option).or_else(|| words.get(most)) {
            return Err(vec![format!("unrecognized arguments: '{wrong}'")]);
        }
        match words.len() < least {
            true => Err(vec!["too few arguments".to_owned()]),
            false => Ok(()),
        }
    }

    /// `ArgumentParser#printHelp`: of `man`, or of `-h`, which calls the command by a name with a space in front.
    fn usage(&self, is_asked_by_option: bool) -> Vec<String> {
        let (space, help) = if is_asked_by_option { (" ", " [-h]") } else { ("", "") };
        let words = self.argument.as_ref().map_or(String::new(), |Argument { name, count, .. }| match count {
            Count::One => format!(" {name}"),
            Count::AtMostOne => format!(" [{name}]"),
            Count::AtLeastOne => format!(" {name} [{name} ...]"),
            Count::Any => format!(" [{name} [{name} ...]]"),
        });
        let mut lines = vec![format!("usage: {space}{}{help}{words}", self.name)];
        if let Some(Argument { name, doc, .. }) = &self.argument {
            lines.extend(["".to_owned(), "positional arguments:".to_owned(), format!("  {name:<22} {doc}")]);
        }
        if is_asked_by_option {
            let help = "  -h, --help             show this help message and exit";
            lines.extend(["", "optional arguments:", help].map(str::to_owned));
        }
        lines
    }
}

/// `man`.
pub(super) fn man(name: &str) -> Vec<String> {
    match Command::find(name) {
        Some(command) => {
            let head = [format!("{name}: {}", command.description), String::new()];
            head.into_iter().chain(command.usage(false)).collect()
        }
        None => vec![format!("man: unknown command {name}. Type help to get a list of commands.")],
    }
}

/// The words of a line: quotes keep spaces, a backslash keeps what follows it.
pub(super) fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() && word.is_none() => {
                quote = Some(c);
                word = Some(String::new());
            }
            c if c.is_whitespace() && quote.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let shown = match read(split(line), true) {
            None => String::new(),
            Some(Ok((name, words))) => format!("{name} {words:?}"),
            Some(Err(lines)) => lines.join("\n"),
        };
        assert_eq!(shown, expected, "{line}");
    }

    /// What Kafka's shell said to the same lines.
    #[test]
    fn lines_are_read_and_refused_as_kafka_does() {
        check("", "");
        check("ls", "ls []");
        check("  ls   /local  ", "ls [\"/local\"]");
        check("ls  \"a b\" c\\ d 'e", "ls [\"a b\", \"c d\", \"e\"]");
        check("cat \"\"", "too few arguments");
        check(
            "foo",
            "invalid choice: 'foo' (choose from 'cat', 'cd', 'exit', 'find', 'help', 'history', 'ls', 'man', 'pwd', 'tree')",
        );
        check("c", "ambiguous command: c could match cat, cd");
        check("e x", "unrecognized arguments: 'x'");
        check("he", "invalid choice: 'he': did you mean 'help'?");
        check("cat -x", "unrecognized arguments: '-x'");
        check("cd / x", "unrecognized arguments: 'x'");
        check("man", "too few arguments");
        check("-h", "unrecognized arguments: '-h'");
        check("history -1", "history [\"-1\"]");
        check(
            "ls -h",
            "usage:  ls [-h] [targets [targets ...]]\n\npositional arguments:\n  targets                The metadata node paths to list.\n\noptional arguments:\n  -h, --help             show this help message and exit",
        );
        let refused = read(vec!["cd".to_owned()], false).expect("a word is read").expect_err("it is for a shell");
        assert_eq!(refused, ["invalid choice: 'cd' (choose from 'cat', 'find', 'ls', 'tree')"]);
    }

    #[test]
    fn man_prints_what_argparse4j_prints() {
        assert_eq!(man("exit"), ["exit: Exit the metadata shell.", "", "usage: exit"]);
        assert_eq!(
            man("history"),
            [
                "history: Print command history.",
                "",
                "usage: history [numEntriesToShow]",
                "",
                "positional arguments:",
                "  numEntriesToShow       The number of entries to show."
            ]
        );
        assert_eq!(man("foo"), ["man: unknown command foo. Type help to get a list of commands."]);
    }
}
