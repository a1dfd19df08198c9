//! Kafka's plain (not flexible) field encodings, big-endian.

use std::sync::Arc;

use super::DecodeError;

/// Writes fields one after the other.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(version: i16) -> Writer {
        Writer(version.to_be_bytes().to_vec())
    }
    pub(super) fn i16(mut self, n: i16) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    pub(super) fn i32(mut self, n: i32) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    pub(super) fn i64(mut self, n: i64) -> Writer {
        self.0.extend(n.to_be_bytes());
        self
    }
    pub(super) fn string(self, text: &str) -> Writer {
        let mut w = self.i16(text.len() as i16);
        w.0.extend(text.as_bytes());
        w
    }
    pub(super) fn nullable(self, text: Option<&str>) -> Writer {
        match text {
            Some(text) => self.string(text),
            None => self.i16(-1),
        }
    }
    pub(super) fn bytes(self, bytes: &[u8]) -> Writer {
        let mut w = self.i32(bytes.len() as i32);
        w.0.extend(bytes);
        w
    }
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Reads fields one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(count).ok_or(DecodeError::Malformed(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Malformed(self.at))?;
        self.at = end;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
    pub(super) fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }
    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }
    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }
    pub(super) fn string(&mut self) -> Result<Arc<str>, DecodeError> {
        let at = self.at;
        self.nullable()?.ok_or(DecodeError::Malformed(at))
    }
    pub(super) fn nullable(&mut self) -> Result<Option<Arc<str>>, DecodeError> {
        let at = self.at;
        let Ok(length) = usize::try_from(self.i16()?) else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Malformed(at))?;
        Ok(Some(text.into()))
    }
    /// Null reads as empty.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.i32()?).unwrap_or(0);
        self.take(length)
    }
}
