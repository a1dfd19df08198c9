//! The inspector: the engine's fields of what is selected, and what can be done to it. Every act is a command, and
//! the button says which.

use view::{
    BrokerView, Change, ClientView, ConfigView, ControllerView, GroupView, MessageView, PartitionView, Picture,
    PositionView, ProcessState, RecordDetail, RecordView, TopicView,
};
use yew::prelude::*;

use crate::detail::process_of;
use crate::format;
use crate::stage::faults;
use crate::tell;
use crate::ui::{Act, Selection, View};
use crate::views::{ViewProps, chain, messages};
use crate::words::{known, say, t};

/// The pane.
#[component]
pub(crate) fn Inspector(props: &ViewProps) -> Html {
    let picture = &props.frame.picture;
    let found = props.ui.selected.as_ref().and_then(|s| match s {
        Selection::Controller(id) => picture.controllers.iter().find(|c| c.id == *id).map(|c| controller(props, c)),
        Selection::Broker(id) => picture.brokers.iter().find(|b| b.id == *id).map(|b| broker(props, b)),
        Selection::Topic(name) => picture.topics.iter().find(|t| t.name == *name).map(|t| topic(props, t)),
        Selection::Partition { topic, partition, on } => {
            find(picture, topic, *partition).map(|p| self::partition(props, topic, p, *on))
        }
        Selection::Record { topic, partition, on, .. } => {
            props.frame.detail.record.as_ref().map(|r| record(props, topic, *partition, *on, r))
        }
        Selection::Client(name) => picture.clients.iter().find(|c| c.process == *name).map(|c| client(props, c)),
        Selection::Message(_) => props.frame.detail.message.as_ref().map(|(m, flies)| message(props, m, *flies)),
        Selection::Group(name) => picture.groups.iter().find(|g| g.group == *name).map(|g| group(props, g)),
    });
    let root = use_node_ref();
    {
        // Another thing is looked at from its top.
        let root = root.clone();
        use_effect_with(props.ui.selected.clone(), move |_| {
            if let Some(pane) = root.cast::<web_sys::Element>() {
                pane.set_scroll_top(0);
            }
        });
    }
    html! { <div ref={root} class="pane insp" tabindex="0" aria-label={t("Inspector")}>{ found.unwrap_or_else(|| overview(props)) }</div> }
}

fn find<'a>(picture: &'a Picture, topic: &str, partition: i32) -> Option<&'a PartitionView> {
    picture.topics.iter().find(|t| t.name == topic)?.partitions.iter().find(|p| p.partition == partition)
}

/// A list of (name, value, tone).
type Fields = Vec<(&'static str, String, &'static str)>;

fn fields(props: &ViewProps, list: Fields) -> Html {
    let since = &props.frame.detail.since;
    html! { <><dl class="fields">{ for list.into_iter().map(|(name, value, tone)| {
        let past = since.iter().find(|(of, _)| *of == name).map(|(_, change)| self::since(props, change));
        html! { <><dt>{ t(name) }</dt><dd class={tone}>{ value }{ past }</dd></> }
    }) }</dl><div>{ (props.ui.view != View::Flow).then(|| chain(props)) }</div></> }
}

/// Since when a field is what it is: leads to the moment, and to what led to it.
fn since(props: &ViewProps, change: &Change) -> Html {
    if change.event == 0 {
        // An act from outside has no causes: it is named, unless that is a long command, which stands above.
        let act = say(&change.text);
        let is_short = act.chars().count() < 24;
        return html! {
            <span class="since"><button class="link" title={act.clone()} onclick={props.seek(change.at_ns)}>{ tell!("since {}", format::clock(change.at_ns)) }</button><code hidden={!is_short}>{ act }</code></span>
        };
    }
    if change.at_ns == 0 {
        return html! { <span class="since">{ t("since boot") }</span> };
    }
    let (ui, event) = (props.ui.clone(), change.event);
    let why = Callback::from(move |_: MouseEvent| {
        let mut looks = ui.looks.clone();
        looks.why = if looks.why == Some(event) { None } else { Some(event) };
        ui.dispatch(Act::Look(looks));
    });
    html! {
        <span class="since"><button class="link" title={tell!("{}, event {}. Go to that moment", say(&change.text), format::count(change.event))} onclick={props.seek(change.at_ns)}>{ tell!("since {}", format::clock(change.at_ns)) }</button>
            <button class="link" title={tell!("What led to it: {}", say(&change.text))} onclick={why}>{ t("why") }</button></span>
    }
}

