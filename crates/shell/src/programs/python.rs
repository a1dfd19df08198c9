//! What all Python programs share: their environment, Python's own errors, and librdkafka's log lines.

use clients::{ClientError, LogLevel, LogLine, Profile, Properties};

use crate::io::Io;
use crate::json::Json;
use crate::launch::Launch;
use crate::tools::Refusal;

/// `os.environ[name]`: the variable, or Python's `KeyError`.
pub(crate) fn required<'a>(launch: &'a Launch, name: &str) -> Result<&'a str, Refusal> {
    launch.var(name).ok_or_else(|| {
        let script = launch.argv.get(1).map_or("", String::as_str);
        Refusal {
            err: vec![
                "Traceback (most recent call last):".to_owned(),
                format!("KeyError: '{name}'"),
                format!("hint: set it in front of the command: {name}=… python {script}"),
            ],
            code: 1,
            ..Refusal::default()
        }
    })
}

/// A variable that is a whole number of at least 1.
pub(crate) fn count(launch: &Launch, name: &str, default: i32) -> Result<i32, Refusal> {
    match launch.var(name) {
        None | Some("") => Ok(default),
        Some(text) => text.trim().parse().ok().filter(|n| *n >= 1).ok_or_else(|| {
            let error = if text.trim().parse::<i64>().is_ok() {
                format!("{name} must be at least 1, not {text}")
            } else {
                format!("invalid literal for int() with base 10: '{text}'")
            };
            Refusal {
                err: vec!["Traceback (most recent call last):".to_owned(), format!("ValueError: {error}")],
                code: 1,
                ..Refusal::default()
            }
        }),
    }
}

/// The positional argument `name`, or click's usage error.
pub(crate) fn argument<'a>(launch: &Launch, args: &'a [String], at: usize, names: &[&str]) -> Result<&'a str, Refusal> {
    args.get(at).map(String::as_str).ok_or_else(|| {
        let script = launch.argv.get(1).map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        let usage = names.iter().map(|name| name.to_ascii_uppercase()).collect::<Vec<_>>().join(" ");
        Refusal {
            err: vec![
                format!("Usage: {script} [OPTIONS] {usage}"),
                format!("Try '{script} --help' for help."),
                String::new(),
                format!("Error: Missing argument '{}'.", names[at].to_ascii_uppercase()),
            ],
            code: 2,
            ..Refusal::default()
        }
    })
}

/// The client family this program runs on.
pub(crate) fn family(launch: &Launch) -> Result<Profile, Refusal> {
    launch.family().map_err(|e| Refusal { err: e.lines, code: e.code, ..Refusal::default() })
}

/// The properties every program starts from.
pub(crate) fn properties(launch: &Launch) -> Properties {
    let servers = launch.var("BOOTSTRAP").filter(|servers| !servers.is_empty()).unwrap_or("localhost:9092");
    Properties::from([("bootstrap.servers".into(), servers.into())])
}

/// The line with which a program says which client it is.
pub(crate) fn banner(profile: Profile, properties: &Properties) -> String {
    let servers = properties.get("bootstrap.servers").map_or("", |s| s);
    match profile {
        Profile::Java => format!("client: java (Apache Kafka 4.4), bootstrap {servers}"),
        Profile::Librdkafka => format!("client: librdkafka (confluent-kafka), bootstrap {servers}"),
    }
}

/// Prints what a client logs, as its family prints it.
pub(crate) fn log(line: &LogLine, profile: Profile, name: &str, io: &mut Io<'_>) {
    match profile {
        Profile::Java => crate::admin_tool::log_line(line, io),
        Profile::Librdkafka => {
            let level = match line.level {
                LogLevel::Warn => 4,
                LogLevel::Error => 3,
            };
            let ms = io.wall_ms();
            io.err(format!("%{level}|{}.{:03}|{}|{name}| {}", ms / 1000, ms % 1000, line.logger, line.text));
        }
    }
}

/// An error, as `print` shows it: Java's exception, or confluent-kafka's `KafkaError`.
pub(crate) fn error(profile: Profile, error: &ClientError) -> String {
    match profile {
        Profile::Java => error.to_string(),
        Profile::Librdkafka => {
            format!("KafkaError{{code={},val={},str=\"{}\"}}", error.class, error.code as i16, error.message)
        }
    }
}

/// A JSON string.
pub(crate) fn json_string(text: &str) -> String {
    Json(text).to_string()
}

/// `time.time()`, in JSON.
pub(crate) fn json_time(io: &Io<'_>) -> String {
    let ms = io.wall_ms();
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// `b'…'`, as Python shows bytes.
pub(crate) fn bytes_repr(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "None".to_owned() };
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = format!("b{quote}");
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b if char::from(*b) == quote => text.extend(['\\', quote]),
            b if b.is_ascii_graphic() || *b == b' ' => text.push(char::from(*b)),
            b => text.push_str(&format!("\\x{b:02x}")),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_look_as_python_shows_them() {
        assert_eq!(bytes_repr(Some(b"hi \"x\"\n")), "b'hi \"x\"\\n'");
        assert_eq!(bytes_repr(Some("it's é".as_bytes())), "b\"it's \\xc3\\xa9\"");
        assert_eq!(bytes_repr(None), "None");
    }
}
