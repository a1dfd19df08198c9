//! `cargo xtask bench`: how fast the engine is, natively and in wasm, beside what others reach.
//!
//! Figures are CPU time, one thread, the median of seven runs, with digest and history on, always with the density of
//! events next to them: a ratio of times says nothing without it. The workloads are in `tests/src/`.

use lexopt::prelude::*;

use crate::shell::{Cmd, Failure, Result, cmd, root};
use crate::wasm::{self, Host};
use crate::{Task, tools};

pub(crate) const TASK: Task = Task {
    name: "bench",
    summary: "measure the engine natively and in wasm, beside others' figures",
    options: &[("--native", "only natively"), ("--only <id>", "one workload; can be given again for more")],
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
}

/// A row of the table: a workload of `tests/src/workload.rs`, what it measures, and what others reach.
struct Row {
    id: &'static str,
    what: &'static str,
    unit: Unit,
    peers: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        id: "kernel-10",
        what: "kernel: one message delivered, 10 nodes",
        unit: Unit::Each,
        peers: "turmoil 750 ns, madsim 1,300 ns (a datagram, 10 hosts)",
    },
    Row {
        id: "kernel-1000",
        what: "kernel: one message delivered, 1,000 nodes",
        unit: Unit::Each,
        peers: "turmoil 1,490 ns, madsim 1,350 ns (50 hosts)",
    },
    Row {
        id: "records-single",
        what: "records in a CPU second, one a request, RF 3, acks=all, consumed",
        unit: Unit::PerSecond,
        peers: "madsim-rdkafka 187,000 (1 in flight, RF 1, not consumed)",
    },
    Row {
        id: "records-batched",
        what: "records in a CPU second, batched, RF 3, acks=all, consumed",
        unit: Unit::PerSecond,
        peers: "madsim-rdkafka 1,990,000 (RF 1), librdkafka mock 360,000-430,000 (RF 1)",
    },
    Row {
        id: "idle",
        what: "virtual seconds in a CPU second, 3 idle brokers",
        unit: Unit::PerSecond,
        peers: "turmoil 58 (10 idle hosts), VOPR 1,400 (under load, another system), FoundationDB 10-36",
    },
    Row { id: "checkpoint", what: "checkpoint: one copy of the world", unit: Unit::Each, peers: "none offers it" },
    Row {
        id: "seek",
        what: "seek to any event of a long run, 95th percentile",
        unit: Unit::Percentile95,
        peers: "none offers it",
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
- Records here are 100 bytes; their bytes are shared between replicas, not copied, and not compressed or encoded. They
  come from a console producer's file and end as lines of a console consumer's terminal.";

fn run(mut args: lexopt::Parser) -> Result<()> {
    let (mut native_only, mut only) = (false, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("native") => native_only = true,
            Long("only") => only.push(args.value()?.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(unknown) = only.iter().find(|id| ROWS.iter().all(|row| row.id != **id)) {
        let known: Vec<_> = ROWS.iter().map(|row| row.id).collect();
        return Err(Failure::new(format!("no workload is called `{unknown}`; there are: {}", known.join(", "))));
    }
    let of = |command: Cmd| only.iter().fold(command, |command, id| command.arg(id));
    let native = measured(&of(cmd("cargo").words("bench --quiet -p kafkasim-tests --bench engine --")))?;
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
        let [id, nanoseconds, part_nanoseconds, units, events, pending, virtual_ns, digest] = words[..] else {
            return None;
        };
        Some(Measured {
            id: id.into(),
            nanoseconds: nanoseconds.parse().ok()?,
            part_nanoseconds: part_nanoseconds.parse().ok()?,
            units: units.parse().ok()?,
            events: events.parse().ok()?,
            pending: pending.parse().ok()?,
            virtual_ns: virtual_ns.parse().ok()?,
            digest: digest.into(),
        })
    }

    fn figure(&self, unit: Unit) -> String {
        match unit {
            Unit::Each => time(self.nanoseconds / self.units.max(1)),
            Unit::Percentile95 => time(self.part_nanoseconds),
            Unit::PerSecond => thousands(per_second(self.units, self.nanoseconds)),
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
    println!("\n{:<66} {:>14} {:>14}   others", "CPU time, median of 7", "native", "wasm (node)");
    let row_of = |id: &str| ROWS.iter().find(|row| row.id == id);
    for one in native {
        let Some(row) = row_of(&one.id) else {
            return Err(Failure::new(format!("the workload `{}` has no row in crates/xtask/src/bench.rs", one.id)));
        };
        let other = wasm.iter().find(|other| other.id == one.id);
        let figure = other.map_or("–".into(), |other| other.figure(row.unit));
        println!("{:<66} {:>14} {:>14}   {}", row.what, one.figure(row.unit), figure, row.peers);
        println!("  {}", one.density());
        if let Some(other) = other.filter(|other| other.digest != one.digest) {
            return Err(Failure::new(format!("{}: digest {} natively, {} in wasm", one.id, one.digest, other.digest)));
        }
    }
    println!("\n{WARNINGS}");
    Ok(())
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
