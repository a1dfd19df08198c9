//! `cargo xtask bench`: how fast the engine is, natively and in wasm, beside what others reach.
//!
//! Figures are CPU time, one thread, the median of seven runs, with digest and history on, always with the density of
//! events next to them: a ratio of times says nothing without it. The workloads are in `tests/src/`.

use lexopt::prelude::*;

use crate::shell::{Cmd, Failure, Result, cmd, root};
use crate::wasm::{self, Host};
use crate::{Task, bench_page, tools};

pub(crate) const TASK: Task = Task {
    name: "bench",
    summary: "measure the engine natively and in wasm, beside others' figures",
    options: &[
        ("--native", "only natively"),
        ("--only <id>", "one workload; can be given again for more"),
        ("--page", "the page instead: how soon it can be used, its weight, frames, seeks; in headless Chromium"),
        ("--site <folder>", "with --page: a built site; else one is built"),
    ],
    run,
};

/// How a workload's figure is said.
#[derive(Clone, Copy)]
enum Unit {
    /// CPU time for one.
    Each,
    /// CPU time for one, at the 95th percentile.
    Percentile95,
    /// How many in a CPU second.
    PerSecond,
    /// How many runs in a CPU hour.
    RunsPerHour,
    /// Memory the run holds at its end.
    Memory,
}

/// A row of the table: a workload of `tests/src/workload.rs`, what it measures, what is wanted of it, and what others
/// reach.
struct Row {
    id: &'static str,
    what: &'static str,
    unit: Unit,
    /// Its goal, with the floor natively and in wasm.
    goal: Option<Goal>,
    peers: &'static str,
}

struct Goal {
    name: &'static str,
    /// In the row's unit: nanoseconds, bytes, or how many.
    native: u64,
    wasm: u64,
}

const fn goal(name: &'static str, native: u64, wasm: u64) -> Option<Goal> {
    Some(Goal { name, native, wasm })
}

/// A row of how cost grows.
const fn scaled(id: &'static str, what: &'static str) -> Row {
    Row { id, what, unit: Unit::Each, goal: None, peers: "–" }
}

