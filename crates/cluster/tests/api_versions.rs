//! ApiVersions, as brokers answer it.

mod cluster_harness;

use cluster_harness::Cluster;
use protocol::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::{ApiKey, BrokerId, ErrorCode, Response};

fn ask(cluster: &mut Cluster, meant: Option<(&str, i32)>) -> ApiVersionsResponse {
    let meant = meant.map(|(cluster, node)| (cluster.into(), BrokerId(node)));
    let request = ApiVersionsRequest { client_software: "test".into(), meant };
    let Response::ApiVersions(answer) = cluster.call(2, request) else { panic!("it answers in kind") };
    answer
}

/// KIP-1242.
#[test]
fn who_means_another_cluster_or_node_is_to_begin_anew() {
    let mut cluster = Cluster::new(1, 2, &[]);
    let Response::Metadata(metadata) = cluster.call(
        2,
        protocol::api::metadata::MetadataRequest { topics: Some(Vec::new()), allow_auto_topic_creation: false },
    ) else {
        panic!("it answers in kind")
    };
    let own = &*metadata.cluster_id;
    for right in [None, Some((own, 2))] {
        let answer = ask(&mut cluster, right);
        assert_eq!(answer.error, ErrorCode::None, "{right:?}");
        assert!(answer.apis.contains(&(ApiKey::ApiVersions as i16, 5)), "{:?}", answer.apis);
    }
    for wrong in [Some((own, 1)), Some(("another", 2))] {
        let answer = ask(&mut cluster, wrong);
        assert_eq!((answer.error, answer.apis.len()), (ErrorCode::RebootstrapRequired, 0), "{wrong:?}");
    }
}
