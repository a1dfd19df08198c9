//! Marks by the thousand: each look is drawn once, a few times a fraction of a pixel apart, read back, and from then on copied
//! into a picture of our own, over what does not move. The browser is asked once a frame, not once a message or a rail.

use view::FlightView;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::paint::Palette;
use super::stamp::{Look, REACH, look};

/// In so many steps a mark moves from one pixel to the next, each way.
const STEPS: usize = 4;
/// Bytes of a pixel: red, green, blue, opacity.
const DEPTH: usize = 4;

/// A picture as large as the stage, what is below its marks, and the marks it is made of.
#[derive(Default)]
pub(crate) struct Layer {
    /// Where what is below is drawn.
    canvas: Option<(HtmlCanvasElement, CanvasRenderingContext2d)>,
    below: Vec<u8>,
    /// Which drawing that is.
    drawn: Option<Key>,
    pixels: Vec<u8>,
    size: (usize, usize),
    /// Pixels of the screen to one of the page.
    dpr: f64,
    /// None for a look that could not be read back, which is not tried again.
    marks: Vec<(Look, Option<Vec<Mark>>)>,
}

/// What is to be copied of a mark: stretches of pixels from the left of a row on.
struct Mark {
    stretches: Vec<Stretch>,
}

/// Names a drawing: another name, another drawing.
pub(super) type Key = (u64, u64);

struct Stretch {
    x: usize,
    y: usize,
    is_opaque: bool,
    bytes: Vec<u8>,
}

impl Layer {
    /// Forgets the marks: colours or pixels are others.
    pub(crate) fn clear(&mut self) {
        self.marks.clear();
        self.drawn = None;
    }

    /// A picture of a stage's size in CSS pixels without marks; `draw` draws what is below them, if that is not there under this
    /// name. False if the browser gives none.
    pub(crate) fn begin(
        &mut self,
        context: &CanvasRenderingContext2d,
        (w, h): (f64, f64),
        key: Key,
        draw: impl FnOnce(&CanvasRenderingContext2d),
    ) -> bool {
        self.dpr = super::device_pixels();
        let size = ((w * self.dpr).round() as usize, (h * self.dpr).round() as usize);
        if self.canvas.is_none() {
            self.canvas = canvas(context);
        }
        let Some((canvas, own)) = self.canvas.as_ref().filter(|_| size.0 * size.1 > 0) else { return false };
        if self.size != size {
            canvas.set_width(size.0 as u32);
            canvas.set_height(size.1 as u32);
            (self.size, self.drawn) = (size, None);
        }
        if self.drawn != Some(key) {
            let (w, h) = (size.0 as f64, size.1 as f64);
            let _ = own.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            own.clear_rect(0.0, 0.0, w, h);
            let _ = own.set_transform(self.dpr, 0.0, 0.0, self.dpr, 0.0, 0.0);
            draw(own);
            let Ok(image) = own.get_image_data(0.0, 0.0, w, h) else { return false };
            (self.below, self.drawn) = (image.data().0, Some(key));
        }
        self.pixels.clone_from(&self.below);
        true
    }

    /// Puts a message's mark into the picture. False if it could not be drawn.
    pub(crate) fn put(
        &mut self,
        context: &CanvasRenderingContext2d,
        palette: &Palette,
        flight: &FlightView,
        (x, y): (f64, f64),
    ) -> bool {
        let look = look(flight);
        if !self.marks.iter().any(|(made, _)| *made == look) {
            self.marks.push((look, marks(context, palette, flight)));
        }
        let Some((_, Some(marks))) = self.marks.iter().find(|(made, _)| *made == look) else { return false };
        let (left, top) = ((x - REACH) * self.dpr, (y - REACH) * self.dpr);
        let step = |at: f64| ((at - at.floor()) * STEPS as f64) as usize % STEPS;
        let place = (left.floor() as isize, top.floor() as isize);
        for stretch in &marks[step(top) * STEPS + step(left)].stretches {
            copy(&mut self.pixels, self.size, stretch, place);
        }
        true
    }

    /// Puts the picture on the stage's canvas, instead of all that is there.
    pub(crate) fn show(&self, context: &CanvasRenderingContext2d) {
        let (w, h) = (self.size.0 as u32, self.size.1 as u32);
        if let Ok(image) = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&self.pixels), w, h) {
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
    }
}

/// Copies what of a stretch lies in the picture.
fn copy(pixels: &mut [u8], (w, h): (usize, usize), stretch: &Stretch, (left, top): (isize, isize)) {
    let (x, y) = (left + stretch.x as isize, top + stretch.y as isize);
    let length = (stretch.bytes.len() / DEPTH) as isize;
    let (from, to) = (x.max(0), (x + length).min(w as isize));
    if from >= to || y < 0 || y >= h as isize {
        return;
    }
    let place = (y as usize * w + from as usize) * DEPTH;
    let bytes = &stretch.bytes[(from - x) as usize * DEPTH..(to - x) as usize * DEPTH];
    let under = &mut pixels[place..place + bytes.len()];
    if stretch.is_opaque {
        return under.copy_from_slice(bytes);
    }
    for (under, over) in under.chunks_exact_mut(DEPTH).zip(bytes.chunks_exact(DEPTH)) {
        blend(under, over);
    }
}

