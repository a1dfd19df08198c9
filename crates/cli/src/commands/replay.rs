//! `kafkasim replay LINK`: the run a link holds.

use std::path::Path;
use std::time::Instant;

use lab::{Lab, ReplayError, Saved};

use super::Exit;
use super::run::summary;
use crate::input::read;

/// Arguments of `replay`.
#[derive(clap::Args)]
pub(crate) struct Replay {
    /// A share link, with or without its address, or a file that holds one.
    link: String,
    /// Shows the run even if its digest differs from the link's.
    #[arg(long)]
    anyway: bool,
    /// Prints the digest alone.
    #[arg(long)]
    digest: bool,
}

impl Replay {
    pub(crate) fn act(self) -> Exit {
        let text = match Path::new(&self.link).is_file() {
            true => read(Path::new(&self.link))?,
            false => self.link.clone(),
        };
        let saved = Saved::unpack(&text).map_err(|error| error.to_string())?;
        let began = Instant::now();
        let (lab, code) = match Lab::replay(&saved) {
            Ok(lab) => (lab, 0),
            Err(ReplayError::Digest { lab, wanted, got, engine }) if self.anyway => {
                eprintln!("kafkasim: the digest is {got} and not {wanted}; the link is of kafkasim {engine}");
                (*lab, 1)
            }
            Err(error) => return Err(error.to_string()),
        };
        if self.digest {
            println!("{:016x}", lab.digest());
        } else {
            summary(&lab, began.elapsed());
        }
        Ok(code)
    }
}
