//! Plays every golden script of `scripts/` and every bundled lesson: the file's name is a claim, its checks prove it.
//! Each is played twice, and both runs must end with the same digest.

use std::path::Path;

use lessons::{BUNDLED, Lesson, play};

/// Plays one file twice; says what is wrong.
fn twice(name: &str, text: &str) -> Result<(), String> {
    let lesson = Lesson::parse(text).map_err(|error| format!("{name}: {error}"))?;
    let mut digests = Vec::new();
    for _ in 0..2 {
        let outcome = play(&lesson, |_, _| {}).map_err(|failure| format!("{name}: {failure}"))?;
        digests.push(outcome.lab.digest());
        let link = outcome.lab.link();
        let saved = lab::Saved::unpack(&link).map_err(|error| format!("{name}: {error}"))?;
        let replayed = lab::Lab::replay(&saved).map_err(|error| format!("{name}: its own link: {error}"))?;
        digests.push(replayed.digest());
    }
    digests.dedup();
    match digests.len() {
        1 => Ok(()),
        _ => Err(format!("{name}: runs and replays ended with different digests: {digests:x?}")),
    }
}

#[test]
fn every_golden_script_proves_its_claim() {
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
    let folder = Path::new(&package).join("scripts");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of scripts is there") {
        let path = entry.expect("its entries can be read").path();
        let text = std::fs::read_to_string(&path).expect("a script can be read");
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        count += 1;
        wrong.extend(twice(&name, &text).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 5, "only {count} scripts were found");
}

#[test]
fn every_bundled_lesson_plays_and_replays_from_its_link() {
    let wrong: Vec<String> = BUNDLED.iter().filter_map(|(name, text)| twice(name, text).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
