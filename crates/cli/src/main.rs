//! `kafkasim`: the engine on the command line. Runs scenarios, plays lessons as tests, replays links, and has two pocket
//! calculators. Exit codes: 0 well, 1 a test failed or an invariant broke, 2 the input was wrong, 101 kafkasim itself failed.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the outer edge may look at a clock")]

mod commands;
mod guarded;
mod input;
mod report;

use clap::{Parser, Subcommand};

use guarded::guarded;

/// A Kafka cluster you can run, break, rewind and test, without a cluster.
#[derive(Parser)]
#[command(name = "kafkasim", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a scenario and says how it went.
    Run(commands::run::Run),
    /// Plays lessons and scenarios as tests: all bundled lessons if none is named.
    Test(commands::test::Test),
    /// Replays a share link (or a file that holds one) and checks its digest.
    Replay(commands::replay::Replay),
    /// Runs many seeds, each a cluster with clients and faults, against all invariants.
    Sweep(commands::sweep::Sweep),
    /// Prints the partition a client gives a key.
    Partition(commands::partition::Partition),
    /// Prints where a new topic's replicas are placed.
    Place(commands::place::Place),
    /// Lists what is modelled: tools, verbs, facts, invariants and APIs.
    List,
}

/// A reader that has seen enough (`kafkasim run | head`) is no reason for a crash report.
fn end_quietly_on_a_closed_pipe() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<String>().is_some_and(|text| text.contains("Broken pipe")) {
            std::process::exit(0);
        }
        report(info);
    }));
}

fn main() -> std::process::ExitCode {
    end_quietly_on_a_closed_pipe();
    let command = Cli::parse().command;
    let result = guarded("kafkasim", move || match command {
        Command::Run(run) => run.act(),
        Command::Test(test) => test.act(),
        Command::Replay(replay) => replay.act(),
        Command::Sweep(sweep) => sweep.act(),
        Command::Partition(partition) => partition.act(),
        Command::Place(place) => place.act(),
        Command::List => commands::list::act(),
    });
    match result {
        Ok(Ok(code)) => code.into(),
        Ok(Err(message)) => {
            eprintln!("kafkasim: {message}");
            2.into()
        }
        Err(fault) => {
            eprintln!("kafkasim: a fault of kafkasim, not of what it was given: {fault}");
            101.into()
        }
    }
}