/// One pixel over another, neither premultiplied.
fn blend(under: &mut [u8], over: &[u8]) {
    if under[3] == 0 {
        return under.copy_from_slice(over);
    }
    let (a, b) = (u32::from(over[3]), u32::from(under[3]) * (255 - u32::from(over[3])) / 255);
    let sum = (a + b).max(1);
    for (under, over) in under[..3].iter_mut().zip(over) {
        *under = ((u32::from(*over) * a + u32::from(*under) * b + sum / 2) / sum) as u8;
    }
    under[3] = sum.min(255) as u8;
}

fn canvas(like: &CanvasRenderingContext2d) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let document = like.canvas()?.owner_document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    // It is read back: a browser keeps it where that is cheap.
    let options = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&options, &"willReadFrequently".into(), &true.into());
    let context = canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()?;
    Some((canvas, context))
}

/// A mark at each of the steps between two pixels, row by row.
fn marks(context: &CanvasRenderingContext2d, palette: &Palette, flight: &FlightView) -> Option<Vec<Mark>> {
    let (canvas, own) = canvas(context)?;
    let dpr = super::device_pixels();
    let side = (2.0 * REACH * dpr).ceil() as usize + 1;
    canvas.set_width((side * STEPS) as u32);
    canvas.set_height((side * STEPS) as u32);
    for row in 0..STEPS {
        for column in 0..STEPS {
            let at = |n: usize| (n * side) as f64 + n as f64 / STEPS as f64;
            own.set_transform(dpr, 0.0, 0.0, dpr, at(column), at(row)).ok()?;
            palette.mark(&own, flight, REACH, REACH);
        }
    }
    let whole = (side * STEPS) as f64;
    let bytes = own.get_image_data(0.0, 0.0, whole, whole).ok()?.data().0;
    let mark =
        |n: usize| Mark { stretches: stretches(&bytes, side * STEPS, (n % STEPS * side, n / STEPS * side), side) };
    Some((0..STEPS * STEPS).map(mark).collect())
}

/// The pixels of a square that are not empty, as stretches that are opaque or not.
fn stretches(bytes: &[u8], width: usize, (left, top): (usize, usize), side: usize) -> Vec<Stretch> {
    let mut list: Vec<Stretch> = Vec::new();
    for y in 0..side {
        let mut last = None;
        for x in 0..side {
            let place = ((top + y) * width + left + x) * DEPTH;
            let pixel = &bytes[place..place + DEPTH];
            let kind = (pixel[3] > 0).then_some(pixel[3] == 255);
            match (kind, list.last_mut()) {
                (Some(_), Some(stretch)) if kind == last => stretch.bytes.extend(pixel),
                (Some(is_opaque), _) => list.push(Stretch { x, y, is_opaque, bytes: pixel.to_vec() }),
                (None, _) => {}
            }
            last = kind;
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_that_are_not_empty_become_stretches_by_opacity() {
        // Two rows of three: half, full, full; empty, full, empty.
        let rows = [[128, 255, 255], [0, 255, 0], [0, 0, 0]];
        let bytes: Vec<u8> = rows.iter().flatten().flat_map(|a| [1, 2, 3, *a]).collect();
        let found = stretches(&bytes, 3, (0, 0), 3);
        let shapes: Vec<_> = found.iter().map(|s| (s.x, s.y, s.is_opaque, s.bytes.len() / DEPTH)).collect();
        assert_eq!(shapes, [(0, 0, false, 1), (1, 0, true, 2), (1, 1, true, 1)]);
    }

    #[test]
    fn a_mark_at_the_edge_is_cut_off_there() {
        let stretch = Stretch { x: 0, y: 0, is_opaque: true, bytes: [7; 3 * DEPTH].to_vec() };
        let mut pixels = vec![0; 2 * 2 * DEPTH];
        for place in [(-2, 0), (1, 1), (5, 0), (0, -1), (0, 2)] {
            copy(&mut pixels, (2, 2), &stretch, place);
        }
        let filled: Vec<bool> = pixels.chunks(DEPTH).map(|p| p == [7; DEPTH]).collect();
        assert_eq!(filled, [true, false, false, true]);
    }

    #[test]
    fn what_shows_through_is_blended() {
        let over = |under: [u8; 4], over: [u8; 4]| {
            let mut pixel = under;
            blend(&mut pixel, &over);
            pixel
        };
        assert_eq!(over([0; 4], [10, 20, 30, 100]), [10, 20, 30, 100], "nothing beneath");
        assert_eq!(over([0, 0, 0, 255], [255, 255, 255, 51]), [51, 51, 51, 255], "a fifth of white on black");
        assert_eq!(over([9, 9, 9, 200], [1, 2, 3, 255]), [1, 2, 3, 255]);
    }
}
