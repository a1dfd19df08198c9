//! Light or dark: the reader's choice, else the system's. Storage may be forbidden (private windows, embeds): then
//! the choice lasts as long as the page.

const KEY: &str = "kafkasim.theme";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The theme to start with: `?theme=`, else the stored one, else the system's.
pub(crate) fn initial() -> &'static str {
    let window = web_sys::window();
    let search = window.as_ref().and_then(|w| w.location().search().ok()).unwrap_or_default();
    let asked = search.trim_start_matches('?').split('&').find_map(|p| p.strip_prefix("theme=").map(str::to_owned));
    let stored = || storage().and_then(|s| s.get_item(KEY).ok().flatten());
    let system = || {
        let query = window.as_ref().and_then(|w| w.match_media("(prefers-color-scheme: light)").ok().flatten());
        query.is_some_and(|q| q.matches())
    };
    match asked.or_else(stored).as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        _ if system() => "light",
        _ => "dark",
    }
}

/// Puts a theme on the page.
pub(crate) fn apply(theme: &str) {
    if let Some(root) = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Remembers a choice.
pub(crate) fn remember(theme: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(KEY, theme);
    }
}
