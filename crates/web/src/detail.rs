//! What the open view and the inspector show beyond the picture. Only what is asked for is looked up.

use std::rc::Rc;

use view::{
    Cause, Change, ConfigView, Difference, FlowLens, FlowView, GroupPast, LogLens, LogView, MessageView, MetricView,
    MetricsLens, Past, RecordDetail, Subject,
};

use crate::ui::{Looks, SPANS, Selection, Ui, View, ZOOMS};

/// Messages drawn in the space-time view.
const HOPS_MAX: usize = 160;
/// Messages of a process that the inspector lists.
const MESSAGES_MAX: usize = 40;
/// Messages drawn when no span is chosen: the last ones, whenever they were.
const HOPS_LAST: usize = 36;

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Want {
    view: View,
    looks: Looks,
    selected: Option<Selection>,
}

impl Want {
    pub(crate) fn of(ui: &Ui) -> Want {
        Want { view: ui.view, looks: ui.looks.clone(), selected: ui.selected.clone() }
    }

    pub(crate) fn compares_with(&self) -> Option<usize> {
        self.looks.other.filter(|_| self.view == View::Branches)
    }

    /// The partition that is selected.
    pub(crate) fn focus(&self) -> Option<(String, i32)> {
        match self.selected.as_ref()? {
            Selection::Partition { topic, partition, .. } => Some((topic.clone(), *partition)),
            _ => None,
        }
    }

    /// The message that is selected.
    pub(crate) fn message(&self) -> Option<view::MessageId> {
        if let Some(Selection::Message(id)) = self.selected { Some(id) } else { None }
    }

    /// Whether it shows messages that have arrived.
    pub(crate) fn needs_trace(&self) -> bool {
        self.view == View::Flow || self.looks.messages || self.looks.why.is_some()
    }

    pub(crate) fn why(&self) -> Option<u64> {
        self.looks.why
    }
}

/// What was found.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) log: Option<LogView>,
    pub(crate) flow: Option<FlowView>,
    pub(crate) groups: Vec<GroupPast>,
    /// Since when the fields of the selected thing are what they are, by field.
    pub(crate) since: Vec<(&'static str, Change)>,
    pub(crate) record: Option<RecordDetail>,
    /// The selected message, and whether it is on its way still.
    pub(crate) message: Option<(MessageView, bool)>,
    /// The chain of causes of the event asked for, that event first.
    pub(crate) why: Vec<Cause>,
    pub(crate) compared: Option<Rc<Compared>>,
    /// The configs of the selected thing, if they are open.
    pub(crate) configs: Vec<ConfigView>,
    /// What the selected process sent and got last, if that is open.
    pub(crate) messages: Option<FlowView>,
    /// What was acknowledged and is gone.
    pub(crate) lost: Vec<view::LostView>,
    pub(crate) metrics: Vec<MetricView>,
    /// The moment they are compared with, ns.
    pub(crate) marker_ns: u64,
}

/// The branch on the stage beside another one.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Compared {
    /// The other's name.
    pub(crate) name: String,
    /// Where the playhead stands, ns.
    pub(crate) at_ns: u64,
    /// Where the other was looked at: the same, unless it was not played so far.
    pub(crate) there_ns: u64,
    pub(crate) list: Vec<Difference>,
    /// All there is to see in the other.
    pub(crate) there: Rc<view::Picture>,
}

