//! Standard input as a program reads it: line by line, from the terminal or from a pipe.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Input, Order};
use protocol::Message;

use crate::launch::Stdin;

/// Lines that have come and are not read yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Lines {
    is_terminal: bool,
    piped: Option<Arc<str>>,
    waiting: VecDeque<Arc<str>>,
    ended: bool,
}

impl Lines {
    pub(crate) fn new(stdin: &Stdin) -> Lines {
        let (is_terminal, piped) = match stdin {
            Stdin::Terminal => (true, None),
            Stdin::Text(text) => (false, Some(text.clone())),
        };
        Lines { is_terminal, piped, waiting: VecDeque::new(), ended: false }
    }

    /// Takes what an input brings.
    pub(crate) fn take(&mut self, input: &Input<Message>) {
        match input {
            Input::Start => {
                if let Some(text) = self.piped.take() {
                    self.waiting.extend(text.lines().map(Arc::from));
                    self.ended = true;
                }
            }
            Input::Order(Order::Line(line)) if !self.ended => self.waiting.push_back(line.clone()),
            Input::Order(Order::EndOfInput) => self.ended = true,
            _ => {}
        }
    }

    /// The next line.
    pub(crate) fn read(&mut self) -> Option<Arc<str>> {
        self.waiting.pop_front()
    }

    /// Whether everything is read and nothing more will come.
    pub(crate) fn is_at_end(&self) -> bool {
        self.ended && self.waiting.is_empty()
    }

    /// Whether it waits for a line to be typed.
    pub(crate) fn is_typed(&self) -> bool {
        self.is_terminal && !self.ended
    }
}
