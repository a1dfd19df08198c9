//! `cargo xtask bench`: how fast the engine is.
use crate::Task;
use crate::shell::Result;

pub(crate) const TASK: Task =
    Task { name: "bench", summary: "measure the engine, natively and in wasm", options: &[], run };

fn run(_: lexopt::Parser) -> Result<()> {
    Ok(())
}
