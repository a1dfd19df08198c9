//! Marks: the shape says the role, the colour its family, the text what it is.

use crate::words::{plural, say};
use view::FlightView;
use web_sys::{CanvasRenderingContext2d, Element, Path2d};

/// A part of the stage: x, y, w, h.
pub(crate) type Area = (f64, f64, f64, f64);

/// Colours read from the theme's tokens.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Palette {
    data: String,
    replica: String,
    group: String,
    control: String,
    error: String,
    warn: String,
    rail: String,
    ink: String,
    halo: String,
}

impl Palette {
    pub(crate) fn read(of: &Element) -> Palette {
        let style = web_sys::window().and_then(|w| w.get_computed_style(of).ok().flatten());
        let get = |name: &str| {
            let value = style.as_ref().and_then(|s| s.get_property_value(name).ok()).unwrap_or_default();
            if value.trim().is_empty() { "#888".to_owned() } else { value.trim().to_owned() }
        };
        Palette {
            data: get("--f-data"),
            replica: get("--f-replica"),
            group: get("--f-group"),
            control: get("--f-control"),
            error: get("--f-error"),
            warn: get("--warn"),
            rail: get("--line3"),
            ink: get("--ink2"),
            halo: get("--bg"),
        }
    }

    fn of(&self, flight: &FlightView) -> &str {
        match flight.role {
            _ if flight.is_error => &self.error,
            "produce" | "fetch" => &self.data,
            "replica-fetch" => &self.replica,
            "group" => &self.group,
            _ => &self.control,
        }
    }

    /// Rails, all this visible.
    pub(crate) fn rails(&self, context: &CanvasRenderingContext2d, rails: &Path2d, alpha: f64) {
        context.set_global_alpha(alpha);
        context.set_stroke_style_str(&self.rail);
        context.set_line_width(1.0);
        context.stroke_with_path(rails);
        context.set_global_alpha(1.0);
    }

    /// A rail with a message on it, when nothing travels.
    pub(crate) fn lit(&self, context: &CanvasRenderingContext2d, flight: &FlightView, points: &[(f64, f64)]) {
        context.set_stroke_style_str(self.of(flight));
        context.set_line_width(2.0);
        stroke(context, points);
    }

    /// A cut rail: dashed, with a cross where it is cut.
    pub(crate) fn cut(&self, context: &CanvasRenderingContext2d, points: &[(f64, f64)], (x, y): (f64, f64)) {
        context.set_stroke_style_str(&self.error);
        context.set_line_width(1.5);
        let dash = js_sys::Array::of2(&4.into(), &4.into());
        let _ = context.set_line_dash(&dash);
        stroke(context, points);
        let _ = context.set_line_dash(&js_sys::Array::new());
        context.set_fill_style_str(&self.halo);
        disc(context, x, y, 9.0);
        cross(context, x, y, 5.0);
    }

    /// A slow rail: dotted, with its delay. Gives where that is written.
    pub(crate) fn slow(
        &self,
        context: &CanvasRenderingContext2d,
        points: &[(f64, f64)],
        (x, y): (f64, f64),
        text: &str,
    ) -> Area {
        context.set_stroke_style_str(&self.warn);
        context.set_line_width(2.0);
        let _ = context.set_line_dash(&js_sys::Array::of2(&1.into(), &5.into()));
        context.set_line_cap("round");
        stroke(context, points);
        let _ = context.set_line_dash(&js_sys::Array::new());
        context.set_line_cap("butt");
        context.set_font("11px ui-sans-serif, system-ui, sans-serif");
        context.set_text_baseline("middle");
        context.set_text_align("center");
        context.set_stroke_style_str(&self.halo);
        context.set_line_width(4.0);
        let _ = context.stroke_text(text, x, y);
        context.set_fill_style_str(&self.warn);
        let _ = context.fill_text(text, x, y);
        context.set_text_align("start");
        let w = wide(text);
        (x - w / 2.0, y - 6.0, w, 12.0)
    }

    /// Around the message that is looked into.
    pub(crate) fn ring(&self, context: &CanvasRenderingContext2d, x: f64, y: f64) {
        context.set_stroke_style_str(&self.data);
        context.set_line_width(2.0);
        context.begin_path();
        let _ = context.arc(x, y, 10.0, 0.0, std::f64::consts::TAU);
        context.stroke();
    }

    /// Where a message reached nobody.
    pub(crate) fn ghost(&self, context: &CanvasRenderingContext2d, (x, y): (f64, f64), alpha: f64) {
        context.set_global_alpha(alpha);
        context.set_fill_style_str(&self.halo);
        disc(context, x, y, 6.5);
        context.set_stroke_style_str(&self.error);
        cross(context, x, y, 4.0);
        context.set_global_alpha(1.0);
    }

    /// A message's mark.
    pub(crate) fn mark(&self, context: &CanvasRenderingContext2d, flight: &FlightView, x: f64, y: f64) {
        let size = size(flight);
        context.set_fill_style_str(&self.halo);
        disc(context, x, y, size + 2.5);
        context.set_fill_style_str(self.of(flight));
        shape(context, flight.role, x, y, size);
    }

    /// Around a message that is held up.
    pub(crate) fn held(&self, context: &CanvasRenderingContext2d, flight: &FlightView, x: f64, y: f64) {
        context.set_stroke_style_str(&self.error);
        context.set_line_width(1.5);
        context.begin_path();
        let _ = context.arc(x, y, size(flight) + 4.0, 0.0, std::f64::consts::TAU);
        context.stroke();
    }
}

