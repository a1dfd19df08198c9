//! The `sim` verbs: what only a god can do. One file each, listed in one table.

use crate::lab::{Given, Lab};

/// What a verb needs to act.
pub(crate) struct Call<'a> {
    pub(crate) lab: &'a mut Lab,
    pub(crate) term: u32,
    /// The words after the verb.
    pub(crate) words: Vec<&'a str>,
}

/// A row of the table of verbs.
#[derive(Clone, Copy)]
pub struct Verb {
    /// Its name, after `sim `.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Whether it only moves the playhead and so is not part of the run.
    pub only_moves_time: bool,
    pub(crate) act: fn(Call<'_>) -> Result<String, String>,
}

macro_rules! verbs {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// Every verb.
        pub const VERBS: &[Verb] = &[$($module::VERB),*];
    };
}

verbs! { run until at kill stop start power_off pause resume cut heal status digest help }

/// Whether a line is a verb that only moves the playhead.
pub fn only_moves_time(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("sim")
        && words
            .next()
            .and_then(find)
            .is_some_and(|verb| verb.only_moves_time)
}

fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

pub(crate) fn carry_out(lab: &mut Lab, term: u32, line: &str) -> Given {
    let mut words = line.split_whitespace().skip(1);
    let name = words.next().unwrap_or("help");
    let Some(verb) = find(name) else {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        let near = shell::nearest(name, names.iter().copied())
            .map(|near| format!(" Did you mean `sim {near}`?"))
            .unwrap_or_default();
        return Given::Refused(format!(
            "sim: there is no verb `{name}`.{near} `sim help` lists them."
        ));
    };
    match (verb.act)(Call {
        lab,
        term,
        words: words.collect(),
    }) {
        Ok(answer) => Given::Done(answer),
        Err(why) => Given::Refused(format!(
            "sim {}: {why}\nusage: sim {}",
            verb.name, verb.usage
        )),
    }
}

impl Call<'_> {
    /// The one process the words name.
    fn process(&self) -> Result<kernel::NodeId, String> {
        let text = self.words.join(" ");
        if text.is_empty() {
            return Err("which process? Name a broker, a controller or a program".into());
        }
        self.node(&text)
    }

    /// The process `text` names: `broker 2`, `controller 101`, `app 3`, `app-3`, `2`.
    fn node(&self, text: &str) -> Result<kernel::NodeId, String> {
        let found = self
            .lab
            .layout
            .find(text)
            .or_else(|| self.lab.world.find(&text.replace(' ', "-")));
        found.ok_or_else(|| {
            let names: Vec<String> = self
                .lab
                .world
                .node_ids()
                .map(|node| self.lab.world.name(node).to_string())
                .collect();
            format!(
                "there is no process `{text}`; there are {}",
                names.join(", ")
            )
        })
    }

    /// A span of time from all the words.
    fn span(&self) -> Result<kernel::Duration, String> {
        crate::units::parse_duration(&self.words.join(" "))
    }
}
