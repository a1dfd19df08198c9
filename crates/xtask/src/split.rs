//! The page's module in two parts: what runs until the page can be used, and the rest, which comes while it is being used
//! (`crates/xtask/js/split.mjs` says how). What runs first is not guessed: a browser opens the page and notes it, down to the
//! arms of an `if`; what a function that runs does not run is cut out of it.

use std::path::{Path, PathBuf};

use crate::shell::{Failure, Result, cmd, root, target_dir};
use crate::{browser, tools};

/// What rustc may use on wasm32, beyond the first version of WebAssembly. wasm-opt must be told, or it refuses.
const FEATURES: &str = "--mvp-features --enable-bulk-memory --enable-reference-types --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue";

/// How a file name says that it can come later.
pub(crate) const REST: &str = "_rest.wasm";

/// Splits the module of the site in `site`, in place.
pub(crate) fn split(site: &Path) -> Result<()> {
    tools::playwright()?;
    tools::esbuild()?;

    let module = module_of(site)?;
    let work = target_dir().join("split");
    std::fs::create_dir_all(&work).map_err(|e| Failure::new(format!("{}: {e}", work.display())))?;
    let [marked, ran, first, rest] = ["marked.wasm", "ran.json", "first.wasm", "rest.wasm"].map(|name| work.join(name));
    let js = |script: &str| cmd("node").arg(root().join("crates/xtask/js").join(script));

    js("memory.mjs").arg(&module).arg(&module).run()?;
    js("split.mjs").words("mark").arg(&module).arg(&marked).run()?;
    browser::env(js("ran.mjs").arg(site).arg(&module).arg(&marked).arg(&ran))?.run()?;
    let linked = target_dir().join("wasm32-unknown-unknown/web/web.wasm");
    js("split.mjs").words("split").arg(&module).arg(&ran).arg(linked).arg(&first).arg(&rest).run()?;
    for part in [&first, &rest] {
        cmd("wasm-opt")
            .words(FEATURES)
            .words("-Oz --low-memory-unused --skip-pass=memory-packing")
            .arg(part)
            .words("-o")
            .arg(part)
            .run()?;
    }
    js("finish.mjs").arg(site).arg(&module).arg(&first).arg(&rest).run()
}

fn module_of(site: &Path) -> Result<PathBuf> {
    let files = std::fs::read_dir(site).map_err(|e| Failure::new(format!("{}: {e}", site.display())))?;
    let is_module = |file: &PathBuf| file.to_string_lossy().ends_with("_bg.wasm");
    let module = files.flatten().map(|file| file.path()).find(is_module);
    module.ok_or_else(|| Failure::new(format!("{} holds no module", site.display())))
}
