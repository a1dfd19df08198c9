//! A client's connections (`NetworkClient`): bootstrap, one connection a broker (and one more to the coordinator),
//! ApiVersions first, reconnect backoff, request time-outs, metadata refreshes, rebootstrap (KIP-899, KIP-1102, KIP-1242).
//!
//! What Java clients push to brokers of their metrics (KIP-714) is left out, as brokers take it only with a plugin that no broker here
//! has; but that they look for a broker to push to is not.

mod idle;
mod logging;
mod metadata;

use kernel::{Address, Calls, CloseReason, Duration, Input, Time};
use ordered::SortedMap;
use protocol::api::Name;
use protocol::api::api_versions::ApiVersionsRequest;
use protocol::api::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse, EndpointType};
use protocol::api::metadata::MetadataRequest;
use protocol::{ApiKey, BrokerId, ErrorCode, Message, Note, Request, Response};

use crate::settings::NetSettings;
use crate::soonest::Soonest;
use crate::{ClientError, Fx, LogLine, NO_BOOTSTRAP, Profile};
use idle::{Idle, Loss};
pub(crate) use metadata::{Metadata, is_leader_error};

/// Streams of random numbers of this crate.
pub(crate) mod purpose {
    pub(crate) const BACKOFF: u32 = 0xc11e_0001;
    pub(crate) const NODE: u32 = 0xc11e_0002;
    pub(crate) const PARTITION: u32 = 0xc11e_0003;
    pub(crate) const SETUP: u32 = 0xc11e_0004;
}

/// The kind of a client, for its log lines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Producer,
    Consumer,
    Admin,
}

/// Answers on one connection come in order, so group requests have their own connection, past parked fetches. Java's bootstrap servers are
/// nodes of their own, whatever brokers they turn out to be: their connections, and what is known of them, are nobody else's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Lane {
    Data = 0,
    Coordinator = 1,
    Bootstrap = 2,
}

const LANES: [Lane; 3] = [Lane::Data, Lane::Coordinator, Lane::Bootstrap];

#[derive(Clone, Hash, Debug)]
enum Call<T> {
    ApiVersions,
    Metadata,
    User(T),
}

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Link {
    Connecting { due: Time },
    Handshake,
    Ready,
}

#[derive(Clone, Copy, Hash, Debug)]
struct Penalty {
    failures: u32,
    /// How many attempts in a row did not get as far as an open connection.
    unopened: u32,
    until: Time,
}

/// What the network has for its client.
#[derive(Clone, Hash, Debug)]
pub(crate) enum NetEvent<T> {
    /// An answer.
    Response { tag: T, correlation: u32, response: Response },
    /// The connection is gone, or the answer did not come in time.
    Failed { tag: T, node: i32, is_timeout: bool },
    /// Metadata has been refreshed.
    Metadata,
    /// A metadata answer that no retry mends, or no bootstrap server has a known name.
    Fatal(ClientError),
}

/// The connections of one client; `T` says what a request was for.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Net<T> {
    pub(crate) profile: Profile,
    pub(crate) kind: Kind,
    pub(crate) client_id: Name,
    context: Name,
    pub(crate) settings: NetSettings,
    lanes: [Calls<Call<T>>; 3],
    links: [SortedMap<Address, Link>; 3],
    /// Java's number their requests in a row, to whomever they go.
    correlation: u32,
    penalties: SortedMap<(Lane, Address), Penalty>,
    /// When a connection to each node was last tried, or lost.
    tried: SortedMap<(Lane, Address), Time>,
    /// When a connection last could not be established.
    pub(crate) failed_at: Option<Time>,
    pub(crate) metadata: Metadata,
    /// Whom the connections of [`Lane::Coordinator`] lead to.
    pub(crate) coordinator: BrokerId,
    unresolved: Vec<Address>,
    idle: Idle,
    log: Vec<LogLine>,
}

