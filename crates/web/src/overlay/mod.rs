//! The canvas over the stage: rails, messages in flight, cuts. It draws where virtual time says messages are and
//! never moves time itself.

mod layer;
mod paint;
mod route;
mod stamp;

use std::rc::Rc;

use ordered::SortedMap;
use view::{FlightView, MessageId, Picture};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, Path2d};

use crate::stage::faults::slowness;
use crate::words::{say, t};
use layer::Layer;
use paint::Palette;
use route::{Anchor, Kind, Pairs, Plan, Rail};
use stamp::Stamps;

/// How long a rail stays visible after its last message, ms of real time.
const RAIL_FADES_MS: f64 = 2_500.0;
/// In how many shades a rail fades.
const RAIL_SHADES: f64 = 20.0;
/// So long a crowd flies over the same drawing of them, ms of real time.
const BELOW_LASTS_MS: f64 = 250.0;
/// A message that would cross in less real time than this is not drawn as a dot but lights its rail.
const SHORTEST_FLIGHT_MS: f64 = 90.0;
/// A rail carries something.
const NOW: f64 = f64::INFINITY;
/// With more messages than this their marks are put together before the browser draws them, over rails that are drawn now and then.
const CROWD: usize = 400;
/// A lost message stays marked this long of virtual time, ns.
const GHOST_STAYS_NS: u64 = 6_000_000;

/// The overlay and what it has measured.
#[derive(Default)]
pub(crate) struct Overlay {
    canvas: Option<HtmlCanvasElement>,
    context: Option<CanvasRenderingContext2d>,
    tip: Option<HtmlElement>,
    /// Colours, and pixels of the screen to one of the page.
    look: (Palette, f64),
    stamps: Stamps,
    layer: Layer,
    plan: Plan,
    /// Boxes that words keep off.
    boxes: Vec<paint::Area>,
    /// What is written on the stage that messages' words keep off as well.
    said: Vec<paint::Area>,
    stale: bool,
    /// Nothing travels.
    is_still: bool,
    size: (f64, f64),
    /// When rails last carried something, ms of real time, or [`NOW`]: by lesser and greater name, then whether of the control plane.
    rails: Pairs<[Option<f64>; 2]>,
    /// Rails since the boxes were measured: by sender and receiver, then by [`way`]. None leads to a process that is not drawn.
    routes: Pairs<[Option<Option<Rc<Rail>>>; 4]>,
    /// What is known of the picture that is drawn.
    taken: Option<Taken>,
    /// How many were taken, and how often boxes had moved.
    takes: u64,
    plans: u64,
    /// Where each message was drawn last, for the pointer.
    drawn: Vec<(f64, f64, u64)>,
    pointer: Option<(f64, f64)>,
    tip_for: Option<u64>,
    /// The message that is looked into.
    chosen: Option<MessageId>,
    /// Messages that reached nobody, by the event of their arrival: when each was first drawn, ms of real time.
    ghosts: SortedMap<u64, f64>,
}

/// A picture, with the rail of each of its messages and the rails that they light, of the data and of the control plane.
struct Taken {
    picture: Rc<Picture>,
    rails: Vec<Option<Rc<Rail>>>,
    lit: [Option<Path2d>; 2],
}

/// What one frame needs to know.
pub(crate) struct Moment<'a> {
    pub(crate) picture: &'a Rc<Picture>,
    pub(crate) now_ns: u64,
    /// Real time, ms.
    pub(crate) wall_ms: f64,
    /// Virtual time per real time; 0 while paused.
    pub(crate) rate: f64,
}

