//! The metadata quorum (`KafkaRaftClient`). Under construction.

use std::sync::Arc;

use kernel::{Address, ConnId, Time};
use protocol::metadata::{MetadataBatch, MetadataRecord};
use protocol::{BrokerId, Request, Response};

use crate::image::MetadataImage;
use crate::process::Fx;
use crate::spec::ProcessSpec;

/// What the log says is committed.
#[derive(Clone, Debug, Hash)]
pub enum Committed {
    /// Start over from this image.
    Snapshot(Arc<MetadataImage>),
    /// Batches to replay, in order.
    Batches(Vec<MetadataBatch>),
}

/// What a controller must know of leadership.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Leadership {
    /// This node leads the epoch, and everything before the epoch is committed and applied.
    Gained {
        /// The Raft epoch: the controller epoch.
        epoch: i32,
    },
    /// It does not lead any more.
    Lost,
}

/// A replica of the metadata log.
#[derive(Clone, Debug, Hash)]
pub struct Replica {}

#[allow(missing_docs, unused_variables)]
impl Replica {
    pub fn new(spec: &Arc<ProcessSpec>) -> Replica { Replica {} }
    pub fn handles(request: &Request) -> bool { false }
    pub fn leader(&self) -> Option<BrokerId> { None }
    pub fn leader_address(&self) -> Option<Address> { None }
    pub fn start(&mut self, now: Time, fx: &mut Fx) {}
    pub fn on_request(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, request: Request) {}
    pub fn on_response(&mut self, now: Time, fx: &mut Fx, conn: ConnId, correlation: u32, response: Response) {}
    pub fn owns(&self, conn: ConnId) -> bool { false }
    pub fn on_opened(&mut self, conn: ConnId) -> bool { false }
    pub fn on_closed(&mut self, now: Time, fx: &mut Fx, conn: ConnId) {}
    pub fn on_peer_closed(&mut self, conn: ConnId) {}
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, token: u64) {}
    pub fn append(&mut self, now: Time, fx: &mut Fx, records: Vec<MetadataRecord>) -> Option<i64> { None }
    pub fn take_committed(&mut self) -> Option<Committed> { None }
    pub fn take_leadership(&mut self) -> Option<Leadership> { None }
    pub fn maybe_snapshot(&mut self, now: Time, image: &Arc<MetadataImage>) {}
    pub fn shutdown(&mut self, now: Time, fx: &mut Fx) {}
    pub fn is_shut_down(&self) -> bool { true }
    pub fn halt(&mut self) {}
}
