//! Feature levels: what storage was formatted with, and UpdateFeatures (`FeatureControlManager`, KIP-584).

use kernel::Time;
use protocol::api::update_features::{UpdateFeaturesRequest, UpdateFeaturesResponse, UpgradeType};
use protocol::api::{ConfigResourceKind, Name};
use protocol::features::{KRAFT, METADATA_VERSION, supported};
use protocol::metadata::MetadataRecord;
use protocol::{ErrorCode, gap};

use super::configs::MIN_ISR;
use super::{Controller, Decision};
use crate::process::Fx;
use crate::raft::Replica;
use crate::spec::ProcessSpec;

pub(super) const ELR: &str = "eligible.leader.replicas.version";

/// The feature levels that storage is formatted with.
pub(crate) fn bootstrap_features(spec: &ProcessSpec) -> Vec<(Name, i16)> {
    gap!("only eligible.leader.replicas.version and kraft.version do anything", "KIP-584");
    if let Some(formatted) = spec.formatted() {
        return formatted.features.clone();
    }
    let levels = [
        ("metadata.version", METADATA_VERSION),
        (ELR, i16::from(spec.cluster.elr_enabled)),
        ("group.version", 1),
        ("share.version", 2),
        ("streams.version", 1),
        ("transaction.version", 2),
    ];
    levels.into_iter().map(|(name, level)| (name.into(), level)).collect()
}

impl Controller {
    /// An admin changes feature levels: all that are named, or none.
    pub(super) fn update_features(
        &mut self,
        now: Time,
        fx: &mut Fx,
        raft: &mut Replica,
        request: &UpdateFeaturesRequest,
    ) -> Decision {
        let mut records = Vec::new();
        let why_not = request.updates.iter().find_map(|(name, level, how)| self.why_not(name, *level, *how));
        let upgrades = request.updates.iter().any(|(name, ..)| &**name == KRAFT);
        let why_not = why_not.or_else(|| match upgrades {
            true => raft.upgrade(now, fx, request.validate_only).err(),
            false => None,
        });
        if let Some(active) = self.active.as_mut().filter(|_| upgrades && why_not.is_none() && !request.validate_only) {
            let record = MetadataRecord::KRaftVersion { level: 1 };
            active.state.replay(raft.next_offset() - 1, &record, |note| fx.note(note));
        }
        let refused = why_not
            .map(|why| format!("The update failed for all features since the following feature had an error: {why}"));
        let (error, message) = match refused {
            Some(text) => (ErrorCode::InvalidUpdateVersion, Some(text.into())),
            None => (ErrorCode::None, None),
        };
        if error.is_ok() && !request.validate_only {
            if request.updates.iter().any(|(name, level, _)| &**name == ELR && *level > 0) {
                self.make_elr_safe(&mut records);
            }
            for (name, level, _) in request.updates.iter().filter(|(name, ..)| &**name != KRAFT) {
                records.push(MetadataRecord::FeatureLevel { name: name.clone(), level: *level });
            }
        }
        Decision { records, response: UpdateFeaturesResponse { error, message }.into() }
    }

    fn why_not(&self, name: &str, level: i16, how: UpgradeType) -> Option<String> {
        let invalid = |why: String| Some(format!("Invalid update version {level} for feature {name}. {why}"));
        let Some((lowest, highest)) = supported(name) else {
            // Level 0 of what is not known is what it has.
            return invalid(match level {
                0 => format!("Feature {name} not found."),
                _ => format!("Local controller {} does not support this feature.", self.spec.id),
            });
        };
        if level < 0 {
            return invalid("A feature version cannot be less than 0.".into());
        }
        if !(lowest..=highest).contains(&level) {
            return invalid(format!("Local controller {} only supports versions {lowest}-{highest}", self.spec.id));
        }
        let features = self.active.as_ref().map(|active| &active.state.image().features);
        let current = features.and_then(|features| features.get(name)).copied().unwrap_or(0);
        if level < current && how == UpgradeType::Upgrade {
            return invalid(
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
                    .into(),
            );
        }
        if level < current && name == KRAFT {
            return invalid("Can't downgrade the version of this feature.".into());
        }
        if level > current && how != UpgradeType::Upgrade {
            return invalid("Can't downgrade to a newer version.".into());
        }
        let is_lost = name == "metadata.version" && level < current;
        is_lost.then(|| {
            let why = match how {
                UpgradeType::UnsafeDowngrade => "Unsafe metadata downgrade is not supported in this version.",
                UpgradeType::Upgrade | UpgradeType::SafeDowngrade => {
                    "Refusing to perform the requested downgrade because it might delete metadata information."
                }
            };
            format!("Unsupported metadata.version downgrade from {current} to {level}. {why}")
        })
    }

    /// What eligible leaders mean depends on one `min.insync.replicas` for all brokers: it is pinned, and those of single
    /// brokers go (`ConfigurationControlManager#maybeGenerateElrSafetyRecords`).
    fn make_elr_safe(&self, records: &mut Vec<MetadataRecord>) {
        let Some(active) = &self.active else { return };
        let image = active.state.image();
        if image.config(ConfigResourceKind::Broker, "", MIN_ISR).is_none() {
            records.extend(self.pin_min_isr());
        }
        for ((kind, resource), configs) in &image.configs {
            let is_of_one = *kind == ConfigResourceKind::Broker && !resource.is_empty();
            if is_of_one && configs.contains_key(MIN_ISR) {
                let (kind, resource) = (*kind, resource.clone());
                records.push(MetadataRecord::Config { kind, resource, name: MIN_ISR.into(), value: None });
            }
        }
    }
}
