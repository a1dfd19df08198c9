//! `kafka-features` (`org.apache.kafka.tools.FeatureCommand`, KIP-584): `describe`, `upgrade`, `downgrade`,
//! `disable`, `version-mapping` and `feature-dependencies`.
//! Left out: the usage lines of argparse4j.

use clients::{AdminCall, AdminResult, ClientError};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::api_versions::ApiVersionsResponse;
use protocol::api::update_features::UpgradeType;
use protocol::features::{
    METADATA, METADATA_VERSION, default_levels, dependencies, is_feature, metadata_version_level,
    metadata_version_name, metadata_version_names,
};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::java::{DEFAULT_CAPACITY, hash_order};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-features",
    summary: SUMMARY,
    without_arguments: "",
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const SUMMARY: &str =
    "This tool manages feature flags in Kafka: describe, or upgrade, downgrade or disable one or more feature flags.";
const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-controller",
        "BOOTSTRAP_CONTROLLER",
        "A comma-separated list of host:port pairs to use for establishing the connection to the KRaft quorum.",
    ),
    value(
        "bootstrap-server",
        "BOOTSTRAP_SERVER",
        "A comma-separated list of host:port pairs to use for establishing the connection to the Kafka cluster.",
    ),
    value("command-config", "COMMAND_CONFIG", "Property file containing configs to be passed to Admin Client."),
    flag("dry-run", "Validate this feature flag change, but do not perform it."),
    value(
        "feature",
        "FEATURE",
        "A feature flag we are changing, in feature=level format; for disable, its name. For example: metadata.version=5",
    ),
    flag("help", "show this help message and exit"),
    value(
        "metadata",
        "METADATA",
        "DEPRECATED The level to which we should upgrade or downgrade the metadata. For example, 3.3-IV3.",
    ),
    value(
        "release-version",
        "RELEASE_VERSION",
        "The release version to use: all its features are set. For example, 4.4.",
    ),
    flag("unsafe", "Perform this downgrade or disable even if it may irreversibly destroy metadata."),
    flag("version", "Display Kafka version."),
];

/// What is to be done.
enum Command {
    Describe,
    Change(Verb),
    Mapping,
    Dependencies,
}

/// What a sub-command does to a feature, in its words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Verb {
    Upgrade,
    Downgrade,
    Disable,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Verb::Upgrade => "upgrade",
            Verb::Downgrade => "downgrade",
            Verb::Disable => "disable",
        }
    }
}

/// The command under way.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Features {
    Describe,
    Change {
        verb: Verb,
        levels: SortedMap<Name, i16>,
        how: UpgradeType,
        is_dry_run: bool,
        is_deprecated: bool,
    },
    /// What needs no cluster.
    Say(Vec<String>),
}

/// What argparse4j makes of a wrong command line.
fn misused(text: &str) -> Refusal {
    Refusal::line(format!("Command line error: {text}. Type --help for help."))
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let verb = match options.rest.first().map(String::as_str) {
        None => return Err(misused("too few arguments")),
        Some("describe") => Command::Describe,
        Some("upgrade") => Command::Change(Verb::Upgrade),
        Some("downgrade") => Command::Change(Verb::Downgrade),
        Some("disable") => Command::Change(Verb::Disable),
        Some("version-mapping") => Command::Mapping,
        Some("feature-dependencies") => Command::Dependencies,
        Some(other) => {
            let choices = "'describe', 'upgrade', 'downgrade', 'disable', 'version-mapping', 'feature-dependencies'";
            return Err(misused(&format!("invalid choice: '{other}' (choose from {choices})")));
        }
    };
    if let Some(extra) = options.rest.get(1) {
        return Err(misused(&format!("unrecognized arguments: '{extra}'")));
    }
    match (options.has("bootstrap-server"), options.has("bootstrap-controller")) {
        (false, false) => return Err(misused("You must specify either --bootstrap-controller or --bootstrap-server.")),
        (true, true) => return Err(misused("You cannot specify both --bootstrap-controller and --bootstrap-server.")),
        (true, false) | (false, true) => {}
    }
    let script = match verb {
        Command::Describe => Features::Describe,
        Command::Change(verb) => change(verb, options)?,
        Command::Mapping => Features::Say(mapping(one(options, "release-version")?)?),
        Command::Dependencies if !options.has("feature") => {
            return Err(misused("argument --feature is required"));
        }
        Command::Dependencies => Features::Say(feature_dependencies(options.all("feature"))?),
    };
    let tool = AdminTool::new(launch, options, script).map_err(|mut refusal| {
        refusal.err.truncate(1);
        refusal
    });
    Ok(Body::Features(Box::new(tool?)))
}

