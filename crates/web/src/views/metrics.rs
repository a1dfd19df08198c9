//! The metrics view: Kafka's metrics under Kafka's names, each with its course over the timeline's axis, its value before a
//! marked moment, and now.

use view::MetricView;
use yew::prelude::*;

use super::{Pane, ViewProps};
use crate::tell;
use crate::timeline::Axis;
use crate::words::{say, t};
use crate::{dom, format};

/// Width of a course in its own units.
const WIDE: f64 = 1000.0;
/// Height of a course, px.
const HIGH: f64 = 28.0;

/// The view.
#[component]
pub(crate) fn Metrics(props: &ViewProps) -> Html {
    let frame = &props.frame;
    let axis = Axis::of(frame, props.ui.looks.window);
    let marker = frame.detail.marker_ns;
    html! {
        <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="metricv" label={t("Metrics. A click on a course goes to that moment.")}>
            { tools(props, marker) }
            <div class="metrics" role="table" aria-label={t("Metrics")}>
                <div class="mrow mhead" role="row"><span role="columnheader">{ t("metric") }</span><span role="columnheader" class="mcourse">{ t("course") }</span>
                    <span role="columnheader">{ t("before") }</span><span role="columnheader">{ t("now") }</span><span role="columnheader">{ t("change") }</span></div>
                { for frame.detail.metrics.iter().map(|m| row(props, m, &axis, marker)) }
            </div>
            <p class="empty">{ t("Summed over the cluster. Rates are of the last ten seconds, not smoothed as Kafka's meters are.") }</p>
        </Pane>
    }
}

fn tools(props: &ViewProps, marker: u64) -> Html {
    let now = props.frame.picture.now_ns;
    let acts = props.frame.story.iter().rev().filter(|e| e.is_command && e.at_ns <= now);
    let last = acts.clone().next().map(|e| e.at_ns);
    let act = props.frame.story.iter().rev().find(|e| e.is_command && e.at_ns == marker).map(|e| say(&e.text));
    html! {
        <div class="row vt">
            <span class="num">{ tell!("before and after {}", format::clock(marker)) }</span>
            <button class="btn" onclick={props.seek(marker)}>{ t("go there") }</button>
            <button class="btn" onclick={props.look(move |l| l.marker = Some(now))} title={t("Compare with the moment of the playhead from now on")}>{ t("mark this moment") }</button>
            <button class="btn" hidden={last.is_none()} aria-pressed={props.ui.looks.marker.is_none().to_string()} onclick={props.look(|l| l.marker = None)}
                    title={t("Compare with the last command before the playhead")}>{ t("last command") }</button>
            <span class="num">{ act.unwrap_or_default() }</span>
        </div>
    }
}

fn row(props: &ViewProps, m: &MetricView, axis: &Axis, marker: u64) -> Html {
    let is_alarm = |value: Option<f64>| m.alarm_above.is_some_and(|limit| value.is_some_and(|v| v > limit));
    let tone = |value: Option<f64>| if is_alarm(value) { "n bad" } else { "n" };
    let change = match (m.before, m.now) {
        (Some(before), Some(now)) if before != now => {
            format!("{}{}", if now > before { "+" } else { "−" }, number((now - before).abs(), m.unit))
        }
        (Some(_), Some(_)) => "=".to_owned(),
        _ => "–".to_owned(),
    };
    let words = tell!("{}: {} before, {} now", m.name, shown(m.before, m.unit), shown(m.now, m.unit));
    html! {
        <div key={m.name} class="mrow" role="row">
            <span role="rowheader"><b>{ m.name }</b><small>{ m.bean }</small></span>
            <span role="cell" class="mcourse">{ course(props, m, axis, marker, words) }</span>
            <span role="cell" class={tone(m.before)}>{ shown(m.before, m.unit) }</span>
            <span role="cell" class={tone(m.now)}>{ shown(m.now, m.unit) }</span>
            <span role="cell" class="n">{ change }</span>
        </div>
    }
}

fn shown(value: Option<f64>, unit: &str) -> String {
    value.map_or("–".to_owned(), |v| number(v, unit))
}

/// Three digits are enough; a rate of bytes has its own units.
fn number(value: f64, unit: &str) -> String {
    match unit {
        "B/s" => format!("{}/s", format::bytes(value as u64)),
        _ => {
            let digits = match value {
                _ if value.fract() == 0.0 || value >= 100.0 => 0,
                _ if value >= 10.0 => 1,
                _ => 2,
            };
            format!("{value:.digits$}{}{unit}", if unit == "ms" { " " } else { "" })
        }
    }
}

fn course(props: &ViewProps, m: &MetricView, axis: &Axis, marker: u64, words: String) -> Html {
    let now = props.frame.picture.now_ns;
    let top = m.points.iter().fold(0.0_f64, |top, p| top.max(p.1)).max(f64::MIN_POSITIVE);
    let x = |ns: u64| axis.position(ns) * WIDE;
    let y = |value: f64| HIGH - 2.0 - value / top * (HIGH - 5.0);
    let mut line = String::new();
    for (i, (at, value)) in m.points.iter().enumerate() {
        line += &match i {
            0 => format!("M{:.1} {:.1}", x(*at), y(*value)),
            _ => format!("H{:.1}V{:.1}", x(*at), y(*value)),
        };
    }
    // Nothing was measured yet: no answer came, so there is no latency.
    let area = m.points.first().map_or(String::new(), |first| {
        line += &format!("H{:.1}", x(now));
        format!("{line}V{HIGH}H{:.1}Z", x(first.0))
    });
    let seek = {
        let (bridge, axis) = (props.bridge.clone(), axis.clone());
        Callback::from(move |e: MouseEvent| {
            if let Some(share) = dom::share_across(&e) {
                bridge.seek(axis.moment(share));
            }
        })
    };
    let rule = |class: &'static str, at: u64| html! { <line {class} x1={format!("{:.1}", x(at))} x2={format!("{:.1}", x(at))} y1="0" y2={HIGH.to_string()} /> };
    html! {
        <svg viewBox={format!("0 0 {WIDE} {HIGH}")} preserveAspectRatio="none" role="img" aria-label={words} onclick={seek}>
            <path class="area" d={area} /><path class="line" d={line} />{ rule("mk", marker) }{ rule("ph", now) }
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(number(0.0, "/s"), "0/s");
        assert_eq!(number(0.25, "/s"), "0.25/s");
        assert_eq!(number(12.34, "ms"), "12.3 ms");
        assert_eq!(number(1234.0, ""), "1234");
        assert_eq!(number(2048.0, "B/s"), "2.0 KiB/s");
    }
}
