//! Configuration definitions: name, type, default, valid values and a line of documentation, and the words Kafka
//! refuses a bad value with (`ConfigDef`, `LogConfig#validateNames`).
//!
//! The tables hold what the engine reads and what the tools and lessons name. Left out on purpose: security, metrics,
//! quotas, sockets' buffers. Class names are not checked.

use std::fmt;

use crate::java_duration_ms;

mod topic;
mod broker;
mod producer;
mod consumer;
mod admin;
mod librdkafka;
mod values;
mod synonyms;
mod cordon;
mod dynamic;
mod group;
mod server;

pub use admin::ADMIN_CONFIGS;
pub use broker::BROKER_CONFIGS;
pub use consumer::CONSUMER_CONFIGS;
pub use cordon::{CORDONED_LOG_DIRS, cordoned_log_dirs};
pub use dynamic::{is_dynamic_broker_config, validate_broker_configs};
pub use group::GROUP_CONFIGS;
pub use librdkafka::{
    LIBRDKAFKA_ADMIN_CONFIGS, LIBRDKAFKA_CONSUMER_CONFIGS, LIBRDKAFKA_PRODUCER_CONFIGS, ignored, librdkafka_configs,
};
pub use producer::PRODUCER_CONFIGS;
pub use server::{validate_server_configs, validate_together};
pub use synonyms::{
    BrokerLayers, ConfigSynonym, broker_config_names, effective_topic_configs, log_config_names, topic_config_synonyms,
};
pub use topic::{TOPIC_CONFIGS, validate_topic_configs};
pub use values::Configs;

/// The type of a config (`ConfigDef.Type`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfigType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// 32 bits.
    Int,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// A number with a fraction.
    Double,
    /// Texts between commas.
    List,
    /// A secret.
    Password,
    /// The name of a Java class.
    Class,
}

impl ConfigType {
    /// As error messages and documentation name it.
    pub fn name(self) -> &'static str {
        match self {
            ConfigType::Boolean => "BOOLEAN",
            ConfigType::String => "STRING",
            ConfigType::Int => "INT",
            ConfigType::Short => "SHORT",
            ConfigType::Long => "LONG",
            ConfigType::Double => "DOUBLE",
            ConfigType::List => "LIST",
            ConfigType::Password => "PASSWORD",
            ConfigType::Class => "CLASS",
        }
    }
}

/// Which values of its type a config takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValidValues {
    /// Any.
    Any,
    /// From this on.
    AtLeast(i64),
    /// Both ends included.
    Between(i64, i64),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these, whatever the case.
    OneOfIgnoringCase(&'static [&'static str]),
    /// From the first to the second, or the third.
    BetweenOr(i64, i64, i64),
    /// A list of these, or of anything but empty texts if there are none; one that stands twice counts once.
    ListOf(&'static [&'static str]),
    /// `earliest`, `latest`, `none` or `by_duration:<ISO 8601>` (KIP-1106).
    OffsetReset,
    /// Not the empty text.
    NonEmpty,
    /// A list of at least one.
    NonEmptyList,
    /// `*`, or `partition:broker,…`.
    ThrottledReplicas,
}

/// A config: what it is called and what it takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConfigDef {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ConfigType,
    /// Its value if it is not set; none stands for null.
    pub default: Option<&'static str>,
    /// Whether it is for tests only: it can be set, but tools do not list it (`ConfigDef#defineInternal`).
    pub is_internal: bool,
    /// Whether it must be set.
    pub is_required: bool,
    /// What it takes.
    pub valid: ValidValues,
    /// For a topic config: the broker config that is its default, the strongest if there are several.
    pub broker_name: Option<&'static str>,
    /// For librdkafka: its other name, which its messages use.
    pub other_name: Option<&'static str>,
}

/// Why a config was refused.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConfigError {
    /// Simple name of Kafka's exception class: `ConfigException` or `InvalidConfigurationException`.
    pub exception: &'static str,
    /// Its message.
    pub message: String,
}

