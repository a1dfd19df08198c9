//! The page. The engine sits behind [`bridge::Bridge`]; components take plain `view` structs and give back commands.
//! Nothing here decides what Kafka does.

mod allow;
mod announcer;
mod app;
mod author;
mod bookmarks;
mod bridge;
mod chart;
mod complete;
mod detail;
mod dom;
mod engine;
mod events;
mod files;
mod format;
mod free_play;
mod help;
mod host;
mod inspector;
mod keys;
mod lesson;
mod markdown;
mod motion;
mod options;
mod output;
mod overlay;
mod panic;
mod parts;
mod prepared;
mod progress;
mod rate;
mod sheet;
mod stage;
mod story;
mod terminal;
mod theme;
mod timeline;
mod ui;
mod views;
mod words;

use wasm_bindgen::prelude::wasm_bindgen;

/// Nothing: the loader (`www/start.js`) first arranges where the rest of the engine comes from, and then starts the page.
fn main() {}

/// What the release does for every page, once. Nothing of the browser is asked: there is none yet.
#[wasm_bindgen(js_name = prepare)]
pub fn prepare() {
    prepared::prepare();
}

/// Draws the page and boots its cluster, if that is not done yet. `window` is the browser's, or what stands for it.
#[wasm_bindgen(js_name = startPage)]
pub fn start_page(window: web_sys::Window) {
    dom::set_window(window);
    panic::install();
    words::begin();
    theme::apply(theme::initial());
    let root = dom::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id("app"));
    if let Some(root) = root {
        root.set_inner_html("");
        yew::Renderer::<app::App>::with_root(root).render();
        panic::install();
    }
}
