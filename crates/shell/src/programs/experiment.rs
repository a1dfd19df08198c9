//! `experiment-producer` of workshop S1: experiments whose sensors send a temperature each period, with life-cycle events
//! around them. Records are keyed by the experiment's id and carry their kind in the header `record_name`.

use std::sync::Arc;

use clients::{Producer, ProducerEvent, ProducerRecord, Profile, Properties};
use kernel::{Duration, Input, Order, Timers, stable_hash};
use protocol::{Header, Message, TopicName, gap};

use crate::admin_tool::TERMINATED;
use crate::io::Io;
use crate::launch::Launch;
use crate::options::{Opt, Parsed, value};
use crate::process::Body;
use crate::programs::load::{self, Experiment};
use crate::programs::python;
use crate::tools::{Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "experiment-producer",
    summary: "Sends the samples and life-cycle events of experiments (workshop S1).",
    without_arguments: "Sends the samples and life-cycle events of experiments (workshop S1).",
    options: OPTIONS,
    removed: &[],
    on_misuse: Misuse::MessageAndHelp,
    start,
};

const OPTIONS: &[Opt] = &[
    value("b", "host:port", "Short for --brokers."),
    value("brokers", "host:port", "The brokers to start from, with commas between."),
    value("config-file", "file", "A list of experiments, as in loads/3.json."),
    value("topic", "topic", "The topic to send to."),
];

/// The stream of ids.
const IDS: u32 = 0x5348_0004;
/// The stream of temperatures.
const TEMPERATURES: u32 = 0x5348_0005;

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let usage = |e: crate::options::OptionError| Refusal::usage(e.message);
    let brokers = options.one("brokers").map_err(usage)?.or(options.one("b").map_err(usage)?);
    let need = |value: Option<&str>, name: &str| {
        value
            .map(str::to_owned)
            .ok_or_else(|| Refusal::usage(format!("error: the following required arguments were not provided: {name}")))
    };
    let brokers = need(brokers, "--brokers <host:port>")?;
    let topic = need(options.one("topic").map_err(usage)?, "--topic <topic>")?;
    gap!("experiments given by flags instead of a file", "workshop S1, experiment-producer");
    let path = need(options.one("config-file").map_err(usage)?, "--config-file <file>")?;
    let text = launch.files.get(&path).ok_or_else(|| {
        Refusal::line(format!(
            "error: {path}: No such file or directory; files here: {}",
            launch.files.paths().collect::<Vec<_>>().join(", ")
        ))
    })?;
    let load = load::read(&path, text).map_err(|e| Refusal::line(format!("error: {e}; nothing was sent")))?;
    // The real program is written in Rust on librdkafka; only CLIENT changes that.
    let profile = if launch.var("CLIENT").is_some() { python::family(launch)? } else { Profile::Librdkafka };
    let properties = Properties::from([("bootstrap.servers".into(), brokers.into())]);
    let client_id = if profile == Profile::Java { "producer-1" } else { "rdkafka" };
    let producer =
        Producer::new(profile, &properties, client_id, 1).map_err(|e| Refusal::line(format!("error: {e}")))?;
    let program = ExperimentProducer {
        profile,
        properties,
        topic: topic.into(),
        producer,
        timers: Timers::new(0),
        runs: load.into_iter().map(Run::new).collect(),
        counts: Counts::default(),
        closing: None,
    };
    Ok(Body::Experiment(Box::new(program)))
}

/// The program under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct ExperimentProducer {
    profile: Profile,
    properties: Properties,
    topic: TopicName,
    producer: Producer,
    timers: Timers<Tick>,
    runs: Vec<Run>,
    counts: Counts,
    closing: Option<i32>,
}

/// Records sent so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Counts {
    samples: u64,
    life_cycle: u64,
    acknowledged: u64,
    failed: u64,
}

/// The next round of an experiment, by its place in the load.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Tick(u32);