impl<T> Net<T> {
    pub(crate) fn new(
        profile: Profile,
        kind: Kind,
        client_id: &str,
        group: Option<&str>,
        settings: NetSettings,
        auto_create: bool,
    ) -> Net<T> {
        let log = settings.warnings.iter().map(|text| logging::of_config(text)).collect();
        Net {
            profile,
            kind,
            client_id: client_id.into(),
            context: logging::context(kind, client_id, group),
            settings,
            lanes: [Calls::default(), Calls::default(), Calls::default()],
            links: [SortedMap::new(), SortedMap::new(), SortedMap::new()],
            correlation: 0,
            penalties: SortedMap::new(),
            tried: SortedMap::new(),
            failed_at: None,
            metadata: Metadata::new(auto_create),
            coordinator: BrokerId::NONE,
            unresolved: Vec::new(),
            idle: Idle::until(Time::ZERO),
            log,
        }
    }

    /// Whether a request can go to `to` now; if not, sees to it that it can later.
    pub(crate) fn ready(&mut self, now: Time, fx: &mut Fx, lane: Lane, to: &Address) -> bool {
        if let Some(link) = self.links[lane as usize].get_shared(to) {
            return *link == Link::Ready;
        }
        let penalty = self.penalties.get(&(lane, to.clone()));
        if penalty.is_some_and(|penalty| penalty.until > now) {
            return false;
        }
        let attempts = penalty.map_or(0, |penalty| penalty.unopened) + 1;
        let patience = self.settings.setup_timeout.wait(attempts, fx.rng(purpose::SETUP));
        // Late is what takes more whole milliseconds than that (`ClusterConnectionStates#isConnectionSetupTimeout`).
        let due = now + Duration::from_millis(patience.as_millis() + 1);
        self.tried.insert((lane, to.clone()), now);
        self.links[lane as usize].insert(to.clone(), Link::Connecting { due });
        let client_software = match self.profile {
            Profile::Java => "apache-kafka-java",
            Profile::Librdkafka => "librdkafka",
        };
        let meant = self.meant(lane, to);
        let request = ApiVersionsRequest { client_software: client_software.into(), meant };
        // What is asked for first has its time once the connection is open.
        let timeout = due.since(now) + self.settings.request_timeout;
        self.transmit(now, fx, lane, to, timeout, Call::ApiVersions, request.into());
        false
    }

    /// The cluster and the node that it takes `to` for (KIP-1242, `NetworkClient#handleInitiateApiVersionRequests`). Bootstrap servers are
    /// nobody yet. An admin client does not say.
    fn meant(&self, lane: Lane, to: &Address) -> Option<(Name, BrokerId)> {
        if !self.settings.checks_cluster || self.kind == Kind::Admin {
            return None;
        }
        let known = || self.metadata.brokers.iter().find(|(_, known)| *known == to).map(|(id, _)| *id);
        let node = match lane {
            Lane::Data => known()?,
            Lane::Coordinator => Some(self.coordinator).filter(|id| id.is_some())?,
            Lane::Bootstrap => return None,
        };
        let cluster = self.metadata.cluster_id.clone().filter(|_| self.metadata.nodes().next().is_some());
        Some((cluster?, node))
    }

    /// Whether the connection has failed, and is not to be tried again yet (`ConsumerNetworkClient#isUnavailable`).
    pub(crate) fn is_unavailable(&self, now: Time, lane: Lane, to: &Address) -> bool {
        !self.links[lane as usize].contains_key(to)
            && self.penalties.get(&(lane, to.clone())).is_some_and(|penalty| penalty.until > now)
    }

    /// Whether a request can go to `to` now.
    pub(crate) fn is_ready(&self, lane: Lane, to: &Address) -> bool {
        self.links[lane as usize].get(to) == Some(&Link::Ready)
    }

    /// Sends a request over a ready connection.
    pub(crate) fn send(
        &mut self,
        now: Time,
        fx: &mut Fx,
        lane: Lane,
        to: &Address,
        timeout: Duration,
        tag: T,
        request: Request,
    ) {
        self.transmit(now, fx, lane, to, timeout, Call::User(tag), request);
    }