/// About how wide a text is drawn, px.
fn wide(text: &str) -> f64 {
    text.chars().count() as f64 * 6.0 + 4.0
}

/// Records and errors are large, questions middling, chatter small.
fn size(flight: &FlightView) -> f64 {
    match flight.role {
        _ if flight.is_error || flight.records > 0 => 5.5,
        "produce" => 4.5,
        "fetch" | "replica-fetch" | "group" => 3.6,
        _ => 2.8,
    }
}

fn stroke(context: &CanvasRenderingContext2d, points: &[(f64, f64)]) {
    if let Some(path) = path([points].into_iter()) {
        context.stroke_with_path(&path);
    }
}

/// Rails as one path.
pub(crate) fn path<'a>(rails: impl Iterator<Item = &'a [(f64, f64)]>) -> Option<Path2d> {
    let path = Path2d::new().ok()?;
    rails.for_each(|points| follow(&path, points));
    Some(path)
}

fn follow(path: &Path2d, points: &[(f64, f64)]) {
    let Some(first) = points.first() else { return };
    path.move_to(first.0, first.1);
    for corner in points.windows(3) {
        let _ = path.arc_to(corner[1].0, corner[1].1, corner[2].0, corner[2].1, 6.0);
    }
    if let Some(last) = points.last() {
        path.line_to(last.0, last.1);
    }
}

fn cross(context: &CanvasRenderingContext2d, x: f64, y: f64, arm: f64) {
    context.set_line_width(2.0);
    context.begin_path();
    for d in [-arm, arm] {
        context.move_to(x - arm, y - d);
        context.line_to(x + arm, y + d);
    }
    context.stroke();
}

fn disc(context: &CanvasRenderingContext2d, x: f64, y: f64, r: f64) {
    context.begin_path();
    let _ = context.arc(x, y, r, 0.0, std::f64::consts::TAU);
    context.fill();
}

fn shape(context: &CanvasRenderingContext2d, role: &str, x: f64, y: f64, r: f64) {
    match role {
        "fetch" => polygon(context, &[(x, y - r * 1.15), (x + r * 1.1, y + r * 0.9), (x - r * 1.1, y + r * 0.9)]),
        "replica-fetch" => context.fill_rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
        "group" => polygon(context, &[(x, y - r * 1.2), (x + r * 1.2, y), (x, y + r * 1.2), (x - r * 1.2, y)]),
        "controller" => {
            let arm = r * 0.42;
            context.fill_rect(x - r, y - arm, r * 2.0, arm * 2.0);
            context.fill_rect(x - arm, y - r, arm * 2.0, r * 2.0);
        }
        _ => disc(context, x, y, r),
    }
}

fn polygon(context: &CanvasRenderingContext2d, points: &[(f64, f64)]) {
    context.begin_path();
    for (i, (x, y)) in points.iter().enumerate() {
        if i == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
    }
    context.close_path();
    context.fill();
}

/// Words beside the few messages that matter, none over another.
#[derive(Default)]
pub(crate) struct Labels<'a> {
    wanted: Vec<(f64, f64, &'a FlightView)>,
    marks: Vec<(f64, f64)>,
}

/// More than this many and words would only be noise.
const LABELS_MAX: usize = 7;

impl<'a> Labels<'a> {
    pub(crate) fn add(&mut self, flight: &'a FlightView, x: f64, y: f64) {
        self.marks.push((x, y));
        let speaks = flight.records > 0 || flight.is_error || matches!(flight.role, "produce" | "group");
        if speaks {
            self.wanted.push((x, y, flight));
        }
    }

    /// Draws them, none over what is on the stage already.
    pub(crate) fn draw<'b>(
        &self,
        context: &CanvasRenderingContext2d,
        palette: &Palette,
        boxes: impl Iterator<Item = &'b Area> + Clone,
    ) {
        if self.wanted.len() > LABELS_MAX || self.wanted.is_empty() {
            return;
        }
        context.set_font("11px ui-sans-serif, system-ui, sans-serif");
        context.set_text_baseline("middle");
        context.set_line_join("round");
        let mut taken: Vec<(f64, f64, f64)> = Vec::new();
        for (x, y, flight) in &self.wanted {
            let text = words(flight);
            let w = wide(&text);
            let is_clear = |left: f64| {
                let words = |o: &(f64, f64, f64)| (o.1 - y).abs() > 11.0 || left > o.0 + o.2 || left + w < o.0;
                let mark = |m: &(f64, f64)| m.0 < left - 2.0 || m.0 > left + w || (m.1 - y).abs() > 8.0;
                let card = |b: &Area| left > b.0 + b.2 || left + w < b.0 || y + 6.0 < b.1 || y - 6.0 > b.1 + b.3;
                taken.iter().all(words) && self.marks.iter().all(mark) && boxes.clone().all(card)
            };
            let Some(left) = [x + 10.0, x - w - 6.0].into_iter().find(|left| is_clear(*left)) else { continue };
            taken.push((left, *y, w));
            context.set_stroke_style_str(&palette.halo);
            context.set_line_width(4.0);
            let _ = context.stroke_text(&text, left, *y);
            context.set_fill_style_str(if flight.is_error { &palette.error } else { &palette.ink });
            let _ = context.fill_text(&text, left, *y);
        }
    }
}

fn words(flight: &FlightView) -> String {
    match (flight.is_response, flight.records) {
        _ if flight.is_error => say(&flight.summary),
        (true, 0) if flight.role == "produce" => "ack".to_owned(),
        (_, 0) => flight.api.to_owned(),
        (_, n) => plural(u64::from(n), "{} record", "{} records"),
    }
}
