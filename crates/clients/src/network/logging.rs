//! The lines clients log about the network, in the words of `NetworkClient` and of librdkafka.

use kernel::{Address, CloseReason};
use protocol::ErrorCode;
use protocol::api::Name;

use super::idle::Loss;
use super::{Kind, Lane, Net};
use crate::{ClientError, LogLevel, LogLine, Profile};

const NETWORK_CLIENT: &str = "org.apache.kafka.clients.NetworkClient";
const METADATA: &str = "org.apache.kafka.clients.Metadata";
const ADMIN_METADATA: &str = "org.apache.kafka.clients.admin.internals.AdminMetadataManager";

/// `[Producer clientId=…]`.
pub(super) fn context(kind: Kind, client_id: &str, group: Option<&str>) -> Name {
    match (kind, group) {
        (Kind::Producer, _) => format!("[Producer clientId={client_id}]"),
        (Kind::Consumer, None) => format!("[Consumer clientId={client_id}, groupId=null]"),
        (Kind::Consumer, Some(group)) => format!("[Consumer clientId={client_id}, groupId={group}]"),
        (Kind::Admin, _) => format!("[AdminClient clientId={client_id}]"),
    }
    .into()
}

/// What is logged of a configuration before there is a client.
pub(super) fn of_config(text: &str) -> LogLine {
    let logger = "org.apache.kafka.clients.CommonClientConfigs";
    LogLine { level: LogLevel::Warn, logger, text: text.to_owned(), thrown: None }
}

/// An address as Java's `Node` and `InetAddress` print it, as far as names tell.
fn java_address(address: &Address) -> String {
    let (host, port) = address;
    match &**host {
        "localhost" => format!("localhost/127.0.0.1:{port}"),
        ip if ip.parse::<std::net::IpAddr>().is_ok() => format!("/{ip}:{port}"),
        name => format!("{name}:{port}"),
    }
}

impl<T> Net<T> {
    /// Logs a line in Java's form: level, class, text with the client's prefix.
    pub(crate) fn warn(&mut self, logger: &'static str, text: impl AsRef<str>) {
        self.log_line(LogLevel::Warn, logger, format!("{} {}", self.context, text.as_ref()));
    }

    /// The same of a class that does not know the client.
    pub(crate) fn warn_for_all(&mut self, logger: &'static str, text: String) {
        self.log_line(LogLevel::Warn, logger, text);
    }

    /// As [`Net::warn`], of a graver matter.
    pub(crate) fn error(&mut self, logger: &'static str, text: impl AsRef<str>) {
        self.log_line(LogLevel::Error, logger, format!("{} {}", self.context, text.as_ref()));
    }

    fn log_line(&mut self, level: LogLevel, logger: &'static str, text: String) {
        self.log.push(LogLine { level, logger, text, thrown: None });
    }

    /// What the admin client logs of an answer that ends it (`AdminMetadataManager#updateFailed`).
    pub(super) fn log_fatal(&mut self, error: &ClientError) {
        let thrown = Some(error.to_string());
        let text = format!("{} Fatal error during metadata update", self.context);
        self.log.push(LogLine { level: LogLevel::Warn, logger: ADMIN_METADATA, text, thrown: thrown.clone() });
        if error.code == ErrorCode::UnsupportedVersion {
            let text = format!("{} The remote node is not a BROKER that supports the METADATA api.", self.context);
            self.log.push(LogLine { level: LogLevel::Warn, logger: ADMIN_METADATA, text, thrown });
        }
    }

