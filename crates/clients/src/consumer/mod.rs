//! The consumer (`ClassicKafkaConsumer`, `ConsumerCoordinator`, `Fetcher`): classic group protocol, eager and cooperative
//! rebalancing.
//!
//! A Java consumer joins, commits and fetches inside `poll()`; only heartbeats have their own thread. librdkafka works
//! in the background whether or not the application polls.

mod settings;
mod state;
mod group;
mod subscription;
mod join;
mod heartbeat;
mod holdings;
mod commit;
mod positions;
mod validate;
mod fetch;
mod close;

use std::collections::VecDeque;
use std::sync::Arc;

use coordinator::assignor::{Assignor, Remembered};
use kernel::{Address, Duration, Input, Time, Timers};
use ordered::{SortedMap, SortedSet};
use protocol::api::Name;
use protocol::config;
use protocol::fetch_session::FetchSession;
use protocol::{GroupId, MemberId, Message, Plant, TopicName, TopicPartition};

use crate::network::{Kind, Net, NetEvent};
use crate::settings::{Config, check};
use crate::soonest::Soonest;
use crate::{ClientError, ConfigError, ConsumerRecord, Fx, LogLine, Polled, Profile, Properties, Regex, StartAt};
use settings::ConsumerSettings;
use state::{Asked, Commit, Completed, Coordinator, GroupPhase, Life, Membership, Partition, Seek, Subscription};

/// What a consumer tells its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ConsumerEvent {
    /// `onPartitionsAssigned`; in an eager rebalance all of them, in a cooperative one those that were added.
    Assigned(Vec<TopicPartition>),
    /// `onPartitionsRevoked`.
    Revoked(Vec<TopicPartition>),
    /// `onPartitionsLost`.
    Lost(Vec<TopicPartition>),
    /// A commit the application asked for is done.
    Committed(Result<Vec<(TopicPartition, i64)>, ClientError>),
    /// An exception from `poll`; the consumer cannot go on.
    Fatal(ClientError),
    /// An error the application is told of while the consumer goes on (librdkafka's error callback and messages with an error).
    Error(ClientError),
    /// A log line.
    Log(LogLine),
    /// `close` is complete.
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Wake;

/// A Kafka consumer (classic group protocol).
#[derive(Clone, Hash, Debug)]
pub struct Consumer {
    profile: Profile,
    settings: ConsumerSettings,
    /// What was set, as it was spelled.
    set: Arc<Properties>,
    net: Net<Asked>,
    space: u16,
    timers: Timers<Wake>,
    is_started: bool,
    life: Life,
    has_failed: bool,
    subscription: Subscription,
    membership: Membership,
    /// What each assignor was last told it got.
    remembered: SortedMap<Assignor, Remembered>,
    /// Counts assignments, so that answers for an old one are told apart.
    assignment: u64,
    partitions: SortedMap<TopicPartition, Partition>,
    /// The leaders that positions were compared with last; none if a position has come since.
    leaders_seen: Option<u64>,
    completed: VecDeque<Completed>,
    fetching: SortedSet<Address>,
    sessions: SortedMap<Address, FetchSession<fetch::SessionKey>>,
    commits: SortedMap<u64, Commit>,
    /// Of this generation, with its number: a client has no use for them, but who watches a coordinator has.
    commits_in_doubt: Vec<(i32, TopicPartition, i64)>,
    next_commit: u64,
    auto_commit_due: Time,
    reported_missing: SortedSet<TopicName>,
    events: Vec<ConsumerEvent>,
    /// When a poll last did all there was to do, unless something has happened since.
    polled_at: Option<Time>,
    /// How long a poll may take; none for ever.
    poll_timeout: Option<Duration>,
    /// Since when one is stuck.
    stuck_since: Option<Time>,
    plant: Plant,
}

impl Consumer {
    /// A consumer; its timers carry `space`.
    pub fn new(
        profile: Profile,
        properties: &Properties,
        client_id: &str,
        space: u16,
    ) -> Result<Consumer, ConfigError> {
        let checked = check(profile, config::CONSUMER_CONFIGS, config::LIBRDKAFKA_CONSUMER_CONFIGS, properties)?;
        let settings = ConsumerSettings::read(&Config { profile, properties: &checked })?;
        let net = Net::new(
            profile,
            Kind::Consumer,
            client_id,
            settings.group.as_deref(),
            settings.net.clone(),
            settings.auto_create,
        );
        Ok(Consumer {
            profile,
            settings,
            set: Arc::new(checked),
            net,
            space,
            timers: Timers::new(space),
            is_started: false,
            life: Life::Open,
            has_failed: false,
            subscription: Subscription::None,
            membership: Membership::new(),
            remembered: SortedMap::new(),
            assignment: 0,
            partitions: SortedMap::new(),
            leaders_seen: None,
            completed: VecDeque::new(),
            fetching: SortedSet::new(),
            sessions: SortedMap::new(),
            commits: SortedMap::new(),
            commits_in_doubt: Vec::new(),
            next_commit: 0,
            auto_commit_due: Time::MAX,
            reported_missing: SortedSet::new(),
            events: Vec::new(),
            polled_at: None,
            poll_timeout: None,
            stuck_since: None,
            plant: Plant::None,
        })
    }