impl Overlay {
    /// Takes a canvas to draw on, and the element that names what the pointer is over.
    pub(crate) fn attach(&mut self, canvas: HtmlCanvasElement, tip: Option<HtmlElement>) {
        self.context = canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into().ok());
        self.canvas = Some(canvas);
        self.tip = tip;
        self.stale = true;
    }

    /// The boxes may have moved, or the theme changed.
    pub(crate) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Whether things travel.
    pub(crate) fn set_still(&mut self, is_still: bool) {
        self.is_still = is_still;
        self.layer.clear();
    }

    /// The message that is looked into has a ring.
    pub(crate) fn choose(&mut self, chosen: Option<MessageId>) {
        self.chosen = chosen;
    }

    /// The message drawn at a place, in stage pixels.
    pub(crate) fn message_at(&self, at: (f64, f64)) -> Option<u64> {
        nearest(&self.drawn, at).map(|hit| hit.2)
    }

    /// The pointer is here, in stage pixels.
    pub(crate) fn point(&mut self, at: Option<(f64, f64)>) {
        self.pointer = at;
    }

    /// Whether something still fades.
    pub(crate) fn is_fading(&self, wall_ms: f64) -> bool {
        self.rails.values().flatten().flatten().chain(self.ghosts.values()).any(|last| wall_ms - last < RAIL_FADES_MS)
    }

    /// Draws a moment.
    pub(crate) fn draw(&mut self, moment: &Moment<'_>) {
        if self.stale {
            self.measure();
        }
        let Some(context) = self.context.clone() else { return };
        let dpr = device_pixels();
        let _ = context.set_transform(dpr, 0.0, 0.0, dpr, 0.0, 0.0);
        self.take(moment);
        let is_crowd = moment.picture.flights.len() > CROWD && self.begin_crowd(&context, moment);
        if !is_crowd {
            context.clear_rect(0.0, 0.0, self.size.0, self.size.1);
            self.draw_below(&context, moment);
        }
        self.draw_flights(&context, moment, is_crowd);
        self.draw_ghosts(&context, moment);
        self.show_tip(moment);
    }

    fn measure(&mut self) {
        let Some(canvas) = self.canvas.clone() else { return };
        let Some(stage) = canvas.parent_element() else { return };
        self.stale = false;
        let frame = stage.get_bounding_client_rect();
        let dpr = device_pixels();
        self.size = (frame.width(), frame.height());
        let (w, h) = ((frame.width() * dpr).round() as u32, (frame.height() * dpr).round() as u32);
        if canvas.width() != w || canvas.height() != h {
            canvas.set_width(w);
            canvas.set_height(h);
        }
        let look = (Palette::read(&stage), dpr);
        if look != self.look {
            self.look = look;
            self.stamps.clear();
            self.layer.clear();
        }
        let plan = survey(&stage, frame.left(), frame.top());
        if plan != self.plan {
            self.plan = plan;
            self.routes = Pairs::default();
            self.taken = None;
            self.plans += 1;
        }
        self.boxes = boxes(&stage, frame.left(), frame.top());
    }

    /// Finds the rails of a picture's messages, and lights them, once: names are not looked up each frame.
    fn take(&mut self, moment: &Moment<'_>) {
        let picture = moment.picture;
        if self.taken.as_ref().is_some_and(|taken| Rc::ptr_eq(&taken.picture, picture)) {
            return;
        }
        for last in self.rails.values_mut().flatten().filter(|last| **last == Some(NOW)) {
            *last = Some(moment.wall_ms);
        }
        let (routes, plan) = (&mut self.routes, &self.plan);
        let mut rail = |a: &str, b: &str, is_control: bool, is_response: bool| {
            let route = &mut routes.of(a, b)[way(is_control, is_response)];
            route.get_or_insert_with(|| plan.rail(a, b, is_control, is_response).map(Rc::new)).clone()
        };
        let mut rails = Vec::with_capacity(picture.flights.len());
        for flight in &picture.flights {
            let is_control = is_control(flight);
            let (a, b) = if flight.from < flight.to { (&flight.from, &flight.to) } else { (&flight.to, &flight.from) };
            self.rails.of(a, b)[usize::from(is_control)] = Some(NOW);
            rails.push(rail(&flight.from, &flight.to, is_control, flight.is_response));
        }
        let lit = [false, true].map(|is_control| {
            let lit = self.rails.iter().filter(|(_, _, last)| last[usize::from(is_control)] == Some(NOW));
            let lit: Vec<_> = lit.filter_map(|(a, b, _)| rail(a, b, is_control, false)).collect();
            paint::path(lit.iter().map(|rail| rail.points.as_slice()))
        });
        self.takes += 1;
        self.taken = Some(Taken { picture: picture.clone(), rails, lit });
    }

    /// What a crowd flies over is drawn again a few times a second while time passes, and for each picture while it stands. False
    /// if the browser has no means for it.
    fn begin_crowd(&mut self, context: &CanvasRenderingContext2d, moment: &Moment<'_>) -> bool {
        let number =
            if moment.rate > 0.0 { (self.plans, (moment.wall_ms / BELOW_LASTS_MS) as u64) } else { (self.takes, 0) };
        let mut layer = std::mem::take(&mut self.layer);
        let is_begun = layer.begin(context, self.size, number, |below| self.draw_below(below, moment));
        self.layer = layer;
        is_begun
    }

    /// What messages fly over.
    fn draw_below(&mut self, context: &CanvasRenderingContext2d, moment: &Moment<'_>) {
        self.draw_rails(context, moment.wall_ms);
        self.draw_cuts(context, moment.picture);
        self.draw_delays(context, moment.picture);
        if self.is_still {
            self.draw_lit(context, moment);
        }
    }

    /// The rails of messages that are on their way but do not travel.
    fn draw_lit(&self, context: &CanvasRenderingContext2d, moment: &Moment<'_>) {
        let rails = self.taken.iter().flat_map(|taken| &taken.rails);
        for (flight, rail) in moment.picture.flights.iter().zip(rails) {
            if let (Some(_), Some(rail)) = (progress(flight, moment), rail) {
                self.look.0.lit(context, flight, &rail.points);
            }
        }
    }

    /// Those that are as faded are drawn at once.
    fn draw_rails(&mut self, context: &CanvasRenderingContext2d, wall_ms: f64) {
        let mut shades: SortedMap<(bool, u32), Vec<Rc<Rail>>> = SortedMap::default();
        for (a, b, last) in self.rails.iter() {
            for is_control in [false, true] {
                let fades = |last: &f64| *last != NOW && wall_ms - last < RAIL_FADES_MS;
                let Some(last) = last[usize::from(is_control)].filter(fades) else { continue };
                let fade = 1.0 - ((wall_ms - last) / RAIL_FADES_MS).clamp(0.0, 1.0);
                let (route, plan) = (&mut self.routes.of(a, b)[way(is_control, false)], &self.plan);
                let rail = route.get_or_insert_with(|| plan.rail(a, b, is_control, false).map(Rc::new)).clone();
                shades.entry((is_control, (fade * RAIL_SHADES).ceil() as u32)).or_default().extend(rail);
            }
        }
        for ((is_control, shade), rails) in shades {
            if let Some(path) = paint::path(rails.iter().map(|rail| rail.points.as_slice())) {
                self.look.0.rails(context, &path, f64::from(shade) / RAIL_SHADES * strength(is_control));
            }
        }
        for (is_control, path) in [false, true].into_iter().zip(self.taken.iter().flat_map(|taken| &taken.lit)) {
            if let Some(path) = path {
                self.look.0.rails(context, path, strength(is_control));
            }
        }
    }

    fn draw_cuts(&self, context: &CanvasRenderingContext2d, picture: &Picture) {
        for (from, to) in &picture.cuts {
            for is_control in [false, true] {
                let Some(rail) = self.plan.rail(from, to, is_control, false) else { continue };
                self.look.0.cut(context, &rail.points, rail.at(0.5));
                if !self.plan.controllers.contains_key(from) && !self.plan.controllers.contains_key(to) {
                    break;
                }
            }
        }
    }

    /// A slow link has its delay written on it, once if it is the same both ways.
    fn draw_delays(&mut self, context: &CanvasRenderingContext2d, picture: &Picture) {
        self.said.clear();
        for delay in &picture.delays {
            let is_other_way = |other: &view::DelayView| {
                (&other.from, &other.to, other.latency_ns) == (&delay.to, &delay.from, delay.latency_ns)
            };
            if delay.from > delay.to && picture.delays.iter().any(is_other_way) {
                continue;
            }
            let is_control = self.plan.is_controller(&delay.from) || self.plan.is_controller(&delay.to);
            let Some(rail) = self.plan.rail(&delay.from, &delay.to, is_control, false) else { continue };
            self.said.push(self.look.0.slow(context, &rail.points, rail.at(0.5), &slowness(delay)));
        }
    }

    /// Messages that reached nobody leave a cross where they would have arrived: for a while, and as long as the clock
    /// stands near the moment.
    fn draw_ghosts(&mut self, context: &CanvasRenderingContext2d, moment: &Moment<'_>) {
        let ghosts = &moment.picture.ghosts;
        if ghosts.is_empty() {
            return self.ghosts.clear();
        }
        self.ghosts.retain(|event, _| ghosts.iter().any(|ghost| ghost.event == *event));
        for ghost in ghosts {
            let first = *self.ghosts.entry(ghost.event).or_insert(moment.wall_ms);
            let is_near = moment.now_ns.saturating_sub(ghost.at_ns) < GHOST_STAYS_NS;
            let fade = if is_near { 1.0 } else { 1.0 - ((moment.wall_ms - first) / RAIL_FADES_MS).min(1.0) };
            let is_control = self.plan.is_controller(&ghost.from) || self.plan.is_controller(&ghost.to);
            if let Some(rail) = self.plan.rail(&ghost.from, &ghost.to, is_control, ghost.is_response) {
                self.look.0.ghost(context, rail.at(0.93), fade);
            }
        }
    }

    fn draw_flights(&mut self, context: &CanvasRenderingContext2d, moment: &Moment<'_>, is_crowd: bool) {
        self.drawn.clear();
        let palette = &self.look.0;
        let mut labels = paint::Labels::default();
        let Some(Taken { rails, .. }) = &self.taken else { return };
        // Rings go over the marks, and so do words, which wait until a crowd's marks are there: these replace all that was drawn.
        let (mut alone, mut rings) = (Vec::new(), Vec::new());
        for (flight, rail) in moment.picture.flights.iter().zip(rails) {
            let (Some(t), Some(rail)) = (progress(flight, moment), rail) else { continue };
            let (x, y) = rail.at(if self.is_still { 0.7 } else { t });
            if !(is_crowd && self.layer.put(context, palette, flight, (x, y))) {
                alone.push((flight, x, y));
            }
            if flight.held || self.chosen == Some(flight.id) {
                rings.push((flight, x, y));
            }
            self.drawn.push((x, y, flight.key));
            labels.add(flight, x, y);
        }
        if is_crowd {
            self.layer.show(context);
        }
        for (flight, x, y) in alone {
            self.stamps.draw(context, palette, flight, (x, y));
        }
        for (flight, x, y) in rings {
            if flight.held {
                palette.held(context, flight, x, y);
            }
            if self.chosen == Some(flight.id) {
                palette.ring(context, x, y);
            }
        }
        labels.draw(context, palette, self.boxes.iter().chain(&self.said));
    }

    fn show_tip(&mut self, moment: &Moment<'_>) {
        let Some(tip) = self.tip.clone() else { return };
        let hit = self.pointer.and_then(|p| nearest(&self.drawn, p));
        let key = hit.map(|h| h.2);
        if let (Some((x, y, key)), Some(flight)) = (hit, moment.picture.flights.iter().find(|f| Some(f.key) == key)) {
            if self.tip_for != Some(key) {
                tip.set_inner_html("");
                let document = tip.owner_document();
                for (tag, text) in [("b", headline(flight)), ("span", say(&flight.summary))] {
                    let element = document.as_ref().and_then(|d| d.create_element(tag).ok());
                    if let Some(element) = element {
                        element.set_text_content(Some(&text));
                        let _ = tip.append_child(&element);
                    }
                }
            }
            let x = x.min(self.size.0 - 300.0).max(4.0);
            let _ =
                tip.style().set_property("transform", &format!("translate({}px,{}px)", x as i32, (y + 14.0) as i32));
        }
        if self.tip_for != key {
            tip.set_hidden(key.is_none());
            // A message can be clicked.
            if let Some(stage) = tip.parent_element() {
                let _ = stage.set_attribute("data-aim", if key.is_some() { "1" } else { "" });
            }
            self.tip_for = key;
        }
    }
}