    /// The correlation id of the next request.
    pub(crate) fn next_correlation(&self, lane: Lane) -> u32 {
        match self.profile {
            Profile::Java => self.correlation,
            Profile::Librdkafka => self.lanes[lane as usize].next_number(),
        }
    }

    /// The requests of a lane, the next of which will have that id.
    fn numbered(&mut self, lane: Lane) -> &mut Calls<Call<T>> {
        let calls = &mut self.lanes[lane as usize];
        if self.profile == Profile::Java {
            calls.skip_to(self.correlation);
            self.correlation = self.correlation.wrapping_add(1);
        }
        calls
    }

    /// Sends a request that gets no answer.
    pub(crate) fn tell(&mut self, now: Time, fx: &mut Fx, lane: Lane, to: &Address, request: Request) {
        let client_id = self.client_id.clone();
        self.numbered(lane).tell(fx, now, to, |correlation| Message::Request { correlation, client_id, request });
    }

    fn transmit(
        &mut self,
        now: Time,
        fx: &mut Fx,
        lane: Lane,
        to: &Address,
        timeout: Duration,
        tag: Call<T>,
        request: Request,
    ) {
        let client_id = self.client_id.clone();
        let make = |correlation| Message::Request { correlation, client_id, request };
        self.numbered(lane).call(fx, now, to, timeout, tag, make);
    }

    /// Requests under way to `to`.
    pub(crate) fn in_flight(&self, lane: Lane, to: &Address) -> usize {
        self.lanes[lane as usize].in_flight(to)
    }

    /// Whether something can be done at once for a request to `to`: it can be sent, or there is no connection yet.
    pub(crate) fn may_send(&self, lane: Lane, to: &Address, in_flight_max: usize) -> bool {
        match self.links[lane as usize].get_shared(to) {
            Some(Link::Ready) => self.in_flight(lane, to) < in_flight_max,
            Some(Link::Connecting { .. } | Link::Handshake) => false,
            None => true,
        }
    }

    /// Takes an input, and out of it an answer; none if it is not for this client.
    pub(crate) fn handle(&mut self, now: Time, input: &mut Input<Message>, fx: &mut Fx) -> Option<Vec<NetEvent<T>>> {
        match input {
            Input::Opened { conn } => {
                let lane = self.lane_of(*conn)?;
                self.lanes[lane as usize].opened_anew(now, *conn, self.settings.request_timeout);
                let address = self.lanes[lane as usize].address(*conn)?.clone();
                self.links[lane as usize].insert(address, Link::Handshake);
                Some(Vec::new())
            }
            Input::Message { conn, message } => {
                let lane = self.lane_of(*conn)?;
                Some(self.message(now, fx, lane, *conn, message))
            }
            Input::Closed { conn, reason } => {
                let lane = self.lane_of(*conn)?;
                let lane_calls = &mut self.lanes[lane as usize];
                let used = lane_calls.address(*conn).and_then(|address| lane_calls.last_used(address));
                let (address, calls) = lane_calls.closed(*conn)?;
                let loss = self.loss_to_peer(now, used, &calls, *reason);
                Some(self.disconnected(now, fx, lane, address, calls, loss))
            }
            Input::Start | Input::Accepted { .. } | Input::Timer { .. } | Input::Synced { .. } | Input::Order(_) => {
                None
            }
        }
    }

    fn lane_of(&self, conn: kernel::ConnId) -> Option<Lane> {
        LANES.into_iter().find(|lane| self.lanes[*lane as usize].owns(conn))
    }