const ROWS: &[Row] = &[
    Row {
        id: "kernel-10",
        what: "kernel: one message delivered, 10 nodes",
        unit: Unit::Each,
        goal: None,
        peers: "turmoil 750 ns, madsim 1,300 ns (a datagram, 10 hosts)",
    },
    Row {
        id: "kernel-1000",
        what: "kernel: one message delivered, 1,000 nodes",
        unit: Unit::Each,
        goal: None,
        peers: "turmoil 1,490 ns, madsim 1,350 ns (50 hosts)",
    },
    Row {
        id: "busy",
        what: "events, scene S, 3,000 records a second of the performance tools",
        unit: Unit::PerSecond,
        goal: goal("G1", 3_000_000, 2_000_000),
        peers: "turmoil 1,340,000 and madsim 770,000 datagrams, moonpool 310,000 events (10 hosts)",
    },
    Row {
        id: "busy-lines", what: "the same, a printed line a record", unit: Unit::PerSecond, goal: None, peers: "–"
    },
    Row {
        id: "records-single",
        what: "records, one a batch, one producer, RF 3, acks=all, consumed",
        unit: Unit::PerSecond,
        goal: None,
        peers: "madsim-rdkafka 187,000 (1 in flight, RF 1, not consumed)",
    },
    Row {
        id: "records-many-drawn",
        what: "records, one a batch, 20 producers, payloads not made, RF 3, acks=all, consumed, each checked",
        unit: Unit::PerSecond,
        goal: goal("G2", 500_000, 300_000),
        peers: "librdkafka mock 360,000-430,000 (batched, RF 1), madsim-rdkafka 187,000 (1 in flight, RF 1)",
    },
    Row {
        id: "records-many",
        what: "the same, lines of a file, printed",
        unit: Unit::PerSecond,
        goal: None,
        peers: "–",
    },
    Row {
        id: "records-batched",
        what: "records, batched, lines of a file, RF 3, acks=all, consumed and printed",
        unit: Unit::PerSecond,
        goal: None,
        peers: "–",
    },
    Row {
        id: "records-drawn",
        what: "records, 1,000 a batch, payloads not made, RF 3, acks=all, consumed, each checked",
        unit: Unit::PerSecond,
        goal: goal("G3", 20_000_000, 20_000_000),
        peers: "madsim-rdkafka 1,990,000 (RF 1), librdkafka mock 360,000-430,000 (RF 1)",
    },
    Row {
        id: "idle",
        what: "virtual seconds, 3 idle brokers without topics",
        unit: Unit::PerSecond,
        goal: None,
        peers: "turmoil 58 (10 idle hosts)",
    },
    Row {
        id: "quiet",
        what: "virtual seconds, scene S without clients",
        unit: Unit::PerSecond,
        goal: goal("G4", 20_000, 20_000),
        peers: "turmoil 58 (10 idle hosts)",
    },
    Row {
        id: "chaos",
        what: "virtual seconds, scene S, 24 faults a minute, 500 records a second",
        unit: Unit::PerSecond,
        goal: goal("G5", 1_500, 1_500),
        peers: "VOPR 1,400 (another system), FoundationDB 10-36",
    },
    Row {
        id: "chaos",
        what: "such minutes in a core-hour",
        unit: Unit::RunsPerHour,
        goal: goal("G6", 10_000, 10_000),
        peers: "VOPR 357 (14,000 virtual seconds each), FoundationDB 68",
    },
    Row {
        id: "checkpoint",
        what: "checkpoint: one copy of the world",
        unit: Unit::Each,
        goal: None,
        peers: "none offers it",
    },
    Row {
        id: "seek",
        what: "seek to any event of a run of a million, 95th percentile",
        unit: Unit::Percentile95,
        goal: goal("G8", 50_000_000, 50_000_000),
        peers: "none offers it",
    },
    Row {
        id: "seek",
        what: "memory of that run with all its checkpoints",
        unit: Unit::Memory,
        goal: goal("G8", 64_000_000, 64_000_000),
        peers: "none offers it",
    },
    Row {
        id: "minute",
        what: "memory of a minute of scene S at 500 records a second",
        unit: Unit::Memory,
        goal: goal("G11", 50_000_000, 50_000_000),
        peers: "VOPR 1.5 GB (another system)",
    },
    Row {
        id: "large-boot",
        what: "boot of 100 brokers with 10,005 partitions of 3 replicas",
        unit: Unit::Each,
        goal: None,
        peers: "–",
    },
    Row {
        id: "large",
        what: "virtual seconds of that cluster at 500 records a second",
        unit: Unit::PerSecond,
        goal: None,
        peers: "–",
    },
    Row { id: "large", what: "memory of that cluster", unit: Unit::Memory, goal: None, peers: "–" },
    scaled("grown", "CPU a virtual second: 500 records/s, 66 partitions, 3 brokers"),
    scaled("traffic-4", "the same, 4 times the records"),
    scaled("traffic-16", "the same, 16 times the records"),
    scaled("partitions-4", "the same, 4 times the idle partitions"),
    scaled("partitions-16", "the same, 16 times the idle partitions"),
    scaled("brokers-4", "the same, 4 times the brokers"),
    scaled("brokers-16", "the same, 16 times the brokers"),
    Row {
        id: "retained",
        what: "one of 10,000,000 records that are kept (RF 3, acks=all, up to 9 bytes)",
        unit: Unit::Each,
        goal: None,
        peers: "–",
    },
    Row {
        id: "retained",
        what: "memory of all of them, with their promises and history",
        unit: Unit::Memory,
        goal: goal("stated", 1_500_000_000, 1_500_000_000),
        peers: "librdkafka mock keeps 5 MiB a partition and drops the rest",
    },
];

