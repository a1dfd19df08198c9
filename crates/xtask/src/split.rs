//! The page's module in three parts: what an embedded page runs until it can be used, what a page of its own runs beside that,
//! and the rest, which comes while it is being used (`crates/xtask/js/split.mjs` says how). What runs first is not guessed: a
//! browser opens the page and notes it, down to the arms of an `if`; what a function that runs does not run is cut out of it.

use std::path::{Path, PathBuf};

use crate::shell::{Failure, Result, cmd, root, target_dir};
use crate::{browser, tools};

/// What rustc may use on wasm32, beyond the first version of WebAssembly. wasm-opt must be told, or it refuses.
const FEATURES: &str = "--mvp-features --enable-bulk-memory --enable-reference-types --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue";

/// How a file name says that an embedded page can do without it at first.
pub(crate) const NEXT: &str = "_next.wasm";
/// How a file name says that it can come later.
pub(crate) const REST: &str = "_rest.wasm";

/// Splits the module of the site in `site`, in place.
pub(crate) fn split(site: &Path) -> Result<()> {
    tools::playwright()?;
    tools::esbuild()?;

    let module = module_of(site)?;
    let work = target_dir().join("split");
    std::fs::create_dir_all(&work).map_err(|e| Failure::new(format!("{}: {e}", work.display())))?;
    let file = |name: &str| work.join(name);
    let js = |script: &str| cmd("node").arg(root().join("crates/xtask/js").join(script));
    let linked = target_dir().join("wasm32-unknown-unknown/web/web.wasm");

    js("memory.mjs").arg(&module).arg(&module).run()?;
    let [usable, first, next, rest] = ["usable.wasm", "first.wasm", "next.wasm", "rest.wasm"].map(file);
    let [marked, ran, cold, absent] = ["marked.wasm", "ran.json", "cold.json", "absent.bin"].map(file);
    // What all visitors need first, then of that what those of an embedded page do.
    for (whole, early, late, is_again) in [(&module, &usable, &rest, false), (&usable, &first, &next, true)] {
        js("split.mjs").words("mark").arg(whole).arg(&marked).run()?;
        let look = js("ran.mjs").arg(site).arg(whole).arg(&marked).arg(&ran);
        browser::env(if is_again { look.arg(&rest) } else { look })?.run()?;
        let part = js("split.mjs").words("split").arg(whole).arg(&ran).arg(&linked).arg(early).arg(late).arg(&cold);
        if is_again { part.words("n").arg(&absent) } else { part }.run()?;
    }
    for part in [&first, &next, &rest] {
        let options = "-Oz --low-memory-unused --skip-pass=memory-packing";
        cmd("wasm-opt").words(FEATURES).words(options).arg(part).words("-o").arg(part).run()?;
    }
    js("finish.mjs").arg(site).arg(&module).arg(&first).arg(&next).arg(&rest).arg(&absent).run()
}

fn module_of(site: &Path) -> Result<PathBuf> {
    let files = std::fs::read_dir(site).map_err(|e| Failure::new(format!("{}: {e}", site.display())))?;
    let is_module = |file: &PathBuf| file.to_string_lossy().ends_with("_bg.wasm");
    let module = files.flatten().map(|file| file.path()).find(is_module);
    module.ok_or_else(|| Failure::new(format!("{} holds no module", site.display())))
}
