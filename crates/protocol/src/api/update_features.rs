//! UpdateFeatures, api key 57: admin->broker->controller. Changes finalized feature levels (KIP-584).

use super::Name;
use crate::error::ErrorCode;

/// How far an update may go (`FeatureUpdate.UpgradeType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UpgradeType {
    /// Only up.
    Upgrade,
    /// Only down, and only where nothing is lost.
    SafeDowngrade,
    /// Only down.
    UnsafeDowngrade,
}

/// UpdateFeatures request (admin->broker->controller).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdateFeaturesRequest {
    /// Each with its new level.
    pub updates: Vec<(Name, i16, UpgradeType)>,
    /// Only check.
    pub validate_only: bool,
}

/// The answer to an UpdateFeatures request. One that fails fails all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdateFeaturesResponse {
    /// Of the whole request.
    pub error: ErrorCode,
    /// What users read.
    pub message: Option<Name>,
}

impl UpdateFeaturesRequest {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        16 + 32 * self.updates.len() as u64
    }
}

impl UpdateFeaturesResponse {
    /// Bytes of the body on the wire, to the order of magnitude.
    pub fn body_bytes(&self) -> u64 {
        64
    }
}
