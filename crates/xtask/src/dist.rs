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
/// The same of an embedded page, which plays free play with a timeline and terminals.
const BUDGET_OF_EMBED: u64 = 200_000;
/// The same of an embedded page that opens a lesson: what is reached.
const BUDGET_OF_LESSON: u64 = 504_000;
/// What all files may weigh today, those too that are loaded later.
const CEILING_OF_ALL: u64 = 1_172_000;

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
    let trunk = cmd("trunk").words("build --release --public-url ./ --dist").arg(root().join(out));
    trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", without_paths()?).run()?;
    split::split(&root().join(out))
}

/// Flags of rustc that leave out where this machine keeps the sources of dependencies: panics name them by their crates. So the page weighs
/// less, and tells nothing of who built it.
fn without_paths() -> Result<String> {
    cmd("cargo").words("fetch --locked --target wasm32-unknown-unknown").run()?;
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let sources =
        sources.into_iter().flatten().filter_map(|entry| entry.ok()?.path().into_os_string().into_string().ok());
    let mut sources: Vec<String> = sources.filter(|path| !path.contains([' ', '='])).collect();
    sources.sort();
    Ok(sources.iter().map(|path| format!("--remap-path-prefix={path}/=")).collect::<Vec<_>>().join(" "))
}

/// Prints the size of every file of the site; fails if they are over a ceiling together.
pub(crate) fn check_size(out: &Path) -> Result<()> {
    tools::node()?;
    let script = root().join("crates/xtask/js/size.mjs");
    let report = cmd("node").arg(script).arg(out).output()?;
    print!("{report}");
    let brotli = |line: &str| line.split_whitespace().last()?.parse::<u64>().ok();
    let all = report.lines().last().and_then(brotli).ok_or_else(|| Failure::new("the size report has no total"))?;
    // What the files weigh together whose names are like this.
    let sum = |is_meant: &dyn Fn(&str) -> bool| -> u64 {
        let meant = report.lines().skip(1).filter(|line| line.split_whitespace().next().is_some_and(is_meant));
        meant.filter_map(brotli).sum()
    };
    // What comes behind: the last modules, and styles of views that one opens. Only a page around this one asks for some files,
    // a link to a file for one, and a reader of another language.
    let opens = |name: &str| name.ends_with(split::OPEN);
    let is_behind = |name: &str| opens(name) || name.ends_with(split::REST) || name.starts_with("late-");
    let is_asked = |name: &str| {
        matches!(name, "embed.js" | "inline.js" | "host.js" | "open.js" | "snapshot.js" | "fuzz.js")
            || name.starts_with("lang/")
    };
    // What an embedded page does without until it can be used. The element asks for it.
    let is_own = |name: &str| name.ends_with(split::NEXT) || name.starts_with("own-");
    let is_spared = |name: &str| is_own(name) || matches!(name, "sw.js" | "manifest.webmanifest");
    if [split::NEXT, split::OPEN, split::REST].iter().any(|part| sum(&|name| name.ends_with(part)) == 0) {
        return Err(Failure::new("the site is not in four parts"));
    }
    let first = sum(&|name| name != "total" && !is_behind(name) && !is_asked(name));
    let embed = first - sum(&is_spared) + sum(&|name| name == "embed.js");
    // Beside its lesson it has what a page of its own has.
    let lesson = embed + sum(&is_own) + sum(&opens);
    let rows = [
        (first, BUDGET, "until the page can be used"),
        (embed, BUDGET_OF_EMBED, "until an embedded page can be used"),
        (lesson, BUDGET_OF_LESSON, "until an embedded lesson can be used"),
        (all, CEILING_OF_ALL, "in all"),
    ];
    for (bytes, ceiling, what) in rows {
        println!("{bytes} bytes of brotli {what}; more than {ceiling} fails");
    }
    if let Some((bytes, ceiling, _)) = rows.into_iter().find(|(bytes, ceiling, _)| bytes > ceiling) {
        return Err(Failure::new(format!("the site is {} bytes over its ceiling", bytes - ceiling)));
    }
    Ok(())
}
