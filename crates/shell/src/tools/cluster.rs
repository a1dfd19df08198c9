//! `kafka-cluster` (`org.apache.kafka.tools.ClusterTool`): `cluster-id`, `list-endpoints` and `unregister`.
//! Left out: short options.

use clients::{AdminCall, AdminResult};
use protocol::BrokerId;
use protocol::api::describe_cluster::{DescribeClusterResponse, EndpointType};

use crate::admin_tool::{AdminTool, Calls, Script};
use crate::launch::Launch;
use crate::options::{Opt, Parsed, flag, value};
use crate::process::Body;
use crate::tools::{Argparse, Misuse, Refusal, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "kafka-cluster",
    summary: SUMMARY,
    without_arguments: "",
    options: OPTIONS,
    removed: &[("config", "today it is --command-config (KIP-1147)")],
    on_misuse: Misuse::Argparse(&ARGPARSE),
    start,
};

const ARGPARSE: Argparse = Argparse {
    program: "kafka-cluster",
    usage: &["usage: kafka-cluster [-h] {cluster-id,unregister,list-endpoints} ..."],
};

/// What is wrong with the options of a command is said by its own parser.
const ID: Argparse = Argparse {
    program: "kafka-cluster",
    usage: &[
        "usage: kafka-cluster cluster-id [-h] [--config CONFIG]",
        "                     [--command-config COMMAND_CONFIG]",
        "                     (--bootstrap-server BOOTSTRAP_SERVER |",
        "                     --bootstrap-controller BOOTSTRAP_CONTROLLER)",
    ],
};
const UNREGISTER: Argparse = Argparse {
    program: "kafka-cluster",
    usage: &[
        "usage: kafka-cluster unregister [-h] [--config CONFIG]",
        "                     [--command-config COMMAND_CONFIG] --id ID",
        "                     (--bootstrap-server BOOTSTRAP_SERVER |",
        "                     --bootstrap-controller BOOTSTRAP_CONTROLLER)",
    ],
};
const ENDPOINTS: Argparse = Argparse {
    program: "kafka-cluster",
    usage: &[
        "usage: kafka-cluster list-endpoints [-h] [--config CONFIG]",
        "                     [--command-config COMMAND_CONFIG]",
        "                     [--include-fenced-brokers]",
        "                     (--bootstrap-server BOOTSTRAP_SERVER |",
        "                     --bootstrap-controller BOOTSTRAP_CONTROLLER)",
    ],
};

const SUMMARY: &str =
    "The Kafka cluster tool: cluster-id, unregister --id ID, or list-endpoints [--include-fenced-brokers].";
const OPTIONS: &[Opt] = &[
    value(
        "bootstrap-controller",
        "BOOTSTRAP_CONTROLLER",
        "A list of host/port pairs to use for establishing the connection to the KRaft controllers.",
    ),
    value(
        "bootstrap-server",
        "BOOTSTRAP_SERVER",
        "A list of host/port pairs to use for establishing the connection to the Kafka cluster.",
    ),
    value("command-config", "COMMAND_CONFIG", "Config properties file for the Admin client."),
    flag("help", "show this help message and exit"),
    value("id", "ID", "The ID of the broker to unregister."),
    flag("include-fenced-brokers", "Whether to include fenced brokers when listing broker endpoints"),
    flag("version", "Display Kafka version."),
];

/// The command under way.
#[derive(Clone, Copy, Hash, Debug)]
pub(crate) enum Cluster {
    Id,
    Endpoints { include_fenced: bool },
    Unregister(BrokerId),
}