    fn message(
        &mut self,
        now: Time,
        fx: &mut Fx,
        lane: Lane,
        conn: kernel::ConnId,
        message: &mut Message,
    ) -> Vec<NetEvent<T>> {
        let Message::Response { correlation, response } = message else { return Vec::new() };
        let address = self.lanes[lane as usize].address(conn).cloned();
        match (self.lanes[lane as usize].answered(now, conn, *correlation), response) {
            (Some(Call::ApiVersions), response) => {
                if matches!(response, Response::ApiVersions(answer) if answer.error == ErrorCode::RebootstrapRequired) {
                    return self.rebootstrap(now, fx);
                }
                if let Some(error) = self.speaks_no_metadata(response) {
                    return vec![self.fatal(error)];
                }
                if let Some(address) = address {
                    self.penalties.remove(&(lane, address.clone()));
                    self.links[lane as usize].insert(address, Link::Ready);
                }
                Vec::new()
            }
            (Some(Call::Metadata), Response::Metadata(response)) => {
                self.metadata_answered(now, fx, *correlation, response)
            }
            (Some(Call::Metadata), Response::DescribeCluster(response)) => {
                self.controllers_answered(now, fx, response).into_iter().collect()
            }
            (Some(Call::Metadata), _) | (None, _) => Vec::new(),
            (Some(Call::User(tag)), response) => {
                vec![NetEvent::Response { tag, correlation: *correlation, response: response.take() }]
            }
        }
    }

    /// Gives up on overdue requests and connection attempts, and refreshes metadata if it is time.
    pub(crate) fn tick(&mut self, now: Time, fx: &mut Fx) -> Vec<NetEvent<T>> {
        let events = self.expire(now, fx);
        self.refresh(now, fx);
        events
    }

    /// Closes a connection that idles, and gives up on overdue requests and connection attempts.
    pub(crate) fn expire(&mut self, now: Time, fx: &mut Fx) -> Vec<NetEvent<T>> {
        let mut events = self.close_idle(now, fx);
        for lane in LANES {
            for (address, calls) in self.lanes[lane as usize].expire(fx, now) {
                events.extend(self.disconnected(now, fx, lane, address, calls, Loss::TimedOut));
            }
        }
        let stuck = |link: &Link| matches!(link, Link::Connecting { due } if *due <= now);
        for lane in LANES {
            let links = self.links[lane as usize].iter();
            let late: Vec<Address> = links.filter(|(_, link)| stuck(link)).map(|(to, _)| to.clone()).collect();
            for address in late {
                let calls = self.lanes[lane as usize].close(fx, &address);
                events.extend(self.disconnected(now, fx, lane, address, calls, Loss::TimedOut));
            }
        }
        if self.rebootstraps_from().is_some_and(|at| at <= now) {
            events.extend(self.rebootstrap(now, fx));
        }
        events
    }

    fn disconnected(
        &mut self,
        now: Time,
        fx: &mut Fx,
        lane: Lane,
        address: Address,
        calls: Vec<Call<T>>,
        loss: Loss,
    ) -> Vec<NetEvent<T>> {
        let link = self.links[lane as usize].remove(&address);
        let never_opened = matches!(link, Some(Link::Connecting { .. }) | None);
        let failures = match (self.profile, loss) {
            // librdkafka's may connect again at once (`rd_kafka_broker_planned_fail`).
            (Profile::Librdkafka, Loss::Idle) => 0,
            _ => self.punish(now, fx, lane, &address, never_opened),
        };
        let node = self.node_id(lane, &address);
        self.log_disconnect(lane, &address, never_opened, failures, loss);
        if never_opened {
            self.failed_at = Some(now);
        }
        let mut events = self.given_up(now, fx, node, calls, loss == Loss::TimedOut);
        if loss == Loss::Peer(CloseReason::UnknownHost) {
            events.extend(self.unresolved(address));
        }
        events
    }

    /// Closes a connection that its client has no more use for, and says what will not be answered: nothing is told of the node, and no
    /// metadata asked for (`NetworkClient#disconnect`).
    pub(crate) fn disconnect(&mut self, now: Time, fx: &mut Fx, lane: Lane, to: &Address) -> Vec<T> {
        let Some(link) = self.links[lane as usize].remove(to) else { return Vec::new() };
        let calls = self.lanes[lane as usize].close(fx, to);
        self.punish(now, fx, lane, to, matches!(link, Link::Connecting { .. }));
        let asked = |call| if let Call::User(tag) = call { Some(tag) } else { None };
        calls.into_iter().filter_map(asked).collect()
    }

