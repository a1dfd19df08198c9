//! `cargo xtask`: everything one does to this project — serve the page, test, make the static site, measure, and
//! regenerate documents. `cargo xtask test` is all that CI runs.
//!
//! It is compiled first on every clean clone, so it depends on nothing but an argument parser; what needs the engine
//! runs as a child process.

mod bench;
mod bench_page;
mod browser;
mod course;
mod dist;
mod r#gen;
mod planted;
mod serve;
mod shell;
mod split;
mod test;
mod tools;
mod wasm;

use std::process::ExitCode;

use lexopt::prelude::*;

use crate::shell::{Failure, Result};

/// A subcommand: a line here, a file beside this one.
struct Task {
    name: &'static str,
    options: &'static [(&'static str, &'static str)],
    summary: &'static str,
    run: fn(lexopt::Parser) -> Result<()>,
}

const TASKS: &[Task] = &[serve::TASK, test::TASK, dist::TASK, course::SCORM, course::CMI5, bench::TASK, r#gen::TASK];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = lexopt::Parser::from_env();
    match args.next()? {
        None | Some(Long("help") | Short('h')) => help(TASKS),
        Some(Value(name)) => {
            let name = name.to_string_lossy();
            let Some(task) = TASKS.iter().find(|task| task.name == name) else {
                let known: Vec<_> = TASKS.iter().map(|task| task.name).collect();
                return Err(Failure::new(format!("no task is called `{name}`; there are: {}", known.join(", "))));
            };
            if std::env::args().skip(2).any(|arg| arg == "--help" || arg == "-h") {
                help(std::slice::from_ref(task));
                return Ok(());
            }
            std::env::set_current_dir(shell::root())
                .map_err(|e| Failure::new(format!("cannot enter the project: {e}")))?;
            return (task.run)(args);
        }
        Some(other) => return Err(other.unexpected().into()),
    }
    Ok(())
}

fn help(tasks: &[Task]) {
    println!("Usage: cargo xtask <task> [options]\n");
    for task in tasks {
        println!("  {:<18} {}", task.name, task.summary);
        for (option, meaning) in task.options {
            println!("    {option:<16} {meaning}");
        }
    }
}