/// `Produce request · app-1 → broker-2`.
fn headline(flight: &FlightView) -> String {
    let what = if flight.is_response { t("response") } else { t("request") };
    format!("{} {what} · {} → {}", flight.api, flight.from, flight.to)
}

fn nearest(drawn: &[(f64, f64, u64)], at: (f64, f64)) -> Option<(f64, f64, u64)> {
    let far = |d: &(f64, f64, u64)| (d.0 - at.0).hypot(d.1 - at.1);
    drawn.iter().copied().filter(|d| far(d) < 14.0).min_by(|a, b| far(a).total_cmp(&far(b)))
}

fn is_control(flight: &FlightView) -> bool {
    flight.role == "controller" || [&flight.from, &flight.to].iter().any(|n| n.starts_with("controller"))
}

/// How visible a rail is that carries something.
fn strength(is_control: bool) -> f64 {
    if is_control { 0.3 } else { 0.6 }
}

/// Which of the rails between two processes.
fn way(is_control: bool, is_response: bool) -> usize {
    2 * usize::from(is_control) + usize::from(is_response)
}

/// The share of its way a message has gone; None if it is not to be drawn now.
fn progress(flight: &FlightView, moment: &Moment<'_>) -> Option<f64> {
    if flight.held {
        return Some(0.5);
    }
    if moment.now_ns < flight.sent_ns || moment.now_ns > flight.arrives_ns {
        return None;
    }
    let way = flight.arrives_ns.saturating_sub(flight.sent_ns).max(1) as f64;
    let crossing_ms = if moment.rate > 0.0 { way / moment.rate / 1e6 } else { f64::INFINITY };
    if crossing_ms < SHORTEST_FLIGHT_MS {
        return None;
    }
    Some((moment.now_ns - flight.sent_ns) as f64 / way)
}

