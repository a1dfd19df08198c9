//! `cargo xtask serve`: the page, built and served on this machine.

use lexopt::prelude::*;

use crate::shell::{Result, cmd};
use crate::{Task, tools};

pub(crate) const TASK: Task = Task {
    name: "serve",
    summary: "build the page and serve it on this machine, rebuilding when a file changes",
    options: &[
        ("--port <port>", "where to listen on 127.0.0.1 (8080)"),
        ("--open", "open it in the browser"),
        ("--release", "the small and fast build, as `dist` makes it; takes minutes"),
    ],
    run,
};

fn run(mut args: lexopt::Parser) -> Result<()> {
    let (mut port, mut open, mut release) = (8080u16, false, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("port") => port = args.value()?.parse()?,
            Long("open") => open = true,
            Long("release") => release = true,
            other => return Err(other.unexpected().into()),
        }
    }
    tools::wasm_target()?;
    tools::trunk()?;
    tools::wasm_bindgen()?;
    if release {
        tools::wasm_opt()?;
    }
    println!("Building the page; it will be at http://127.0.0.1:{port}/ — reload it after a rebuild, stop with Ctrl-C");
    // The page's policy forbids the inline script by which trunk reloads it.
    let mut command = cmd("trunk").words("serve --no-autoreload --address 127.0.0.1 --port").arg(port.to_string());
    for (wanted, flag) in [(open, "--open"), (release, "--release")] {
        if wanted {
            command = command.arg(flag);
        }
    }
    command.run()
}