    /// A node that was lost is not tried again at once (`ClusterConnectionStates#disconnected`); how many times in a row that was.
    fn punish(&mut self, now: Time, fx: &mut Fx, lane: Lane, address: &Address, never_opened: bool) -> u32 {
        let key = (lane, address.clone());
        let before = self.penalties.get(&key).copied().unwrap_or(Penalty { failures: 0, unopened: 0, until: now });
        let failures = before.failures + 1;
        let unopened = if never_opened { before.unopened + 1 } else { 0 };
        let wait = self.settings.reconnect_backoff.wait(failures, fx.rng(purpose::BACKOFF));
        self.tried.insert(key.clone(), now);
        self.penalties.insert(key, Penalty { failures, unopened, until: now + wait });
        failures
    }

    /// What was asked over a connection that is gone will not be answered.
    fn given_up(
        &mut self,
        now: Time,
        fx: &mut Fx,
        node: i32,
        calls: Vec<Call<T>>,
        is_timeout: bool,
    ) -> Vec<NetEvent<T>> {
        // A refresh that is due has failed with the connection (`DefaultMetadataUpdater#handleServerDisconnect`).
        if self.profile == Profile::Java && self.kind != Kind::Admin && self.refresh_due().is_some_and(|due| due <= now)
        {
            self.metadata_failed(now, fx);
        }
        self.metadata.request_update();
        let mut events = Vec::new();
        for call in calls {
            match call {
                Call::ApiVersions => {}
                Call::Metadata => self.metadata_failed(now, fx),
                Call::User(tag) => events.push(NetEvent::Failed { tag, node, is_timeout }),
            }
        }
        events
    }

    fn unresolved(&mut self, address: Address) -> Option<NetEvent<T>> {
        if !self.settings.bootstrap.contains(&address)
            || self.unresolved.contains(&address)
            || self.metadata.version > 0
        {
            return None;
        }
        self.unresolved.push(address);
        let is_hopeless = self.settings.bootstrap.iter().all(|known| self.unresolved.contains(known));
        (is_hopeless && self.profile == Profile::Java).then(|| {
            NetEvent::Fatal(ClientError::new(
                "org.apache.kafka.common.config.ConfigException",
                NO_BOOTSTRAP,
                ErrorCode::NetworkException,
            ))
        })
    }

    // ---- metadata

    /// When metadata is next refreshed.
    fn refresh_due(&self) -> Option<Time> {
        if self.metadata.in_flight {
            return None;
        }
        let by_age = self.stale_at();
        let by_wish = if self.metadata.is_requested() { Time::ZERO } else { by_age };
        let not_before = if self.metadata.is_urgent { Time::ZERO } else { self.metadata.not_before };
        Some(by_wish.min(by_age).max(not_before))
    }

    /// When metadata is too old.
    fn stale_at(&self) -> Time {
        self.metadata.last_success.map_or(Time::ZERO, |at| at + self.settings.metadata_max_age)
    }

    /// Asks for metadata if that is due.
    pub(crate) fn refresh(&mut self, now: Time, fx: &mut Fx) {
        self.refresh_if_due(now, fx);
        if self.metadata.version == 0 && self.looks_for_telemetry() {
            self.any_node(now, fx);
        }
    }

    /// Java's have someone to push metrics to looked for as they start, and do not wait for any backoff of metadata's
    /// (`NetworkClient.TelemetrySender`, KIP-714). The first broker that they find tells them that it takes none.
    fn looks_for_telemetry(&self) -> bool {
        self.profile == Profile::Java && self.kind != Kind::Admin && self.settings.pushes_metrics
    }

