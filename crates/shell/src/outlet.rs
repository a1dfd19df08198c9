//! Where a program's lines go when they do not simply go to its terminal: through filters behind a `|`, into files, or nowhere.
//!
//! The filters are no processes of their own. `grep`, `head`, `nl` and `cat` let lines through as they come; the others hold them
//! until the program has ended. A file is read by commands that are given later, as it is then.

use crate::builtins::{self, Output};
use crate::filters::{self, Grep};
use crate::launch::LaunchError;
use crate::line::{SimpleCommand, Sink};

/// The output of a program that is piped or redirected.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Outlet {
    out: Sink,
    err: Sink,
    stages: Vec<Stage>,
    /// Where what the last filter lets through goes.
    last: Sink,
    files: Vec<Written>,
    /// Ctrl-C has ended the filters; the program may still say its last words.
    is_interrupted: bool,
}

/// A file that a program writes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Written {
    /// Its path from the root of the terminal's files.
    pub path: String,
    /// Whether it is written behind what the file held.
    pub append: bool,
    /// What it wrote so far.
    pub text: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Stage {
    Cat,
    Grep {
        grep: Grep,
        found: u64,
    },
    Head {
        left: usize,
        /// It was given more lines than it wants.
        missed: bool,
    },
    Number {
        last: u64,
    },
    /// `sort`, `tail`, `wc`: what they print depends on all of it.
    Whole {
        name: &'static str,
        flags: Vec<String>,
        text: String,
    },
}

/// A line on its way to the terminal, and whether as standard error.
pub(crate) type Shown<'a> = &'a mut dyn FnMut(&str, bool);

impl Outlet {
    /// The outlet of a program, or none if all goes to its terminal. `place` says where a file of a name may be written.
    pub(crate) fn of(
        program: &SimpleCommand,
        filters: &[SimpleCommand],
        place: &dyn Fn(&str) -> Result<String, LaunchError>,
    ) -> Result<Option<Outlet>, LaunchError> {
        let stages = filters.iter().map(Stage::new).collect::<Result<Vec<_>, _>>()?;
        if stages.is_empty() && program.out == Sink::Out && program.err == Sink::Err {
            return Ok(None);
        }
        let last = filters.last().map_or(Sink::Out, |filter| filter.out.clone());
        let mut outlet = Outlet {
            out: program.out.clone(),
            err: program.err.clone(),
            stages,
            last,
            files: vec![],
            is_interrupted: false,
        };
        for sink in [&mut outlet.out, &mut outlet.err, &mut outlet.last] {
            let Sink::File { path, append } = sink else { continue };
            *path = place(path)?;
            if outlet.files.iter().all(|file| file.path != *path) {
                outlet.files.push(Written { path: path.clone(), append: *append, text: String::new() });
            }
        }
        Ok(Some(outlet))
    }

    /// The files it writes.
    pub(crate) fn files(&self) -> &[Written] {
        &self.files
    }

    /// Whether it wrote a line that nobody reads any more: `head` had had its lines.
    pub(crate) fn is_broken(&self) -> bool {
        self.stages.first().is_some_and(|stage| matches!(stage, Stage::Head { missed: true, .. }))
    }

    pub(crate) fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// Takes a line of the program.
    pub(crate) fn print(&mut self, line: &str, is_stderr: bool, show: Shown<'_>) {
        let sink = if is_stderr { &self.err } else { &self.out };
        match (sink, self.stages.is_empty()) {
            (Sink::Out, false) => self.pass(0, line, show),
            _ => deliver(sink, &mut self.files, line, show),
        }
    }

    /// The program has ended with `code`: the filters see the end of their input. Returns the code of the pipeline, its last
    /// command's.
    pub(crate) fn finish(&mut self, code: i32, show: Shown<'_>) -> i32 {
        if self.is_interrupted {
            return code;
        }
        let mut code = code;
        for n in 0..self.stages.len() {
            let output = self.stages[n].finish();
            code = output.code;
            output.text.lines().for_each(|line| self.pass(n + 1, line, show));
        }
        code
    }

