//! The controller (`QuorumController`). Under construction.

use std::sync::Arc;

use kernel::{ConnId, Time};
use protocol::Request;

use crate::image::MetadataImage;
use crate::process::Fx;
use crate::raft::{Leadership, Replica};
use crate::spec::ProcessSpec;

/// The controller part of a process.
#[derive(Clone, Debug, Hash)]
pub struct Controller {}

#[allow(missing_docs, unused_variables)]
impl Controller {
    pub fn new(spec: &Arc<ProcessSpec>) -> Controller { Controller {} }
    pub fn on_leadership(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, image: &Arc<MetadataImage>, event: Leadership) {}
    pub fn on_committed(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, offset: i64) {}
    pub fn on_request(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, conn: ConnId, correlation: u32, request: Request) {}
    pub fn on_closed(&mut self, conn: ConnId) {}
    pub fn on_timer(&mut self, now: Time, fx: &mut Fx, raft: &mut Replica, token: u64) {}
    pub fn halt(&mut self) {}
}
