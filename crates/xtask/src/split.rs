//! The page's module in four parts: what an embedded page runs until it can be used, what a page of its own runs beside that, what
//! opens a lesson, a link or a file, and the rest, which comes while it is being used (`crates/xtask/js/split.mjs` says how). What
//! runs first is not guessed: a browser opens the page and notes it, down to the arms of an `if`; what a function that runs does
//! not run is cut out of it.

use std::path::{Path, PathBuf};

use crate::shell::{Failure, Result, cmd, root, target_dir};
use crate::{browser, tools};

/// What rustc may use on wasm32, beyond the first version of WebAssembly. wasm-opt must be told, or it refuses.
const FEATURES: &str = "--mvp-features --enable-bulk-memory --enable-reference-types --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue";

/// How a file name says that an embedded page can do without it at first.
pub(crate) const NEXT: &str = "_next.wasm";
/// How a file name says that only who opens a lesson, a link or a file needs it at first.
pub(crate) const OPEN: &str = "_open.wasm";
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
    let [cut, usable, first, next, open, rest] =
        ["cut.wasm", "usable.wasm", "first.wasm", "next.wasm", "open.wasm", "rest.wasm"].map(file);
    let [marked, hot, ran, state, absent] =
        ["marked.wasm", "hot.json", "ran.json", "state.json", "absent.bin"].map(file);
    let given = |name: &str, file: &Path| format!("{name}={}", file.display());
    // Which stretches of a module run in visits of some kinds, when some parts were split off.
    let look = |module: &Path, kinds: &str, later: &[String]| {
        js("split.mjs").words("mark").arg(module).arg(&marked).run()?;
        let look = js("ran.mjs").arg(site).arg(module).arg(&marked).arg(&ran).arg(kinds);
        browser::env(later.iter().fold(look, |look, part| look.arg(part)))?.run()
    };
    let task = |name: &str, module: &Path| js("split.mjs").words(name).arg(module);

    // What all visitors need first; of the others, what those who open a lesson, a link or a file need.
    look(&module, "page,embed", &[])?;
    task("cut", &module).arg(&ran).arg(&cut).arg(&hot).run()?;
    look(&cut, "open", &[])?;
    let halve = |module: &Path, early: &Path, late: &Path| {
        task("split", module).arg(&hot).arg(&linked).arg(early).arg(late).arg(&state)
    };
    halve(&cut, &usable, &rest).words("open").arg(&ran).arg(&open).run()?;
    // Of what all need, what those of an embedded page do.
    look(&usable, "embed", &[given("open", &open), given("rest", &rest)])?;
    task("cut", &usable).arg(&ran).arg(&cut).arg(&hot).run()?;
    halve(&cut, &first, &next).words("next").arg(&absent).run()?;
    for part in [&first, &next, &open, &rest] {
        let options = "-Oz --low-memory-unused --skip-pass=memory-packing";
        cmd("wasm-opt").words(FEATURES).words(options).arg(part).words("-o").arg(part).run()?;
    }
    js("finish.mjs").arg(site).arg(&module).arg(&first).arg(&next).arg(&open).arg(&rest).arg(&absent).run()
}

fn module_of(site: &Path) -> Result<PathBuf> {
    let files = std::fs::read_dir(site).map_err(|e| Failure::new(format!("{}: {e}", site.display())))?;
    let is_module = |file: &PathBuf| file.to_string_lossy().ends_with("_bg.wasm");
    let module = files.flatten().map(|file| file.path()).find(is_module);
    module.ok_or_else(|| Failure::new(format!("{} holds no module", site.display())))
}