/// Looks up what is wanted.
pub(crate) fn detail(lab: &lab::Lab, past: &Past, want: &Want, picture: &view::Picture) -> Detail {
    let mut found = Detail { lost: view::lost(lab, past), ..Detail::default() };
    let looks = &want.looks;
    match want.view {
        View::Log => {
            let first = || picture.topics.first().map(|t| (t.name.clone(), 0));
            if let Some((topic, partition)) = looks.partition.clone().or_else(first) {
                let (per_slot, slots) = ZOOMS[looks.zoom];
                let lens = LogLens { topic: &topic, partition, count: per_slot * slots, end: looks.end };
                found.log = view::logs(lab, past, &lens);
            }
        }
        View::Flow => {
            let span_ns = Some(SPANS[looks.span]).filter(|ns| *ns > 0);
            let hops_max = if span_ns.is_some() { HOPS_MAX } else { HOPS_LAST };
            let lens = FlowLens { span_ns, quiet: looks.quiet, hops_max, of: None };
            found.flow = Some(view::flow(lab, &lens));
        }
        View::Groups => found.groups = picture.groups.iter().map(|g| past.group(&g.group, lab)).collect(),
        View::Metrics => {
            let now_ns = picture.now_ns;
            // What was typed is logged, and it is logged in order.
            let last = lab.log().last().map_or(0, |command| command.at.as_nanos().saturating_sub(lab::BOOT.as_nanos()));
            found.marker_ns = looks.marker.unwrap_or(last);
            let from_ns = looks.window.map_or(0, |(from, _)| from.min(now_ns));
            found.metrics = view::metrics(lab, &MetricsLens { from_ns, marker_ns: found.marker_ns });
        }
        View::Cluster | View::Branches => {}
    }
    if let Some(selected) = &want.selected {
        let fields = subjects(selected).into_iter();
        found.since = fields.filter_map(|(name, of)| Some((name, past.since(of, lab.events())?))).collect();
        let process = process_of(selected, picture);
        if let Some(change) = process.as_ref().and_then(|name| view::process_since(lab, name)) {
            // A process that is gone reports no state any more.
            if let Some((_, last)) = found.since.iter_mut().find(|(name, _)| *name == "lifecycle")
                && last.at_ns < change.at_ns
            {
                *last = change.clone();
            }
            found.since.push(("process", change));
        }
        found.configs = match selected {
            Selection::Topic(topic) | Selection::Partition { topic, .. } if looks.configs => {
                view::topic_configs(lab, topic)
            }
            Selection::Broker(id) if looks.configs => view::broker_configs(lab, *id),
            Selection::Client(process) if looks.configs => view::client_configs(lab, process),
            _ => Vec::new(),
        };
        found.messages = process
            .filter(|_| looks.messages)
            .map(|of| view::flow(lab, &FlowLens { span_ns: None, quiet: true, hops_max: MESSAGES_MAX, of: Some(of) }));
        if let Selection::Record { topic, partition, on, offset } = selected {
            found.record = view::record(lab, topic, *partition, *on, *offset);
        }
        if let Selection::Message(id) = selected {
            found.message = view::message(lab, *id).map(|message| (message, true));
        }
    }
    found
}

/// The process that is selected.
pub(crate) fn process_of(selected: &Selection, picture: &view::Picture) -> Option<String> {
    match selected {
        Selection::Broker(id) => picture.brokers.iter().find(|b| b.id == *id).map(|b| b.process.clone()),
        Selection::Controller(id) => picture.controllers.iter().find(|c| c.id == *id).map(|c| c.process.clone()),
        Selection::Client(process) => Some(process.clone()),
        Selection::Topic(_)
        | Selection::Partition { .. }
        | Selection::Record { .. }
        | Selection::Group(_)
        | Selection::Message(_) => None,
    }
}

/// The fields of the inspector that have a past.
fn subjects(selected: &Selection) -> Vec<(&'static str, Subject<'_>)> {
    match selected {
        Selection::Controller(id) => vec![("Raft state", Subject::Quorum(*id))],
        Selection::Broker(id) => vec![("lifecycle", Subject::Lifecycle(*id)), ("fenced", Subject::Fenced(*id))],
        Selection::Partition { topic, partition, .. } => {
            vec![("leader", Subject::Leader(topic, *partition)), ("ISR", Subject::Isr(topic, *partition))]
        }
        Selection::Group(name) => vec![("state", Subject::Group(name))],
        Selection::Client(_) | Selection::Topic(_) | Selection::Record { .. } | Selection::Message(_) => Vec::new(),
    }
}
