//! Runs whose digests must be equal on every host: natively in debug and release builds, in Node, in a browser.

use std::fmt::Write as _;

use crate::{engine, ring};

/// One run a line: its name and its digest.
pub fn digests() -> String {
    let mut text = String::new();
    for (name, digest) in runs() {
        let _ = writeln!(text, "{name} {digest:016x}");
    }
    text
}

fn runs() -> Vec<(String, u64)> {
    let rings = [3, 40].map(|nodes| (format!("ring of {nodes}"), ring::Ring::new(nodes).digest_after(20)));
    let clusters = [(1, 1), (3, 3)].map(|(brokers, controllers)| {
        (format!("{brokers} idle brokers, {controllers} controllers"), engine::idle_digest(brokers, controllers))
    });
    rings.into_iter().chain(clusters).collect()
}
