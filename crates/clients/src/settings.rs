//! Reading client configuration: text to numbers, with `ConfigDef`'s error texts, and one default a family.

use kernel::{Address, Duration};
use protocol::config::{ConfigDef, Configs, librdkafka_configs};

use crate::types::CONFIG_EXCEPTION;
use crate::{ConfigError, Profile, Properties};

/// Checks properties against the definitions of a family and a kind of client; librdkafka's come back with one spelling each.
pub(crate) fn check(
    profile: Profile,
    java: &'static [ConfigDef],
    librdkafka: &'static [ConfigDef],
    properties: &Properties,
) -> Result<Properties, ConfigError> {
    let checked = match profile {
        Profile::Java => Configs::new(java, properties.clone()),
        Profile::Librdkafka => librdkafka_configs(librdkafka, properties),
    };
    match checked {
        Ok(configs) => Ok(configs.overrides().clone()),
        Err(error) => Err(ConfigError::new(error.message)),
    }
}

/// The properties of one client with its family's defaults.
pub(crate) struct Config<'a> {
    pub(crate) profile: Profile,
    pub(crate) properties: &'a Properties,
}

impl Config<'_> {
    /// The text of `name`, if set.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|value| value.trim())
    }

    /// The first of several spellings that is set.
    fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &str)> {
        names.iter().find_map(|name| self.text(name).map(|value| (*name, value)))
    }

    /// A number; `defaults` are Java's and librdkafka's.
    pub(crate) fn number(&self, names: &[&str], defaults: [i64; 2], least: i64) -> Result<i64, ConfigError> {
        let Some((name, text)) = self.first(names) else {
            return Ok(defaults[self.profile as usize]);
        };
        // librdkafka takes fractions of a millisecond; they are cut off.
        let whole = match self.profile {
            Profile::Java => text,
            Profile::Librdkafka => text.split_once('.').map_or(text, |(whole, _)| whole),
        };
        let value: i64 = whole.parse().map_err(|_| {
            ConfigError::new(format!("Invalid value {text} for configuration {name}: Not a number of type LONG"))
        })?;
        if value < least {
            return Err(ConfigError::new(format!(
                "Invalid value {value} for configuration {name}: Value must be at least {least}"
            )));
        }
        Ok(value)
    }

    /// A span in ms.
    pub(crate) fn span(&self, names: &[&str], defaults: [i64; 2]) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.number(names, defaults, 0)?.unsigned_abs()))
    }

    /// A boolean, if set.
    pub(crate) fn set_flag(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(ConfigError::new(format!(
                "Invalid value {text} for configuration {name}: Expected value to be either true or false"
            ))),
        }
    }

    /// A boolean; `defaults` are Java's and librdkafka's.
    pub(crate) fn flag(&self, name: &str, defaults: [bool; 2]) -> Result<bool, ConfigError> {
        Ok(self.set_flag(name)?.unwrap_or(defaults[self.profile as usize]))
    }

    /// `bootstrap.servers` (librdkafka also: `metadata.broker.list`), or an admin client's `bootstrap.controllers`.
    pub(crate) fn bootstrap(&self) -> Result<Vec<Address>, ConfigError> {
        let servers = self.first(&["bootstrap.servers", "metadata.broker.list"]);
        let servers = match (servers, self.text(CONTROLLERS)) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(format!("You cannot set both bootstrap.servers and {CONTROLLERS}")));
            }
            (None, Some(controllers)) => Some((CONTROLLERS, controllers)),
            (servers, None) => servers,
        };
        let Some((name, text)) = servers else {
            return Err(ConfigError::new(
                "Missing required configuration \"bootstrap.servers\" which has no default value.",
            ));
        };
        let servers: Vec<&str> = text.split(',').map(str::trim).filter(|server| !server.is_empty()).collect();
        if servers.is_empty() {
            return Err(self.unusable(format!("No resolvable bootstrap urls given in {name}")));
        }
        servers.into_iter().map(|server| self.address(name, server)).collect()
    }

    fn address(&self, name: &str, server: &str) -> Result<Address, ConfigError> {
        let bare = server.rsplit_once("://").map_or(server, |(_, rest)| rest);
        let (host, port) = match (bare.rsplit_once(':'), self.profile) {
            (Some((host, port)), _) => (host, port),
            (None, Profile::Librdkafka) => (bare, "9092"),
            (None, Profile::Java) => (bare, ""),
        };
        match port.parse::<u16>() {
            // A listener without host name, as the seed writes it, is this machine.
            Ok(port) => Ok((
                if host.is_empty() && self.profile == Profile::Librdkafka { "localhost" } else { host }.into(),
                port,
            )),
            Err(_) => Err(self.unusable(format!("Invalid url in {name}: {server}"))),
        }
    }

    /// What is wrong with configs that are each fine; Java finds it when it builds the client.
    pub(crate) fn unusable(&self, text: String) -> ConfigError {
        match self.profile {
            Profile::Java => ConfigError::of_constructor(CONFIG_EXCEPTION, text),
            Profile::Librdkafka => ConfigError::new(text),
        }
    }

    /// What a Java client warns of before it begins (`CommonClientConfigs#warnDisablingExponentialBackoff`,
    /// `#postProcessReconnectBackoffConfigs`).
    fn warnings(&self) -> Result<Vec<String>, ConfigError> {
        let mut warnings = Vec::new();
        if self.profile == Profile::Librdkafka {
            return Ok(warnings);
        }
        let pairs = [
            ("retry.backoff.ms", 100, "retry.backoff.max.ms", 1_000, "backoff"),
            (SETUP_TIMEOUT, 10_000, SETUP_TIMEOUT_MAX, 30_000, "connection setup timeout"),
        ];
        for (name, usual, max_name, usual_max, what) in pairs {
            let value = self.number(&[name], [usual, usual], 0)?;
            let max = self.number(&[max_name], [usual_max, usual_max], 0)?;
            if value > max {
                warnings.push(format!(
                    "Configuration '{name}' with value '{value}' is greater than configuration '{max_name}' with value '{max}'. A static {what} with value '{max}' will be applied."
                ));
            }
        }
        if self.has_static_reconnect_backoff() {
            warnings.push(format!(
                "Disabling exponential reconnect backoff because {RECONNECT_BACKOFF} is set, but {RECONNECT_BACKOFF_MAX} is not."
            ));
        }
        Ok(warnings)
    }

    fn has_static_reconnect_backoff(&self) -> bool {
        self.profile == Profile::Java
            && self.text(RECONNECT_BACKOFF).is_some()
            && self.text(RECONNECT_BACKOFF_MAX).is_none()
    }

    fn reconnect_backoff(&self) -> Result<Backoff, ConfigError> {
        let base_ms = self.number(&[RECONNECT_BACKOFF], [50, 100], 0)?.unsigned_abs();
        let max_ms = match self.has_static_reconnect_backoff() {
            true => base_ms,
            false => self.number(&[RECONNECT_BACKOFF_MAX], [1_000, 10_000], 0)?.unsigned_abs(),
        };
        Ok(Backoff { base_ms, max_ms })
    }

    fn max_idle(&self, default_ms: i64) -> Result<Option<Duration>, ConfigError> {
        let ms = self.number(&["connections.max.idle.ms"], [default_ms, 0], i64::MIN)?;
        let is_off = ms < 0 || ms == 0 && self.profile == Profile::Librdkafka;
        Ok((!is_off).then_some(Duration::from_millis(ms.unsigned_abs())))
    }

    fn setup_timeout(&self) -> Result<Backoff, ConfigError> {
        let base_ms = self.number(&[SETUP_TIMEOUT], [10_000, 30_000], 0)?.unsigned_abs();
        let max_ms = match self.profile {
            Profile::Java => self.number(&[SETUP_TIMEOUT_MAX], [30_000, 30_000], 0)?.unsigned_abs(),
            Profile::Librdkafka => base_ms,
        };
        Ok(Backoff { base_ms, max_ms })
    }
}

