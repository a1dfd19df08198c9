//! How much flows: records produced and consumed per second of virtual time, as two lines.

use std::rc::Rc;

use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use crate::format;
use crate::rate::Rate;
use crate::tell;
use crate::ui::Panel;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct ChartProps {
    pub(crate) rate: Rc<Rate>,
    pub(crate) theme: &'static str,
    /// The open tab of a narrow screen: what is not shown cannot be drawn.
    pub(crate) panel: Panel,
}

/// The chart. Its words are HTML: plotters measures text with inline styles, which the page's CSP forbids.
#[component]
pub(crate) fn Chart(props: &ChartProps) -> Html {
    let canvas = use_node_ref();
    let rate = props.rate.clone();
    let last = |points: &[(f64, f64)]| points.last().map_or(0, |p| p.1 as u64);
    let (produced, consumed) = (last(&rate.produced), last(&rate.consumed));
    let peak = rate.produced.iter().fold(0.0_f64, |m, p| m.max(p.1)) as u64;
    {
        let canvas = canvas.clone();
        let theme = props.theme;
        use_effect_with((rate, theme, props.panel), move |(rate, theme, _)| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                // A chart that cannot be drawn is no reason to stop the page.
                let _ = draw(canvas, rate, theme);
            }
        });
    }
    let words =
        tell!("Records per second of virtual time: produced {}, consumed {}, peak {}", produced, consumed, peak);
    html! {
        <figure class="chart">
            <div class="row"><figcaption class="eyebrow">{ t("Records/s") }</figcaption>
                <span class="num"><i class="key in" aria-hidden="true"></i>{ tell!("{} in", format::count(produced)) }
                    <i class="key out" aria-hidden="true"></i>{ tell!("{} out", format::count(consumed)) }</span></div>
            <canvas ref={canvas} role="img" aria-label={words}></canvas>
            <div class="row"><span class="num">{ t("last 2 min") }</span><span class="num">{ tell!("peak {}", format::count(peak)) }</span></div>
        </figure>
    }
}

fn draw(canvas: HtmlCanvasElement, rate: &Rate, theme: &str) -> Option<()> {
    let dpr = web_sys::window()?.device_pixel_ratio().clamp(1.0, 2.0);
    let (w, h) = ((f64::from(canvas.client_width()) * dpr) as u32, (f64::from(canvas.client_height()) * dpr) as u32);
    if w == 0 || h == 0 {
        return None;
    }
    canvas.set_width(w);
    canvas.set_height(h);
    let (first, last) = (rate.produced.first()?.0, rate.produced.last()?.0.max(rate.produced.first()?.0 + 1.0));
    let top = rate.produced.iter().chain(&rate.consumed).fold(1.0_f64, |m, p| m.max(p.1)) * 1.15;
    let (produced, consumed, rule) = match theme {
        "light" => (RGBColor(0x1f, 0x5f, 0xbf), RGBColor(0xb3, 0x5c, 0x00), RGBColor(0xe6, 0xea, 0xef)),
        _ => (RGBColor(0x6f, 0xa8, 0xff), RGBColor(0xff, 0xc7, 0x66), RGBColor(0x20, 0x2b, 0x39)),
    };
    let area = CanvasBackend::with_canvas_object(canvas)?.into_drawing_area();
    let mut chart = ChartBuilder::on(&area).margin(2).build_cartesian_2d(first..last, 0.0..top).ok()?;
    let width = (dpr * 1.6).round() as u32;
    chart.draw_series(LineSeries::new([(first, 0.0), (last, 0.0)], rule.stroke_width(width))).ok()?;
    chart.draw_series(LineSeries::new(rate.consumed.iter().copied(), consumed.stroke_width(width))).ok()?;
    chart.draw_series(LineSeries::new(rate.produced.iter().copied(), produced.stroke_width(width))).ok()?;
    area.present().ok()
}
