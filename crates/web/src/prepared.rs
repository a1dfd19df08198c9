//! Free play is the same run for every visitor, so the released page need not boot its cluster again: `cargo xtask dist` calls
//! `prepare` and keeps the module's memory as it is then (`crates/xtask/js/memory.mjs`). The code that boots can come later,
//! and what remains of the boot is its result, made by that very code. Any other run boots in the page.

use std::cell::RefCell;

use crate::engine::Engine;

thread_local! {
    static READY: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Boots the cluster of free play and keeps it.
pub(crate) fn prepare() {
    let engine = Engine::prepared().expect("free play is a scenario");
    READY.with(|ready| *ready.borrow_mut() = Some(engine));
}

/// What was prepared, once.
pub(crate) fn take() -> Option<Engine> {
    READY.with(|ready| ready.borrow_mut().take())
}
