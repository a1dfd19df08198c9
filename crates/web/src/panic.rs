//! A fault of the engine, or a broken invariant, stops the clock and says so, with a link that replays the run; it never
//! leaves a blank page. The screen itself is www/start.js, because nothing here runs after a panic.

use std::cell::RefCell;

use lab::Place;
use wasm_bindgen::JsValue;

use crate::dom;

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Keeps where the run stands before the next act, for the link.
pub(crate) fn save(place: Place) {
    PLACE.with(|kept| *kept.borrow_mut() = Some(place));
}

/// Reports panics to the page.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let place = PLACE.with(|kept| kept.try_borrow_mut().ok().and_then(|mut kept| kept.take()));
        let link = place.map_or(String::new(), |place| format!("#{}", place.save().pack()));
        report("kafkasim:panic", &info.to_string(), &link);
    }));
}

/// Reports a broken invariant. The engine stands still and can still be looked at.
pub(crate) fn violated(text: &str, link: &str) {
    report("kafkasim:violation", text, link);
}

fn report(kind: &str, text: &str, link: &str) {
    let detail = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&detail, &"text".into(), &text.into());
    let _ = js_sys::Reflect::set(&detail, &"link".into(), &link.into());
    let init = web_sys::CustomEventInit::new();
    init.set_detail(&JsValue::from(detail));
    if let (Some(window), Ok(event)) = (dom::window(), web_sys::CustomEvent::new_with_event_init_dict(kind, &init)) {
        let _ = window.dispatch_event(&event);
    }
}
