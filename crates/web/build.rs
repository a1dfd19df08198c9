//! The released module keeps its relocations: they say which data refers to which, so that `cargo xtask dist` can tell what
//! data the first part of the page needs (`crates/xtask/js/data.mjs`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ARCH", "wasm32") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
