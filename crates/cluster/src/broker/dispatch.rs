//! Which handler a request goes to (`KafkaApis#handle`).

use kernel::ConnId;
use protocol::{Request, Response};

use super::connections::Caller;
use super::{Broker, Work};
use crate::process::{Context, Fx};

/// What a handler made of a request.
pub(super) enum Answer {
    /// Here it is.
    Now(Response),
    /// It is parked, or with a coordinator or the controller; [`Broker::respond`] will be called.
    Later,
    /// It gets none (acks=0).
    Never,
    /// It gets none, and the connection is closed.
    Disconnect,
}

impl<R: Into<Response>> From<R> for Answer {
    fn from(response: R) -> Answer {
        Answer::Now(response.into())
    }
}

impl Broker {
    /// Handles the next request of a connection.
    pub(super) fn serve(&mut self, cx: &Context<'_>, fx: &mut Fx, conn: ConnId) {
        if self.finds_no_handler(conn) {
            return;
        }
        let Some((caller, request)) = self.soft.connections.take_next(conn) else { return };
        if let Some((caller, request)) = self.wait_to_write(fx, caller, request) {
            self.answer(cx, fx, caller, request);
        }
    }

    /// Handles a request, and sees to its answer.
    pub(super) fn answer(&mut self, cx: &Context<'_>, fx: &mut Fx, caller: Caller, request: Request) {
        let conn = caller.conn;
        match self.handle(cx, fx, &caller, request) {
            Answer::Now(response) => self.respond(fx, caller.ticket, response),
            Answer::Later => {}
            Answer::Never => {
                self.soft.connections.finish(cx.now, caller.ticket);
                self.soft.work.push_back(Work::Serve(conn));
            }
            Answer::Disconnect => {
                fx.close(conn);
                self.soft.connections.remove(conn);
            }
        }
    }

    fn handle(&mut self, cx: &Context<'_>, fx: &mut Fx, caller: &Caller, request: Request) -> Answer {
        match request {
            Request::Produce(request) => self.handle_produce(cx, fx, caller, request),
            Request::Fetch(request) => self.handle_fetch(cx, fx, caller, request),
            Request::ListOffsets(request) => self.handle_list_offsets(cx, &request),
            Request::DeleteRecords(request) => self.handle_delete_records(cx, fx, caller, &request),
            Request::DescribeLogDirs(_) => self.handle_describe_log_dirs(cx),
            Request::AlterReplicaLogDirs(request) => self.handle_alter_replica_log_dirs(cx, fx, request),
            Request::OffsetForLeaderEpoch(request) => self.handle_offset_for_leader_epoch(cx, &request),
            Request::Metadata(request) => self.handle_metadata(cx, fx, &request),
            Request::DescribeTopicPartitions(request) => self.handle_describe_topic_partitions(cx, &request),
            Request::DescribeCluster(request) => self.handle_describe_cluster(cx, fx, &request),
            Request::DescribeConfigs(request) => self.handle_describe_configs(cx, &request),
            Request::IncrementalAlterConfigs(request) => self.handle_alter_configs(cx, fx, caller.ticket, request),
            Request::ApiVersions(request) => self.handle_api_versions(cx, &request),
            Request::InitProducerId(request) => self.handle_init_producer_id(cx, fx, &request),
            Request::FindCoordinator(request) => self.handle_find_coordinator(cx, fx, &request),
            request @ (Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::OffsetDelete(_)
            | Request::DescribeGroups(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)) => self.handle_group_request(cx, fx, caller, &request),
            request @ (Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::UnregisterBroker(_)
            | Request::UpdateFeatures(_)
            | Request::AlterPartitionReassignments(_)
            | Request::ListPartitionReassignments(_)
            | Request::AddRaftVoter(_)
            | Request::RemoveRaftVoter(_)
            | Request::DescribeQuorum(_)) => self.forward(cx, fx, caller.ticket, request),
            // These belong to controllers, which listen elsewhere; a broker drops who sends them here.
            Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::UpdateRaftVoter(_)
            | Request::FetchSnapshot(_)
            | Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::ControllerRegistration(_)
            | Request::AssignReplicasToDirs(_)
            | Request::AllocateProducerIds(_) => Answer::Disconnect,
        }
    }
}
