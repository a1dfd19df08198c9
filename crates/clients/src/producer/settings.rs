//! Producer configuration and its rules (`ProducerConfig#postProcessAndValidateIdempotenceConfigs`).

use kernel::Duration;
use protocol::Codec;
use protocol::api::Name;
use protocol::batch::BATCH_OVERHEAD;

use super::partitioner::Strategy;
use crate::settings::{Config, NetSettings};
use crate::{ConfigError, Profile};

#[derive(Clone, Hash, Debug)]
pub(crate) struct ProducerSettings {
    pub(crate) net: NetSettings,
    /// How long the leader may wait for replicas.
    pub(crate) replica_timeout: Duration,
    pub(crate) acks: i16,
    pub(crate) codec: Codec,
    pub(crate) idempotent: bool,
    pub(crate) retries: u32,
    pub(crate) in_flight_max: usize,
    pub(crate) batch_bytes: u32,
    pub(crate) batch_records_max: usize,
    pub(crate) linger: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) queue_records_max: usize,
    pub(crate) max_block: Duration,
    pub(crate) request_bytes_max: u32,
    pub(crate) delivery_timeout: Duration,
    /// It was not set, and its default is shorter than linger and request time-out together.
    pub(crate) is_delivery_timeout_raised: bool,
    pub(crate) strategy: Strategy,
    pub(crate) adaptive: bool,
    pub(crate) availability_timeout: Duration,
    /// Keyless records go to leaders of this rack, if it has any (KIP-1123).
    pub(crate) rack: Option<Name>,
    pub(crate) metadata_idle: Duration,
    pub(crate) sticky_linger: Duration,
    pub(crate) propagation_max: Duration,
}

/// Java's default.
const DELIVERY_TIMEOUT: Duration = Duration::from_millis(120_000);

fn refuse<T>(message: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::new(message.into()))
}

impl ProducerSettings {
    /// Bytes of the buffer that a new batch takes whose first record takes at most so many.
    pub(crate) fn batch_memory(&self, record_bytes_max: u32) -> u32 {
        self.batch_bytes.max(BATCH_OVERHEAD + record_bytes_max)
    }

    pub(crate) fn read(config: &Config<'_>) -> Result<ProducerSettings, ConfigError> {
        let mut net = NetSettings::read(config, 540_000)?;
        if config.text("transactional.id").is_some_and(|id| !id.is_empty()) {
            protocol::gap!("Transactional producers are refused", "KIP-98");
            return refuse("transactional.id: transactions are not modelled in this simulator");
        }
        let codec = config.text("compression.type").or(config.text("compression.codec"));
        let acks = read_acks(config)?;
        let retries = config.number(&["retries", "message.send.max.retries"], [2_147_483_647, 2_147_483_647], 0)?;
        let in_flight =
            config.number(&["max.in.flight.requests.per.connection", "max.in.flight"], [5, 1_000_000], 1)?;
        let idempotent = read_idempotence(config, acks, retries, in_flight)?;
        net.in_flight_max = if idempotent { in_flight.min(5) as usize } else { in_flight as usize };
        let linger = config.span(&["linger.ms", "queue.buffering.max.ms"], [5, 5])?;
        let delivery_timeout = read_delivery_timeout(config, linger, net.request_timeout)?;
        let batch = config.number(&["batch.size"], [16_384, 1_000_000], 0)?;
        Ok(ProducerSettings {
            replica_timeout: config.span(&["request.timeout.ms"], [30_000, 30_000])?,
            acks,
            codec: codec.and_then(Codec::named).unwrap_or_default(),
            idempotent,
            retries: u32::try_from(retries).unwrap_or(u32::MAX),
            in_flight_max: net.in_flight_max,
            batch_bytes: u32::try_from(batch).unwrap_or(u32::MAX),
            batch_records_max: config.number(&["batch.num.messages"], [i64::from(i32::MAX), 10_000], 1)? as usize,
            linger,
            memory_bytes: config.number(&["buffer.memory"], [33_554_432, i64::MAX], 0)?.unsigned_abs(),
            queue_records_max: config.number(&["queue.buffering.max.messages"], [i64::from(i32::MAX), 100_000], 0)?
                as usize,
            max_block: config.span(&["max.block.ms"], [60_000, 0])?,
            request_bytes_max: u32::try_from(config.number(
                &["max.request.size", "message.max.bytes"],
                [1_048_576, 1_000_000],
                0,
            )?)
            .unwrap_or(u32::MAX),
            delivery_timeout,
            is_delivery_timeout_raised: config.profile == Profile::Java
                && delivery_timeout > DELIVERY_TIMEOUT
                && config.text("delivery.timeout.ms").is_none(),
            strategy: Strategy::read(config)?,
            adaptive: config.flag("partitioner.adaptive.partitioning.enable", [true, false])?,
            availability_timeout: config.span(&["partitioner.availability.timeout.ms"], [0, 0])?,
            rack: match config.flag("partitioner.rack.aware", [false, false])? {
                true => config.text("client.rack").filter(|rack| !rack.is_empty()).map(Into::into),
                false => None,
            },
            metadata_idle: config.span(&["metadata.max.idle.ms"], [300_000, 300_000])?,
            sticky_linger: config.span(&["sticky.partitioning.linger.ms"], [0, 10])?,
            propagation_max: config.span(&["topic.metadata.propagation.max.ms"], [0, 30_000])?,
            net,
        })
    }
}

