//! The log view: replicas of one partition as rows over one axis of offsets. Hue is the leader epoch; outlines are
//! above the high watermark; what a replica cut off stays as a torn outline.

use view::{LogView, PositionView, ProcessState, RecordView, ReplicaLog};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{Pane, ViewProps, stepper};
use crate::format;
use crate::stage::faults::losses;
use crate::tell;
use crate::ui::{Act, Selection, ZOOMS};
use crate::words::{plural, t};

/// With fewer slots than this, cells show keys.
const KEYED_SLOTS: i64 = 24;

/// The view.
#[component]
pub(crate) fn Logs(props: &ViewProps) -> Html {
    let body = match &props.frame.detail.log {
        Some(log) => {
            html! { <>{ tools(props, log) }<div>{ losses(&props.frame.detail.lost) }</div>{ rows(props, log) }{ readers(props, log) }</> }
        }
        None => html! { <p class="empty">{ t("No partition to show: create a topic first.") }</p> },
    };
    html! { <Pane ui={props.ui.clone()} bridge={props.bridge.clone()} class="logv" label={t("Log. Arrow keys move between records, Enter inspects.")}>{ body }</Pane> }
}

fn tools(props: &ViewProps, log: &LogView) -> Html {
    let looks = &props.ui.looks;
    let topics = props.frame.picture.topics.iter();
    let names: Vec<String> =
        topics.flat_map(|t| t.partitions.iter().map(|p| format!("{}-{}", t.name, p.partition))).collect();
    let onchange = {
        let ui = props.ui.clone();
        Callback::from(move |e: Event| {
            let name = e.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some((topic, partition)) = name.rsplit_once('-') {
                let partition = partition.parse().unwrap_or_default();
                ui.dispatch(Act::Select(Some(Selection::Partition { topic: topic.to_owned(), partition, on: None })));
            }
        })
    };
    let chosen = format!("{}-{}", log.topic, log.partition);
    let (zoom, follows) = (looks.zoom, looks.end.is_none());
    let (from, to) = log.window;
    let oninput = {
        let (ui, end) = (props.ui.clone(), log.end);
        Callback::from(move |e: InputEvent| {
            let at = e.target_unchecked_into::<HtmlInputElement>().value_as_number() as i64;
            let mut looks = ui.looks.clone();
            looks.end = (at < end).then_some(at);
            ui.dispatch(Act::Look(looks));
        })
    };
    let all = log.end - log.start;
    html! {
        <div class="row vt">
            <label class="row"><span class="vh">{ t("Partition") }</span>
                <select class="btn" {onchange}>{ for names.iter().map(|n| html! { <option key={n.clone()} value={n.clone()} selected={*n == chosen}>{ n }</option> }) }</select></label>
            { stepper("−", "Show more offsets", zoom + 1 < ZOOMS.len() && ZOOMS[zoom].0 * ZOOMS[zoom].1 < all, props.look(|l| l.zoom += 1)) }
            { stepper("+", "Show fewer offsets", zoom > 0, props.look(|l| l.zoom -= 1)) }
            <input type="range" min={(log.start + (to - from)).min(log.end).to_string()} max={log.end.to_string()} value={to.min(log.end).to_string()} {oninput}
                   aria-label={t("Offsets shown")} aria-valuetext={tell!("offsets {} to {}", from, to - 1)} />
            <button class="btn" aria-pressed={follows.to_string()} title={t("Keep the end of the log in sight")}
                    onclick={{ let at = to; props.look(move |l| l.end = if l.end.is_none() { Some(at) } else { None }) }}>{ t("follow end") }</button>
            <span class="num">{ tell!("offsets {}–{}", from, to - 1) }</span>
        </div>
    }
}

fn rows(props: &ViewProps, log: &LogView) -> Html {
    html! { <div class="lrows">{ for log.replicas.iter().map(|r| row(props, log, r)) }</div> }
}

