//! `cargo xtask dist`: the static site, and how large it is.
//!
//! Every address in it is relative, so it works under any path of any host. Hosts differ in what they compress with, so
//! sizes are given raw, gzip and brotli; the budget is in brotli.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::shell::{Failure, Result, cmd, root};
use crate::{Task, browser, split, tools};

/// What is loaded until the page can be used may weigh, in brotli bytes.
const BUDGET: u64 = 250_000;
/// What all files may weigh today, those too that are loaded later.
const CEILING_OF_ALL: u64 = 1_050_000;

pub(crate) const TASK: Task = Task {
    name: "dist",
    summary: "the static site, with relative addresses, and its size against the budget",
    options: &[
        ("--out <folder>", "where to put it (dist)"),
        ("--url <address>", "where it will be: adds a page for each lesson that chats and blogs can unfurl"),
    ],
    run,
};

fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut out = PathBuf::from("dist");
    let mut url = None;
    while let Some(arg) = args.next()? {
        match arg {
            Long("out") => out = args.value()?.into(),
            Long("url") => url = Some(address(args.value()?.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    build(&out)?;
    check_size(&out)?;
    url.map_or(Ok(()), |url| pages(&out, &url))
}

/// A whole address, as others will see it.
fn address(text: String) -> Result<String> {
    match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(text),
        false => Err(Failure::new(format!("`{text}` is no address; --url takes one like https://kafka.example/sim/"))),
    }
}

/// A page, a picture and an oEmbed answer for each lesson.
fn pages(out: &Path, url: &str) -> Result<()> {
    let script = root().join("crates/xtask/js/pages.mjs");
    browser::env(cmd("node").arg(script).arg(out).arg(url).arg(root().join("crates/lessons/lessons")))?.run()
}

/// Builds the site into `out`.
pub(crate) fn build(out: &Path) -> Result<()> {
    tools::wasm_target()?;
    tools::trunk()?;
    tools::wasm_bindgen()?;
    tools::wasm_opt()?;
    // trunk names files by what they hold before the last tools ran, so nothing old may stay.
    let _ = std::fs::remove_dir_all(out);
    println!("Building the site into {} …", out.display());
    cmd("trunk").words("build --release --public-url ./ --dist").arg(root().join(out)).run()?;
    split::split(&root().join(out))
}

/// Prints the size of every file of the site; fails if they are over a ceiling together.
pub(crate) fn check_size(out: &Path) -> Result<()> {
    tools::node()?;
    let script = root().join("crates/xtask/js/size.mjs");
    let report = cmd("node").arg(script).arg(out).output()?;
    print!("{report}");
    let brotli = |line: &str| line.split_whitespace().last()?.parse::<u64>().ok();
    let all = report.lines().last().and_then(brotli).ok_or_else(|| Failure::new("the size report has no total"))?;
    let is_rest = |line: &&str| line.split_whitespace().next().is_some_and(|name| name.ends_with(split::REST));
    let rest = report.lines().find(is_rest).and_then(brotli).ok_or_else(|| Failure::new("the site is in one part"))?;
    // Only a page around this one asks for these, a link to a file, a reader of another language, and views that one opens.
    let is_asked = |name: &str| {
        matches!(name, "embed.js" | "inline.js" | "host.js" | "open.js" | "snapshot.js" | "fuzz.js")
            || name.starts_with("lang/")
            || name.starts_with("late-")
    };
    let asked = report.lines().filter(|line| line.split_whitespace().next().is_some_and(is_asked));
    let later: u64 = asked.filter_map(brotli).sum();
    let first = all - rest - later;
    println!("{first} bytes of brotli until the page can be used; more than {BUDGET} fails");
    println!("{all} bytes of brotli in all; more than {CEILING_OF_ALL} fails");
    for (bytes, ceiling) in [(first, BUDGET), (all, CEILING_OF_ALL)] {
        if bytes > ceiling {
            return Err(Failure::new(format!("the site is {} bytes over its ceiling", bytes - ceiling)));
        }
    }
    Ok(())
}
