//! The workloads for a host that runs wasm: Node or a browser.
#![cfg(target_arch = "wasm32")]

use kafkasim_tests::{Run, WORKLOADS};
use wasm_bindgen::prelude::wasm_bindgen;

/// The names of the workloads.
#[wasm_bindgen]
pub fn workloads() -> Vec<String> {
    WORKLOADS.iter().map(|workload| workload.id.to_string()).collect()
}

/// A workload that is ready to run.
#[wasm_bindgen]
pub struct Running(Box<dyn Run>);

#[wasm_bindgen]
impl Running {
    /// Makes workload number `at` ready.
    #[wasm_bindgen(constructor)]
    pub fn new(at: usize) -> Running {
        Running((WORKLOADS[at].prepare)())
    }
    /// How many parts it has.
    pub fn parts(&self) -> u32 {
        self.0.parts()
    }
    /// Runs a part.
    pub fn run(&mut self, n: u32) {
        self.0.run(n);
    }
    /// What all of it did, as text.
    pub fn measured(&self) -> String {
        self.0.measured().to_string()
    }
}

/// The digests of the runs that must be equal everywhere.
#[wasm_bindgen]
pub fn digests() -> String {
    kafkasim_tests::digests()
}
