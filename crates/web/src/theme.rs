//! Light or dark: the reader's choice, else the system's. Storage may be forbidden (private windows, embeds): then
//! the choice lasts as long as the page.

use crate::dom;

const KEY: &str = "kafkasim.theme";
/// The event by which the page around asks for a theme, for as long as the page lasts.
pub(crate) const EVENT: &str = "kafkasim:theme";

fn storage() -> Option<web_sys::Storage> {
    dom::window()?.local_storage().ok()?
}

/// What the address asks for, else what was stored.
pub(crate) fn choice(parameter: &str, key: &str) -> Option<String> {
    let search = dom::window().and_then(|w| w.location().search().ok()).unwrap_or_default();
    let name = format!("{parameter}=");
    let asked = search.trim_start_matches('?').split('&').find_map(|p| p.strip_prefix(&name).map(str::to_owned));
    asked.or_else(|| stored(key))
}

/// What was stored.
pub(crate) fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Whether the system asks for something.
pub(crate) fn asks(query: &str) -> bool {
    dom::window().and_then(|w| w.match_media(query).ok().flatten()).is_some_and(|q| q.matches())
}

/// Sets an attribute of the page's root.
pub(crate) fn mark(name: &str, value: &str) {
    if let Some(root) = dom::window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        let _ = root.set_attribute(name, value);
    }
}

/// Remembers a choice.
pub(crate) fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// The theme to start with: `?theme=`, else the stored one, else the system's. `contrast` gives either of them more of it.
pub(crate) fn initial() -> &'static str {
    match choice("theme", KEY).as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        Some("contrast") => {
            mark("data-contrast", "more");
            system()
        }
        _ => system(),
    }
}

fn system() -> &'static str {
    match () {
        () if asks("(prefers-color-scheme: light)") => "light",
        () => "dark",
    }
}

/// Puts a theme on the page.
pub(crate) fn apply(theme: &str) {
    mark("data-theme", theme);
}

/// Remembers a theme.
pub(crate) fn remember(theme: &str) {
    store(KEY, theme);
}
