//! The admin client (`KafkaAdminClient`): finds the broker, the coordinator or the leaders a call needs, retries what
//! can be retried, and gives up after `default.api.timeout.ms`.
//!
//! Calls for the controller go to any broker, which forwards them, or straight to the active one where `bootstrap.controllers`
//! is set (KIP-919). Few calls can be made that way.

mod call;
mod plan;
mod dispatch;
mod answers;

use kernel::{Address, Duration, Input, Time, Timers};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::config;
use protocol::{BrokerId, ErrorCode, GroupId, Message, Request, TopicPartition};

pub use call::{AdminCall, AdminEvent, AdminResult, Described, GroupOffset};

use crate::network::{Kind, Net, NetEvent};
use crate::settings::{Config, NetSettings, check};
use crate::soonest::Soonest;
use crate::{ClientError, ConfigError, Fx, Profile, Properties};

const NOT_FOR_CONTROLLERS: &str =
    "This Admin API is not yet supported when communicating directly with the controller quorum.";

/// Whom a request is for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Target {
    Any,
    Broker(BrokerId),
    Coordinator(GroupId),
}

/// One request of a call.
#[derive(Clone, Hash, Debug)]
struct Part {
    number: u64,
    target: Target,
    request: Request,
    is_sent: bool,
    /// Whom it was last sent to.
    to: BrokerId,
    tries: u32,
    not_before: Time,
}

/// A call under way.
#[derive(Clone, Hash, Debug)]
struct Task {
    call: AdminCall,
    deadline: Time,
    parts: Vec<Part>,
    /// What has been answered so far.
    result: Option<AdminResult>,
    /// What leaders answer and still needs a leader, with a timestamp to look up or an offset to delete before; and the metadata
    /// it waits for.
    look_ups: Vec<(TopicPartition, i64)>,
    metadata_after: u64,
    look_up_not_before: Time,
    tries: u32,
}

/// Where a group's coordinator is, as far as known.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Coordinator {
    Unknown { not_before: Time, tries: u32 },
    Finding { tries: u32 },
    Known(BrokerId, Address),
}

