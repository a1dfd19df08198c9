//! JSON files as Kafka's tools read them, and what they say of one that is not as they expect it (`JsonValue`, `JsonObject`,
//! `DecodeJson` of `org.apache.kafka.server.util.json`).

use serde_json::{Map, Value};

/// The class of these errors.
pub(super) const MAPPING: &str = "com.fasterxml.jackson.databind.JsonMappingException";

/// `JsonValue#asJsonObject`.
pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("Expected JSON object, received {value}"))
}

/// `JsonValue#asJsonArray`.
pub(super) fn array(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("Expected JSON array, received {value}"))
}

/// `JsonObject#apply`.
pub(super) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("No such field exists: `{name}`"))
}

/// `DecodeInteger`.
pub(super) fn int(value: &Value) -> Result<i32, String> {
    value.as_i64().and_then(|n| n.try_into().ok()).ok_or_else(|| expected("Integer", value))
}

/// `DecodeLong`.
pub(super) fn long(value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| expected("Long", value))
}

/// `DecodeString`.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| expected("String", value))
}

/// `DecodeList`, of a value that is more than the file's own frame.
pub(super) fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| expected("JSON array", value))
}

/// The field `version`: 1 unless it is there.
pub(super) fn version(object: &Map<String, Value>) -> Result<i32, String> {
    object.get("version").map_or(Ok(1), int)
}

fn expected(class: &str, value: &Value) -> String {
    format!("Expected `{class}` value, received {value}")
}