    /// Takes out the log.
    pub(crate) fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log)
    }

    /// Java has a connection of its own for the coordinator, to a node that it calls `+1` (`GroupCoordinatorNode`).
    fn node_name(&self, lane: Lane, address: &Address) -> String {
        match lane == Lane::Coordinator && self.coordinator.is_some() {
            true => format!("+{}", self.coordinator),
            false => self.node_id(lane, address).to_string(),
        }
    }

    /// The id of a broker, or the place of a bootstrap server counted from −1 down.
    pub(super) fn node_id(&self, lane: Lane, address: &Address) -> i32 {
        let mut brokers = self.metadata.brokers.iter().filter(|_| lane != Lane::Bootstrap);
        let known = brokers.find(|(_, known)| *known == address).map(|(id, _)| id.0);
        let in_bootstrap = || self.settings.bootstrap.iter().position(|known| known == address);
        known.unwrap_or_else(|| -1 - in_bootstrap().unwrap_or(0) as i32)
    }

    pub(super) fn log_disconnect(
        &mut self,
        lane: Lane,
        address: &Address,
        never_opened: bool,
        failures: u32,
        loss: Loss,
    ) {
        match self.profile {
            Profile::Java => self.log_java_disconnect(lane, address, never_opened, loss),
            Profile::Librdkafka if failures == 1 => self.log_librdkafka_disconnect(address, never_opened, loss),
            Profile::Librdkafka => {}
        }
    }

    fn log_java_disconnect(&mut self, lane: Lane, address: &Address, never_opened: bool, loss: Loss) {
        let (host, port) = address;
        if loss == Loss::Peer(CloseReason::UnknownHost) {
            let text = format!(
                "Couldn't resolve server {host}:{port} from bootstrap.servers as DNS resolution failed for {host}"
            );
            self.log_line(LogLevel::Warn, "org.apache.kafka.clients.ClientUtils", text);
            return;
        }
        let (node, shown) = (self.node_id(lane, address), java_address(address));
        // Of a connection that it gave up itself it says so only at level INFO (`ChannelState#LOCAL_CLOSE`), of one that idled at DEBUG.
        if never_opened && matches!(loss, Loss::Peer(_)) {
            let name = self.node_name(lane, address);
            self.warn(
                NETWORK_CLIENT,
                format!("Connection to node {name} ({shown}) could not be established. Node may not be available."),
            );
        }
        if lane == Lane::Bootstrap && self.kind != Kind::Admin && self.metadata.nodes().next().is_none() {
            self.warn(
                NETWORK_CLIENT,
                format!("Bootstrap broker {host}:{port} (id: {node} rack: null isFenced: false) disconnected"),
            );
        }
    }

    fn log_librdkafka_disconnect(&mut self, address: &Address, never_opened: bool, loss: Loss) {
        let (host, port) = address;
        let node = self.node_id(Lane::Data, address);
        let name = if node < 0 { format!("{host}:{port}/bootstrap") } else { format!("{host}:{port}/{node}") };
        let what = match loss {
            Loss::Idle => return,
            Loss::Peer(CloseReason::UnknownHost) => {
                format!("Failed to resolve '{host}:{port}': Name or service not known (after 0ms in state CONNECT)")
            }
            Loss::Peer(CloseReason::Refused) => {
                format!("Connect to ipv4#{host}:{port} failed: Connection refused (after 0ms in state CONNECT)")
            }
            Loss::Peer(CloseReason::Closed | CloseReason::Reset) => "Disconnected (in state UP)".to_string(),
            Loss::TimedOut if never_opened => "Connection setup timed out in state CONNECT".to_string(),
            Loss::TimedOut => "1 request(s) timed out: disconnect".to_string(),
        };
        self.log_line(LogLevel::Error, "FAIL", format!("[thrd:{name}]: {name}: {what}"));
    }

    /// What a Java client logs of topics it did not get (`DefaultMetadataUpdater`, `Metadata#checkInvalidTopics`). The admin client
    /// asks for topics by calls of its own, and says nothing.
    pub(super) fn log_metadata_errors(&mut self, correlation: u32, failed: &[(&str, ErrorCode)]) {
        if self.profile == Profile::Librdkafka || self.kind == Kind::Admin {
            return;
        }
        let list: Vec<String> = failed.iter().map(|(topic, error)| format!("{topic}={}", error.name())).collect();
        let list = list.join(", ");
        // It calls all of them recoverable.
        let text = format!(
            "The metadata response from the cluster reported a recoverable issue with correlation id {correlation} : {{{list}}}"
        );
        self.warn(NETWORK_CLIENT, text);
        let invalid = failed.iter().filter(|(_, error)| *error == ErrorCode::InvalidTopic).map(|(topic, _)| *topic);
        let invalid: Vec<&str> = invalid.collect();
        if !invalid.is_empty() {
            self.error(METADATA, format!("Metadata response reported invalid topics [{}]", invalid.join(", ")));
        }
    }
}
