//! Which names topics may have (`org.apache.kafka.common.internals.Topic`).

/// The topic of the metadata log. No client may create one of that name.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// `Topic#MAX_NAME_LENGTH`.
const NAME_LENGTH_MAX: usize = 249;

/// Whether a topic may have this name (`Topic#validate`); the error is Kafka's text.
pub fn validate_topic_name(name: &str) -> Result<(), String> {
    let invalid = |text: &str| Err(format!("Topic name is invalid: {text}"));
    match name {
        "" => return invalid("the empty string is not allowed"),
        "." => return invalid("'.' is not allowed"),
        ".." => return invalid("'..' is not allowed"),
        _ => {}
    }
    if name.len() > NAME_LENGTH_MAX {
        return invalid(&format!("the length of '{name}' is longer than the max allowed length {NAME_LENGTH_MAX}"));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) {
        return invalid(&format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ));
    }
    Ok(())
}