fn read_acks(config: &Config<'_>) -> Result<i16, ConfigError> {
    match config.text("acks").or(config.text("request.required.acks")) {
        None | Some("all" | "-1") => Ok(-1),
        Some("1") => Ok(1),
        Some("0") => Ok(0),
        Some(number) if config.profile == Profile::Librdkafka => number
            .parse()
            .map_err(|_| ConfigError::new("Invalid value for configuration property \"request.required.acks\"")),
        Some(other) => {
            refuse(format!("Invalid value {other} for configuration acks: String must be one of: all, -1, 0, 1"))
        }
    }
}

fn read_idempotence(config: &Config<'_>, acks: i16, retries: i64, in_flight: i64) -> Result<bool, ConfigError> {
    let wish = config.set_flag("enable.idempotence")?;
    let possible = acks == -1 && retries > 0;
    match (config.profile, wish) {
        (_, Some(false)) | (Profile::Librdkafka, None) => Ok(false),
        (Profile::Librdkafka, Some(true)) if acks != -1 => {
            refuse("`acks` must be set to `all` when `enable.idempotence` is true")
        }
        (Profile::Librdkafka, Some(true)) if retries == 0 => {
            refuse("`retries` must be set to >= 1 when `enable.idempotence` is true")
        }
        (Profile::Librdkafka, Some(true)) => Ok(true),
        (Profile::Java, Some(true)) if retries == 0 => {
            refuse("Must set retries to non-zero when using the idempotent producer.")
        }
        (Profile::Java, Some(true)) if acks != -1 => refuse(
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.",
        ),
        // Even of a producer that is not idempotent, unless it was told not to be.
        (Profile::Java, _) if in_flight > 5 => refuse(format!(
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is {in_flight}."
        )),
        (Profile::Java, _) => Ok(possible),
    }
}

fn read_delivery_timeout(
    config: &Config<'_>,
    linger: Duration,
    request_timeout: Duration,
) -> Result<Duration, ConfigError> {
    let names = ["delivery.timeout.ms", "message.timeout.ms"];
    let timeout = config.span(&names, [120_000, 300_000])?;
    let least = linger + request_timeout;
    if config.profile == Profile::Librdkafka || timeout >= least {
        // librdkafka: 0 means for ever.
        let is_endless = config.profile == Profile::Librdkafka && timeout == Duration::ZERO;
        return Ok(if is_endless { Duration::from_millis(u64::MAX) } else { timeout });
    }
    if names.iter().any(|name| config.text(name).is_some()) {
        let text = "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms";
        return Err(ConfigError::of_constructor("org.apache.kafka.common.config.ConfigException", text));
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use protocol::config::{ConfigDef, LIBRDKAFKA_PRODUCER_CONFIGS, PRODUCER_CONFIGS};

    use super::*;
    use crate::Properties;

    /// What is read of these configs.
    fn read(profile: Profile, configs: impl Iterator<Item = (&'static str, &'static str)>) -> String {
        let properties: Properties = configs.map(|(name, value)| (name.into(), value.into())).collect();
        format!("{:#?}", ProducerSettings::read(&Config { profile, properties: &properties }).expect("they are fine"))
    }

    #[test]
    fn what_is_not_set_is_what_the_tables_say() {
        for (profile, table) in [(Profile::Java, PRODUCER_CONFIGS), (Profile::Librdkafka, LIBRDKAFKA_PRODUCER_CONFIGS)]
        {
            let server = || [("bootstrap.servers", "broker-1:9092")].into_iter();
            let set = |config: &'static ConfigDef| Some((config.name, config.default?));
            let all =
                table.iter().filter_map(set).filter(|(name, value)| *name != "bootstrap.servers" && !value.is_empty());
            assert_eq!(read(profile, server().chain(all)), read(profile, server()), "{profile:?}");
        }
    }
}
