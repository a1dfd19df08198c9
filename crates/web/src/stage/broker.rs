//! A broker: its state, and a tile for each replica it holds.

use std::rc::Rc;

use view::{BrokerView, ProcessState, ReplicaView};
use yew::prelude::*;

use super::rows::{Row, Rows};
use super::twin::{broker_differs, record_differs, replica_differs};
use crate::format;
use crate::tell;
use crate::ui::Selection;
use crate::words::{plural, t};

/// How long a broker's session lasts by default, ns: `broker.session.timeout.ms`.
const SESSION_NS: u64 = 9_000_000_000;
/// With more than this left, a session is no news: a heartbeat comes every 2 s.
const SESSION_CALM_NS: u64 = 6_400_000_000;

#[derive(Properties, PartialEq)]
pub(crate) struct BrokerProps {
    pub(crate) broker: Rc<BrokerView>,
    pub(crate) rows: Rc<Rows>,
    pub(crate) now_ns: u64,
    /// What is out of order with its host, or waits for it.
    #[prop_or_default]
    pub(crate) trouble: String,
    /// The same broker in a branch that this one is compared with.
    #[prop_or_default]
    pub(crate) against: Option<Rc<BrokerView>>,
    pub(crate) selected: Option<Selection>,
    pub(crate) select: Callback<Selection>,
}

/// A broker.
#[component]
pub(crate) fn Broker(props: &BrokerProps) -> Html {
    let broker = &props.broker;
    let is_down = !matches!(broker.state, ProcessState::Running | ProcessState::Paused);
    let me = Selection::Broker(broker.id);
    let is_selected = props.selected.as_ref() == Some(&me);
    let select = props.select.reform(move |_: MouseEvent| me.clone());
    let (status, tone) = status(broker, props.now_ns);
    let class = classes!(
        "broker",
        is_down.then_some("down"),
        broker.fenced.then_some("fenced"),
        (broker.state == ProcessState::Paused).then_some("paused"),
        is_selected.then_some("sel"),
        props.against.as_ref().is_some_and(|other| broker_differs(broker, other)).then_some("differs"),
    );
    html! {
        <section {class} role="listitem" data-node={broker.process.clone()} data-kind="broker">
            <button class="bh" onclick={select} tabindex="-1" data-nav="" title={tell!("Broker {}, {}", broker.id, status)}>
                <span>{ tell!("Broker {}", broker.id) }</span>
                { session(broker, props.now_ns) }
                <small class={tone}>{ status }</small>
            </button>
            <div>{ (!props.trouble.is_empty()).then(|| html! { <p class="trouble" title={props.trouble.clone()}>{ format!("⚠ {}", props.trouble) }</p> }) }</div>
            <div class={classes!("reps", props.rows.density)}>
                { for props.rows.list.iter().enumerate().map(|(i, row)| html! { <>{ topic_of(props, i) }{ tile(props, row, is_down) }</> }) }
                { props.rows.list.is_empty().then(|| if props.rows.density.is_empty() { html! { <p key="none" class="empty">{ t("no partitions yet") }</p> } } else { Html::default() }) }
                { (props.rows.density == "strip").then(|| strip(props)) }
            </div>
        </section>
    }
}

/// Where rows have room for a number only, the topic stands above its first one.
fn topic_of(props: &BrokerProps, i: usize) -> Html {
    let rows = &props.rows;
    let begins = i == 0 || rows.list[i].topic != rows.list[i - 1].topic;
    if rows.density != "dense" || !begins {
        return Html::default();
    }
    html! { <span class="tn" title={rows.list[i].topic.to_string()}>{ &*rows.list[i].topic }</span> }
}

/// Counts, and a replica that stands out: more would make its whole row of brokers higher.
fn strip(props: &BrokerProps) -> Html {
    let b = &props.broker;
    let share = |n: u32| format::fixed(f64::from(n) * 100.0 / f64::from(b.holds.max(1)), 1) + "%";
    let out = b.replicas.iter().find(|r| !r.in_sync);
    html! {
        <div key="strip" class="counts" title={tell!("Leads {} of the {} it holds", b.leads, plural(u64::from(b.holds), "{} replica", "{} replicas"))}>
            <svg aria-hidden="true"><rect class="all" width="100%" height="6" /><rect class="in" width={share(b.holds - b.out)} height="6" /><rect class="led" width={share(b.leads)} height="6" /></svg>
            <small>{ tell!("♛ {} of {}", b.leads, b.holds) }</small>
            <small class={if b.out > 0 { "warn" } else { "" }}>{ if b.out > 0 { tell!("{} OUT", b.out) } else { String::new() } }</small>
            { for out.into_iter().map(|r| {
                let me = Selection::Partition { topic: r.topic.clone(), partition: r.partition, on: Some(b.id) };
                let select = props.select.reform(move |_: MouseEvent| me.clone());
                html! { <button key={format!("{}-{}", r.topic, r.partition)} class="link" data-nav="" tabindex="-1" onclick={select}>{ format!("{}-{}", r.topic, r.partition) }</button> }
            }) }
        </div>
    }
}

