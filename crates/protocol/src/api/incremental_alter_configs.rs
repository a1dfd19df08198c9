//! IncrementalAlterConfigs, api key 44: admin->broker->controller. Changes configs of topics, brokers and groups one
//! by one (KIP-339).

use crate::error::ErrorCode;
use super::describe_configs::ConfigResource;
use super::{Name};

/// What is done with a config (`AlterConfigOp`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ConfigOp {
    /// It gets this value.
    Set(Name),
    /// It is deleted, and the default counts.
    Delete,
    /// These are added to a list, unless they are on it.
    Append(Name),
    /// These are taken off a list.
    Subtract(Name),
}

impl ConfigOp {
    /// A value to set; none deletes.
    pub fn of(value: Option<Name>) -> ConfigOp {
        value.map_or(ConfigOp::Delete, ConfigOp::Set)
    }

    /// What a config becomes that is `current` now, or else `default` if it is a list; an error text if a list is needed.
    pub fn apply(
        &self,
        key: &str,
        current: Option<&Name>,
        list_default: Option<&str>,
    ) -> Result<Option<Name>, String> {
        let (verb, words) = match self {
            ConfigOp::Set(value) => return Ok(Some(value.clone())),
            ConfigOp::Delete => return Ok(None),
            ConfigOp::Append(words) => ("APPEND", words),
            ConfigOp::Subtract(words) => ("SUBTRACT", words),
        };
        let Some(default) = list_default else {
            return Err(format!("Can't {verb} to key {key} because its type is not LIST."));
        };
        let old = current.map_or(default, AsRef::as_ref);
        let mut list: Vec<&str> = old.split(',').filter(|part| !part.is_empty()).collect();
        for word in words.split(',') {
            match list.iter().position(|known| *known == word) {
                Some(at) if matches!(self, ConfigOp::Subtract(_)) => drop(list.remove(at)),
                None if matches!(self, ConfigOp::Append(_)) => list.push(word),
                Some(_) | None => {}
            }
        }
        Ok(Some(list.join(",").into()))
    }
}

/// IncrementalAlterConfigs request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IncrementalAlterConfigsRequest {
    /// Which.
    pub resource: ConfigResource,
    /// Each config at most once.
    pub changes: Vec<(Name, ConfigOp)>,
    /// Check, do not change.
    pub validate_only: bool,
}

/// The answer to a IncrementalAlterConfigs request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IncrementalAlterConfigsResponse {
    /// None, or why not.
    pub error: ErrorCode,
    /// Details.
    pub message: Option<Name>,
}

impl IncrementalAlterConfigsRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}

impl IncrementalAlterConfigsResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
