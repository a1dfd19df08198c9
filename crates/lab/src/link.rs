//! Share links: a scenario, the commands typed since, and where the playhead stands, in one line of text.
//!
//! `s=1.` + base64url(deflate(JSON)) + `.` + checksum. The digit is the version of this packing; the JSON has its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::scenario::{Scenario, ScenarioError};

/// What a link holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Version of this format.
    pub v: u32,
    /// Version of the engine that made it.
    pub engine: String,
    /// What the run started from.
    pub scenario: Scenario,
    /// Commands that were given, in order.
    pub log: Vec<SavedCommand>,
    /// Events run at the playhead.
    pub event: u64,
    /// Virtual time at the playhead, ns.
    pub at_ns: u64,
    /// Digest at the playhead, as 16 hexadecimal digits; empty if it was not taken.
    pub digest: String,
}

/// A command of the log: events run before it, virtual time in ns, terminal, text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedCommand(pub u64, pub u64, pub u32, pub String);

/// Why a link cannot be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// It does not start like a link.
    NotALink,
    /// It was made by a later kafkasim.
    Newer(String),
    /// Its end is missing or letters were changed on the way.
    Damaged(String),
    /// It holds something that is not a run.
    Content(String),
}

const VERSION: u32 = 1;
const PREFIX: &str = "s=1.";
const UNPACKED_BYTES_MAX: usize = 16 << 20;

impl Saved {
    /// Whether a replay with this digest is the run that was saved, as far as can be told.
    pub fn is_met_by(&self, digest: &str) -> bool {
        self.digest.is_empty() || self.digest == digest
    }

    /// The link's text, without address and `#`.
    pub fn pack(&self) -> String {
        let json = serde_json::to_vec(self).expect("it has no keys but strings");
        let packed = miniz_oxide::deflate::compress_to_vec(&json, 9);
        let text = base64url(&packed);
        format!("{PREFIX}{text}.{}", checksum(&text))
    }

    /// Reads a link's text; an address in front of it is skipped.
    pub fn unpack(link: &str) -> Result<Saved, LinkError> {
        let link = link.trim();
        let start = link.find("s=").ok_or(LinkError::NotALink)?;
        let link = &link[start..];
        let Some(body) = link.strip_prefix(PREFIX) else {
            let version: String = link[2..].chars().take_while(char::is_ascii_digit).collect();
            return Err(if version.is_empty() { LinkError::NotALink } else { LinkError::Newer(version) });
        };
        let (text, sum) = body.rsplit_once('.').ok_or_else(|| LinkError::Damaged("its end is missing".into()))?;
        if checksum(text) != sum {
            return Err(LinkError::Damaged(format!(
                "its checksum is {sum}, and what is left of it gives {}",
                checksum(text)
            )));
        }
        let packed = from_base64url(text).ok_or_else(|| LinkError::Damaged("it has letters no link has".into()))?;
        let json = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, UNPACKED_BYTES_MAX)
            .map_err(|_| LinkError::Damaged("it does not unpack".into()))?;
        let saved: Saved = serde_json::from_slice(&json).map_err(|e| LinkError::Content(e.to_string()))?;
        if saved.v > VERSION {
            return Err(LinkError::Newer(saved.v.to_string()));
        }
        saved.scenario.check().map_err(|ScenarioError { message, .. }| LinkError::Content(message))?;
        Ok(saved)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::NotALink => {
                write!(f, "this is not a kafkasim link: it should contain `{PREFIX}` and then letters")
            }
            LinkError::Newer(v) => write!(
                f,
                "this link has format {v}, and this kafkasim reads format {VERSION}: open it with a newer one"
            ),
            LinkError::Damaged(how) => {
                write!(f, "this link was cut or changed on its way: {how}. Copy it again, whole")
            }
            LinkError::Content(what) => {
                write!(f, "this link holds something that is not a run: {what}")
            }
        }
    }
}
impl std::error::Error for LinkError {}

/// Four letters that notice a cut or changed link.
fn checksum(text: &str) -> String {
    let hash = kernel::stable_hash(text);
    base64url(&hash.to_le_bytes()[..3])
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * i)) as usize & 63]));
        }
    }
    text
}

fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0u32;
        for (i, letter) in chunk.iter().enumerate() {
            word |= (ALPHABET.iter().position(|a| a == letter)? as u32) << (18 - 6 * i);
        }
        bytes.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        Saved {
            v: VERSION,
            engine: "0.1.0".into(),
            scenario: Scenario::default(),
            log: vec![SavedCommand(12, 5_000_000, 1, "kafka-topics --list".into())],
            event: 99,
            at_ns: 7,
            digest: "00ff".into(),
        }
    }

    #[test]
    fn a_link_opens_as_it_was_packed_with_or_without_an_address() {
        let link = saved().pack();
        assert_eq!(Saved::unpack(&link), Ok(saved()));
        assert_eq!(Saved::unpack(&format!("https://example.org/course/#{link}\n")), Ok(saved()));
    }

    #[test]
    fn a_cut_link_is_noticed_wherever_it_was_cut() {
        let link = saved().pack();
        for end in 2..link.len() {
            assert!(Saved::unpack(&link[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_link_of_a_later_format_says_so() {
        assert_eq!(Saved::unpack("#s=2.abc"), Err(LinkError::Newer("2".into())));
        assert_eq!(Saved::unpack("hello"), Err(LinkError::NotALink));
    }
}
