//! The subcommands, one file each. Each gives the exit code, or a message about wrong input.

pub(crate) mod list;
mod measure;
pub(crate) mod partition;
pub(crate) mod place;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod sweep;
pub(crate) mod test;

/// The exit code, or what is wrong with the input.
pub(crate) type Exit = Result<u8, String>;