    fn refresh_if_due(&mut self, now: Time, fx: &mut Fx) {
        if self.refresh_due().is_none_or(|due| due > now) {
            return;
        }
        if self.profile == Profile::Java {
            self.metadata.trying_since.get_or_insert(now);
            self.rebootstrap_if_lost(now);
        }
        let Some((lane, node)) = self.any_node(now, fx) else { return };
        let is_stale = self.stale_at() <= now;
        let request: Request = match self.settings.asks_controllers {
            true => DescribeClusterRequest { include_fenced: false, endpoint: EndpointType::Controller }.into(),
            false => {
                let topics = self.metadata.question(is_stale);
                MetadataRequest { topics, allow_auto_topic_creation: self.metadata.allow_auto_create }.into()
            }
        };
        self.metadata.in_flight = true;
        self.metadata.update_requested = false;
        self.metadata.is_urgent = false;
        let timeout = self.settings.request_timeout;
        self.transmit(now, fx, lane, &node, timeout, Call::Metadata, request);
    }

    /// A node that can take a request now (`leastLoadedNode`); connects to one if there is none.
    pub(crate) fn any_node(&mut self, now: Time, fx: &mut Fx) -> Option<(Lane, Address)> {
        match self.profile {
            Profile::Java => self.least_loaded(now, fx),
            Profile::Librdkafka => self.any_up(now, fx).map(|node| (Lane::Data, node)),
        }
    }

    /// librdkafka's.
    fn any_up(&mut self, now: Time, fx: &mut Fx) -> Option<Address> {
        let mut nodes: Vec<Address> = self.metadata.brokers.values().cloned().collect();
        let is_lost = |net: &Net<T>, node: &Address| {
            !net.links[Lane::Data as usize].contains_key(node)
                && net.penalties.contains_key(&(Lane::Data, node.clone()))
        };
        if nodes.is_empty() || nodes.iter().all(|node| is_lost(self, node)) {
            nodes.extend(self.settings.bootstrap.iter().cloned());
        }
        let state = |net: &Net<T>, node: &Address| net.links[Lane::Data as usize].get(node).copied();
        let best = nodes
            .iter()
            .filter(|node| state(self, node) == Some(Link::Ready))
            .min_by_key(|node| self.in_flight(Lane::Data, node));
        if let Some(best) = best {
            return Some(best.clone());
        }
        if nodes.iter().any(|node| state(self, node).is_some()) {
            return None;
        }
        let first = if nodes.is_empty() { 0 } else { fx.rng(purpose::NODE).index(nodes.len()) };
        for i in 0..nodes.len() {
            let node = nodes[(first + i) % nodes.len()].clone();
            self.ready(now, fx, Lane::Data, &node);
            if state(self, &node).is_some() {
                break;
            }
        }
        None
    }

    /// Java's: when none of the brokers it knows can be connected to, a refresh begins anew with the bootstrap servers (KIP-899;
    /// `DefaultMetadataUpdater#maybeUpdate`). Other requests wait for that.
    fn rebootstrap_if_lost(&mut self, now: Time) {
        let can_connect =
            |node: &Address| self.links[Lane::Data as usize].contains_key(node) || self.may_try(now, Lane::Data, node);
        let is_lost = self.metadata.nodes().next().is_some() && !self.metadata.nodes().any(can_connect);
        if is_lost && self.settings.rebootstrap_trigger.is_some() {
            self.metadata.rebootstrap(now);
        }
    }

    /// When it has tried for too long to refresh its metadata (`DefaultMetadataUpdater#needsRebootstrap`): in the millisecond after
    /// `metadata.recovery.rebootstrap.trigger.ms` (KIP-1102).
    fn rebootstraps_from(&self) -> Option<Time> {
        protocol::gap!("librdkafka's metadata.recovery.rebootstrap.trigger.ms", "KIP-1102, rd_kafka_rebootstrap");
        let trigger = self.settings.rebootstrap_trigger.filter(|_| self.profile == Profile::Java)?;
        let since = Time::from_millis(self.metadata.trying_since?.as_millis());
        Some(since + trigger + Duration::from_millis(1))
    }