/// What a request was for.
#[derive(Clone, Hash, Debug)]
enum Asked {
    Part { task: u64, part: u64 },
    Coordinator(GroupId),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Wake;

/// A Kafka admin client.
#[derive(Clone, Hash, Debug)]
pub struct Admin {
    profile: Profile,
    net: Net<Asked>,
    api_timeout: Duration,
    space: u16,
    timers: Timers<Wake>,
    is_started: bool,
    next: u64,
    next_part: u64,
    tasks: SortedMap<u64, Task>,
    coordinators: SortedMap<GroupId, Coordinator>,
    results: Vec<(u64, AdminResult)>,
}

const API_TIMEOUT: &str = "default.api.timeout.ms";

impl Admin {
    /// An admin client; its timers carry `space`.
    pub fn new(profile: Profile, properties: &Properties, client_id: &str, space: u16) -> Result<Admin, ConfigError> {
        let checked = check(profile, config::ADMIN_CONFIGS, config::LIBRDKAFKA_ADMIN_CONFIGS, properties)?;
        let config = Config { profile, properties: &checked };
        let settings = NetSettings::read(&config, 300_000)?;
        let request_timeout = settings.request_timeout;
        let mut net = Net::new(profile, Kind::Admin, client_id, None, settings, false);
        let mut api_timeout = config.span(&[API_TIMEOUT], [60_000, 60_000])?;
        if profile == Profile::Java && api_timeout < request_timeout {
            if config.text(API_TIMEOUT).is_some() {
                let text = "must be no smaller than the value of request.timeout.ms.";
                return Err(config.unusable(format!("The specified value of {API_TIMEOUT} {text}")));
            }
            // Java names a default that it has not read yet (`KafkaAdminClient#configureDefaultApiTimeoutMs`).
            let ms = request_timeout.as_millis();
            let text = format!(
                "Overriding the default value for {API_TIMEOUT} (0) with the explicitly configured request timeout {ms}"
            );
            net.warn("org.apache.kafka.clients.admin.KafkaAdminClient", text);
            api_timeout = request_timeout;
        }
        Ok(Admin {
            profile,
            net,
            api_timeout,
            space,
            timers: Timers::new(space),
            is_started: false,
            next: 0,
            next_part: 0,
            tasks: SortedMap::new(),
            coordinators: SortedMap::new(),
            results: Vec::new(),
        })
    }

    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, now: Time, fx: &mut Fx) {
        self.is_started = true;
        self.run(now, fx);
    }

    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, now: Time, input: &mut Input<Message>, fx: &mut Fx) -> bool {
        if let Input::Timer { token } = input {
            if Timers::<Wake>::space_of(*token) != self.space {
                return false;
            }
            if self.timers.fire(fx, now, *token).is_some() {
                self.run(now, fx);
            }
            return true;
        }
        let Some(events) = self.net.handle(now, input, fx) else { return false };
        for event in events {
            self.network_event(now, fx, event);
        }
        self.run(now, fx);
        true
    }

    /// Starts a call; a result with the same number comes later.
    pub fn call(&mut self, now: Time, fx: &mut Fx, call: AdminCall) -> u64 {
        self.next += 1;
        let number = self.next;
        if self.net.settings.asks_controllers && !call.is_for_controllers() {
            let error = ClientError::of(self.profile, ErrorCode::UnsupportedEndpointType)
                .with_message(Some(NOT_FOR_CONTROLLERS));
            self.results.push((number, AdminResult::Failed(error)));
            return number;
        }
        let mut task = Task {
            deadline: now + self.api_timeout,
            parts: Vec::new(),
            result: None,
            look_ups: Vec::new(),
            metadata_after: 0,
            look_up_not_before: now,
            tries: 0,
            call,
        };
        self.plan(&mut task);
        self.tasks.insert(number, task);
        self.run(now, fx);
        number
    }

    /// Takes out results.
    pub fn results(&mut self) -> Vec<(u64, AdminResult)> {
        std::mem::take(&mut self.results)
    }
    /// Takes out log lines.
    pub fn events(&mut self) -> Vec<AdminEvent> {
        self.net.take_log().into_iter().map(AdminEvent::Log).collect()
    }
    /// Calls under way.
    pub fn pending(&self) -> usize {
        self.tasks.len()
    }
    /// The family.
    pub fn profile(&self) -> Profile {
        self.profile
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.net.client_id
    }
    /// Closes its connections; calls under way are dropped.
    pub fn close(&mut self, fx: &mut Fx) {
        self.tasks.clear();
        self.timers.clear();
        self.net.shut(fx);
        self.is_started = false;
    }

    // ---- the loop

    fn run(&mut self, now: Time, fx: &mut Fx) {
        if !self.is_started {
            return;
        }
        for event in self.net.tick(now, fx) {
            self.network_event(now, fx, event);
        }
        self.time_out(now);
        self.dispatch(now, fx);
        self.finish();
        self.arm(now, fx);
    }

    fn finish(&mut self) {
        let done: Vec<u64> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.parts.is_empty() && task.look_ups.is_empty())
            .map(|(n, _)| *n)
            .collect();
        for number in done {
            let task = self.tasks.remove(&number).expect("listed above");
            let empty = || AdminResult::Failed(ClientError::of(self.profile, ErrorCode::UnknownServerError));
            self.results.push((number, task.result.unwrap_or_else(empty)));
        }
    }

    fn time_out(&mut self, now: Time) {
        let late: Vec<u64> = self.tasks.iter().filter(|(_, task)| task.deadline <= now).map(|(n, _)| *n).collect();
        for number in late {
            let task = self.tasks.remove(&number).expect("listed above");
            let error = self.timeout_error(&task, now);
            let result = match (task.result, task.call) {
                (Some(AdminResult::ListOffsets(mut found)), AdminCall::ListOffsets { partitions }) => {
                    let missing = partitions
                        .into_iter()
                        .filter(|(tp, _)| !found.iter().any(|(known, _)| known == tp))
                        .map(|(tp, _)| tp);
                    let missing: Vec<TopicPartition> = missing.collect();
                    found.extend(missing.into_iter().map(|tp| (tp, Err(error.clone()))));
                    AdminResult::ListOffsets(found)
                }
                (Some(AdminResult::DeleteRecords(mut done)), AdminCall::DeleteRecords { partitions }) => {
                    let is_open = |tp: &TopicPartition| !done.iter().any(|(known, _)| known == tp);
                    let open: Vec<TopicPartition> = partitions.into_iter().map(|(tp, _)| tp).filter(is_open).collect();
                    done.extend(open.into_iter().map(|tp| (tp, Err(error.clone()))));
                    AdminResult::DeleteRecords(done)
                }
                _ => AdminResult::Failed(error),
            };
            self.results.push((number, result));
        }
    }

    fn timeout_error(&self, task: &Task, now: Time) -> ClientError {
        if self.profile == Profile::Librdkafka {
            return ClientError::new(
                "_TIMED_OUT",
                "Failed while waiting for controller: Local: Timed out",
                ErrorCode::RequestTimedOut,
            );
        }
        let sought = |part: &&Part| match &part.target {
            Target::Coordinator(group) => self.coordinators.get(group).and_then(|c| match c {
                Coordinator::Unknown { tries, .. } | Coordinator::Finding { tries } if *tries > 0 => Some(*tries),
                Coordinator::Unknown { .. } | Coordinator::Finding { .. } | Coordinator::Known(..) => None,
            }),
            Target::Any | Target::Broker(_) => None,
        };
        let (name, tries) = match task.parts.iter().find_map(|part| sought(&part)) {
            Some(tries) => ("findCoordinator", tries),
            None => (task.call.name(), task.parts.iter().map(|part| part.tries).max().unwrap_or(task.tries)),
        };
        if tries == 0 {
            return ClientError::timeout(format!("Timed out waiting for a node assignment. Call: {name}"));
        }
        let wall = |at: Time| protocol::wall_ms(at.as_nanos());
        let next = task.parts.iter().map(|part| part.not_before).max().unwrap_or(now);
        ClientError::timeout(format!(
            "Call(callName={name}, deadlineMs={}, tries={tries}, nextAllowedTryMs={}) timed out at {} after {tries} attempt(s)",
            wall(task.deadline),
            wall(next),
            wall(now)
        ))
    }

    fn arm(&mut self, now: Time, fx: &mut Fx) {
        let mut soonest = Soonest::after(now);
        for task in self.tasks.values() {
            soonest.at_each([task.deadline, task.look_up_not_before]);
            soonest.at_each(task.parts.iter().map(|part| part.not_before));
        }
        for coordinator in self.coordinators.values() {
            if let Coordinator::Unknown { not_before, .. } = coordinator {
                soonest.at(*not_before);
            }
        }
        self.net.due(&mut soonest);
        // An idle admin client does nothing by itself but keep its metadata fresh.
        let Some(due) = soonest.when() else { return };
        if self.timers.due(&Wake).is_none_or(|armed| armed > due) {
            self.timers.arm(fx, due, Wake);
        }
    }

    fn network_event(&mut self, now: Time, fx: &mut Fx, event: NetEvent<Asked>) {
        match event {
            NetEvent::Response { tag: Asked::Part { task, part }, response, .. } => {
                self.part_answered(now, fx, task, part, response)
            }
            NetEvent::Failed { tag: Asked::Part { task, part }, .. } => self.retry_part(now, fx, task, part),
            NetEvent::Response { tag: Asked::Coordinator(group), response, .. } => {
                self.coordinator_answered(now, fx, &group, &response)
            }
            NetEvent::Failed { tag: Asked::Coordinator(group), .. } => self.coordinator_failed(now, fx, &group),
            NetEvent::Metadata => {}
            NetEvent::Fatal(error) => {
                for number in std::mem::take(&mut self.tasks).into_keys() {
                    self.results.push((number, AdminResult::Failed(error.clone())));
                }
            }
        }
    }
}