fn row(props: &ViewProps, log: &LogView, r: &ReplicaLog) -> Html {
    let is_down = !matches!(r.state, ProcessState::Running | ProcessState::Paused);
    let leads = r.is_leader && !is_down;
    let me = Selection::Partition { topic: log.topic.clone(), partition: log.partition, on: Some(r.broker) };
    let is_selected = props.ui.selected.as_ref().is_some_and(|s| s.has_replica(&log.topic, log.partition, r.broker));
    let onclick = {
        let ui = props.ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(me.clone()))))
    };
    let role = match () {
        () if is_down => t("off"),
        () if leads => t("leader"),
        () if r.in_sync => "ISR",
        () => "OUT",
    };
    let crown = if leads {
        "♛ "
    } else if r.is_preferred {
        "☆ "
    } else {
        ""
    };
    html! {
        <section key={r.broker} class={classes!("lrow", leads.then_some("lead"), (is_down || !r.in_sync).then_some("out"), is_selected.then_some("sel"))}
                 aria-label={tell!("Replica on broker {}", r.broker)}>
            <button class="lname" data-nav="" tabindex="-1" {onclick}>
                <b>{ format!("{crown}{}", tell!("Broker {}", r.broker)) }</b><span>{ tell!("{} · epoch {}", role, format::known(r.leader_epoch)) }</span>
                <small>{ tell!("start {} · HW {} · end {}", r.start, r.high_watermark, r.end) }</small>
                <small>{ tell!("on disk to {} · {}", r.flushed, plural(r.segments.len() as u64, "{} segment", "{} segments")) }</small>
            </button>
            <div class="ltrack">{ format::ends_before(r.end, log.window.0).map_or_else(
                || html! { <>{ flags(props, log, r) }{ cells(props, log, r) }{ runs(props, log, r) }</> },
                |said| html! { <em class="far">{ said }</em> },
            ) }{ torn(props, log, r) }{ swept(props, r) }{ whole(log, r) }{ gauge(r) }</div>
        </section>
    }
}

/// The slots of the axis: first offset of each, and one more for the end.
fn slots(props: &ViewProps, log: &LogView) -> (i64, impl Iterator<Item = i64> + Clone + use<>) {
    let per = ZOOMS[props.ui.looks.zoom].0;
    let (from, to) = log.window;
    (per, (from..=to).step_by(per as usize))
}

/// A lane with something in each slot.
fn lane(class: &'static str, props: &ViewProps, log: &LogView, mut of: impl FnMut(i64, i64) -> Html) -> Html {
    let (per, slots) = slots(props, log);
    html! { <div class={classes!("slots", class)}>{ for slots.map(|at| of(at, at + per)) }</div> }
}

fn flags(props: &ViewProps, log: &LogView, r: &ReplicaLog) -> Html {
    lane("flags", props, log, |at, next| {
        let here = |n: i64| (at..next).contains(&n);
        let mut words = Vec::new();
        if r.start > 0 && here(r.start) {
            words.push(tell!("⟦ start {}", r.start));
        }
        if r.stable < r.high_watermark && here(r.stable) {
            words.push(tell!("stable {}", r.stable));
        }
        match (here(r.high_watermark), here(r.end)) {
            (true, true) if r.high_watermark == r.end => words.push(tell!("HW = end {}", r.end)),
            (hw, end) => {
                words.extend(hw.then(|| format!("HW {}", r.high_watermark)));
                words.extend(end.then(|| tell!("end {}", r.end)));
            }
        }
        let late = (log.window.1 - at) * 4 < log.window.1 - log.window.0;
        let class = classes!(here(r.high_watermark).then_some("hwl"), late.then_some("late"));
        html! { <span key={at.to_string()} {class}>{ if words.is_empty() { Html::default() } else { html! { <em>{ words.join(" · ") }</em> } } }</span> }
    })
}

fn epoch_at(r: &ReplicaLog, offset: i64) -> i32 {
    r.epochs.iter().rev().find(|(_, start)| *start <= offset).map_or(0, |(epoch, _)| *epoch)
}

fn cells(props: &ViewProps, log: &LogView, r: &ReplicaLog) -> Html {
    let is_keyed = ZOOMS[props.ui.looks.zoom].1 <= KEYED_SLOTS;
    lane("cells2", props, log, |at, next| {
        let hw = (at..next).contains(&r.high_watermark).then_some("hwl");
        let begins = r.segments.iter().any(|s| s.base > 0 && (at..next).contains(&s.base)).then_some("seg");
        let class = classes!("cell", hw, begins);
        if at >= r.end || next <= r.start {
            return html! { <span key={at.to_string()} class={classes!(class, "gap")}></span> };
        }
        let epoch = format!("e{}", epoch_at(r, at).rem_euclid(6));
        let open = (at >= r.high_watermark).then_some("u");
        if next - at > 1 {
            return html! { <span key={at.to_string()} class={classes!(class, epoch, open)}></span> };
        }
        match r.records.iter().find(|x| x.offset == at) {
            Some(record) => cell(props, log, r, record, classes!(class, epoch, open), is_keyed),
            // What compaction took leaves its offset behind.
            None if r.swept.last().is_some_and(|run| at < run.to) => {
                html! { <span key={at.to_string()} class={classes!(class, "gap", "swept")} title={tell!("offset {}: compacted away; a later record has its key", at)}></span> }
            }
            None => {
                html! { <span key={at.to_string()} class={classes!(class, "gap")} title={tell!("offset {}: no record", at)}></span> }
            }
        }
    })
}