/// What is said of a broker beside its name.
pub(crate) fn status(broker: &BrokerView, now_ns: u64) -> (String, &'static str) {
    // Whole seconds once there are some: the line is short.
    let since = now_ns.saturating_sub(broker.since_ns);
    let since = format::whole_span(since);
    match broker.state {
        ProcessState::New => (t("not started").to_owned(), ""),
        ProcessState::Stopped => (tell!("stopped {}", since), ""),
        ProcessState::Killed => (tell!("off {}", since), ""),
        ProcessState::PoweredOff => (tell!("no power {}", since), ""),
        ProcessState::Paused => (tell!("paused {}", since), "warn"),
        ProcessState::Running if broker.lifecycle == "RUNNING" && broker.fenced => (t("fenced").to_owned(), "warn"),
        ProcessState::Running if broker.lifecycle == "RUNNING" => {
            (broker.rack.as_ref().map_or(String::new(), |r| tell!("rack {}", r)), "rack")
        }
        ProcessState::Running => (broker.lifecycle.to_ascii_lowercase().replace('_', " "), "warn"),
    }
}

/// The session clock at the controller, once it runs down.
fn session(broker: &BrokerView, now_ns: u64) -> Html {
    let left = broker.session_ends_ns.map_or(u64::MAX, |end| end.saturating_sub(now_ns));
    if broker.fenced || left > SESSION_CALM_NS {
        return html! { <span></span> };
    }
    let around = 2.0 * std::f64::consts::PI * 6.0;
    let share = (left as f64 / SESSION_NS as f64).clamp(0.0, 1.0);
    html! {
        <svg class="sess" width="16" height="16" viewBox="0 0 16 16" role="img"
             aria-label={tell!("session ends in {}", format::span(left))}>
            <title>{ tell!("The controller fences it in {}", format::span(left)) }</title>
            <circle cx="8" cy="8" r="6" />
            <circle cx="8" cy="8" r="6" transform="rotate(-90 8 8)" stroke-dasharray={format::fixed(around * share, 1) + " 99"} />
        </svg>
    }
}

fn tile(props: &BrokerProps, row: &Row, is_down: bool) -> Html {
    let found = replica_of(&props.broker, row);
    let key = format!("{}-{}", row.topic, row.partition);
    match found {
        Some(replica) => replica_tile(props, row, replica, is_down, key),
        None if props.rows.density == "dense" => html! { <span {key} hidden=true></span> },
        None => html! { <div {key} class="rep none" aria-hidden="true"></div> },
    }
}

fn replica_of<'a>(broker: &'a BrokerView, row: &Row) -> Option<&'a ReplicaView> {
    broker.replicas.iter().find(|r| r.partition == row.partition && *r.topic == *row.topic)
}

