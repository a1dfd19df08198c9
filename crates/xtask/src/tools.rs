//! The tools beyond cargo, and how each is got: found on the machine if the version is right, else installed into
//! `target/tools`, so that nothing the machine has is replaced. One that cannot be got is an error with the command
//! that would install it.

use crate::shell::{Cmd, Failure, Result, cmd, read, root, tools_dir, which};

const TRUNK: &str = "0.21.14";
const BINARYEN: &str = "132.0.0";
const PLAYWRIGHT: &str = "1.65.1";
const AXE: &str = "4.14.1";
const FFLATE: &str = "0.8.3";
const ESBUILD: &str = "0.28.2";

/// The wasm32 target of the Rust in use.
pub(crate) fn wasm_target() -> Result<()> {
    const NAME: &str = "wasm32-unknown-unknown";
    let sysroot = cmd("rustc").words("--print sysroot").output()?;
    let there = std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(NAME).is_dir();
    if there { Ok(()) } else { install("the wasm32 target", &cmd("rustup").words("target add").arg(NAME)) }
}

/// trunk, which builds and serves the page.
pub(crate) fn trunk() -> Result<()> {
    if version("trunk").as_deref() == Some(TRUNK) {
        return Ok(());
    }
    cargo_install(&format!("trunk {TRUNK}"), &format!("trunk --version {TRUNK} --locked --debug"))
}

/// wasm-bindgen and its test runner, of exactly the version that the page is linked with.
pub(crate) fn wasm_bindgen() -> Result<()> {
    let wanted = locked_version("wasm-bindgen")?;
    let right = |program| version(program).as_deref() == Some(wanted.as_str());
    if right("wasm-bindgen") && right("wasm-bindgen-test-runner") {
        return Ok(());
    }
    // Without --locked: the lock file of the tool may name versions that are gone from an index.
    cargo_install(&format!("wasm-bindgen {wanted}"), &format!("wasm-bindgen-cli --version {wanted} --debug"))
}

/// wasm-opt, which makes the released page smaller. Not the one of a Linux distribution: those are too old.
pub(crate) fn wasm_opt() -> Result<()> {
    let major = |v: &str| v.split(['.', ' ']).next().and_then(|n| n.parse::<u32>().ok());
    if version("wasm-opt").as_deref().and_then(major) >= major(BINARYEN) {
        return Ok(());
    }
    npm_install("wasm-opt", &[("binaryen", BINARYEN)])
}

/// The driver of the browser tests and the accessibility checker. The browser itself is [`crate::browser::find`]'s.
pub(crate) fn playwright() -> Result<()> {
    let there = |package: &str| tools_dir().join("node_modules").join(package).is_dir();
    if there("playwright-core") && there("axe-core") {
        return Ok(());
    }
    npm_install("playwright-core and axe-core", &[("playwright-core", PLAYWRIGHT), ("axe-core", AXE)])
}

/// What writes zip files.
pub(crate) fn fflate() -> Result<()> {
    if tools_dir().join("node_modules/fflate").is_dir() {
        return Ok(());
    }
    npm_install("fflate", &[("fflate", FFLATE)])
}

/// What takes comments and blanks out of scripts and styles.
pub(crate) fn esbuild() -> Result<()> {
    if version("esbuild").as_deref() == Some(ESBUILD) {
        return Ok(());
    }
    npm_install("esbuild", &[("esbuild", ESBUILD)])
}

/// Node.js, which runs wasm outside a browser and measures the site.
pub(crate) fn node() -> Result<()> {
    if which("node").is_some() && which("npm").is_some() {
        return Ok(());
    }
    Err(Failure::new("Node.js with npm is missing; install it with: apt-get install nodejs npm"))
}

/// The version of a crate in Cargo.lock.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let lock = read(root().join("Cargo.lock"))?;
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(String::from).ok_or_else(|| Failure::new(format!("Cargo.lock has no {package}")))
}

/// The version that `program --version` prints: its second word (`wasm-opt version 132` has it third).
fn version(program: &str) -> Option<String> {
    which(program)?;
    let text = cmd(program).arg("--version").output().ok()?;
    text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(String::from)
}

fn cargo_install(what: &str, words: &str) -> Result<()> {
    let tools = tools_dir();
    let command = cmd("cargo").arg("install").words(words).arg("--root").arg(&tools);
    let result = install(what, &command.arg("--target-dir").arg(tools.join("build")));
    let _ = std::fs::remove_dir_all(tools.join("build"));
    result
}

fn npm_install(what: &str, packages: &[(&str, &str)]) -> Result<()> {
    node()?;
    let command =
        cmd("npm").words("install --no-save --no-package-lock --no-audit --no-fund --prefix").arg(tools_dir());
    // npm removes what it was not asked for, so ask for all that is there already.
    let all = [
        ("binaryen", BINARYEN),
        ("playwright-core", PLAYWRIGHT),
        ("axe-core", AXE),
        ("fflate", FFLATE),
        ("esbuild", ESBUILD),
    ];
    let kept = all.iter().filter(|(name, _)| tools_dir().join("node_modules").join(name).is_dir());
    let mut wanted: Vec<_> = packages.iter().chain(kept).map(|(name, version)| format!("{name}@{version}")).collect();
    wanted.sort();
    wanted.dedup();
    install(what, &wanted.iter().fold(command, |command, package| command.arg(package)))
}

fn install(what: &str, command: &Cmd) -> Result<()> {
    println!("Installing {what}; this can take some minutes …");
    let failed = |why| {
        Failure::new(format!("{what} is missing and cannot be installed: {why}\nThe command is: {}", command.line()))
    };
    command.run().map_err(failed)
}
