//! A copy of the stage as a branch has it, beside that of another branch: what is not the same in both is outlined twice,
//! down to the record. Nothing flies here, and nothing is done from here but to select.

use std::rc::Rc;

use view::{BrokerView, Picture, ReplicaView};
use yew::prelude::*;

use super::broker::Broker;
use super::clients::{Consumers, Producers};
use super::controllers::Controllers;
use super::rows;
use crate::tell;
use crate::ui::Selection;

#[derive(Properties, PartialEq)]
pub(crate) struct TwinProps {
    /// The branch's name.
    pub(crate) name: String,
    pub(crate) picture: Rc<Picture>,
    /// The one it is compared with.
    pub(crate) against: Rc<Picture>,
    pub(crate) selected: Option<Selection>,
    pub(crate) select: Callback<Selection>,
}

/// The copy.
#[component]
pub(crate) fn Twin(props: &TwinProps) -> Html {
    let TwinProps { picture, against, selected, select, .. } = props;
    let rows = rows::beside(picture, against);
    html! {
        <section class="twin" aria-label={tell!("Branch {}", props.name)}>
            <h3>{ &props.name }</h3>
            <Controllers picture={picture.clone()} against={against.clone()} selected={selected.clone()} select={select.clone()} />
            <div class={classes!("brokers", (picture.brokers.len() > 4).then_some("many"))}>
                { for picture.brokers.iter().map(|b| html! {
                    <Broker key={b.id} broker={Rc::new(b.clone())} rows={rows.clone()} now_ns={picture.now_ns} against={twin(against, b.id)}
                            selected={selected.clone()} select={select.clone()} />
                }) }
            </div>
            <div class="side"><Producers picture={picture.clone()} against={against.clone()} selected={selected.clone()} select={select.clone()} />
                <Consumers picture={picture.clone()} against={against.clone()} selected={selected.clone()} select={select.clone()} /></div>
        </section>
    }
}

/// The same broker in the other branch; one that is nowhere, if there is none.
fn twin(against: &Picture, id: i32) -> Rc<BrokerView> {
    Rc::new(against.brokers.iter().find(|b| b.id == id).cloned().unwrap_or_default())
}

/// Whether a broker, its replicas aside, is not the same.
pub(super) fn broker_differs(a: &BrokerView, b: &BrokerView) -> bool {
    (a.id, a.state, a.fenced, &a.lifecycle) != (b.id, b.state, b.fenced, &b.lifecycle)
}

/// Whether a replica, its records aside, is not the same.
pub(super) fn replica_differs(a: &ReplicaView, b: &ReplicaView) -> bool {
    let facts = |r: &ReplicaView| (r.is_leader, r.in_sync, r.leader_epoch, r.log_start, r.high_watermark, r.log_end);
    facts(a) != facts(b)
}

/// Whether a replica has another record at an offset, or only one of them has one there.
pub(super) fn record_differs(a: &ReplicaView, b: Option<&ReplicaView>, offset: i64) -> bool {
    let at = |r: &ReplicaView| r.tail.iter().find(|record| record.offset == offset).cloned();
    let facts = |r: &ReplicaView| at(r).map(|record| (record.leader_epoch, record.key, record.value));
    facts(a) != b.and_then(facts)
}