fn change(verb: Verb, options: &Parsed) -> Result<Features, Refusal> {
    let mut levels = SortedMap::new();
    let release = one(options, "release-version")?.filter(|_| verb != Verb::Disable);
    let metadata = one(options, "metadata")?.filter(|_| verb != Verb::Disable);
    if release.is_some() && (metadata.is_some() || options.has("feature")) {
        return Err(Refusal::line("Can not specify `release-version` with other feature flags."));
    }
    if let Some(version) = metadata {
        levels.insert(METADATA.into(), version_level(version)?);
    }
    if let Some(release) = release {
        let level = version_level(release)?;
        levels.insert(METADATA.into(), level);
        levels.extend(default_levels(level).into_iter().map(|(name, level)| (name.into(), level)));
    }
    for text in options.all("feature") {
        let (name, level) = match verb {
            Verb::Disable => (text.as_str(), 0),
            Verb::Upgrade | Verb::Downgrade => level_of(text)?,
        };
        if levels.insert(Name::from(name), level).is_some() {
            return Err(Refusal::line(format!("Feature {name} was specified more than once.")));
        }
    }
    if levels.is_empty() {
        return Err(Refusal::line(format!("You must specify at least one feature to {}", verb.name())));
    }
    let how = match verb {
        Verb::Upgrade => UpgradeType::Upgrade,
        Verb::Downgrade | Verb::Disable if options.has("unsafe") => UpgradeType::UnsafeDowngrade,
        Verb::Downgrade | Verb::Disable => UpgradeType::SafeDowngrade,
    };
    // A release that has no such feature yet asks for level 0 of it.
    if how == UpgradeType::Upgrade && levels.values().any(|level| *level == 0) {
        return Err(Refusal::line(
            "The upgradeType flag should be set to SAFE_DOWNGRADE or UNSAFE_DOWNGRADE when the provided maxVersionLevel:0 is < 1.",
        ));
    }
    if levels.values().any(|level| *level < 0) {
        return Err(Refusal::line("Cannot specify a negative version level."));
    }
    let is_deprecated = metadata.is_some();
    Ok(Features::Change { verb, levels, how, is_dry_run: options.has("dry-run"), is_deprecated })
}

fn one<'a>(options: &'a Parsed, name: &str) -> Result<Option<&'a str>, Refusal> {
    options.one(name).map_err(|error| Refusal::line(error.message))
}

/// The level of `metadata.version` that is named, or of a release.
pub(super) fn version_level(name: &str) -> Result<i16, Refusal> {
    metadata_version_level(name).ok_or_else(|| {
        let known = metadata_version_names();
        Refusal::line(format!("Unknown metadata.version '{name}'. Supported metadata.version are: {known}"))
    })
}

/// `version-mapping`: the levels of a release, or of this one.
pub(super) fn mapping(release: Option<&str>) -> Result<Vec<String>, Refusal> {
    let (level, name) = match release {
        Some(release) => (version_level(release)?, release.to_owned()),
        None => (METADATA_VERSION, metadata_version_name(METADATA_VERSION)),
    };
    let others = default_levels(level).into_iter().map(|(feature, level)| format!("{feature}={level}"));
    Ok(std::iter::once(format!("{METADATA}={level} ({name})")).chain(others).collect())
}

