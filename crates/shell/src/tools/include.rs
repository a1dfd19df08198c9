//! `--include` of the tools that read topics: a Java regular expression that a consumer subscribes to (`Pattern#compile`,
//! `KafkaConsumer#subscribe(Pattern)`).

use clients::{Regex, RegexError};

use crate::tools::Refusal;

/// An expression that Kafka would follow and that is not modelled is refused with the options.
pub(crate) fn check(pattern: &str) -> Result<(), Refusal> {
    match Regex::new(pattern) {
        Err(RegexError::Unmodelled(text)) => Err(Refusal::line(format!("--include {text}"))),
        Ok(_) | Err(RegexError::Syntax(_)) => Ok(()),
    }
}

/// The expression, or the class and message of what is thrown when a consumer is to subscribe to it.
pub(crate) fn compile(pattern: &str) -> Result<Regex, (&'static str, String)> {
    match Regex::new(pattern) {
        Ok(_) if pattern.is_empty() => {
            Err(("java.lang.IllegalArgumentException", "Topic pattern to subscribe to cannot be empty".to_owned()))
        }
        Ok(regex) => Ok(regex),
        Err(error) => Err(("java.util.regex.PatternSyntaxException", error.to_string())),
    }
}
