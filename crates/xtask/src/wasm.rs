//! The engine compiled to wasm as the page is, for hosts without a page: Node, and a bare document in Chromium.

use std::path::PathBuf;

use crate::shell::{Result, cmd, target_dir};
use crate::tools;

/// Who loads the module.
#[derive(Clone, Copy)]
pub(crate) enum Host {
    Node,
    Browser,
}

/// Compiles the workloads of `tests/` to wasm and returns the script that loads them.
pub(crate) fn build(host: Host) -> Result<PathBuf> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    cmd("cargo")
        .words("build --quiet -p kafkasim-tests --example engine_wasm --target wasm32-unknown-unknown --profile web")
        .run()?;
    let (target, folder) = match host {
        Host::Node => ("nodejs", "node"),
        Host::Browser => ("web", "browser"),
    };
    let out = target_dir().join("wasm").join(folder);
    let module = target_dir().join("wasm32-unknown-unknown/web/examples/engine_wasm.wasm");
    cmd("wasm-bindgen").words("--no-typescript --target").arg(target).arg("--out-dir").arg(&out).arg(module).run()?;
    Ok(out.join("engine_wasm.js"))
}