/// `feature-dependencies`: what levels of features need of each other.
pub(super) fn feature_dependencies(features: &[String]) -> Result<Vec<String>, Refusal> {
    let mut lines = Vec::new();
    for text in features {
        let (name, level) = level_of(text)?;
        if !is_feature(name) {
            return Err(Refusal::line(format!("Unknown feature: {name}")));
        }
        if name == METADATA {
            let version = metadata_version_name(level);
            lines.push(format!("{name}={level} ({version}) has no dependencies."));
            continue;
        }
        let missing = || Refusal::line(format!("No feature:{name} with feature level {level}"));
        let needs = dependencies(name, level).ok_or_else(missing)?;
        if needs.is_empty() {
            lines.push(format!("{name}={level} has no dependencies."));
            continue;
        }
        lines.push(format!("{name}={level} requires:"));
        lines.extend(needs.iter().map(|(feature, level)| match *feature {
            METADATA => format!("    {feature}={level} ({})", metadata_version_name(*level)),
            _ => format!("    {feature}={level}"),
        }));
    }
    Ok(lines)
}

/// `feature=level` (`FeatureCommand#parseNameAndLevel`).
pub(super) fn level_of(text: &str) -> Result<(&str, i16), Refusal> {
    let wrong = |why: String| Refusal::line(format!("Can't parse feature=level string {text}: {why}"));
    let (name, level) = text.split_once('=').ok_or_else(|| wrong("equals sign not found.".into()))?;
    let level = level.trim().parse().map_err(|_| wrong(format!("unable to parse {level} as a short.")))?;
    Ok((name.trim(), level))
}

impl Script for Features {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        match self {
            Features::Say(lines) => {
                lines.iter().for_each(|line| admin.io.out(line));
                admin.io.exit(0);
            }
            Features::Describe => drop(admin.call(AdminCall::DescribeFeatures)),
            Features::Change { levels, how, is_dry_run, is_deprecated, .. } => {
                if *is_deprecated {
                    admin.io.out(" `metadata` flag is deprecated and may be removed in a future release.");
                }
                let mut updates: Vec<_> = levels.iter().map(|(name, level)| (name.clone(), *level, *how)).collect();
                hash_order(&mut updates, DEFAULT_CAPACITY, |(name, ..)| name);
                admin.call(AdminCall::UpdateFeatures { updates, validate_only: *is_dry_run });
            }
        }
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match (&*self, result) {
            (_, AdminResult::DescribeFeatures(features)) => {
                described(&features).into_iter().for_each(|line| admin.io.out(line));
                admin.io.exit(0);
            }
            (Features::Change { verb, levels, is_dry_run, .. }, AdminResult::UpdateFeatures(result)) => {
                changed(*verb, levels, *is_dry_run, result.err().as_ref(), admin);
            }
            (_, AdminResult::Failed(error)) => {
                admin.io.err(error.to_string());
                admin.io.err(format!("java.util.concurrent.ExecutionException: {error}"));
                admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
    }
}

fn described(features: &ApiVersionsResponse) -> Vec<String> {
    let row = |(name, lowest, highest): &(Name, i16, i16)| {
        let level =
            features.finalized_features.iter().find(|(feature, _)| feature == name).map_or(0, |(_, level)| *level);
        let text = |level: i16| match &**name {
            "metadata.version" => metadata_version_name(level),
            _ => level.to_string(),
        };
        format!(
            "Feature: {name:<40}  SupportedMinVersion: {:<15}  SupportedMaxVersion: {:<15}  FinalizedVersionLevel: {:<15}  Epoch: {}",
            text(*lowest),
            text(*highest),
            text(level),
            features.features_epoch
        )
    };
    features.supported_features.iter().map(row).collect()
}

/// All went well, or nothing did.
fn changed(
    verb: Verb,
    levels: &SortedMap<Name, i16>,
    is_dry_run: bool,
    error: Option<&ClientError>,
    admin: &mut Calls<'_, '_>,
) {
    for (name, level) in levels {
        let to = if verb == Verb::Disable { String::new() } else { format!(" to {level}") };
        let verb = verb.name();
        admin.io.out(match error {
            Some(error) => {
                let could = if is_dry_run { "Can" } else { "Could" };
                format!("{could} not {verb} {name}{to}. {}", error.message)
            }
            None if is_dry_run => format!("{name} can be {verb}d{to}."),
            None => format!("{name} was {verb}d{to}."),
        });
    }
    if error.is_some() {
        let count = levels.len();
        admin.io.err(format!("{count} out of {count} operation(s) failed."));
    }
    admin.io.exit(i32::from(error.is_some()));
}