/// The lower part of every pane: why, configs, and the engine's own fields.
fn more<T: serde::Serialize>(props: &ViewProps, has_configs: bool, of: &T) -> Html {
    let looks = &props.ui.looks;
    let toggle = |text: &'static str, open: bool, onclick: Callback<MouseEvent>| html! { <button class="btn" aria-expanded={open.to_string()} {onclick}>{ t(text) }</button> };
    let picture = &props.frame.picture;
    let is_process = props.ui.selected.as_ref().is_some_and(|s| process_of(s, picture).is_some());
    let list = props.frame.detail.messages.as_ref().filter(|_| is_process && looks.messages);
    let json = looks.json.then(|| serde_json::to_string_pretty(of).unwrap_or_default());
    html! {
        <>
            <div class="row">
                <span hidden={!has_configs}>{ toggle("Configs", looks.configs, props.look(|l| l.configs = !l.configs)) }</span>
                <span hidden={!is_process}>{ toggle("Messages", looks.messages, props.look(|l| l.messages = !l.messages)) }</span>
                { toggle("JSON", looks.json, props.look(|l| l.json = !l.json)) }
            </div>
            <div hidden={!has_configs || !looks.configs}>{ configs(&props.frame.detail.configs) }</div>
            <div>{ list.map(|flow| messages(props, flow)) }</div>
            <div>{ json.map(|text| html! { <pre class="json" tabindex="0" aria-label={"JSON"}>{ text }</pre> }) }</div>
        </>
    }
}

fn configs(list: &[ConfigView]) -> Html {
    html! {
        <table class="mini configs">
            <thead><tr><th>{ t("config") }</th><th>{ t("value") }</th></tr></thead>
            <tbody>{ for list.iter().map(|c| html! {
                <tr key={c.name.clone()} class={if c.is_set { "set" } else { "" }}><td>{ dotted(&c.name) }</td>
                    <td>{ if c.value.is_empty() { "–" } else { &c.value }}{ if c.is_set { html! { <small>{ tell!("{}; default {}", known(&c.source), c.default.as_deref().unwrap_or(t("none"))) }</small> } } else { Html::default() } }</td></tr>
            }) }</tbody>
        </table>
    }
}

/// A name that may be broken after its dots.
fn dotted(name: &str) -> Html {
    html! { <>{ for name.split_inclusive('.').map(|part| html! { <>{ part }<wbr /></> }) }</> }
}

fn head(title: String, sub: String) -> Html {
    html! { <div><h2>{ title }</h2><p class="sub">{ sub }</p></div> }
}

