//! Reports of a run: an HTML page with charts, and the notes as JSON lines.

use lab::{BOOT, Lab, MarkKind};
use plotters::prelude::*;

/// A page with charts of rates, lag and ISRs over virtual time.
pub(crate) fn html(lab: &Lab) -> Result<String, String> {
    let end = lab.clock().as_millis().div_ceil(1000).max(1);
    let series = |read: fn(&lab::Second) -> u64| -> Vec<(f64, f64)> {
        (0..end).map(|second| (second as f64, read(&lab.metrics().second(second)) as f64)).collect()
    };
    let marks: Vec<(f64, &str)> = lab
        .marks()
        .iter()
        .filter(|mark| matches!(mark.kind, MarkKind::Leader | MarkKind::Process | MarkKind::Violation))
        .map(|mark| (mark.at.since(BOOT).as_millis() as f64 / 1000.0, &*mark.text))
        .collect();
    let charts = [
        chart(
            "Records a second",
            &[("produced", series(|s| s.produced)), ("consumed", series(|s| s.consumed))],
            &marks,
        )?,
        chart("Lag of the group furthest behind, records", &[("lag", level(lab, end, |s| s.lag))], &marks)?,
        chart("Replicas missing from ISRs", &[("out of sync", level(lab, end, |s| s.out_of_sync))], &marks)?,
    ];
    let lost = lab.ledger().lost(lab).len();
    let events: String = lab
        .marks()
        .iter()
        .map(|mark| {
            format!(
                "<tr><td>{:.3}</td><td>{}</td></tr>",
                mark.at.since(BOOT).as_millis() as f64 / 1000.0,
                escape(&mark.text)
            )
        })
        .collect();
    let title = if lab.scenario().title.is_empty() { "kafkasim run" } else { &lab.scenario().title };
    Ok(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <style>body{{font:14px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;color:#17202b}}svg{{width:100%;height:auto}}\
         table{{border-collapse:collapse}}td,th{{padding:2px 12px 2px 0;text-align:left}}code{{overflow-wrap:anywhere}}</style>\
         <h1>{title}</h1><p>Seed {}, {} events, digest <code>{:016x}</code>. Acknowledged {}, failed {}, acknowledged and lost {lost}.</p>{}\
         <h2>What happened</h2><table><tr><th>s</th><th></th></tr>{events}</table><h2>Replay</h2><p><code>{}</code></p></html>\n",
        lab.scenario().seed,
        lab.events(),
        lab.digest(),
        lab.ledger().acked(),
        lab.ledger().failed(),
        charts.join(""),
        lab.link(),
        title = escape(title),
    ))
}

/// A level holds until it changes, unlike a rate.
fn level(lab: &Lab, end: u64, read: fn(&lab::Second) -> u64) -> Vec<(f64, f64)> {
    let mut last = 0;
    let known: std::collections::BTreeMap<u64, u64> =
        lab.metrics().seconds().map(|(second, bucket)| (second, read(bucket))).collect();
    (0..end)
        .map(|second| {
            last = known.get(&second).copied().unwrap_or(last);
            (second as f64, last as f64)
        })
        .collect()
}

fn chart(title: &str, series: &[(&str, Vec<(f64, f64)>)], marks: &[(f64, &str)]) -> Result<String, String> {
    const COLOURS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];
    let all = series.iter().flat_map(|(_, points)| points);
    let (x_max, y_max) = all.fold((1.0f64, 1.0f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
    let mut svg = String::new();
    {
        let wrong = |error: DrawingAreaErrorKind<std::io::Error>| error.to_string();
        let root = SVGBackend::with_string(&mut svg, (920, 220)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(26)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..x_max, 0.0..y_max * 1.1)
            .map_err(|error| error.to_string())?;
        chart
            .configure_mesh()
            .light_line_style(RGBColor(238, 240, 243))
            .x_desc("s")
            .draw()
            .map_err(|error| error.to_string())?;
        for (at, _) in marks.iter().take(200) {
            let line = [(*at, 0.0), (*at, y_max * 1.1)];
            chart.draw_series(LineSeries::new(line, RGBColor(200, 160, 160).stroke_width(1))).map_err(wrong)?;
        }
        for ((_, points), colour) in series.iter().zip(COLOURS) {
            chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2))).map_err(wrong)?;
        }
        root.present().map_err(|error| error.to_string())?;
    }
    let legend: Vec<String> = series
        .iter()
        .zip(COLOURS)
        .map(|((name, _), c)| format!("<span style=\"color:rgb({},{},{})\">■</span> {name}", c.0, c.1, c.2))
        .collect();
    Ok(format!("<h2>{title}</h2><p>{}</p>{svg}", legend.join(" &nbsp; ")))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The remembered notes, a JSON object a line: event, time in ns, process, and the story's sentence.
pub(crate) fn trace(lab: &Lab) -> String {
    let lines = lab.history().iter().map(|stamped| {
        let told = view::tell(stamped);
        let process = view::process_name(lab, stamped.node);
        serde_json::json!({ "event": told.event, "at_ns": told.at_ns, "process": process, "text": told.text })
            .to_string()
            + "\n"
    });
    lines.collect()
}
