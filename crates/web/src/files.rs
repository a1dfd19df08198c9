//! Files of the reader's own: www/start.js asks for one, or hands one over, as the browser allows it.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use yew::Callback;

use crate::dom;
use crate::words::global;

/// A file that was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Opened {
    /// What was asked for.
    pub(crate) kind: String,
    /// Its text; or its size in bytes, if that is too much to read.
    pub(crate) text: Result<String, u64>,
}

/// Asks the reader for a file.
pub(crate) fn open(kind: &str, accept: &str) {
    call("kafkasimOpen", kind, accept);
}

/// Hands the reader a file.
pub(crate) fn save(name: &str, text: &str) {
    call("kafkasimSave", name, text);
}

fn call(function: &str, first: &str, second: &str) {
    if let Ok(function) = global(function).dyn_into::<js_sys::Function>() {
        let _ = function.call2(&wasm_bindgen::JsValue::UNDEFINED, &first.into(), &second.into());
    }
}

/// Tells of every file that is opened, as long as the listener lives.
pub(crate) fn listen(tell: Callback<Opened>) -> Option<EventListener> {
    let window = dom::window()?;
    let listener = EventListener::new(&window, "kafkasim:file", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::CustomEvent>() else { return };
        let get = |name: &str| js_sys::Reflect::get(&event.detail(), &name.into()).unwrap_or_default();
        let bytes = get("bytes").as_f64().unwrap_or(0.0) as u64;
        let kind = get("kind").as_string().unwrap_or_default();
        tell.emit(Opened { kind, text: get("text").as_string().ok_or(bytes) });
    });
    Some(listener)
}
