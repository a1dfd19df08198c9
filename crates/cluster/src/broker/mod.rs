//! The broker: dispatch of client requests, replicas, fetchers, groups. Under construction.

pub mod lifecycle;

use std::sync::Arc;

use kernel::{ConnId, Death};
use protocol::api::Name;
use protocol::metadata::MetadataBatch;
use protocol::{Request, Response};

use crate::process::{Context, Fx};
use crate::spec::ProcessSpec;

/// The broker part of a process.
#[derive(Clone, Debug, Hash)]
pub struct Broker {}

impl Broker {
    /// A broker with empty log directories.
    pub fn new(_spec: &Arc<ProcessSpec>) -> Broker {
        Broker {}
    }
    /// The metadata log is caught up: `cx.image` is the first image this start of the process sees. Opens its
    /// replicas; requests come from now on.
    pub fn start(&mut self, _cx: &Context<'_>, _fx: &mut Fx) {}
    /// Batches were committed and are applied in `cx.image`.
    pub fn on_metadata(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _batches: &[MetadataBatch]) {}
    /// `cx.image` was replaced as a whole by a snapshot: compare and catch up.
    pub fn on_snapshot(&mut self, _cx: &Context<'_>, _fx: &mut Fx) {}
    /// A request came in on the broker's port.
    pub fn on_request(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _conn: ConnId, _correlation: u32, _client_id: Name, _request: Request) {}
    /// An answer came to one of the broker's own calls (also those to `cx.controller`).
    pub fn on_response(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _conn: ConnId, _correlation: u32, _response: Response) {}
    /// A connection it asked for is open.
    pub fn on_opened(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _conn: ConnId) {}
    /// A connection, opened by it or accepted on its port, is over.
    pub fn on_closed(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _conn: ConnId) {}
    /// One of its timers is due (space [`crate::process::space::BROKER`] and up).
    pub fn on_timer(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _token: u64) {}
    /// A disk sync it asked for is complete.
    pub fn on_synced(&mut self, _cx: &Context<'_>, _fx: &mut Fx, _token: u64) {}
    /// A clean stop: the controller granted the controlled shutdown. Flushes its logs; the process exits.
    pub fn shutdown(&mut self, _cx: &Context<'_>, _fx: &mut Fx) {}
    /// The process died: drops soft state.
    pub fn halt(&mut self, _death: Death) {}
}