/// Buttons: what it does, and the command it issues.
fn acts(props: &ViewProps, list: &[(&'static str, String)]) -> Html {
    let button = |(text, command): &(&'static str, String)| {
        let (bridge, ui, line) = (props.bridge.clone(), props.ui.clone(), command.clone());
        let onclick = Callback::from(move |_: MouseEvent| bridge.command(ui.active, &line));
        html! { <button key={command.clone()} class="act" {onclick}>{ t(text) }<small>{ crate::markdown::command(command) }</small></button> }
    };
    html! { <div class="acts">{ for list.iter().map(button) }</div> }
}

fn link(props: &ViewProps, text: String, to: Selection) -> Html {
    let ui = props.ui.clone();
    let onclick = Callback::from(move |_: MouseEvent| ui.dispatch(Act::Select(Some(to.clone()))));
    html! { <button class="link" {onclick}>{ text }</button> }
}

fn overview(props: &ViewProps) -> Html {
    let picture = &props.frame.picture;
    let up = picture.brokers.iter().filter(|b| b.state == ProcessState::Running && !b.fenced).count();
    let active = picture.controllers.iter().find(|c| c.is_active);
    let all = picture.topics.iter().filter(|t| !t.is_internal).flat_map(|t| &t.partitions);
    let mut list = vec![
        ("time", format::clock(picture.now_ns), ""),
        ("event", format::count(picture.event), ""),
        ("brokers up", tell!("{} of {}", up, picture.brokers.len()), warn(picture.brokers.len() - up, "warn")),
        (
            "active controller",
            active.map_or(t("none").to_owned(), |c| c.id.to_string()),
            warn(usize::from(active.is_none()), "bad"),
        ),
        ("metadata offset", active.map_or("–".to_owned(), |c| c.high_watermark.to_string()), ""),
    ];
    // Kafka's metric counts the internal topics too.
    list.extend(health(all, picture.hidden_under));
    list.push(("in flight", picture.flights.len().to_string(), ""));
    html! {
        <>
            { head(t("Cluster").to_owned(), t("Select anything on the stage to look into it.").to_owned()) }
            { fields(props, list) }
            <div>{ faults::losses(&props.frame.detail.lost) }</div>
            <div>{ troubles(props) }</div>
            <div>{ partitions(props, &picture.topics) }</div>
            <div>{ flights(props) }</div>
        </>
    }
}

fn warn(n: usize, tone: &'static str) -> &'static str {
    if n > 0 { tone } else { "" }
}

/// How many partitions lack something; `hidden` more are under-replicated and not shown.
fn health<'a>(partitions: impl Iterator<Item = &'a PartitionView> + Clone, hidden: usize) -> Fields {
    let under = partitions.clone().filter(|p| p.isr.len() < p.replicas.len()).count();
    let said = if hidden == 0 { under.to_string() } else { tell!("{} + {} internal", under, hidden) };
    let below = partitions.clone().filter(|p| (p.isr.len() as i32) < p.min_isr).count();
    let offline = partitions.filter(|p| p.leader < 0).count();
    vec![
        ("under-replicated", said, warn(under + hidden, "warn")),
        ("under min ISR", below.to_string(), warn(below, "bad")),
        ("without leader", offline.to_string(), warn(offline, "bad")),
    ]
}

/// The faults there are, and how to end them.
fn troubles(props: &ViewProps) -> Html {
    let list = faults::standing(&props.frame.picture);
    if list.is_empty() {
        return Html::default();
    }
    html! {
        <div class="acts">
            <p class="eyebrow">{ t("Faults") }</p>
            <ul class="mini">{ for list.into_iter().enumerate().map(|(i, line)| html! { <li key={i}>{ line }</li> }) }</ul>
            { acts(props, &[("End every fault", "sim mend".to_owned())]) }
        </div>
    }
}

/// Adds what is out of order with a process to its fields.
fn with_trouble(props: &ViewProps, process: &str, mut list: Fields) -> Fields {
    let trouble = faults::of_process(&props.frame.picture, process);
    if !trouble.is_empty() {
        list.insert(1, ("trouble", trouble, "warn"));
    }
    list
}

/// Partitions listed; the others are counted.
const TOPICS_MAX: usize = 60;

fn partitions(props: &ViewProps, topics: &[TopicView]) -> Html {
    let mut rows: Vec<_> = topics.iter().flat_map(|t| t.partitions.iter().map(move |p| (t, p))).collect();
    let more = rows.len().saturating_sub(TOPICS_MAX);
    if more > 0 {
        // What stands out comes first.
        ordered::sort_by_key(&mut rows, |(_, p)| p.isr.len() >= p.replicas.len() && p.leader >= 0);
    }
    html! {
        <table class="mini" hidden={rows.is_empty()}>
            <caption class="more">{ if more > 0 { tell!("and {} more", more) } else { String::new() } }</caption>
            <thead><tr><th>{ t("partition") }</th><th>{ t("leader") }</th><th>{ "ISR" }</th><th class="n">{ t("end") }</th></tr></thead>
            <tbody>{ for rows.into_iter().take(TOPICS_MAX).map(|(t, p)| {
                let name = format!("{}-{}", t.name, p.partition);
                let to = Selection::Partition { topic: t.name.clone(), partition: p.partition, on: None };
                html! { <tr key={name.clone()}>
                    <td>{ link(props, name, to) }</td><td>{ leader(p.leader) }</td><td>{ format::ids(&p.isr) }</td><td class="n">{ shown(p.log_end) }</td>
                </tr> }
            }) }</tbody>
        </table>
    }
}

fn leader(id: i32) -> String {
    if id < 0 { t("none").to_owned() } else { id.to_string() }
}

fn shown(n: i64) -> String {
    if n < 0 { "–".to_owned() } else { format::count(n as u64) }
}

fn state(state: ProcessState, since_ns: u64, now_ns: u64) -> (&'static str, String, &'static str) {
    let tone = if state == ProcessState::Running { "good" } else { "warn" };
    let name = state.name();
    ("process", tell!("{} for {}", t(name), format::span(now_ns.saturating_sub(since_ns))), tone)
}

/// What can be done to a process.
fn deaths(state: ProcessState, name: &str) -> Vec<(&'static str, String)> {
    match state {
        ProcessState::Running => vec![
            ("Stop it cleanly", format!("sim stop {}", name)),
            ("Kill it: connections reset, page cache survives", format!("sim kill {}", name)),
            ("Take its power: unflushed data is lost, silence", format!("sim power-off {}", name)),
            ("Pause it, as a long GC does", format!("sim pause {}", name)),
        ],
        ProcessState::Paused => {
            vec![("Resume it", format!("sim resume {}", name)), ("Kill it", format!("sim kill {}", name))]
        }
        ProcessState::New | ProcessState::Stopped | ProcessState::Killed | ProcessState::PoweredOff => {
            vec![("Start it", format!("sim start {}", name))]
        }
    }
}

fn controller(props: &ViewProps, c: &ControllerView) -> Html {
    let now = props.frame.picture.now_ns;
    html! {
        <>
            { head(tell!("Controller {}", c.id), c.process.clone()) }
            { fields(props, with_trouble(props, &c.process, vec![
                state(c.state, c.since_ns, now),
                ("Raft state", c.role.clone(), ""),
                ("Raft epoch", c.epoch.to_string(), ""),
                ("active", if c.is_active { t("yes") } else { t("no") }.to_owned(), if c.is_active { "good" } else { "" }),
                ("metadata log end", c.log_end.to_string(), ""),
                ("high watermark", c.high_watermark.to_string(), ""),
            ])) }
            { acts(props, &deaths(c.state, &format!("controller {}", c.id))) }
            { more(props, false, c) }
        </>
    }
}

fn broker(props: &ViewProps, b: &BrokerView) -> Html {
    let now = props.frame.picture.now_ns;
    let session =
        b.session_ends_ns.map_or("–".to_owned(), |end| tell!("{} left", format::span(end.saturating_sub(now))));
    let mut act = deaths(b.state, &format!("broker {}", b.id));
    let others: Vec<String> =
        props.frame.picture.brokers.iter().filter(|o| o.id != b.id).map(|o| o.id.to_string()).collect();
    if !others.is_empty() && b.state == ProcessState::Running {
        act.push(("Cut it off from the other brokers", format!("sim cut {} | {}", b.id, others.join(" "))));
    }
    if !props.frame.picture.cuts.is_empty() {
        act.push(("Heal every cut", "sim heal".to_owned()));
    }
    html! {
        <>
            { head(tell!("Broker {}", b.id), b.rack.as_ref().map_or(b.process.clone(), |r| tell!("{} · rack {}", b.process, r))) }
            { fields(props, with_trouble(props, &b.process, vec![
                state(b.state, b.since_ns, now),
                ("lifecycle", b.lifecycle.clone(), ""),
                ("fenced", if b.fenced { t("yes") } else { t("no") }.to_owned(), if b.fenced { "warn" } else { "" }),
                ("session", session, ""),
                ("replicas", b.holds.to_string(), ""),
                ("out of sync", b.out.to_string(), if b.out > 0 { "warn" } else { "" }),
                ("leads", b.leads.to_string(), ""),
                ("logs", format::bytes(b.replicas.iter().map(|r| r.bytes).sum()), ""),
            ])) }
            { acts(props, &act) }
            { more(props, true, b) }
        </>
    }
}

/// What a tool says of it.
fn describe(topic: &str) -> (&'static str, String) {
    ("Describe it, as a tool sees it", format!("kafka-topics --bootstrap-server :9092 --describe --topic {topic}"))
}

fn topic(props: &ViewProps, of: &TopicView) -> Html {
    let mut list = vec![("topic id", of.id.clone(), ""), ("partitions", of.partitions.len().to_string(), "")];
    list.extend(health(of.partitions.iter(), 0));
    html! {
        <>
            { head(of.name.clone(), t("as the active controller has it").to_owned()) }
            { fields(props, list) }
            { partitions(props, std::slice::from_ref(of)) }
            { acts(props, &[describe(&of.name)]) }
            { more(props, true, of) }
        </>
    }
}

fn partition(props: &ViewProps, topic: &str, p: &PartitionView, on: Option<i32>) -> Html {
    let picture = &props.frame.picture;
    let replicas = picture
        .brokers
        .iter()
        .filter_map(|b| b.replicas.iter().find(|r| r.topic == topic && r.partition == p.partition).map(|r| (b.id, r)));
    let chosen = on.filter(|b| *b != p.leader).or((p.leader >= 0).then_some(p.leader)).or(on);
    let tail = replicas.clone().find(|(b, _)| Some(*b) == chosen).map(|(_, r)| r.tail.as_slice()).unwrap_or_default();
    let short = (p.isr.len() as i32) < p.min_isr;
    html! {
        <>
            { head(format!("{topic}-{}", p.partition), t("as the active controller has it").to_owned()) }
            { fields(props, vec![
                ("leader", leader(p.leader), if p.leader < 0 { "bad" } else { "" }),
                ("leader epoch", p.leader_epoch.to_string(), ""),
                ("partition epoch", p.partition_epoch.to_string(), ""),
                ("replicas", format::ids(&p.replicas), ""),
                ("ISR", format::ids(&p.isr), if p.isr.len() < p.replicas.len() { "warn" } else { "" }),
                ("ELR", if p.elr.is_empty() { "–".to_owned() } else { format::ids(&p.elr) }, ""),
                ("min.insync.replicas", p.min_isr.to_string(), if short { "bad" } else { "" }),
                ("high watermark", shown(p.high_watermark), ""),
                ("log end", shown(p.log_end), ""),
            ]) }
            <table class="mini nums">
                <thead><tr><th>{ t("broker") }</th><th>{ "e" }</th><th>{ t("start") }</th><th>{ "HW" }</th><th>{ t("end") }</th><th class="n">{ t("size") }</th></tr></thead>
                <tbody>{ for replicas.map(|(b, r)| html! { <tr key={b}>
                    <td>{ format!("{}{b}", if r.is_leader { "♛ " } else { "" }) }</td><td>{ format::known(r.leader_epoch) }</td><td>{ r.log_start }</td><td>{ r.high_watermark }</td><td>{ r.log_end }</td><td class="n">{ format::bytes(r.bytes) }</td>
                </tr> }) }</tbody>
            </table>
            <div>
                <p class="eyebrow">{ chosen.map_or(t("Records").to_owned(), |b| tell!("Records on broker {}", b)) }</p>
                { records(tail) }
            </div>
            <p>{ t("of topic") }{ " " }{ link(props, topic.to_owned(), Selection::Topic(topic.to_owned())) }</p>
            { acts(props, &[describe(topic)]) }
            { more(props, true, p) }
        </>
    }
}

/// A record: what its batch says of it, who holds it, and who sees it.
fn record(props: &ViewProps, topic: &str, partition: i32, on: i32, r: &RecordDetail) -> Html {
    let (high_watermark, stable) = r.bounds;
    let (offset, stamp) = (r.record.offset, r.record.timestamp_ms);
    let seen = |bound: i64, name: &'static str| match offset < bound {
        true => (tell!("yes: below the {} {}", t(name), bound), "good"),
        false => (tell!("no: the {} is {}", t(name), bound), "warn"),
    };
    let (uncommitted, committed) = (seen(high_watermark, "high watermark"), seen(stable, "last stable offset"));
    let (id, epoch, sequence) = r.producer;
    let producer = if id < 0 {
        t("not idempotent").to_owned()
    } else {
        tell!("id {}, epoch {}, sequence {}", id, epoch, sequence)
    };
    let holders: Vec<String> = r.held_by.iter().map(|(broker, epoch)| format!("{broker} (e{epoch})")).collect();
    let differs = r.held_by.iter().any(|(_, epoch)| *epoch != r.record.leader_epoch);
    html! {
        <>
            { head(tell!("Record {} of {}-{}", offset, topic, partition), tell!("as broker {} has it", on)) }
            { fields(props, vec![
                ("key", r.record.key.clone().unwrap_or(t("none").to_owned()), ""),
                ("value", r.record.value.clone().unwrap_or(t("none: a tombstone").to_owned()), ""),
                ("read_uncommitted", uncommitted.0, uncommitted.1),
                ("read_committed", committed.0, committed.1),
                ("leader epoch", r.record.leader_epoch.to_string(), ""),
                ("on brokers", holders.join(", "), if differs { "bad" } else { "" }),
                ("batch", tell!("offsets {}–{}", r.batch.0, r.batch.1), ""),
                ("producer", producer, ""),
                ("size", format::bytes(u64::from(r.bytes)), ""),
                ("file", format!("{:020}.log", r.segment), ""),
                (r.timestamp_type, tell!("{} UTC ({} ms)", shell::log_time(stamp), stamp), ""),
            ]) }
            { link(props, format!("{topic}-{partition}"), Selection::Partition { topic: topic.to_owned(), partition, on: Some(on) }) }
            { more(props, false, r) }
        </>
    }
}

/// How much later a message comes by the button.
const LATE: &str = "100ms";

/// A message on its way: its fields, and what a network may do to it.
fn message(props: &ViewProps, m: &MessageView, flies: bool) -> Html {
    let now = props.frame.picture.now_ns;
    let kind = if m.is_response { t("response") } else { t("request") };
    let arrives = match (flies, m.held) {
        (false, _) => t("no longer on its way").to_owned(),
        (true, true) => t("held by a cut").to_owned(),
        (true, false) => {
            tell!("{}, in {}", format::clock(m.arrives_ns), format::span(m.arrives_ns.saturating_sub(now)))
        }
    };
    let mut act = Vec::new();
    if flies {
        act.push(("Lose it: its connection is reset", format!("sim drop {}", m.name())));
        match m.held {
            true => act.push(("Heal every cut", "sim heal".to_owned())),
            false => {
                act.push(("Hold it up for 100 ms, and what is behind it", format!("sim delay {} {LATE}", m.name())))
            }
        }
        if m.is_answered {
            let answer = format!("sim drop {} response {} > {}", m.api, m.to, m.from);
            act.push(("Have it come twice: lose its answer, and it may be sent again", answer));
        }
    }
    html! {
        <>
            { head(format!("{} {kind}", m.api), format!("{} → {}", m.from, m.to)) }
            { fields(props, vec![
                ("arrives", arrives, if flies { "" } else { "warn" }),
                ("sent", format::clock(m.sent_ns), ""),
                ("correlation id", m.correlation.to_string(), ""),
                ("size", format::bytes(m.bytes), ""),
            ]) }
            <table class="mini configs">
                <thead><tr><th>{ t("field") }</th><th>{ t("value") }</th></tr></thead>
                <tbody>{ for m.fields.iter().enumerate().map(|(i, (name, value))| html! { <tr key={i}><td>{ name }</td><td>{ value }</td></tr> }) }</tbody>
            </table>
            { acts(props, &act) }
            <p class="sub">{ t("TCP loses nothing in the middle, reorders nothing and copies nothing. A loss for good resets the connection; what is late holds up what is behind it; a record comes twice when a client sends again what was not answered.") }</p>
        </>
    }
}

/// Messages on their way that the overview lists.
const FLIGHTS_MAX: usize = 12;

/// What is on its way, to be looked into without a pointer.
fn flights(props: &ViewProps) -> Html {
    let list = &props.frame.picture.flights;
    if list.is_empty() {
        return Html::default();
    }
    let more = list.len().saturating_sub(FLIGHTS_MAX);
    html! {
        <div>
            <p class="eyebrow">{ t("On their way") }</p>
            <ul class="flights">{ for list.iter().take(FLIGHTS_MAX).map(|f| {
                let kind = if f.is_response { t("response") } else { t("request") };
                html! { <li key={f.key.to_string()}>{ link(props, format!("{} {kind}", f.api), Selection::Message(f.id)) }<small>{ format!("{} → {}", f.from, f.to) }</small></li> }
            }) }</ul>
            <p class="more">{ if more > 0 { tell!("and {} more", more) } else { String::new() } }</p>
        </div>
    }
}

fn records(tail: &[RecordView]) -> Html {
    if tail.is_empty() {
        return html! { <p class="empty">{ t("none yet") }</p> };
    }
    html! {
        <table class="mini">
            <thead><tr><th>{ t("offset") }</th><th>{ "e" }</th><th>{ t("key") }</th><th>{ t("value") }</th></tr></thead>
            <tbody>{ for tail.iter().rev().take(14).map(|r| html! {
                <tr key={r.offset.to_string()} class={if r.committed { "" } else { "unc" }}>
                    <td>{ r.offset }</td><td>{ r.leader_epoch }</td><td>{ r.key.clone().unwrap_or_else(|| "–".to_owned()) }</td><td>{ r.value.clone().unwrap_or_else(|| "∅".to_owned()) }</td>
                </tr>
            }) }</tbody>
        </table>
    }
}

fn client(props: &ViewProps, c: &ClientView) -> Html {
    let mut list: Fields = vec![
        state(c.state, c.since_ns, props.frame.picture.now_ns),
        ("kind", known(&c.kind), ""),
        ("client family", c.profile.clone(), ""),
    ];
    if let Some(acks) = c.acks {
        list.push(("acks", if acks < 0 { "all".to_owned() } else { acks.to_string() }, ""));
        list.push(("acknowledged", format::count(c.records), ""));
        list.push(("waiting", format::count(c.pending), ""));
    } else if c.kind == "consumer" {
        list.push(("received", format::count(c.records), ""));
        list.push(("phase", c.phase.clone(), ""));
    }
    list.push(("failed", format::count(c.errors), if c.errors > 0 { "bad" } else { "" }));
    let number = c.process.trim_start_matches("app-");
    let mut act = Vec::new();
    if c.state == ProcessState::Running {
        act.push(("Stop it cleanly", format!("sim stop app {}", number)));
        act.push(("Kill it", format!("sim kill app {}", number)));
        act.push(("Pause it", format!("sim pause app {}", number)));
    } else if c.state == ProcessState::Paused {
        act.push(("Resume it", format!("sim resume app {}", number)));
    }
    html! {
        <>
            { head(c.title.clone(), c.command.clone()) }
            { fields(props, with_trouble(props, &c.process, list)) }
            <div>{ c.group.as_ref().map(|g| html! { <p>{ t("in group") }{ " " }{ link(props, g.clone(), Selection::Group(g.clone())) }</p> }) }</div>
            <div>{ positions(&c.assignment) }</div>
            { acts(props, &act) }
            { more(props, c.kind != "tool", c) }
        </>
    }
}

fn positions(list: &[PositionView]) -> Html {
    if list.is_empty() {
        return Html::default();
    }
    // Where a member is, its coordinator does not know.
    let is_known = list.iter().any(|p| p.position >= 0);
    html! {
        <table class="mini">
            <thead><tr><th>{ t("partition") }</th><th hidden={!is_known}>{ t("▽ at") }</th><th>{ t("▲ committed") }</th><th class="n">{ t("end") }</th></tr></thead>
            <tbody>{ for list.iter().map(|p| html! {
                <tr key={format!("{}-{}", p.topic, p.partition)}><td>{ format!("{}-{}", p.topic, p.partition) }</td><td hidden={!is_known}>{ shown(p.position) }</td><td>{ shown(p.committed) }</td><td class="n">{ shown(p.end) }</td></tr>
            }) }</tbody>
        </table>
    }
}

fn group(props: &ViewProps, g: &GroupView) -> Html {
    let now = props.frame.picture.now_ns;
    let lag: i64 = g.offsets.iter().filter(|o| o.end >= 0 && o.committed >= 0).map(|o| o.end - o.committed).sum();
    html! {
        <>
            { head(g.group.clone(), t("as its coordinator has it").to_owned()) }
            { fields(props, vec![
                ("state", g.state.clone(), if g.state == "Stable" { "good" } else { "warn" }),
                ("generation", g.generation.to_string(), ""),
                ("assignor", if g.protocol.is_empty() { "–".to_owned() } else { g.protocol.clone() }, ""),
                ("coordinator", if g.coordinator < 0 { t("unknown").to_owned() } else { tell!("broker {}", g.coordinator) }, ""),
                ("members", g.members.len().to_string(), ""),
                ("lag (committed)", lag.to_string(), if lag > 0 { "warn" } else { "" }),
            ]) }
            <table class="mini">
                <thead><tr><th>{ t("member") }</th><th>{ t("owns") }</th><th class="n">{ t("session") }</th></tr></thead>
                <tbody>{ for g.members.iter().map(|m| {
                    let owns = m.assignment.iter().map(|(t, p)| format!("{t}-{p}")).collect::<Vec<_>>().join(" ");
                    let left = m.session_ends_ns.map_or("–".to_owned(), |end| format::span(end.saturating_sub(now)));
                    let who = match &m.process {
                        Some(process) => link(props, process.clone(), Selection::Client(process.clone())),
                        None => html! { <span class="warn" title={t("The coordinator still counts on it")}>{ t("gone") }</span> },
                    };
                    html! { <tr key={m.member.clone()}><td title={format!("{} {}", m.client_id, m.member)}>{ who }</td><td>{ owns }</td><td class="n">{ left }</td></tr> }
                }) }</tbody>
            </table>
            <div>{ positions(&g.offsets) }</div>
            { acts(props, &[("Describe it, as a tool sees it", format!("kafka-consumer-groups --bootstrap-server :9092 --describe --group {}", g.group))]) }
            { more(props, false, g) }
        </>
    }
}