const CONTROLLERS: &str = "bootstrap.controllers";
const SETUP_TIMEOUT: &str = "socket.connection.setup.timeout.ms";
const SETUP_TIMEOUT_MAX: &str = "socket.connection.setup.timeout.max.ms";
const RECONNECT_BACKOFF: &str = "reconnect.backoff.ms";
const RECONNECT_BACKOFF_MAX: &str = "reconnect.backoff.max.ms";

/// What all clients need of their configuration.
#[derive(Clone, Hash, Debug)]
pub(crate) struct NetSettings {
    pub(crate) bootstrap: Vec<Address>,
    /// `bootstrap.controllers` is set: an admin client talks to controllers (KIP-919).
    pub(crate) asks_controllers: bool,
    pub(crate) request_timeout: Duration,
    /// `connections.max.idle.ms`, if there is a limit.
    pub(crate) max_idle: Option<Duration>,
    /// How many requests may be under way on a connection before another node is asked.
    pub(crate) in_flight_max: usize,
    pub(crate) reconnect_backoff: Backoff,
    pub(crate) retry_backoff: Backoff,
    /// How long a connection may take to open.
    pub(crate) setup_timeout: Backoff,
    pub(crate) metadata_max_age: Duration,
    /// `metadata.recovery.rebootstrap.trigger.ms`; none if `metadata.recovery.strategy` is `none`.
    pub(crate) rebootstrap_trigger: Option<Duration>,
    /// `metadata.cluster.check.enable`: brokers are told which cluster and node they are taken for, if they may answer that the client is to
    /// begin anew (KIP-1242).
    pub(crate) checks_cluster: bool,
    /// `enable.metrics.push`, which admin clients leave alone.
    pub(crate) pushes_metrics: bool,
    /// What is logged of the configuration when the client begins.
    pub(crate) warnings: Vec<String>,
}