fn cell(props: &ViewProps, log: &LogView, r: &ReplicaLog, record: &RecordView, class: Classes, is_keyed: bool) -> Html {
    let me =
        Selection::Record { topic: log.topic.clone(), partition: log.partition, on: r.broker, offset: record.offset };
    let is_selected = match &props.ui.selected {
        Some(Selection::Record { offset, .. }) => *offset == record.offset,
        _ => false,
    };
    let onclick = {
        let ui = props.ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(me.clone()))))
    };
    let key = record.key.as_deref().unwrap_or("–");
    let label = tell!(
        "Offset {} on broker {}, epoch {}, {}, key {}, value {}",
        record.offset,
        r.broker,
        record.leader_epoch,
        if record.committed { t("below the high watermark") } else { t("above the high watermark") },
        key,
        record.value.as_deref().unwrap_or(t("none, a tombstone"))
    );
    html! {
        <button key={record.offset.to_string()} class={classes!(class, is_selected.then_some("sel"))} data-nav="" tabindex="-1" title={label} {onclick}>
            { record.offset }{ if is_keyed { html! { <small>{ record.key.as_deref().map_or_else(|| record.value.clone().unwrap_or("∅".to_owned()), ToOwned::to_owned) }</small> } } else { Html::default() } }
        </button>
    }
}

/// Where each leader epoch begins.
fn runs(props: &ViewProps, log: &LogView, r: &ReplicaLog) -> Html {
    let mut last = None;
    lane("runs2", props, log, |at, next| {
        let epoch = (at < r.end && next > r.start).then(|| epoch_at(r, at));
        let text = if epoch.is_some() && epoch != last { epoch.map(|e| format!("e{e}")) } else { None };
        last = epoch;
        html! { <span key={at.to_string()}>{ text }</span> }
    })
}

/// What this replica cut off: outlines torn from the row, and the moment it happened.
fn torn(props: &ViewProps, log: &LogView, r: &ReplicaLog) -> Html {
    let Some(last) = r.torn.last() else { return Html::default() };
    let is_here = |at: i64, next: i64| r.torn.iter().any(|t| at < t.to && next > t.from);
    let (per, slots) = slots(props, log);
    let is_seen = slots.clone().any(|at| is_here(at, at + per));
    let words = tell!("cut off here: {}–{} at {}", last.from, last.to - 1, format::clock(last.at_ns));
    html! {
        <div class="torn">
            <div class="slots cells2" hidden={!is_seen}>{ for slots.map(|at| html! {
                <span key={at.to_string()} class={classes!("cell", if is_here(at, at + per) { "ghost" } else { "void" })}>{ if per == 1 && is_here(at, at + 1) { at.to_string() } else { String::new() } }</span>
            }) }</div>
            <button class="link" onclick={props.seek(last.at_ns)}>{ format!("⌁ {words}") }</button>
        </div>
    }
}

/// How far the cleaner came, and what made way.
fn swept(props: &ViewProps, r: &ReplicaLog) -> Html {
    let Some(last) = r.swept.last() else { return Html::default() };
    let words = tell!(
        "compacted up to {} at {}: {} gone, {} kept",
        last.to,
        format::clock(last.at_ns),
        last.removed,
        last.kept
    );
    html! { <div><button class="link" onclick={props.seek(last.at_ns)}>{ format!("⌫ {words}") }</button></div> }
}

