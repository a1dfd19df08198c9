//! The engine in wasm, run by wasm-bindgen's own test runner: the golden values of native runs, and whole lessons.
#![cfg(target_arch = "wasm32")]

use kernel::Rng;
use lab::{Duration, Lab, Scenario};
use lessons::{BUNDLED, Lesson, play};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn random_streams_are_those_of_native_runs() {
    let mut rng = Rng::new(7, 1, 2);
    let drawn: Vec<u64> = (0..6).map(|_| rng.below(1000)).collect();
    assert_eq!(drawn, [761, 783, 528, 802, 69, 302]);
}

#[wasm_bindgen_test]
fn every_bundled_lesson_plays_and_replays_from_its_link() {
    for (name, text) in BUNDLED {
        let lesson = Lesson::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let outcome = play(&lesson, |_, _| {}).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let saved = lab::Saved::unpack(&outcome.lab.link()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let replayed = Lab::replay(&saved).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(replayed.digest(), outcome.lab.digest(), "{name}");
    }
}

#[wasm_bindgen_test]
fn an_idle_cluster_runs_for_an_hour() {
    let mut lab = Lab::new(&Scenario::default()).expect("the default scenario can be built");
    lab.run_for(Duration::from_secs(3600));
    assert_eq!(lab.violation(), None);
}