    /// With a bug.
    pub fn planted(self, plant: Plant) -> Consumer {
        Consumer { plant, ..self }
    }

    /// Starts it: connects to the bootstrap servers.
    pub fn start(&mut self, now: Time, fx: &mut Fx) {
        self.is_started = true;
        self.run(now, fx, false);
    }

    /// Offers it an input; true if it was for this client.
    pub fn handle(&mut self, now: Time, input: &mut Input<Message>, fx: &mut Fx) -> bool {
        if let Input::Timer { token } = input {
            if Timers::<Wake>::space_of(*token) != self.space {
                return false;
            }
            if self.timers.fire(fx, now, *token).is_some() {
                self.run(now, fx, false);
            }
            return true;
        }
        let Some(events) = self.net.handle(now, input, fx) else { return false };
        for event in events {
            self.network_event(now, fx, event);
        }
        self.run(now, fx, false);
        true
    }

    /// How long a poll of the program may take. It matters to Java's, which wait in it for the coordinator; without it they wait for ever.
    pub fn set_poll_timeout(&mut self, timeout: Duration) {
        self.poll_timeout = Some(timeout);
    }

    /// Joins the group for these topics.
    pub fn subscribe(&mut self, topics: Vec<TopicName>, now: Time, fx: &mut Fx) {
        if !self.has_group() {
            return;
        }
        protocol::gap!("librdkafka's patterns: topics that begin with ^", "rd_kafka_topic_partition_list_add");
        for topic in &topics {
            self.net.metadata.want(topic);
        }
        self.subscribed(Subscription::Topics(topics), now, fx);
    }

    /// Joins the group for the topics whose whole name matches, those to come included (`KafkaConsumer#subscribe(Pattern)`). Which
    /// there are it asks brokers, at the latest every `metadata.max.age.ms`.
    pub fn subscribe_pattern(&mut self, pattern: Regex, now: Time, fx: &mut Fx) {
        if self.has_group() {
            self.net.metadata.want_matching(pattern, self.settings.excludes_internal);
            self.subscribed(Subscription::Pattern(Vec::new()), now, fx);
        }
    }

    /// Without one there is nothing to join.
    fn has_group(&mut self) -> bool {
        let has_group = self.settings.group.is_some();
        if !has_group {
            let text = "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration.";
            self.fail(ClientError::new(
                "org.apache.kafka.common.errors.InvalidGroupIdException",
                text,
                protocol::ErrorCode::InvalidGroupId,
            ));
        }
        has_group
    }

    fn subscribed(&mut self, to: Subscription, now: Time, fx: &mut Fx) {
        self.subscription = to;
        self.membership.last_poll = now;
        self.arm_auto_commit(now);
        self.run(now, fx, false);
    }

    /// Reads these partitions, without a group membership.
    pub fn assign(&mut self, partitions: Vec<(TopicPartition, StartAt)>, now: Time, fx: &mut Fx) {
        self.subscription = Subscription::Assigned;
        self.set_assignment(partitions);
        self.arm_auto_commit(now);
        self.run(now, fx, false);
    }

    /// What poll() returns now: at most `max` (and `max.poll.records`) records; advances the positions. Call it after
    /// every step while the program is in its poll loop.
    pub fn poll(&mut self, now: Time, fx: &mut Fx, max: usize) -> Vec<ConsumerRecord> {
        let polled = self.poll_parts(now, fx, max);
        let mut records = Vec::with_capacity(polled.iter().map(Polled::count).sum());
        polled.iter().for_each(|polled| records.extend(polled.records()));
        records
    }

    /// As [`Consumer::poll`], with the records left in their batches.
    pub fn poll_parts(&mut self, now: Time, fx: &mut Fx, max: usize) -> Vec<Polled> {
        if self.life != Life::Open || self.has_failed {
            return Vec::new();
        }
        self.membership.last_poll = now;
        // librdkafka: a poll ends the exile after max.poll.interval.ms.
        self.membership.is_exiled = false;
        // A second poll at the same moment finds nothing else to do than to take more of what is there.
        if self.polled_at != Some(now) {
            self.run(now, fx, true);
            self.polled_at = Some(now);
        }
        let is_late = self.waits_for_coordinator();
        if is_late && self.is_stuck(now) {
            self.arm(now, fx);
            return Vec::new();
        }
        self.stuck_since = None;
        self.commit_ahead(now, fx);
        let polled = self.collect(fx, max.min(self.settings.max_poll_records));
        if is_late || !polled.is_empty() {
            // What has been taken out is fetched anew at once (pipelining).
            self.fetch(now, fx);
            self.arm(now, fx);
        }
        polled
    }

