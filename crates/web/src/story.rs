//! The story: what happened, in words, in order. Each line leads to its moment. It is also the view for those who do
//! not see the stage.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::bridge::{Bridge, Frame};
use crate::format;
use crate::tell;
use crate::words::{plural, t};

/// Lines drawn; older ones are counted.
const LINES_MAX: usize = 250;

#[derive(Properties, PartialEq)]
pub(crate) struct StoryProps {
    pub(crate) frame: Rc<Frame>,
    pub(crate) bridge: Bridge,
}

/// The list.
#[component]
pub(crate) fn Story(props: &StoryProps) -> Html {
    let frame = &props.frame;
    let all = &frame.story;
    let now = frame.picture.now_ns;
    let current = all.iter().rposition(|e| e.at_ns <= now);
    // Show the neighbourhood of the playhead.
    let end = current.map_or(0, |c| c + 1).saturating_add(LINES_MAX / 4).min(all.len());
    let start = end.saturating_sub(LINES_MAX);
    let root = use_node_ref();
    {
        let root = root.clone();
        use_effect_with(current, move |_| {
            let pane = root.cast::<HtmlElement>();
            if let (Some(pane), Some(line)) =
                (&pane, pane.as_ref().and_then(|p| p.query_selector(".now").ok().flatten()))
            {
                let (p, l) = (pane.get_bounding_client_rect(), line.get_bounding_client_rect());
                if l.bottom() > p.bottom() || l.top() < p.top() {
                    pane.set_scroll_top(pane.scroll_top() + (l.top() - p.top() - p.height() * 0.7) as i32);
                }
            }
        });
    }
    let note =
        if start > 0 { tell!("{} earlier", plural(start as u64, "{} event", "{} events")) } else { String::new() };
    html! {
        <div ref={root} class="pane story" tabindex="0" aria-label={t("Events")}>
            <p class="empty vh">{ note }</p>
            <div role="log" aria-live="off"><ol>
                { for all[start..end].iter().enumerate().map(|(i, e)| {
                    let (bridge, at) = (props.bridge.clone(), e.at_ns);
                    let onclick = Callback::from(move |_: MouseEvent| bridge.seek(at));
                    let class = classes!(
                        format!("l{}", e.level),
                        (Some(start + i) == current).then_some("now"),
                        (e.at_ns > now).then_some("ahead"),
                    );
                    html! {
                        <li key={start + i}><button {class} {onclick}>
                            <time>{ brief(e.at_ns) }</time>
                            <i aria-hidden="true">{ e.glyph }</i><span>{ crate::words::say(&e.text) }</span>
                        </button></li>
                    }
                }) }
            </ol></div>
        </div>
    }
}

/// `12.481`, or `1:02.481` after a minute.
fn brief(at_ns: u64) -> String {
    let clock = format::clock(at_ns);
    clock.strip_prefix("00:").or(clock.strip_prefix('0')).unwrap_or(&clock).to_owned()
}