/// One experiment: configured, stabilizing, started, terminated. Temperatures are in thousandths of a degree.
#[derive(Clone, Hash, Debug)]
struct Run {
    researcher: String,
    start_s: u64,
    period_ms: u64,
    stabilization: u64,
    samples: u64,
    sensor_count: u64,
    from: i64,
    lower: i64,
    upper: i64,
    id: String,
    sensors: Vec<String>,
    /// Rounds of samples sent.
    rounds: u64,
    is_over: bool,
}

impl Run {
    fn new(e: Experiment) -> Run {
        let milli = |degrees: f64| (degrees * 1000.0) as i64;
        Run {
            researcher: e.researcher,
            start_s: e.start_time.0,
            period_ms: e.sample_rate.0,
            stabilization: e.stabilization_samples.0,
            samples: e.stabilization_samples.0 + e.carry_out_samples.0,
            sensor_count: e.num_sensors.0,
            from: milli(e.start_temperature),
            lower: milli(e.temp_range.lower_threshold),
            upper: milli(e.temp_range.upper_threshold),
            id: String::new(),
            sensors: vec![],
            rounds: 0,
            is_over: false,
        }
    }

    /// The temperature of a round: a straight line into the middle of the range, then around it, now and then beyond.
    fn temperature(&self, noise: i64) -> i64 {
        let middle = i64::midpoint(self.lower, self.upper);
        let swing = (self.upper - self.lower) * 55 / 100;
        if self.rounds < self.stabilization {
            let done = (self.rounds + 1) as i64;
            return self.from + (middle - self.from) * done / self.stabilization as i64;
        }
        middle + swing * noise / 1000
    }
}

