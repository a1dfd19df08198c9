//! Texts as JSON strings, written straight to where they go.

use std::fmt;

/// A text that shows as a JSON string.
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: &u8| *byte >= b' ' && !matches!(byte, b'"' | b'\\');
        if !self.0.as_bytes().iter().all(is_plain) {
            return serde_json::Value::from(self.0).fmt(f);
        }
        f.write_str("\"")?;
        f.write_str(self.0)?;
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_and_others_are_what_a_json_library_writes() {
        for text in ["", "orders", "a \"b\"", "tab\t", "\\", "\u{1f}", "Žluťoučký kůň", "\u{7f}\u{2028}"] {
            assert_eq!(Json(text).to_string(), serde_json::to_string(text).expect("a string is JSON"));
        }
    }
}