    /// Whether poll() of a Java consumer waits, before it looks at what there is to hand out: for a coordinator to belong to
    /// (`ConsumerCoordinator#poll`), or for the offsets that were committed of partitions that it has only just got
    /// (`ClassicKafkaConsumer#updateFetchPositions`).
    fn waits_for_coordinator(&self) -> bool {
        if self.profile == Profile::Librdkafka || self.settings.group.is_none() {
            return false;
        }
        let is_known = matches!(self.membership.coordinator, Coordinator::Known(..));
        let is_settled = self.membership.phase == GroupPhase::Stable && self.membership.rejoin.is_none();
        let wants_committed = || self.partitions.values().any(|partition| partition.seek == Seek::Committed);
        match self.is_subscribed() {
            true => !is_known || is_settled && wants_committed(),
            false => wants_committed(),
        }
    }

    /// Whether that poll goes on waiting: its time is not over.
    fn is_stuck(&mut self, now: Time) -> bool {
        let since = *self.stuck_since.get_or_insert(now);
        self.poll_timeout.is_none_or(|timeout| since + timeout > now)
    }

    /// Whether records are buffered.
    pub fn has_data(&self) -> bool {
        !self.completed.is_empty()
    }

    /// Commits positions (or `offsets`), retrying until `default.api.timeout.ms`; `Committed` tells the end of it.
    pub fn commit_sync(&mut self, now: Time, fx: &mut Fx, offsets: Option<Vec<(TopicPartition, i64)>>) {
        let deadline = now + self.settings.api_timeout;
        self.application_commit(now, fx, state::CommitKind::Sync { deadline }, offsets);
    }
    /// Commits positions (or `offsets`) once; `Committed` tells the end of it.
    pub fn commit_async(&mut self, now: Time, fx: &mut Fx, offsets: Option<Vec<(TopicPartition, i64)>>) {
        self.application_commit(now, fx, state::CommitKind::Async, offsets);
    }

    /// Sets the position of an assigned partition; false if it is not assigned.
    pub fn seek(&mut self, tp: &TopicPartition, to: StartAt) -> bool {
        self.polled_at = None;
        self.leaders_seen = None;
        let Some(partition) = self.partitions.get_mut(tp) else { return false };
        let committed = partition.committed;
        *partition = Partition { committed, stored: partition.stored, ..Partition::new(to, partition.since) };
        self.completed.retain(|completed| completed.tp != *tp);
        true
    }

    /// librdkafka `store_offsets`: what the next auto-commit commits.
    pub fn store(&mut self, tp: &TopicPartition, offset: i64) -> bool {
        match self.partitions.get_mut(tp) {
            Some(partition) => {
                partition.stored = Some(offset);
                true
            }
            None => false,
        }
    }

    /// Commits (if auto-commit is on), leaves the group, closes.
    pub fn close(&mut self, now: Time, fx: &mut Fx) {
        if self.life == Life::Open {
            self.begin_close(now);
            self.run(now, fx, false);
        }
    }

    /// Takes out what happened.
    pub fn events(&mut self) -> Vec<ConsumerEvent> {
        let log = self.net.take_log();
        let events = std::mem::take(&mut self.events);
        match log.is_empty() {
            true => events,
            false => log.into_iter().map(ConsumerEvent::Log).chain(events).collect(),
        }
    }

    /// Whether `close` is complete.
    pub fn is_closed(&self) -> bool {
        self.life == Life::Closed
    }
    /// The topics it is subscribed to; with a pattern those that match, as far as it knows.
    pub fn topics(&self) -> &[TopicName] {
        match &self.subscription {
            Subscription::Topics(topics) | Subscription::Pattern(topics) => topics,
            Subscription::None | Subscription::Assigned => &[],
        }
    }
    /// The partitions it has now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }
    /// Offsets it has asked a coordinator to commit, without an answer yet, or without one for good in this generation.
    pub fn commits_under_way(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        let sent = self.commits.values().filter(|commit| commit.is_sent);
        let in_doubt = self.commits_in_doubt.iter().filter(|(of, ..)| *of == self.membership.generation);
        let sent = sent.flat_map(|commit| commit.offsets.iter().map(|(tp, offset, _)| (tp, *offset)));
        sent.chain(in_doubt.map(|(_, tp, offset)| (tp, *offset)))
    }

