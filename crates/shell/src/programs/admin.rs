//! `admin.py` of workshop S0: makes a topic anew. It deletes a topic of that name first; in clusters with ZooKeeper the
//! deletion took effect later, which is why the workshop says that it "may need to be run twice".

use clients::{Admin, AdminCall, AdminEvent, AdminResult, ClientError, Profile, Properties};
use kernel::{Input, Order};
use protocol::api::create_topics::NewTopic;
use protocol::{Message, TopicName};

use crate::admin_tool::{INTERRUPTED, TERMINATED};
use crate::io::Io;
use crate::launch::Launch;
use crate::process::Body;
use crate::programs::python;
use crate::tools::Refusal;

/// The program under way: list, delete if it is there, create.
#[derive(Clone, Hash, Debug)]
pub(crate) struct AdminPy {
    admin: Admin,
    profile: Profile,
    properties: Properties,
    topic: TopicName,
    partitions: i32,
    replication_factor: i16,
}

pub(crate) fn start(launch: &Launch, _args: &[String]) -> Result<Body, Refusal> {
    let topic = python::required(launch, "TOPIC")?;
    let partitions = python::count(launch, "PARTITIONS", 1)?;
    let replication_factor = python::count(launch, "REPLICATION_FACTOR", 1)?;
    let profile = python::family(launch)?;
    let properties = python::properties(launch);
    let client_id = if profile == Profile::Java { "adminclient-1" } else { "rdkafka" };
    let admin = Admin::new(profile, &properties, client_id, 1).map_err(|e| Refusal::line(e.to_string()))?;
    let replication_factor = i16::try_from(replication_factor).unwrap_or(i16::MAX);
    Ok(Body::AdminPy(Box::new(AdminPy {
        admin,
        profile,
        properties,
        topic: topic.into(),
        partitions,
        replication_factor,
    })))
}

impl AdminPy {
    pub(crate) fn step(&mut self, input: &mut Input<Message>, io: &mut Io<'_>) {
        match input {
            Input::Start => {
                io.out(python::banner(self.profile, &self.properties));
                self.admin.start(io.now, io.fx);
                self.admin.call(io.now, io.fx, AdminCall::ListTopics);
            }
            Input::Order(Order::Interrupt) => return io.exit(INTERRUPTED),
            Input::Order(Order::Terminate) => return io.exit(TERMINATED),
            input => {
                self.admin.handle(io.now, input, io.fx);
            }
        }
        for AdminEvent::Log(line) in self.admin.events() {
            python::log(&line, self.profile, "rdkafka#producer-1", io);
        }
        for (_, result) in self.admin.results() {
            self.answer(result, io);
        }
    }

    fn answer(&mut self, result: AdminResult, io: &mut Io<'_>) {
        match result {
            AdminResult::ListTopics(topics) if topics.iter().any(|(name, ..)| *name == self.topic) => {
                self.admin.call(io.now, io.fx, AdminCall::DeleteTopics { topics: vec![self.topic.clone()] });
            }
            AdminResult::ListTopics(_) => self.create(io),
            AdminResult::DeleteTopics(results) => match results.into_iter().find_map(|(_, result)| result.err()) {
                None => {
                    io.out(format!("Topic {} deleted", self.topic));
                    self.create(io);
                }
                Some(error) => self.failed("delete", &error, io),
            },
            AdminResult::CreateTopics(results) => match results.into_iter().find_map(|(_, result)| result.err()) {
                None => {
                    io.out(format!("Topic {} created, partitions: {}", self.topic, self.partitions));
                    io.exit(0);
                }
                Some(error) => self.failed("create", &error, io),
            },
            AdminResult::Failed(error) => self.failed("create", &error, io),
            _ => unreachable!("the program makes no other call"),
        }
    }

    fn create(&mut self, io: &mut Io<'_>) {
        let topic = NewTopic {
            name: self.topic.clone(),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            assignments: vec![],
            configs: vec![],
        };
        self.admin.call(io.now, io.fx, AdminCall::CreateTopics { topics: vec![topic], validate_only: false });
    }

    fn failed(&self, what: &str, error: &ClientError, io: &mut Io<'_>) {
        io.out(format!("Failed to {what} topic {}: {}", self.topic, python::error(self.profile, error)));
        io.exit(1);
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }
    pub(crate) fn title(&self) -> String {
        format!("admin.py {}", self.topic)
    }
}
