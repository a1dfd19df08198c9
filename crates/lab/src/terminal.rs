//! Terminals: what was typed and printed, and the program in the foreground.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{NodeId, Time};

/// Lines a terminal remembers.
pub(crate) const SCROLLBACK_LINES_MAX: usize = 2_000;

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LineKind {
    /// A command line, after the prompt.
    Command,
    /// A program's standard output.
    Out,
    /// A program's standard error.
    Err,
    /// What was typed while a program ran: its standard input, or, where it reads none, the next command.
    Input,
    /// An answer of a `sim` verb.
    Sim,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    /// When it was written.
    pub at: Time,
    /// What it is.
    pub kind: LineKind,
    /// Its text.
    pub text: Arc<str>,
}

/// A terminal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Terminal {
    lines: Arc<VecDeque<Line>>,
    /// Lines ever written, also those no longer remembered.
    pub written: u64,
    /// The program in the foreground.
    pub foreground: Option<NodeId>,
    /// What waits for it to end (`a; b`).
    pub waiting: VecDeque<shell::Pipeline>,
    /// Lines typed while a program ran that does not read them: whoever reads this terminal next gets them, the next program
    /// that does or the shell. An interrupt drops them, as a terminal does (`termios`, without `NOFLSH`).
    pub typed_ahead: VecDeque<Arc<str>>,
    /// Whether the program in the foreground reads what is typed.
    pub is_read: bool,
    /// Its working directory, without a `/` in front.
    pub cwd: Arc<str>,
    /// How the last program ended.
    pub last_exit: Option<i32>,
}

impl Terminal {
    /// Its remembered lines, oldest first.
    pub fn lines(&self) -> &VecDeque<Line> {
        &self.lines
    }

    /// Appends a line, forgetting the oldest if there are too many.
    pub fn write(&mut self, at: Time, kind: LineKind, text: Arc<str>) {
        let lines = Arc::make_mut(&mut self.lines);
        if lines.len() == SCROLLBACK_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(Line { at, kind, text });
        self.written += 1;
    }

    /// The lines written since `written` was so, as far as they are remembered.
    pub fn since(&self, written: u64) -> impl Iterator<Item = &Line> {
        let new = (self.written - written.min(self.written)) as usize;
        self.lines.iter().skip(self.lines.len().saturating_sub(new))
    }

    /// Forgets all lines (`clear`).
    pub fn clear(&mut self) {
        self.lines = Arc::default();
    }
}