    /// Java's begins anew with the bootstrap servers, and closes its connections to the nodes it has (`NetworkClient#handleRebootstrap`,
    /// `#handleApiVersionsResponse`). That to the coordinator is none of them.
    fn rebootstrap(&mut self, now: Time, fx: &mut Fx) -> Vec<NetEvent<T>> {
        let mut events = Vec::new();
        let (lane, nodes) = self.nodes();
        for address in nodes {
            if self.links[lane as usize].contains_key(&address) {
                let calls = self.lanes[lane as usize].close(fx, &address);
                let link = self.links[lane as usize].remove(&address);
                self.punish(now, fx, lane, &address, matches!(link, Some(Link::Connecting { .. })));
                let node = self.node_id(lane, &address);
                events.extend(self.given_up(now, fx, node, calls, false));
            }
        }
        self.metadata.rebootstrap(now);
        events
    }

    /// The nodes that metadata has: without any the bootstrap servers.
    fn nodes(&self) -> (Lane, Vec<Address>) {
        let known: Vec<Address> = self.metadata.nodes().cloned().collect();
        match known.is_empty() {
            true => (Lane::Bootstrap, self.settings.bootstrap.clone()),
            false => (Lane::Data, known),
        }
    }

    fn may_try(&self, now: Time, lane: Lane, node: &Address) -> bool {
        self.penalties.get(&(lane, node.clone())).is_none_or(|penalty| penalty.until <= now)
    }

    /// Java's: of the nodes that it is connected to and that take one more request it takes the one with the fewest under way. If there
    /// is none it waits for a connection that is being made, else tries of those that it may the one that it tried or lost the longest ago;
    /// of several the next in a turn that begins anywhere. The draw is left out where it decides nothing.
    fn least_loaded(&mut self, now: Time, fx: &mut Fx) -> Option<(Lane, Address)> {
        let (lane, nodes) = self.nodes();
        let link = |node: &Address| self.links[lane as usize].get(node);
        let takes_more = |node: &&Address| {
            link(node) == Some(&Link::Ready) && self.in_flight(lane, node) < self.settings.in_flight_max
        };
        let is_coming = |node: &Address| matches!(link(node), Some(Link::Connecting { .. } | Link::Handshake));
        let ready = nodes.iter().filter(takes_more).count();
        if nodes.is_empty() || ready == 0 && nodes.iter().any(is_coming) {
            return None;
        }
        let first = if ready == 1 { 0 } else { fx.rng(purpose::NODE).index(nodes.len()) };
        let turn = || (0..nodes.len()).map(|i| &nodes[(first + i) % nodes.len()]);
        if ready > 0 {
            let idlest = turn().filter(takes_more).min_by_key(|node| self.in_flight(lane, node));
            return idlest.map(|node| (lane, node.clone()));
        }
        let free = turn().filter(|node| link(node).is_none() && self.may_try(now, lane, node));
        let next = free.min_by_key(|node| self.tried.get(&(lane, (*node).clone())).copied()).cloned()?;
        self.ready(now, fx, lane, &next);
        None
    }

    /// A broker's address, if the last metadata had it.
    pub(crate) fn broker(&self, id: BrokerId) -> Option<&Address> {
        self.metadata.brokers.get(&id)
    }

    /// The backoff of what has failed is for new topics too (`Metadata#failedUpdate`).
    fn metadata_failed(&mut self, now: Time, fx: &mut Fx) {
        self.metadata.in_flight = false;
        self.metadata.is_urgent &= self.profile == Profile::Librdkafka;
        self.metadata.update_requested |= !self.metadata.is_partial;
        self.metadata.attempts += 1;
        self.metadata.not_before =
            now + self.settings.retry_backoff.wait(self.metadata.attempts, fx.rng(purpose::BACKOFF));
    }