fn device_pixels() -> f64 {
    web_sys::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, 2.0)
}

/// Finds every box that words keep off.
fn boxes(stage: &Element, left: f64, top: f64) -> Vec<paint::Area> {
    let Ok(list) = stage.query_selector_all(".node, .broker, .client, .grp, .tools2") else { return Vec::new() };
    let all = (0..list.length()).filter_map(|i| list.get(i)?.dyn_into::<Element>().ok());
    all.map(|e| e.get_bounding_client_rect()).map(|r| (r.left() - left, r.top() - top, r.width(), r.height())).collect()
}

/// Finds every box that stands for a process.
fn survey(stage: &Element, left: f64, top: f64) -> Plan {
    let mut plan = Plan::default();
    if let Ok(Some(band)) = stage.query_selector(".band") {
        let band = band.get_bounding_client_rect();
        plan.band_top = band.top() - top;
        plan.band_bottom = band.bottom() - top;
    }
    let Ok(boxes) = stage.query_selector_all("[data-node]") else { return plan };
    let mut seen = [0usize; 3];
    for i in 0..boxes.length() {
        let Some(element) = boxes.get(i).and_then(|n| n.dyn_into::<Element>().ok()) else { continue };
        let Some(name) = element.get_attribute("data-node") else { continue };
        let kind = match element.get_attribute("data-kind").as_deref() {
            Some("controller") => Kind::Controller,
            Some("broker") => Kind::Broker,
            _ => Kind::Client,
        };
        let rect = element.get_bounding_client_rect();
        let index = seen[kind as usize];
        seen[kind as usize] += 1;
        let anchor =
            Anchor { x: rect.left() - left, y: rect.top() - top, w: rect.width(), h: rect.height(), kind, index };
        if kind == Kind::Controller && name.starts_with("broker") {
            plan.controllers.insert(name, anchor);
        } else {
            plan.nodes.insert(name, anchor);
        }
    }
    plan
}
