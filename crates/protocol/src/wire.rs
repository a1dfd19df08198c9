//! Kafka's plain (not flexible) field encodings, big-endian, as keys and values of `__consumer_offsets` use them.

use std::sync::Arc;

/// The bytes end, or are no text, at this position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Malformed(pub usize);

/// Writes fields one after the other.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins with a version.
    pub fn new(version: i16) -> Writer {
        Writer(version.to_be_bytes().to_vec())
    }
    /// Two bytes.
    pub fn i16(mut self, n: i16) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    /// Four bytes.
    pub fn i32(mut self, n: i32) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    /// Eight bytes.
    pub fn i64(mut self, n: i64) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    /// A length of two bytes, and UTF-8.
    pub fn string(self, text: &str) -> Writer {
        let mut w = self.i16(text.len() as i16);
        w.0.extend(text.as_bytes());
        w
    }
    /// The same; a length of −1 for null.
    pub fn nullable(self, text: Option<&str>) -> Writer {
        match text {
            Some(text) => self.string(text),
            None => self.i16(-1),
        }
    }
    /// A length of four bytes, and the bytes.
    pub fn bytes(self, bytes: &[u8]) -> Writer {
        let mut w = self.i32(bytes.len() as i32);
        w.0.extend(bytes);
        w
    }
    /// What was written.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Reads fields one after the other.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(Malformed(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed(self.at))?;
        self.at = end;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
    /// Two bytes.
    pub fn i16(&mut self) -> Result<i16, Malformed> {
        Ok(i16::from_be_bytes(self.array()?))
    }
    /// Four bytes.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        Ok(i32::from_be_bytes(self.array()?))
    }
    /// Eight bytes.
    pub fn i64(&mut self) -> Result<i64, Malformed> {
        Ok(i64::from_be_bytes(self.array()?))
    }
    /// A text that is not null.
    pub fn string(&mut self) -> Result<Arc<str>, Malformed> {
        let at = self.at;
        self.nullable()?.ok_or(Malformed(at))
    }
    /// A text or null.
    pub fn nullable(&mut self) -> Result<Option<Arc<str>>, Malformed> {
        let at = self.at;
        let Ok(length) = usize::try_from(self.i16()?) else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed(at))?;
        Ok(Some(text.into()))
    }
    /// Null reads as empty.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.i32()?).unwrap_or(0);
        self.take(length)
    }
}
