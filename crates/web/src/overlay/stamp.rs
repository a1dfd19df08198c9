//! Marks that are drawn once and then copied: with thousands of messages on their way, one must not cost a dozen calls.

use view::FlightView;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::paint::Palette;

/// What makes two marks look alike: the role, whether it is an error, whether it carries records.
pub(super) type Look = (&'static str, bool, bool);

pub(super) fn look(flight: &FlightView) -> Look {
    (flight.role, flight.is_error, flight.records > 0)
}

/// The marks that were drawn.
#[derive(Default)]
pub(crate) struct Stamps {
    made: Vec<(Look, HtmlCanvasElement)>,
}

/// Half a stamp, in CSS pixels: the largest mark with its halo.
pub(super) const REACH: f64 = 9.0;

impl Stamps {
    /// Forgets all: colours or pixels are others.
    pub(crate) fn clear(&mut self) {
        self.made.clear();
    }

    /// Draws a message's mark.
    pub(crate) fn draw(
        &mut self,
        context: &CanvasRenderingContext2d,
        palette: &Palette,
        flight: &FlightView,
        (x, y): (f64, f64),
    ) {
        let look = look(flight);
        if !self.made.iter().any(|(made, _)| *made == look) {
            self.made.extend(make(context, palette, flight).map(|stamp| (look, stamp)));
        }
        match self.made.iter().find(|(made, _)| *made == look) {
            Some((_, stamp)) => drop(context.draw_image_with_html_canvas_element_and_dw_and_dh(
                stamp,
                x - REACH,
                y - REACH,
                2.0 * REACH,
                2.0 * REACH,
            )),
            None => palette.mark(context, flight, x, y),
        }
    }
}

fn make(context: &CanvasRenderingContext2d, palette: &Palette, flight: &FlightView) -> Option<HtmlCanvasElement> {
    let document = context.canvas()?.owner_document()?;
    let stamp: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let dpr = super::device_pixels();
    let side = (2.0 * REACH * dpr).round();
    stamp.set_width(side as u32);
    stamp.set_height(side as u32);
    let own: CanvasRenderingContext2d = stamp.get_context("2d").ok()??.dyn_into().ok()?;
    let scale = side / (2.0 * REACH);
    own.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).ok()?;
    palette.mark(&own, flight, REACH, REACH);
    Some(stamp)
}