fn start(launch: &Launch, options: &Parsed) -> Result<Body, Refusal> {
    let command = options.rest.first().map(String::as_str);
    let parser = match command {
        Some("cluster-id") => &ID,
        Some("unregister") => &UNREGISTER,
        Some("list-endpoints") => &ENDPOINTS,
        Some(other) => {
            return Err(ARGPARSE.refuse(format!(
                "invalid choice: '{other}' (choose from 'cluster-id', 'unregister', 'list-endpoints')"
            )));
        }
        None => return Err(ARGPARSE.refuse("too few arguments")),
    };
    let to_controllers = options.has("bootstrap-controller");
    if options.has("bootstrap-server") == to_controllers {
        return Err(parser.refuse(match to_controllers {
            true => "argument --bootstrap-controller/-C: not allowed with argument --bootstrap-server/-b",
            false => "one of the arguments --bootstrap-server/-b --bootstrap-controller/-C is required",
        }));
    }
    if command == Some("list-endpoints") && to_controllers && options.has("include-fenced-brokers") {
        let text = "The option --include-fenced-brokers is only supported with --bootstrap-server option";
        return Err(Refusal {
            err: vec![text.to_owned(), format!("java.lang.IllegalArgumentException: {text}")],
            code: 1,
            ..Refusal::default()
        });
    }
    let id = options.all("id").last().map(|text| {
        let why = format!("could not convert '{text}' to Integer (For input string: \"{text}\")");
        text.parse().map_err(|_| UNREGISTER.refuse(format!("argument --id/-i: {why}")))
    });
    let script = match (command, id.transpose()?) {
        (Some("cluster-id"), _) => Cluster::Id,
        (Some("unregister"), Some(id)) => Cluster::Unregister(BrokerId(id)),
        (Some("unregister"), None) => return Err(UNREGISTER.refuse("argument --id/-i is required")),
        _ => Cluster::Endpoints { include_fenced: options.has("include-fenced-brokers") },
    };
    Ok(Body::Cluster(Box::new(AdminTool::new(launch, options, script)?)))
}

impl Script for Cluster {
    fn begin(&mut self, admin: &mut Calls<'_, '_>) {
        admin.call(match *self {
            Cluster::Id => AdminCall::DescribeCluster { include_fenced: false },
            Cluster::Endpoints { include_fenced } => AdminCall::DescribeCluster { include_fenced },
            Cluster::Unregister(broker) => AdminCall::UnregisterBroker { broker },
        });
    }

    fn answer(&mut self, _id: u64, result: AdminResult, admin: &mut Calls<'_, '_>) {
        match (*self, result) {
            (Cluster::Id, AdminResult::DescribeCluster(cluster)) => {
                admin.io.out(format!("Cluster ID: {}", cluster.cluster_id));
            }
            (_, AdminResult::DescribeCluster(cluster)) => {
                endpoints(&cluster).into_iter().for_each(|line| admin.io.out(line));
            }
            (Cluster::Unregister(broker), AdminResult::UnregisterBroker(Ok(()))) => {
                admin.io.out(format!("Broker {broker} is no longer registered."));
            }
            (_, AdminResult::UnregisterBroker(Err(error)) | AdminResult::Failed(error)) => {
                admin.io.err(error.to_string());
                admin.io.err(format!("java.util.concurrent.ExecutionException: {error}"));
                return admin.io.exit(1);
            }
            _ => unreachable!("the tool makes no other call"),
        }
        admin.io.exit(0);
    }
}

/// A table whose columns are as wide as the longest host and rack.
fn endpoints(cluster: &DescribeClusterResponse) -> Vec<String> {
    let brokers = cluster.brokers.iter();
    let host = brokers.clone().map(|(broker, _)| broker.host.len()).max().unwrap_or(100);
    let rack = brokers.clone().filter_map(|(broker, _)| Some(broker.rack.as_ref()?.len())).max().unwrap_or(10);
    let is_of_brokers = cluster.endpoint == EndpointType::Broker;
    // Only of brokers it is told whether they are fenced.
    let row = |cells: [&str; 6]| {
        let [id, at, port, where_, state, kind] = cells;
        let state = if is_of_brokers { format!("{state:<10} ") } else { String::new() };
        format!("{id:<10} {at:<host$} {port:<10} {where_:<rack$} {state}{kind:<15}")
    };
    let kind = if is_of_brokers { "broker" } else { "controller" };
    let head = row(["ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE"]);
    let line = |(broker, fenced): &(protocol::api::metadata::BrokerEndpoint, bool)| {
        let (id, port) = (broker.id.to_string(), broker.port.to_string());
        let state = if *fenced { "fenced" } else { "unfenced" };
        row([&id, &broker.host, &port, broker.rack.as_deref().unwrap_or("null"), state, kind])
    };
    std::iter::once(head).chain(brokers.map(line)).collect()
}