/// Exponential backoff with jitter (`ExponentialBackoff`): `base·2^n` ms ±20 %, but never more than `max`. What may not grow does not
/// vary: it is `max`.
#[derive(Clone, Copy, Hash, Debug)]
pub(crate) struct Backoff {
    pub(crate) base_ms: u64,
    pub(crate) max_ms: u64,
}

impl Backoff {
    /// As configured (`retry.backoff.ms`), where Java does not let it grow.
    pub(crate) fn base(self) -> Duration {
        Duration::from_millis(self.base_ms)
    }
    /// The wait after `failures` failures (1 for the first).
    pub(crate) fn wait(self, failures: u32, random: &mut kernel::Rng) -> Duration {
        if self.max_ms <= self.base_ms {
            return Duration::from_millis(self.max_ms);
        }
        let doubled = self.base_ms.saturating_mul(1u64 << failures.saturating_sub(1).min(30));
        let most = self.max_ms.saturating_mul(1000);
        let us = doubled.saturating_mul(1000).min(most);
        let jitter = us / 5;
        Duration::from_micros((us - jitter + random.below(2 * jitter + 1)).min(most))
    }

    /// The same for who draws anew whenever it looks (`RecordAccumulator#ready`, `#drain`), and has `waited` so long. It goes on if two draws
    /// in a row say so, sleeps for as long as the second says if neither does, and else looks again at once.
    pub(crate) fn wait_at_look(self, failures: u32, waited: Duration, random: &mut kernel::Rng) -> Duration {
        loop {
            let draws = [self.wait(failures, random), self.wait(failures, random)];
            if (draws[0] <= waited) == (draws[1] <= waited) {
                return draws[1];
            }
        }
    }
}

impl NetSettings {
    /// `max_idle_ms` is how long connections of a Java client of this kind may idle unless it is told otherwise.
    pub(crate) fn read(config: &Config<'_>, max_idle_ms: i64) -> Result<NetSettings, ConfigError> {
        let rebootstrap_trigger = match config.text("metadata.recovery.strategy") {
            Some(text) if text.eq_ignore_ascii_case("none") => None,
            _ => Some(config.span(&["metadata.recovery.rebootstrap.trigger.ms"], [300_000, 300_000])?),
        };
        Ok(NetSettings {
            bootstrap: config.bootstrap()?,
            asks_controllers: config.text(CONTROLLERS).is_some(),
            max_idle: config.max_idle(max_idle_ms)?,
            checks_cluster: rebootstrap_trigger.is_some()
                && config.flag("metadata.cluster.check.enable", [true, false])?,
            rebootstrap_trigger,
            // As much as every target can hold: it is part of the digest.
            in_flight_max: u32::MAX as usize,
            pushes_metrics: config.flag("enable.metrics.push", [true, true])?,
            request_timeout: match config.profile {
                Profile::Java => config.span(&["request.timeout.ms"], [30_000, 30_000])?,
                Profile::Librdkafka => config.span(&["socket.timeout.ms"], [60_000, 60_000])?,
            },
            reconnect_backoff: config.reconnect_backoff()?,
            retry_backoff: Backoff {
                base_ms: config.number(&["retry.backoff.ms"], [100, 100], 0)?.unsigned_abs(),
                max_ms: config.number(&["retry.backoff.max.ms"], [1_000, 1_000], 0)?.unsigned_abs(),
            },
            setup_timeout: config.setup_timeout()?,
            warnings: config.warnings()?,
            metadata_max_age: match config.profile {
                Profile::Java => config.span(&["metadata.max.age.ms"], [300_000, 300_000])?,
                Profile::Librdkafka => {
                    match config.number(&["topic.metadata.refresh.interval.ms"], [300_000, 300_000], -1)? {
                        -1 => Duration::from_millis(u64::MAX),
                        ms => Duration::from_millis(ms.unsigned_abs()),
                    }
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 10,000 looks after so many ms: how many go on.
    fn passes(waited_ms: u64) -> usize {
        let backoff = Backoff { base_ms: 1_000, max_ms: 5_000 };
        let waited = Duration::from_millis(waited_ms);
        let mut streams = kernel::Streams::new(7, 0);
        let draws = (0..10_000).map(|_| backoff.wait_at_look(1, waited, streams.get(1)));
        let draws: Vec<Duration> = draws.collect();
        assert!(draws.iter().all(|wait| (800..=1_200).contains(&wait.as_millis())), "a fifth more or less");
        draws.iter().filter(|wait| **wait <= waited).count()
    }

    #[test]
    fn a_look_goes_on_if_two_draws_say_so() {
        assert_eq!((passes(799), passes(1_200)), (0, 10_000));
        // One in ten, and one in two: of looks that decide, one in 82, and one in two.
        assert!((80..170).contains(&passes(840)), "{}", passes(840));
        assert!((4_800..5_200).contains(&passes(1_000)), "{}", passes(1_000));
    }
}
