//! A sentence that is not in a language yet: the English form with holes, and what goes into them. The command line
//! prints it as it is; the page looks the form up in the table of the reader's language (`www/lang/`).

use std::fmt;

use serde::{Serialize, Serializer};

/// A sentence.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// The English form; each `{}` is a hole.
    pub form: &'static str,
    /// What fills the holes, in English order.
    pub parts: Vec<String>,
}

/// Makes a [`Text`] of a form and what fills its holes.
#[macro_export]
macro_rules! say {
    ($form:literal $(, $part:expr)* $(,)?) => {
        $crate::Text { form: $form, parts: vec![$(($part).to_string()),*] }
    };
}

/// Fills the holes of a form: `{}` takes the next part, `{1}` the second one, as languages have other orders.
pub fn fill(form: &str, parts: &[impl AsRef<str>]) -> String {
    let part = |n: usize| parts.get(n).map_or("", AsRef::as_ref);
    let (mut out, mut rest, mut next) = (String::with_capacity(form.len() + 16), form, 0);
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map_or(rest.len() - 1, |n| open + n);
        out.push_str(&rest[..open]);
        match rest[open + 1..close].parse() {
            Ok(n) => out.push_str(part(n)),
            Err(_) => {
                out.push_str(part(next));
                next += 1;
            }
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fill(self.form, &self.parts))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn holes_are_filled_in_order_or_by_number() {
        assert_eq!(fill("{} leads {}", &["2", "orders-0"]), "2 leads orders-0");
        assert_eq!(fill("{1} wird von {0} geführt", &["2", "orders-0"]), "orders-0 wird von 2 geführt");
        assert_eq!(fill("{} of {}", &["1"]), "1 of ");
        assert_eq!(fill("a { b", &["x"]), "a x");
    }
}