    /// Puts a line into filter `n`, and what that lets through into the next.
    fn pass(&mut self, n: usize, line: &str, show: Shown<'_>) {
        if self.is_interrupted {
            return;
        }
        let Some(stage) = self.stages.get_mut(n) else { return deliver(&self.last, &mut self.files, line, show) };
        match stage {
            Stage::Cat => self.pass(n + 1, line, show),
            Stage::Grep { grep, found } => {
                if grep.finds(line) {
                    *found += 1;
                    if !grep.counts {
                        self.pass(n + 1, line, show);
                    }
                }
            }
            Stage::Head { left, missed } => {
                *missed |= *left == 0;
                if *left > 0 {
                    *left -= 1;
                    self.pass(n + 1, line, show);
                }
            }
            Stage::Number { last } => {
                let numbered = filters::numbered(last, line);
                self.pass(n + 1, &numbered, show);
            }
            Stage::Whole { text, .. } => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
}

fn deliver(sink: &Sink, files: &mut [Written], line: &str, show: Shown<'_>) {
    match sink {
        Sink::Out => show(line, false),
        Sink::Err => show(line, true),
        Sink::Null => {}
        Sink::File { path, .. } => {
            for file in files.iter_mut().filter(|file| file.path == *path) {
                file.text.push_str(line);
                file.text.push('\n');
            }
        }
    }
}

impl Stage {
    fn new(command: &SimpleCommand) -> Result<Stage, LaunchError> {
        let name = command.argv.first().map_or("", String::as_str);
        let args: Vec<&str> = command.argv.iter().skip(1).map(String::as_str).collect();
        let (flags, mut words) = builtins::flags_and_words(name, &args);
        let refused = |output: Output| LaunchError { lines: output.errors, code: output.code };
        let stage = match filters::NAMES.iter().find(|known| **known == name) {
            Some(&"grep") => Stage::Grep { grep: builtins::grep(&flags, &mut words).map_err(refused)?, found: 0 },
            Some(&"nl") => Stage::Number { last: 0 },
            Some(known) => {
                // What is wrong with its flags it says of any text.
                let output = filters::run(known, &flags, "");
                if !output.errors.is_empty() {
                    return Err(refused(output));
                }
                match (*known, filters::count(&flags)) {
                    ("head", Ok(left)) => Stage::Head { left, missed: false },
                    (name, _) => {
                        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
                        Stage::Whole { name, flags, text: String::new() }
                    }
                }
            }
            None if name == "cat" && flags.is_empty() => Stage::Cat,
            None => {
                let known = filters::NAMES.join(", ");
                let text = format!("bash: {name}: behind a program that runs only cat, {known} can stand here");
                return Err(LaunchError::one(text, 2));
            }
        };
        if let Some(path) = words.iter().find(|word| **word != "-") {
            let text = format!("bash: {name} {path}: behind a `|` it reads what is piped in, and no file");
            return Err(LaunchError::one(text, 2));
        }
        if command.input.is_some() || command.err != Sink::Err {
            return Err(LaunchError::one(format!("bash: {name}: only its output can be redirected here"), 2));
        }
        Ok(stage)
    }

    /// What is printed when the input is over, and the exit code.
    fn finish(&mut self) -> Output {
        match self {
            Stage::Cat | Stage::Head { .. } | Stage::Number { .. } => Output::default(),
            Stage::Grep { grep, found } => {
                let text = if grep.counts { format!("{found}\n") } else { String::new() };
                Output { text, code: i32::from(*found == 0), ..Output::default() }
            }
            Stage::Whole { name, flags, text } => {
                let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
                filters::run(name, &flags, &std::mem::take(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlet(line: &str) -> Outlet {
        let line = crate::parse_line(line).expect("it parses");
        let (program, filters) = line.pipelines[0].commands.split_first().expect("there is a command");
        let outlet = Outlet::of(program, filters, &|path| Ok(path.to_owned()));
        outlet.expect("the filters are known").expect("something is piped")
    }

    fn check(line: &str, code: i32, shown: &[&str], file: Option<&str>) {
        let mut outlet = outlet(line);
        let mut lines = Vec::new();
        let mut show = |line: &str, is_stderr: bool| lines.push(format!("{}{line}", if is_stderr { "! " } else { "" }));
        for line in ["b 1", "a 2", "b 3"] {
            outlet.print(line, false, &mut show);
        }
        outlet.print("oh", true, &mut show);
        let ended = outlet.finish(7, &mut show);
        assert_eq!((ended, lines), (code, shown.iter().map(|line| (*line).to_owned()).collect()), "{line}");
        assert_eq!(outlet.files().first().map(|file| &*file.text), file, "{line}");
    }

    #[test]
    fn lines_go_through_filters_and_the_last_one_has_the_say() {
        check("t | grep b", 0, &["b 1", "b 3", "! oh"], None);
        check("t | grep x", 1, &["! oh"], None);
        check("t | grep -c b", 0, &["! oh", "2"], None);
        check("t | sort | head -1", 0, &["! oh", "a 2"], None);
        check("t 2>&1 | tail -1", 0, &["oh"], None);
        check("t 2>/dev/null | nl", 0, &["     1\tb 1", "     2\ta 2", "     3\tb 3"], None);
        check("t > f", 7, &["! oh"], Some("b 1\na 2\nb 3\n"));
        check("t 2> f | grep -v b", 0, &["a 2"], Some("oh\n"));
        check("t &> f", 7, &[], Some("b 1\na 2\nb 3\noh\n"));
        check("t | wc -l >> f", 0, &["! oh"], Some("3\n"));
    }

    #[test]
    fn ctrl_c_ends_the_filters_with_what_they_held() {
        let mut outlet = outlet("t | sort");
        outlet.print("b", false, &mut |_, _| panic!("it sorts at the end"));
        outlet.interrupt();
        let code = outlet.finish(130, &mut |_, _| panic!("nobody is left to print"));
        assert_eq!(code, 130);
    }

    #[test]
    fn a_program_that_goes_on_behind_head_notices() {
        let mut outlet = outlet("t | head -1");
        outlet.print("a", false, &mut |_, _| {});
        assert!(!outlet.is_broken());
        outlet.print("b", false, &mut |_, _| panic!("head has had its line"));
        assert!(outlet.is_broken());
    }
}
