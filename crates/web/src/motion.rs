//! Whether things travel: the reader's choice, else the system's. Without travel a message is a lit rail with a mark.

const KEY: &str = "kafkasim.motion";

/// Whether motion is reduced at the start: `?motion=`, else the stored choice, else the system's.
pub(crate) fn initial() -> bool {
    let system = || crate::theme::asks("(prefers-reduced-motion: reduce)");
    match crate::theme::choice("motion", KEY).as_deref() {
        Some("reduced") => true,
        Some("full") => false,
        _ => system(),
    }
}

/// Puts a choice on the page.
pub(crate) fn apply(is_reduced: bool) {
    crate::theme::mark("data-motion", if is_reduced { "reduced" } else { "full" });
}

/// Remembers it.
pub(crate) fn remember(is_reduced: bool) {
    crate::theme::store(KEY, if is_reduced { "reduced" } else { "full" });
}