impl ExperimentProducer {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => self.begin(io),
            Input::Order(Order::Interrupt) => self.close(crate::admin_tool::INTERRUPTED, io),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
            input => {
                let is_clients = self.producer.handle(io.now, input, io.fx);
                if let Input::Timer { token } = input
                    && !is_clients
                    && self.closing.is_none()
                    && let Some(Tick(run)) = self.timers.fire(io.fx, io.now, *token)
                {
                    self.round(run, io);
                }
            }
        }
        self.take_events(io);
    }

    fn begin(&mut self, io: &mut Io<'_>) {
        io.out(python::banner(self.profile, &self.properties));
        self.producer.start(io.now, io.fx);
        for (i, run) in self.runs.iter_mut().enumerate() {
            run.id = uuid(io);
            run.sensors = (0..run.sensor_count).map(|_| uuid(io)).collect();
            self.timers.arm(io.fx, io.now + Duration::from_secs(run.start_s), Tick(i as u32));
        }
        if self.runs.is_empty() {
            self.close(0, io);
        }
    }

    /// One round of samples of every sensor of an experiment, with the life-cycle events that are due.
    fn round(&mut self, at: u32, io: &mut Io<'_>) {
        let run = &self.runs[at as usize];
        let (rounds, id, time) = (run.rounds, python::json_string(&run.id), python::json_time(io));
        if rounds == 0 {
            let rate = 1000 * run.sensor_count / run.period_ms;
            let line = format!(
                "experiment {}: {} sensors, a sample every {} ms each: {rate} events/s for {} ms",
                run.id,
                run.sensor_count,
                run.period_ms,
                run.samples * run.period_ms
            );
            let sensors = run.sensors.iter().map(|s| python::json_string(s)).collect::<Vec<_>>().join(", ");
            let range =
                format!("{{\"upper_threshold\": {}, \"lower_threshold\": {}}}", degrees(run.upper), degrees(run.lower));
            let configured = format!(
                "{{\"experiment\": {id}, \"researcher\": {}, \"sensors\": [{sensors}], \"temperature_range\": {range}}}",
                python::json_string(&run.researcher)
            );
            io.out(line);
            self.life_cycle(at, "experiment_configured", configured, io);
            self.life_cycle(
                at,
                "stabilization_started",
                format!("{{\"experiment\": {id}, \"timestamp\": {time}}}"),
                io,
            );
        }
        if rounds == self.runs[at as usize].stabilization {
            self.life_cycle(at, "experiment_started", format!("{{\"experiment\": {id}, \"timestamp\": {time}}}"), io);
        }
        if rounds == self.runs[at as usize].samples {
            self.life_cycle(
                at,
                "experiment_terminated",
                format!("{{\"experiment\": {id}, \"timestamp\": {time}}}"),
                io,
            );
            self.runs[at as usize].is_over = true;
            if self.runs.iter().all(|run| run.is_over) {
                self.close(0, io);
            }
            return;
        }
        for sensor in 0..self.runs[at as usize].sensors.len() {
            self.sample(at, sensor, &id, &time, io);
        }
        let run = &mut self.runs[at as usize];
        run.rounds += 1;
        self.timers.arm(io.fx, io.now + Duration::from_millis(run.period_ms), Tick(at));
    }

    fn sample(&mut self, at: u32, sensor: usize, id: &str, time: &str, io: &mut Io<'_>) {
        gap!(
            "measurement_hash is a short hash of the sample, not the workshop's encrypted one; values are JSON, not Avro",
            "workshop S1"
        );
        let run = &self.runs[at as usize];
        let noise = io.fx.rng(TEMPERATURES).below(2001) as i64 - 1000;
        let temperature = degrees(run.temperature(noise));
        let measurement = uuid(io);
        let run = &self.runs[at as usize];
        let hash = stable_hash(&(&run.id, &run.sensors[sensor], &measurement, &temperature));
        let sensor = python::json_string(&run.sensors[sensor]);
        let value = format!(
            "{{\"experiment\": {id}, \"sensor\": {sensor}, \"measurement_id\": \"{measurement}\", \"timestamp\": {time}, \"temperature\": {temperature}, \"measurement_hash\": \"{hash:016x}\"}}"
        );
        self.send(at, "sensor_temperature_measured", value, io);
        self.counts.samples += 1;
    }

    fn life_cycle(&mut self, at: u32, name: &str, value: String, io: &mut Io<'_>) {
        io.out(format!("{name} {}", self.runs[at as usize].id));
        self.send(at, name, value, io);
        self.counts.life_cycle += 1;
    }

    fn send(&mut self, at: u32, record_name: &str, value: String, io: &mut Io<'_>) {
        let header = Header { key: "record_name".into(), value: Some(Arc::from(record_name.as_bytes())) };
        let key = Some(Arc::from(self.runs[at as usize].id.as_bytes()));
        let record = ProducerRecord {
            topic: self.topic.clone(),
            partition: None,
            key,
            value: Some(value.into_bytes().into()),
            headers: vec![header],
            timestamp_ms: None,
        };
        self.producer.send(io.now, io.fx, record);
    }

    fn close(&mut self, code: i32, io: &mut Io<'_>) {
        if self.closing.is_none() {
            self.closing = Some(code);
            self.producer.close(io.now, io.fx);
        }
    }

    fn take_events(&mut self, io: &mut Io<'_>) {
        for event in self.producer.events() {
            match event {
                ProducerEvent::Acked { .. } => self.counts.acknowledged += 1,
                ProducerEvent::Failed { error, .. } => {
                    self.counts.failed += 1;
                    io.err(format!("delivery failed: {}", python::error(self.profile, &error)));
                }
                ProducerEvent::Log(line) => python::log(&line, self.profile, "rdkafka#producer-1", io),
                ProducerEvent::Flushed => {}
                ProducerEvent::Fatal(error) => {
                    io.err(python::error(self.profile, &error));
                    io.exit(1);
                }
                ProducerEvent::Closed => {
                    let Counts { samples, life_cycle, acknowledged, failed } = self.counts;
                    io.out(format!("{samples} samples and {life_cycle} life-cycle events sent; {acknowledged} acknowledged, {failed} failed"));
                    io.exit(self.closing.unwrap_or(0));
                }
            }
        }
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }
    pub(crate) fn title(&self) -> String {
        format!("experiment-producer {}", self.topic)
    }
}

/// A random (version 4) UUID with dashes.
fn uuid(io: &mut Io<'_>) -> String {
    let rng = io.fx.rng(IDS);
    let bits = protocol::TopicId::from_random_bits((u128::from(rng.bits()) << 64) | u128::from(rng.bits())).0;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Thousandths of a degree as a decimal number.
fn degrees(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", milli.abs() / 1000, milli.abs() % 1000)
}