/// Printed below every table.
const WARNINGS: &str = "\
Others' figures: turmoil 0.7.2, madsim 0.2 with madsim-rdkafka 0.4.4, librdkafka 2.16.0, VOPR (TigerBeetle); taken on
a shared 2-vCPU machine, single-threaded, CPU time, median of 5 to 7 runs. Read them with care:
- turmoil and madsim run real async code, VOPR and FoundationDB the production database; this is a model. What their
  events cost buys a coverage of code that is not claimed here.
- madsim-rdkafka has one broker without replication and clones records in memory; librdkafka's mock cluster batches
  and does not replicate.
- Records here are 100 bytes; their bytes are shared between replicas, not copied, and not compressed or encoded. Those of the
  performance tools are not made at all until somebody looks: each is identified by its program and number when it is
  acknowledged, delivered and looked up at the end. In the rows that say so they are lines instead, of a file or of the verifiable
  producer, which end in terminals; each is identified by the hash of its value.
- Scene S: 3 brokers, 3 controllers, 6 partitions of 3 replicas with min.insync.replicas 2, 3 idempotent producers with
  acks=all, one group of 3 consumers, Kafka's default timers. Invariants, history and digest are always on.
- Memory is what the process grew by, natively; it is not measured in wasm.";

fn run(mut args: lexopt::Parser) -> Result<()> {
    let (mut native_only, mut page, mut site, mut only) = (false, false, None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("native") => native_only = true,
            Long("page") => page = true,
            Long("site") => site = Some(args.value()?.into()),
            Long("only") => only.push(args.value()?.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    if page {
        return bench_page::run(site);
    }
    if let Some(unknown) = only.iter().find(|id| ROWS.iter().all(|row| row.id != **id)) {
        let known: Vec<_> = ROWS.iter().map(|row| row.id).collect();
        return Err(Failure::new(format!("no workload is called `{unknown}`; there are: {}", known.join(", "))));
    }
    let of = |command: Cmd| only.iter().fold(command, |command, id| command.arg(id));
    let native = measured(&of(cmd("cargo").words("run --release --quiet -p kafkasim-tests --example engine --")))?;
    let wasm = match native_only {
        true => Vec::new(),
        false => {
            tools::node()?;
            let script = wasm::build(Host::Node)?;
            measured(&of(cmd("node").arg(root().join("tests/js/bench.mjs")).arg(script)))?
        }
    };
    print_table(&native, &wasm)
}

/// What a host prints for a workload.
struct Measured {
    id: String,
    nanoseconds: u64,
    part_nanoseconds: u64,
    bytes: u64,
    units: u64,
    events: u64,
    pending: u64,
    virtual_ns: u64,
    digest: String,
}

fn measured(command: &Cmd) -> Result<Vec<Measured>> {
    let mut lines = Vec::new();
    command.watch(|line| lines.push(line.to_string()))?;
    let read = |line: &String| Measured::read(line).ok_or_else(|| Failure::new(format!("not a figure: {line}")));
    lines.iter().filter(|line| !line.trim().is_empty()).map(read).collect()
}

impl Measured {
    fn read(line: &str) -> Option<Measured> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [id, nanoseconds, part_nanoseconds, bytes, units, events, pending, virtual_ns, digest] = words[..] else {
            return None;
        };
        Some(Measured {
            id: id.into(),
            nanoseconds: nanoseconds.parse().ok()?,
            part_nanoseconds: part_nanoseconds.parse().ok()?,
            bytes: bytes.parse().ok()?,
            units: units.parse().ok()?,
            events: events.parse().ok()?,
            pending: pending.parse().ok()?,
            virtual_ns: virtual_ns.parse().ok()?,
            digest: digest.into(),
        })
    }

    /// In the unit's measure; none if it was not measured.
    fn value(&self, unit: Unit) -> Option<u64> {
        match unit {
            Unit::Each => Some(self.nanoseconds / self.units.max(1)),
            Unit::Percentile95 => Some(self.part_nanoseconds),
            Unit::PerSecond => Some(per_second(self.units, self.nanoseconds)),
            Unit::RunsPerHour => Some(per_second(3_600, self.nanoseconds)),
            Unit::Memory => Some(self.bytes).filter(|bytes| *bytes > 0),
        }
    }

    fn density(&self) -> String {
        format!(
            "{} events, {} a virtual second, {} a CPU second, {} pending",
            thousands(self.events),
            thousands(per_second(self.events, self.virtual_ns)),
            thousands(per_second(self.events, self.nanoseconds)),
            thousands(self.pending)
        )
    }
}

fn print_table(native: &[Measured], wasm: &[Measured]) -> Result<()> {
    println!("\n{:<68} {:>12} {:>12}   goal, others", "CPU time, median of 7", "native", "wasm (node)");
    for one in native {
        if ROWS.iter().all(|row| row.id != one.id) {
            return Err(Failure::new(format!("the workload `{}` has no row in crates/xtask/src/bench.rs", one.id)));
        }
        let other = wasm.iter().find(|other| other.id == one.id);
        if let Some(other) = other.filter(|other| other.digest != one.digest) {
            return Err(Failure::new(format!("{}: digest {} natively, {} in wasm", one.id, one.digest, other.digest)));
        }
    }
    for row in ROWS {
        let of = |host: &'static str, measured: &[Measured]| {
            let value = measured.iter().find(|one| one.id == row.id).and_then(|one| one.value(row.unit));
            let floor = row.goal.as_ref().map(|goal| if host == "native" { goal.native } else { goal.wasm });
            (value.map_or("–".into(), |value| row.unit.say(value)), value.zip(floor).map(|(v, f)| row.unit.meets(v, f)))
        };
        let Some(one) = native.iter().find(|one| one.id == row.id) else { continue };
        let ((native, is_met), (wasm, is_met_in_wasm)) = (of("native", native), of("wasm", wasm));
        let goal = row.goal.as_ref().map_or(String::new(), |goal| {
            let met = |is_met| match is_met {
                Some(true) => "met",
                Some(false) => "missed",
                None => "–",
            };
            let (floor, in_wasm) = (row.unit.say(goal.native), row.unit.say(goal.wasm));
            format!("{} {floor} / {in_wasm}: {} / {}; ", goal.name, met(is_met), met(is_met_in_wasm))
        });
        println!("{:<68} {native:>12} {wasm:>12}   {goal}{}", row.what, row.peers);
        println!("  {}", one.density());
    }
    println!("\n{WARNINGS}");
    Ok(())
}

impl Unit {
    fn say(self, value: u64) -> String {
        match self {
            Unit::Each | Unit::Percentile95 => time(value),
            Unit::PerSecond | Unit::RunsPerHour => thousands(value),
            Unit::Memory => format!("{} kB", thousands(value / 1_000)),
        }
    }

    /// Whether a value is as good as the floor.
    fn meets(self, value: u64, floor: u64) -> bool {
        match self {
            Unit::Each | Unit::Percentile95 | Unit::Memory => value <= floor,
            Unit::PerSecond | Unit::RunsPerHour => value >= floor,
        }
    }
}

fn per_second(count: u64, nanoseconds: u64) -> u64 {
    (u128::from(count) * 1_000_000_000 / u128::from(nanoseconds.max(1))) as u64
}

fn time(nanoseconds: u64) -> String {
    match nanoseconds {
        0..10_000 => format!("{} ns", thousands(nanoseconds)),
        10_000..10_000_000 => format!("{} µs", thousands(nanoseconds / 1_000)),
        _ => format!("{} ms", thousands(nanoseconds / 1_000_000)),
    }
}

/// `1234567` as `1,234,567`.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
