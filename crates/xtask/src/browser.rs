//! The browser for tests.

use std::path::PathBuf;

use crate::shell::{Cmd, Failure, Result, tools_dir, which};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser: `$CHROME`, or the first of the usual names on the search path.
pub(crate) fn find() -> Result<PathBuf> {
    match std::env::var_os("CHROME") {
        Some(file) if which(&file.to_string_lossy()).is_some() || PathBuf::from(&file).is_file() => Ok(file.into()),
        Some(file) => Err(Failure::new(format!("CHROME is {}, which is not there", file.to_string_lossy()))),
        None => NAMES.into_iter().find_map(which).ok_or_else(|| {
            Failure::new("Chromium is missing; install it with: apt-get install chromium (or set CHROME to a browser)")
        }),
    }
}

/// Tells a script of `tests/js/` where the browser and its driver are.
pub(crate) fn env(command: Cmd) -> Result<Cmd> {
    Ok(command.env("CHROME", find()?).env("KAFKASIM_TOOLS", tools_dir()))
}
