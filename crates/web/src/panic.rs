//! A fault of the engine, or a broken invariant, stops the clock and says so, with a link that replays the run; it never
//! leaves a blank page. The screen itself is www/boot.js, because nothing here runs after a panic.

use std::cell::RefCell;

use wasm_bindgen::JsValue;

thread_local! {
    static LINK: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the link of the run as it is before the next act.
pub(crate) fn save_link(link: String) {
    LINK.with(|l| *l.borrow_mut() = link);
}

/// Reports panics to the page.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let link = LINK.with(|l| l.borrow().clone());
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
    if let (Some(window), Ok(event)) = (web_sys::window(), web_sys::CustomEvent::new_with_event_init_dict(kind, &init))
    {
        let _ = window.dispatch_event(&event);
    }
}
