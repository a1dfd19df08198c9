//! Everything that runs in a lab is one of two machines: a Kafka process, or a program at a terminal.

use cluster::KafkaProcess;
use kernel::{Death, Effects, Input, Machine, Time};
use protocol::{Message, Note};
use shell::AppProcess;

use crate::Tag;

/// A process of either kind.
#[derive(Clone, Hash)]
pub enum Actor {
    /// A broker, a controller, or both.
    Kafka(Box<KafkaProcess>),
    /// A tool or a client program.
    App(Box<AppProcess>),
}

impl Actor {
    /// The Kafka process, if it is one.
    pub fn kafka(&self) -> Option<&KafkaProcess> {
        match self {
            Actor::Kafka(process) => Some(process),
            Actor::App(_) => None,
        }
    }
    /// The program, if it is one.
    pub fn app(&self) -> Option<&AppProcess> {
        match self {
            Actor::App(app) => Some(app),
            Actor::Kafka(_) => None,
        }
    }
}

impl Machine for Actor {
    type Message = Message;
    type Note = Note;

    fn step(&mut self, now: Time, input: Input<Message>, fx: &mut Effects<Message, Note>) {
        match self {
            Actor::Kafka(process) => process.step(now, input, fx),
            Actor::App(app) => app.step(now, input, fx),
        }
    }
    fn wire_bytes(message: &Message) -> u64 {
        message.wire_bytes()
    }
    fn tag(message: &Message) -> u64 {
        Tag::of(message).pack()
    }
    fn halt(&mut self, now: Time, death: Death) {
        match self {
            Actor::Kafka(process) => process.halt(now, death),
            Actor::App(app) => app.halt(now, death),
        }
    }
}
