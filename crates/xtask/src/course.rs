//! `cargo xtask scorm` and `cargo xtask cmi5`: a lesson as a package for learning platforms (SCORM 1.2, which SCORM 2004
//! platforms take as well, or cmi5).
//!
//! The package is the whole static site with a page in front that speaks with the platform: complete when every goal of the
//! lesson is met, and the run kept there as a link, so that one can leave and come back.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::dist;
use crate::shell::{Failure, Result, cmd, read, root, target_dir, tools_dir};
use crate::{Task, tools};

const OPTIONS: &[(&str, &str)] = &[
    ("--lesson <id>", "which lesson: a file of crates/lessons/lessons, without .md"),
    ("--out <file>", "where to put it (ID.zip)"),
    ("--site <folder>", "a site that `dist` has made; else one is made now"),
];

pub(crate) const SCORM: Task = Task {
    name: "scorm",
    summary: "a lesson as a SCORM package for learning platforms",
    options: OPTIONS,
    run: |args| pack("scorm", args),
};

pub(crate) const CMI5: Task = Task {
    name: "cmi5",
    summary: "a lesson as a cmi5 package for learning platforms",
    options: OPTIONS,
    run: |args| pack("cmi5", args),
};

fn pack(kind: &str, mut args: lexopt::Parser) -> Result<()> {
    let (mut lesson, mut out, mut site) = (None, None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("lesson") => lesson = Some(args.value()?.string()?),
            Long("out") => out = Some(PathBuf::from(args.value()?)),
            Long("site") => site = Some(PathBuf::from(args.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(lesson) = lesson else {
        return Err(Failure::new(format!("which lesson? --lesson takes one of {}", lessons()?.join(", "))));
    };
    let title = title(&lesson)?;
    let out = out.unwrap_or_else(|| format!("{lesson}.zip").into());
    let site = match site {
        Some(site) if site.join("index.html").is_file() => site,
        Some(site) => {
            return Err(Failure::new(format!("{} holds no site; `cargo xtask dist` makes one", site.display())));
        }
        None => {
            let site = target_dir().join("site");
            dist::build(&site)?;
            site
        }
    };
    tools::node()?;
    tools::fflate()?;
    let script = root().join("crates/xtask/js/course.mjs");
    cmd("node")
        .arg(script)
        .arg(kind)
        .arg(site)
        .arg(&out)
        .arg(lesson)
        .arg(title)
        .env("KAFKASIM_TOOLS", tools_dir())
        .run()
}

/// The bundled lessons' ids.
fn lessons() -> Result<Vec<String>> {
    let folder = root().join("crates/lessons/lessons");
    let files = std::fs::read_dir(&folder).map_err(|e| Failure::new(format!("{}: {e}", folder.display())))?;
    let stem = |file: std::fs::DirEntry| Some(file.path().file_stem()?.to_str()?.to_owned());
    let mut ids: Vec<_> =
        files.flatten().filter(|f| f.path().extension().is_some_and(|e| e == "md")).filter_map(stem).collect();
    ids.sort();
    Ok(ids)
}

fn title(lesson: &str) -> Result<String> {
    let known = lessons()?;
    if !known.iter().any(|id| id == lesson) {
        return Err(Failure::new(format!("there is no lesson `{lesson}`; there are {}", known.join(", "))));
    }
    let text = read(root().join("crates/lessons/lessons").join(format!("{lesson}.md")))?;
    Ok(text.lines().find_map(|line| line.strip_prefix("title: ")).unwrap_or(lesson).to_owned())
}