/// How dirty a compacted log is, beside what the cleaner waits for.
fn gauge(r: &ReplicaLog) -> Html {
    let Some(c) = &r.cleaner else { return Html::default() };
    let percent = |ppm: u32| format!("{}{}{}", ppm / 10_000, t("."), ppm / 1_000 % 10);
    let mut words =
        tell!("dirty: {} % of {}", percent(c.cleanable_ppm), format::bytes(c.clean_bytes + c.cleanable_bytes));
    let rest = if c.is_due {
        t("the cleaner takes it at its next turn").to_owned()
    } else {
        tell!("cleaned above {} % (min.cleanable.dirty.ratio)", percent(c.min_ppm))
    };
    words = format!("{words} · {rest}");
    let share = |ppm: u32| format!("{}%", f64::from(ppm) / 10_000.0);
    html! {
        <div class={classes!("gauge", c.is_due.then_some("warn"))} title={t("Bytes a pass would clean, as a share of all closed segments. The active segment is never cleaned.")}>
            <svg aria-hidden="true"><rect class="all" width="100%" height="6" /><rect class="part" width={share(c.cleanable_ppm)} height="6" /><line x1={share(c.min_ppm)} x2={share(c.min_ppm)} y1="0" y2="100%" /></svg>
            <small>{ words }</small>
        </div>
    }
}

/// The whole log in one strip: its segments, and the window.
fn whole(log: &LogView, r: &ReplicaLog) -> Html {
    let span = (log.end - log.start).max(1) as f64;
    let x = |offset: i64| ((offset.clamp(log.start, log.end) - log.start) as f64 / span * 100.0).clamp(0.0, 100.0);
    let rect = |class: String, from: i64, to: i64, y: &'static str, h: &'static str| {
        html! { <rect {class} x={format!("{:.2}%", x(from))} width={format!("{:.2}%", (x(to) - x(from)).max(0.2))} {y} height={h} /> }
    };
    let words = |s: &view::SegmentView| {
        format!(
            "{:020}.log, {}{}",
            s.base,
            format::bytes(u64::from(s.bytes)),
            if s.is_active { t(", active") } else { "" }
        )
    };
    html! {
        <svg class="whole" role="img" aria-label={tell!("{} in {}", plural((r.end - r.start).max(0) as u64, "{} offset", "{} offsets"), plural(r.segments.len() as u64, "{} segment", "{} segments"))}>
            { for r.segments.iter().map(|s| html! { <g key={s.base.to_string()}><title>{ words(s) }</title>{ rect(format!("s{}", if s.is_active { " act" } else { "" }), s.base.max(r.start), s.next, "2", "6") }</g> }) }
            { rect("w".to_owned(), log.window.0.max(log.start), log.window.1, "0", "10") }
        </svg>
    }
}

/// Where groups stand on the same axis.
fn readers(props: &ViewProps, log: &LogView) -> Html {
    let picture = &props.frame.picture;
    let is_ours = |p: &&PositionView| p.topic == log.topic && p.partition == log.partition;
    let group = |g: &view::GroupView| {
        let committed = g.offsets.iter().find(is_ours).map_or(-1, |o| o.committed);
        let owners = picture.clients.iter().filter(|c| c.group.as_ref() == Some(&g.group));
        let at = owners.flat_map(|c| &c.assignment).find(is_ours).map_or(-1, |p| p.position);
        (g.group.clone(), at, committed)
    };
    let list: Vec<(String, i64, i64)> = picture.groups.iter().map(group).filter(|g| g.1 >= 0 || g.2 >= 0).collect();
    html! {
        <div class="lreaders">{ for list.into_iter().map(|(name, at, committed)| {
            let shown = |n: i64| if n < 0 { "–".to_owned() } else { n.to_string() };
            let me = Selection::Group(name.clone());
            let ui = props.ui.clone();
            let onclick = Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(me.clone()))));
            html! { <div key={name.clone()} class="lrow reader">
                <button class="lname" data-nav="" tabindex="-1" {onclick}><b>{ name }</b><small>{ tell!("▽ position {}", shown(at)) }</small><small>{ tell!("▲ committed {}", shown(committed)) }</small></button>
                <div class="ltrack">{ lane("marks", props, log, |from, next| {
                    let mark = match ((from..next).contains(&at), (from..next).contains(&committed)) {
                        (true, true) => "▽▲",
                        (true, false) => "▽",
                        (false, true) => "▲",
                        _ => "",
                    };
                    html! { <span key={from.to_string()}>{ mark }</span> }
                }) }</div>
            </div> }
        }) }</div>
    }
}