impl ConfigError {
    /// `org.apache.kafka.common.config.ConfigException` with this message.
    pub fn new(message: String) -> ConfigError {
        ConfigError { exception: "ConfigException", message }
    }
    /// `org.apache.kafka.common.errors.InvalidConfigurationException` with this message.
    pub fn invalid_configuration(message: String) -> ConfigError {
        ConfigError { exception: "InvalidConfigurationException", message }
    }
    /// The full Java class name of the exception.
    pub fn exception_class(&self) -> String {
        match self.exception {
            "ConfigException" => "org.apache.kafka.common.config.ConfigException".to_owned(),
            other => format!("org.apache.kafka.common.errors.{other}"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for ConfigError {}

/// The definition of `name` in `table`.
pub fn find(table: &'static [ConfigDef], name: &str) -> Option<&'static ConfigDef> {
    table.iter().find(|def| def.name == name)
}

// The line on what a config does, last in every row, is for readers of the tables: nothing prints it, so it is not kept.
impl ConfigDef {
    const fn new(
        name: &'static str,
        kind: ConfigType,
        default: &'static str,
        valid: ValidValues,
        _doc: &'static str,
    ) -> ConfigDef {
        ConfigDef {
            name,
            kind,
            default: Some(default),
            is_internal: false,
            is_required: false,
            valid,
            broker_name: None,
            other_name: None,
        }
    }
    const fn null(name: &'static str, kind: ConfigType, valid: ValidValues, doc: &'static str) -> ConfigDef {
        ConfigDef { default: None, ..ConfigDef::new(name, kind, "", valid, doc) }
    }
    const fn required(name: &'static str, kind: ConfigType, doc: &'static str) -> ConfigDef {
        ConfigDef { is_required: true, ..ConfigDef::null(name, kind, ValidValues::NonEmptyList, doc) }
    }
    const fn internal(self) -> ConfigDef {
        ConfigDef { is_internal: true, ..self }
    }
    const fn named(self, name: &'static str) -> ConfigDef {
        ConfigDef { other_name: Some(name), ..self }
    }
    const fn broker(self, name: &'static str) -> ConfigDef {
        ConfigDef { broker_name: Some(name), ..self }
    }

    /// Whether it takes `value`; if not, in Kafka's words (`ConfigDef#parseType`, validators).
    pub fn validate(&self, value: &str) -> Result<(), ConfigError> {
        match self.kind {
            ConfigType::Boolean => self.validate_boolean(value),
            ConfigType::Int => self.validate_integer(value, i64::from(i32::MIN), i64::from(i32::MAX)),
            ConfigType::Short => self.validate_integer(value, i64::from(i16::MIN), i64::from(i16::MAX)),
            ConfigType::Long => self.validate_integer(value, i64::MIN, i64::MAX),
            ConfigType::Double => self.validate_double(value),
            ConfigType::List => self.validate_list(value),
            ConfigType::String => self.validate_string(value.trim()),
            ConfigType::Password | ConfigType::Class => Ok(()),
        }
    }

    fn refuse(&self, value: &str, why: &str) -> ConfigError {
        ConfigError::new(format!("Invalid value {value} for configuration {}: {why}", self.name))
    }

    fn validate_boolean(&self, value: &str) -> Result<(), ConfigError> {
        match ["true", "false"].iter().any(|word| value.trim().eq_ignore_ascii_case(word)) {
            true => Ok(()),
            false => Err(self.refuse(value, "Expected value to be either true or false")),
        }
    }

    fn validate_integer(&self, value: &str, min: i64, max: i64) -> Result<(), ConfigError> {
        let number = value.trim().parse::<i64>().ok().filter(|number| (min..=max).contains(number));
        let Some(number) = number else { return Err(self.not_a_number(value)) };
        match self.valid {
            ValidValues::AtLeast(least) | ValidValues::Between(least, _) if number < least => {
                Err(self.refuse(&number.to_string(), &format!("Value must be at least {least}")))
            }
            ValidValues::Between(_, most) if number > most => {
                Err(self.refuse(&number.to_string(), &format!("Value must be no more than {most}")))
            }
            ValidValues::BetweenOr(least, most, other) if !(least..=most).contains(&number) && number != other => {
                let why = format!("Value must be between {least} and {most} or equal to {other}");
                Err(self.refuse(&number.to_string(), &why))
            }
            _ => Ok(()),
        }
    }

    fn validate_double(&self, value: &str) -> Result<(), ConfigError> {
        let Ok(number) = value.trim().parse::<f64>() else { return Err(self.not_a_number(value)) };
        match self.valid {
            ValidValues::AtLeast(least) | ValidValues::Between(least, _) if number < least as f64 => {
                Err(self.refuse(&java_double(number), &format!("Value must be at least {least}")))
            }
            ValidValues::Between(_, most) if number > most as f64 => {
                Err(self.refuse(&java_double(number), &format!("Value must be no more than {most}")))
            }
            _ => Ok(()),
        }
    }

    fn not_a_number(&self, value: &str) -> ConfigError {
        self.refuse(value, &format!("Not a number of type {}", self.kind.name()))
    }

    fn validate_list(&self, value: &str) -> Result<(), ConfigError> {
        let mut values = split_list(value);
        match self.valid {
            ValidValues::ListOf(words) => values.try_for_each(|word| {
                if word.is_empty() {
                    return Err(ConfigError::new(format!("Configuration '{}' values must not be empty.", self.name)));
                }
                match words.is_empty() || words.contains(&word) {
                    true => Ok(()),
                    false => Err(self.refuse(word, &format!("String must be one of: {}", words.join(", ")))),
                }
            }),
            ValidValues::NonEmptyList if values.next().is_none() => Err(ConfigError::new(format!(
                "Configuration '{}' must not be empty. Valid values include: any non-empty value",
                self.name
            ))),
            ValidValues::ThrottledReplicas => self.validate_throttled(value),
            _ => Ok(()),
        }
    }

    fn validate_throttled(&self, value: &str) -> Result<(), ConfigError> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_pair = |text: &str| text.split_once(':').is_some_and(|(a, b)| is_number(a) && is_number(b));
        if value.trim() == "*" || split_list(value).all(is_pair) {
            return Ok(());
        }
        let list: Vec<&str> = split_list(value).collect();
        let why = format!(
            "{} must be the literal '*' or a list of replicas in the following format: \
             [partitionId]:[brokerId],[partitionId]:[brokerId],...",
            self.name
        );
        Err(self.refuse(&format!("[{}]", list.join(", ")), &why))
    }

    fn validate_string(&self, value: &str) -> Result<(), ConfigError> {
        match self.valid {
            ValidValues::OneOf(words) if !words.contains(&value) => {
                Err(self.refuse(value, &format!("String must be one of: {}", words.join(", "))))
            }
            ValidValues::OneOfIgnoringCase(words) if !words.iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Err(self.refuse(value, &format!("String must be one of (case insensitive): {}", words.join(", "))))
            }
            ValidValues::NonEmpty if value.is_empty() => Err(self.refuse(value, "String must be non-empty")),
            ValidValues::OffsetReset => self.validate_offset_reset(value),
            _ => Ok(()),
        }
    }

    fn validate_offset_reset(&self, value: &str) -> Result<(), ConfigError> {
        let is_fine = match value.split_once(':') {
            Some((strategy, duration)) => {
                strategy == "by_duration" && java_duration_ms(duration).is_some_and(|ms| ms >= 0)
            }
            None => ["earliest", "latest", "none"].contains(&value),
        };
        // It says so twice, and with that dot.
        let why = format!(
            "Invalid value `{value}` for configuration {}. The value must be either 'earliest', 'latest', 'none' or of the \
             format 'by_duration:<PnDTnHnMn.nS.>'.",
            self.name
        );
        if is_fine { Ok(()) } else { Err(self.refuse(value, &why)) }
    }
}

/// The values of a list, as `ConfigDef` splits them: at commas, without the blanks around them.
pub fn split_list(value: &str) -> impl Iterator<Item = &str> {
    let trimmed = value.trim();
    trimmed.split(',').map(str::trim).filter(move |_| !trimmed.is_empty())
}

/// `Double.toString` for the numbers people type: always with a fraction.
fn java_double(number: f64) -> String {
    let text = number.to_string();
    if text.contains(['.', 'N', 'i']) { text } else { format!("{text}.0") }
}