fn replica_tile(props: &BrokerProps, row: &Row, replica: &ReplicaView, is_down: bool, key: String) -> Html {
    let (topic, partition, broker) = (&replica.topic, replica.partition, props.broker.id);
    let is_selected = props.selected.as_ref().is_some_and(|s| s.has_replica(topic, partition, broker));
    let me = Selection::Partition { topic: topic.clone(), partition, on: Some(broker) };
    let is_leader = replica.is_leader && row.leader == props.broker.id && !is_down;
    let (tag, tone) = tag(replica, row, props.broker.id, is_down);
    let twin = props.against.as_ref().map(|other| replica_of(other, row));
    let differs = twin.is_some_and(|twin| twin.is_none_or(|twin| replica_differs(replica, twin)));
    let class = classes!(
        "rep",
        is_leader.then_some("lead"),
        (!replica.in_sync || is_down).then_some("out"),
        is_selected.then_some("sel"),
        differs.then_some("differs"),
    );
    let label = tell!(
        "{} partition {} on broker {}: {}, epoch {}, high watermark {}, log end {}",
        replica.topic,
        replica.partition,
        props.broker.id,
        if is_leader { t("leader") } else { tag.as_str() },
        replica.leader_epoch,
        replica.high_watermark,
        replica.log_end
    );
    let crown = if is_leader {
        "♛ "
    } else if replica.is_preferred {
        "☆ "
    } else {
        ""
    };
    let select = props.select.reform(move |_: MouseEvent| me.clone());
    let name = match props.rows.density {
        "dense" => html! { <b>{ crown }{ replica.partition }</b> },
        _ => html! { <b><span>{ crown }{ &replica.topic }</span>{ format!("-{}", replica.partition) }</b> },
    };
    html! {
        <button {key} {class} onclick={select} tabindex="-1" data-nav="" title={label}>
            <span class="rh">{ name }<em class={tone}>{ tag }</em></span>
            <span class="runs" aria-hidden="true">{ for runs(row, replica) }</span>
            <span class="cells" aria-hidden="true">{ for cells(row, replica, twin) }{ format::ends_before(replica.log_end, row.from).map(|said| html! { <i>{ said }</i> }) }</span>
            <span class="rf" aria-hidden="true"><b>{ format!("HW {}", replica.high_watermark) }</b><span>{ tell!("end {}", replica.log_end) }</span></span>
        </button>
    }
}

/// The word at the right of a tile: what the active controller holds of this replica.
fn tag(replica: &ReplicaView, row: &Row, broker: i32, is_down: bool) -> (String, &'static str) {
    let epoch = format!("e{}", replica.leader_epoch);
    match () {
        () if is_down && replica.in_sync => ("ISR".to_owned(), ""),
        () if is_down => (t("off").to_owned(), ""),
        () if replica.is_leader && row.leader == broker => (epoch, ""),
        () if replica.is_leader => (tell!("stale {}", epoch), "warn"),
        () if replica.in_sync => ("ISR".to_owned(), ""),
        () => ("OUT".to_owned(), "warn"),
    }
}

/// The cells of a window: records, holes, and the high watermark between them.
fn cells(row: &Row, replica: &ReplicaView, twin: Option<Option<&ReplicaView>>) -> Vec<Html> {
    let mut out = Vec::with_capacity((row.to - row.from) as usize + 1);
    for offset in row.from..=row.to {
        if offset == replica.high_watermark || (offset == row.from && replica.high_watermark < row.from) {
            out.push(html! { <span key="hw" class="hw"></span> });
        }
        if offset == row.to {
            break;
        }
        let record = replica.tail.iter().find(|r| r.offset == offset);
        let epoch = record.map_or(0, |r| r.leader_epoch);
        let class = match record {
            _ if offset >= replica.log_end || offset < replica.log_start => classes!("cell", "gap"),
            None => classes!("cell", "gap"),
            Some(_) if offset < replica.high_watermark => classes!("cell", "new", hue(epoch)),
            Some(_) => classes!("cell", "new", "u", hue(epoch)),
        };
        let class = classes!(class, twin.is_some_and(|twin| record_differs(replica, twin, offset)).then_some("dif"));
        let is_blank = record.is_none() || offset >= replica.log_end;
        let text = if is_blank { String::new() } else { short(offset) };
        let key = if is_blank { format!("g{offset}") } else { format!("{offset}e{epoch}") };
        out.push(html! { <span {key} {class}>{ text }</span> });
    }
    out
}

/// The epoch above the first cell of each run of one leader.
fn runs(row: &Row, replica: &ReplicaView) -> Vec<Html> {
    let mut last = None;
    (row.from..row.to)
        .map(|offset| {
            let epoch = replica.tail.iter().find(|r| r.offset == offset).map(|r| r.leader_epoch);
            let begins = epoch.is_some() && epoch != last;
            last = epoch.or(last);
            let text = if begins { format!("e{}", epoch.unwrap_or(0)) } else { String::new() };
            html! { <span key={offset.to_string()}>{ text }</span> }
        })
        .collect()
}

fn hue(epoch: i32) -> &'static str {
    ["e0", "e1", "e2", "e3", "e4", "e5"][epoch.rem_euclid(6) as usize]
}

/// An offset in at most two digits; the tile's foot has it in full.
fn short(offset: i64) -> String {
    if offset < 100 { offset.to_string() } else { format!("{:02}", offset % 100) }
}