    /// The next offset it will hand out, once known.
    pub fn position(&self, tp: &TopicPartition) -> Option<i64> {
        self.partitions.get(tp).and_then(|partition| partition.position)
    }
    /// The leader epoch of the last record it handed out, −1 if unknown.
    pub fn epoch(&self, tp: &TopicPartition) -> i32 {
        self.partitions.get(tp).map_or(-1, |partition| partition.epoch)
    }
    /// The newest leader epoch it knows of a partition, if it waits to hear who leads in it.
    pub fn awaited_epoch(&self, tp: &TopicPartition) -> Option<i32> {
        self.net.metadata.awaited_epoch(tp)
    }
    /// Its group.
    pub fn group(&self) -> Option<&GroupId> {
        self.settings.group.as_ref()
    }
    /// Its member id, `""` until it has one.
    pub fn member(&self) -> MemberId {
        self.membership.member.clone()
    }
    /// The generation it is in, −1 for none.
    pub fn generation(&self) -> i32 {
        self.membership.generation
    }
    /// Where it stands with its group: `unjoined`, `preparing`, `joining`, `syncing`, `stable`.
    pub fn group_state(&self) -> &'static str {
        match self.membership.phase {
            GroupPhase::Unjoined => "unjoined",
            GroupPhase::Preparing { .. } => "preparing",
            GroupPhase::Joining => "joining",
            GroupPhase::Assigning { .. } | GroupPhase::Syncing => "syncing",
            GroupPhase::Stable => "stable",
        }
    }
    /// When a live member's next heartbeat is due.
    pub fn next_heartbeat(&self) -> Option<Time> {
        (self.membership.phase == GroupPhase::Stable).then_some(self.membership.heartbeat_due)
    }
    /// The family.
    pub fn profile(&self) -> Profile {
        self.profile
    }
    /// The configs that were set; all others have their family's default.
    pub fn set_configs(&self) -> &Properties {
        &self.set
    }
    /// `client.id`.
    pub fn client_id(&self) -> &Name {
        &self.net.client_id
    }

    // ---- the loop

    fn is_subscribed(&self) -> bool {
        matches!(self.subscription, Subscription::Topics(_) | Subscription::Pattern(_))
    }

    fn has_pattern(&self) -> bool {
        matches!(self.subscription, Subscription::Pattern(_))
    }

    fn run(&mut self, now: Time, fx: &mut Fx, in_poll: bool) {
        self.polled_at = None;
        if !self.is_started || self.life == Life::Closed {
            return;
        }
        for event in self.net.tick(now, fx) {
            self.network_event(now, fx, event);
        }
        let acts = (in_poll || self.profile == Profile::Librdkafka) && self.life == Life::Open && !self.has_failed;
        self.leave_unavailable(now, fx);
        self.find_coordinator(now, fx);
        self.heartbeat(now, fx);
        if acts {
            self.join(now, fx);
            self.auto_commit(now);
        }
        self.send_commits(now, fx);
        if acts {
            self.update_positions(now, fx);
            if !self.waits_for_coordinator() {
                self.fetch(now, fx);
            }
        }
        self.continue_close(now, fx);
        self.arm(now, fx);
    }

    fn arm(&mut self, now: Time, fx: &mut Fx) {
        if self.life == Life::Closed {
            return;
        }
        let mut soonest = Soonest::after(now);
        soonest.at_each(self.partitions.values().map(|partition| partition.not_before));
        soonest.at_each(self.commits.values().map(|commit| commit.not_before));
        soonest.at_each(self.group_dues());
        soonest.at_each([self.auto_commit_due, self.close_due()]);
        soonest.at_each(self.stuck_since.zip(self.poll_timeout).map(|(since, timeout)| since + timeout));
        self.net.due(&mut soonest);
        let Some(due) = soonest.when() else { return };
        if self.timers.due(&Wake).is_none_or(|armed| armed > due) {
            self.timers.arm(fx, due, Wake);
        }
    }

    fn network_event(&mut self, now: Time, fx: &mut Fx, event: NetEvent<Asked>) {
        match event {
            NetEvent::Response { tag, response, .. } => self.answered(now, fx, tag, response),
            NetEvent::Failed { tag, .. } => self.unanswered(now, fx, tag),
            NetEvent::Metadata => self.metadata_changed(now, fx),
            NetEvent::Fatal(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: ClientError) {
        if !self.has_failed {
            self.has_failed = true;
            self.events.push(ConsumerEvent::Fatal(error));
        }
    }

    /// How long it waits before it asks a leader again about a position. Java's wait neither grows nor varies (`OffsetFetcherUtils`).
    fn retry_wait(&self, fx: &mut Fx) -> Duration {
        match self.profile {
            Profile::Java => self.net.settings.retry_backoff.base(),
            Profile::Librdkafka => self.backoff(1, fx),
        }
    }

    fn backoff(&self, attempts: u32, fx: &mut Fx) -> Duration {
        self.net.settings.retry_backoff.wait(attempts, fx.rng(crate::network::purpose::BACKOFF))
    }
}
