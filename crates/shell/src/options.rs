//! Option tables and how Kafka's tools read a command line with them (joptsimple 5 without abbreviations).
//!
//! Left out on purpose: Java stack traces behind error messages.

use ordered::SortedMap;

use crate::suggest::nearest;
use crate::tools::Refusal;

/// One option of a tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opt {
    /// Without the dashes.
    pub name: &'static str,
    /// What may follow it.
    pub arg: Arg,
    /// What it does, in Kafka's words.
    pub doc: &'static str,
}

/// What may follow an option. The text is what help shows for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arg {
    /// Nothing.
    None,
    /// A value.
    Required(&'static str),
    /// A value, or nothing.
    Optional(&'static str),
}

/// A flag without a value.
pub(crate) const fn flag(name: &'static str, doc: &'static str) -> Opt {
    Opt { name, arg: Arg::None, doc }
}
/// An option with a value.
pub(crate) const fn value(name: &'static str, label: &'static str, doc: &'static str) -> Opt {
    Opt { name, arg: Arg::Required(label), doc }
}
/// An option whose value may be left out.
pub(crate) const fn maybe(name: &'static str, label: &'static str, doc: &'static str) -> Opt {
    Opt { name, arg: Arg::Optional(label), doc }
}

/// A command line, read with a table.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Parsed {
    given: SortedMap<&'static str, Vec<String>>,
    /// Words that belong to no option. Kafka's tools ignore them.
    pub rest: Vec<String>,
}

/// Why a command line cannot be read (`joptsimple.OptionException`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OptionError {
    /// The option that is wrong, without the dashes.
    pub option: String,
    /// joptsimple's text.
    pub message: String,
    /// Its class in `joptsimple`.
    pub class: &'static str,
    /// One line that names what would be right, where that is known. Not Kafka's.
    pub hint: Option<String>,
}

impl OptionError {
    /// What a tool prints that does not catch it.
    pub(crate) fn uncaught(self) -> Refusal {
        Refusal::line(format!("Exception in thread \"main\" joptsimple.{}: {}", self.class, self.message))
    }
}

impl Parsed {
    /// Reads `args` with `table`. `removed` names options of older Kafka versions and what replaces them.
    pub fn read(args: &[String], table: &[Opt], removed: &[(&str, &str)]) -> Result<Parsed, OptionError> {
        let mut parsed = Parsed::default();
        let mut at = 0;
        while at < args.len() {
            let arg = &args[at];
            at += 1;
            if arg == "--" {
                parsed.rest.extend(args[at..].iter().cloned());
                break;
            }
            let Some(name) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')).filter(|name| !name.is_empty())
            else {
                parsed.rest.push(arg.clone());
                continue;
            };
            let (name, attached) = name.split_once('=').map_or((name, None), |(n, v)| (n, Some(v.to_owned())));
            let opt = table.iter().find(|o| o.name == name).ok_or_else(|| unrecognized(name, table, removed))?;
            let values = parsed.given.entry(opt.name).or_default();
            match (opt.arg, attached) {
                (Arg::None, _) => {}
                (_, Some(value)) => values.push(value),
                (Arg::Required(_), None) => {
                    let value = args.get(at).ok_or_else(|| OptionError {
                        option: name.to_owned(),
                        message: format!("Option {name} requires an argument"),
                        class: "OptionMissingRequiredArgumentException",
                        hint: None,
                    })?;
                    values.push(value.clone());
                    at += 1;
                }
                (Arg::Optional(_), None) => {
                    if let Some(value) = args.get(at).filter(|v| !v.starts_with('-')) {
                        values.push(value.clone());
                        at += 1;
                    }
                }
            }
        }
        Ok(parsed)
    }

    /// Whether the option was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// All its values, in order.
    pub fn all(&self, name: &str) -> &[String] {
        self.given.get(name).map_or(&[], Vec::as_slice)
    }

    /// Its value, if given; an error if given twice.
    pub fn one(&self, name: &str) -> Result<Option<&str>, OptionError> {
        match self.all(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            [..] => Err(OptionError {
                option: name.to_owned(),
                message: format!("Found multiple arguments for option {name}, but you asked for only one"),
                class: "MultipleArgumentsForOptionException",
                hint: None,
            }),
        }
    }

    /// Its value as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, OptionError> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| OptionError {
            option: name.to_owned(),
            message: format!("Cannot parse argument '{text}' of option {name}"),
            class: "OptionArgumentConversionException",
            hint: None,
        })
    }
}

fn unrecognized(name: &str, table: &[Opt], removed: &[(&str, &str)]) -> OptionError {
    let today = removed
        .iter()
        .chain(REMOVED)
        .find(|(old, _)| *old == name)
        .map(|(old, today)| format!("hint: --{old} was removed from Kafka; {today}"));
    let near = || nearest(name, table.iter().map(|o| o.name)).map(|near| format!("hint: did you mean --{near}?"));
    OptionError {
        option: name.to_owned(),
        message: format!("{name} is not a recognized option"),
        class: "UnrecognizedOptionException",
        hint: today.or_else(near),
    }
}

/// Options that Kafka removed from all its tools.
const REMOVED: &[(&str, &str)] = &[
    ("zookeeper", "today it is --bootstrap-server host:9092 (KIP-500: there is no ZooKeeper since 4.0)"),
    ("broker-list", "today it is --bootstrap-server host:9092 (KIP-499)"),
    ("whitelist", "today it is --include (KIP-629)"),
    ("blacklist", "today it is --exclude (KIP-629)"),
    ("new-consumer", "every consumer is the new one since 2.0; leave it out"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Opt] = &[
        value("topic", "String: topic", ""),
        value("partitions", "Integer: n", ""),
        flag("list", ""),
        maybe("state", "String", ""),
    ];

    fn read(line: &str) -> Result<Parsed, OptionError> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Parsed::read(&args, TABLE, &[])
    }
    fn check_error(line: &str, message: &str, hint: Option<&str>) {
        let error = read(line).expect_err("it is not readable");
        assert_eq!((error.message.as_str(), error.hint.as_deref()), (message, hint), "{line}");
    }

    #[test]
    fn options_are_read_as_joptsimple_reads_them() {
        let parsed = read("--list --topic=a --partitions -1 extra --state").expect("it is readable");
        assert!(parsed.has("list") && parsed.has("state") && parsed.all("state").is_empty());
        assert_eq!(parsed.one("topic"), Ok(Some("a")));
        assert_eq!(parsed.number("partitions"), Ok(Some(-1)));
        assert_eq!(parsed.rest, ["extra"]);
    }

    #[test]
    fn errors_carry_joptsimples_text_and_one_hint() {
        check_error("--topik x", "topik is not a recognized option", Some("hint: did you mean --topic?"));
        check_error(
            "--zookeeper x:2181",
            "zookeeper is not a recognized option",
            Some(
                "hint: --zookeeper was removed from Kafka; today it is --bootstrap-server host:9092 (KIP-500: there is no ZooKeeper since 4.0)",
            ),
        );
        check_error("--frobnicate", "frobnicate is not a recognized option", None);
        check_error("--topic", "Option topic requires an argument", None);
        let parsed = read("--topic a --topic b --partitions x").expect("it is readable");
        assert_eq!(
            parsed.one("topic").expect_err("twice").message,
            "Found multiple arguments for option topic, but you asked for only one"
        );
        assert_eq!(
            parsed.number::<i32>("partitions").expect_err("no number").message,
            "Cannot parse argument 'x' of option partitions"
        );
    }
}
