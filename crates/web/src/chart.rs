//! How busy the simulated cluster is: engine events per second of virtual time, as a line.

use std::rc::Rc;

use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use crate::format;
use crate::rate::Rate;

#[derive(Properties, PartialEq)]
pub(crate) struct ChartProps {
    pub(crate) rate: Rc<Rate>,
    pub(crate) theme: &'static str,
}

/// The chart. Its words are HTML: plotters measures text with inline styles, which the page's CSP forbids.
#[component]
pub(crate) fn Chart(props: &ChartProps) -> Html {
    let canvas = use_node_ref();
    let points = props.rate.points();
    let last = points.last().map_or(0.0, |p| p.1);
    let peak = points.iter().fold(0.0_f64, |m, p| m.max(p.1));
    {
        let canvas = canvas.clone();
        let theme = props.theme;
        use_effect_with((points.clone(), theme), move |(points, theme)| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                // A chart that cannot be drawn is no reason to stop the page.
                let _ = draw(canvas, points, theme);
            }
        });
    }
    html! {
        <figure class="chart">
            <div class="row"><figcaption class="eyebrow">{ "Engine events/s" }</figcaption><span class="num">{ format::count(last as u64) }</span></div>
            <canvas ref={canvas} role="img" aria-label={format!("Engine events per second of virtual time: now {}, peak {}", last as u64, peak as u64)}></canvas>
        </figure>
    }
}

fn draw(canvas: HtmlCanvasElement, points: &[(f64, f64)], theme: &str) -> Option<()> {
    let dpr = web_sys::window()?.device_pixel_ratio().clamp(1.0, 2.0);
    let (w, h) = ((f64::from(canvas.client_width()) * dpr) as u32, (f64::from(canvas.client_height()) * dpr) as u32);
    if w == 0 || h == 0 {
        return None;
    }
    canvas.set_width(w);
    canvas.set_height(h);
    let (first, last) = (points.first()?.0, points.last()?.0.max(points.first()?.0 + 1.0));
    let top = points.iter().fold(1.0_f64, |m, p| m.max(p.1)) * 1.15;
    let (line, rule) = match theme {
        "light" => (RGBColor(0x1f, 0x5f, 0xbf), RGBColor(0xe6, 0xea, 0xef)),
        _ => (RGBColor(0x6f, 0xa8, 0xff), RGBColor(0x20, 0x2b, 0x39)),
    };
    let area = CanvasBackend::with_canvas_object(canvas)?.into_drawing_area();
    let mut chart = ChartBuilder::on(&area).margin(2).build_cartesian_2d(first..last, 0.0..top).ok()?;
    let width = (dpr * 1.6).round() as u32;
    chart.draw_series(LineSeries::new([(first, 0.0), (last, 0.0)], rule.stroke_width(width))).ok()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), line.stroke_width(width))).ok()?;
    area.present().ok()
}
