//! The workloads for a host that runs wasm: Node or a browser.
#![cfg(target_arch = "wasm32")]

use kafkasim_tests::{Prepared, WORKLOADS};
use wasm_bindgen::prelude::wasm_bindgen;

/// The names of the workloads.
#[wasm_bindgen]
pub fn workloads() -> Vec<String> {
    WORKLOADS.iter().map(|workload| workload.id.to_string()).collect()
}

/// A workload that is ready to run.
#[wasm_bindgen]
pub struct Run(Prepared);

#[wasm_bindgen]
impl Run {
    /// Makes workload number `at` ready.
    #[wasm_bindgen(constructor)]
    pub fn new(at: usize) -> Run {
        Run((WORKLOADS[at].prepare)())
    }
    /// Runs it; what it did, as text.
    pub fn run(self) -> String {
        self.0.run().to_string()
    }
}

/// The digests of the runs that must be equal everywhere.
#[wasm_bindgen]
pub fn digests() -> String {
    kafkasim_tests::digests()
}