    fn metadata_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        correlation: u32,
        response: &protocol::api::metadata::MetadataResponse,
    ) -> Vec<NetEvent<T>> {
        if response.brokers.is_empty() {
            self.metadata_failed(now, fx);
            return Vec::new();
        }
        self.metadata.in_flight = false;
        self.metadata.trying_since = None;
        // Java's asks for a topic that came while the question was out when the backoff is over (`Metadata#update`).
        self.metadata.is_urgent &= self.profile == Profile::Librdkafka;
        let failed: Vec<(&str, ErrorCode)> =
            response.topics.iter().filter(|t| !t.error.is_ok()).map(|t| (&*t.name, t.error)).collect();
        if !failed.is_empty() {
            self.log_metadata_errors(correlation, &failed);
            for (_, error) in &failed {
                fx.note(Note::ClientError { client_id: self.client_id.clone(), api: ApiKey::Metadata, error: *error });
            }
        }
        if self.metadata.update(now, response) {
            // An incomplete answer is asked for again, at growing intervals as long as nothing changes.
            self.metadata.update_requested = true;
            self.metadata.attempts += 1;
        } else {
            self.metadata.attempts = 0;
        }
        self.metadata.not_before =
            now + self.settings.retry_backoff.wait(self.metadata.attempts.max(1), fx.rng(purpose::BACKOFF));
        vec![NetEvent::Metadata]
    }

    /// Why an admin client has nothing to ask of a node: it is a controller that was taken for a broker.
    fn speaks_no_metadata(&self, response: &Response) -> Option<ClientError> {
        let Response::ApiVersions(answer) = response else { return None };
        let is_broker = answer.apis.iter().any(|(api, _)| *api == ApiKey::Metadata as i16);
        let is_wrong = self.kind == Kind::Admin && !self.settings.asks_controllers && !is_broker;
        let error = ClientError::of(self.profile, ErrorCode::UnsupportedVersion);
        is_wrong.then(|| error.with_message(Some("The node does not support METADATA")))
    }

    fn fatal(&mut self, error: ClientError) -> NetEvent<T> {
        self.log_fatal(&error);
        NetEvent::Fatal(error)
    }

    /// A node has told which controllers there are (`KafkaAdminClient#makeControllerMetadataCall`).
    fn controllers_answered(
        &mut self,
        now: Time,
        fx: &mut Fx,
        response: &DescribeClusterResponse,
    ) -> Option<NetEvent<T>> {
        if !response.error.is_ok() {
            let error = ClientError::of(self.profile, response.error).with_message(response.message.as_deref());
            return Some(self.fatal(error));
        }
        if response.brokers.is_empty() {
            self.metadata_failed(now, fx);
            return None;
        }
        self.metadata.in_flight = false;
        self.metadata.trying_since = None;
        self.metadata.update_controllers(now, response);
        // Without an active controller there is nothing to be asked of anybody yet.
        self.metadata.attempts = if response.controller.is_some() { 0 } else { self.metadata.attempts + 1 };
        self.metadata.update_requested = !response.controller.is_some();
        let tries = self.metadata.attempts.max(1);
        self.metadata.not_before = now + self.settings.retry_backoff.wait(tries, fx.rng(purpose::BACKOFF));
        Some(NetEvent::Metadata)
    }

    /// When `tick` has something to do.
    pub(crate) fn due(&self, soonest: &mut Soonest) {
        for calls in &self.lanes {
            soonest.at_each(calls.deadlines());
        }
        for link in self.links.iter().flat_map(SortedMap::values) {
            if let Link::Connecting { due } = link {
                soonest.at(*due);
            }
        }
        soonest.at_each(self.penalties.values().map(|penalty| penalty.until));
        soonest.at_each(self.rebootstraps_from());
        self.idle_due(soonest);
        // A refresh that is due but has no node to go to waits for a connection or a penalty's end.
        soonest.at_each(self.refresh_due());
    }

    /// Closes every connection.
    pub(crate) fn shut(&mut self, fx: &mut Fx) {
        for (lane, links) in self.lanes.iter_mut().zip(std::mem::take(&mut self.links)) {
            for address in links.into_keys() {
                lane.close(fx, &address);
            }
        }
        self.penalties.clear();
    }
}
