//! DescribeGroups and ListGroups, for tools.

use protocol::api::Name;
use protocol::api::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedMember};
use protocol::api::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use protocol::{ErrorCode, GroupId};

use crate::context::Context;
use crate::{Caller, Group, GroupShard, GroupState, Member};

impl GroupShard {
    pub(crate) fn describe(&mut self, cx: &mut Context, caller: &Caller, request: &DescribeGroupsRequest) {
        let describe = |id: &GroupId| match self.soft.groups.get(id) {
            Some(group) => group.describe(),
            None => unknown(id, ErrorCode::GroupIdNotFound),
        };
        let groups = request.groups.iter().map(describe).collect();
        cx.reply(caller.reply_to, DescribeGroupsResponse { groups });
    }

    /// The groups of this shard; the broker joins those of all its shards.
    pub(crate) fn list(&mut self, cx: &mut Context, caller: &Caller, request: &ListGroupsRequest) {
        let wanted = |group: &&Group| {
            request.states.is_empty() || request.states.iter().any(|s| s.eq_ignore_ascii_case(group.state.name()))
        };
        let groups = self.soft.groups.values().filter(wanted).map(Group::list).collect();
        cx.reply(caller.reply_to, ListGroupsResponse { error: ErrorCode::None, groups });
    }
}

/// A group that is not here: Dead.
pub(crate) fn unknown(id: &GroupId, error: ErrorCode) -> DescribedGroup {
    DescribedGroup {
        error,
        group: id.clone(),
        state: if error == ErrorCode::GroupIdNotFound { GroupState::Dead.name().into() } else { "".into() },
        protocol_type: "".into(),
        protocol: "".into(),
        members: Vec::new(),
    }
}

impl Group {
    fn describe(&self) -> DescribedGroup {
        let protocol = self.protocol.clone().filter(|_| self.state == GroupState::Stable);
        DescribedGroup {
            error: ErrorCode::None,
            group: self.id.clone(),
            state: self.state.name().into(),
            protocol_type: self.protocol_type_or_empty(),
            members: self.members.values().map(|m| m.describe(protocol.as_deref())).collect(),
            protocol: protocol.unwrap_or_else(|| "".into()),
        }
    }

    fn list(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: self.protocol_type_or_empty(),
            state: self.state.name().into(),
            group_type: "Classic".into(),
        }
    }

    fn protocol_type_or_empty(&self) -> Name {
        self.protocol_type.clone().unwrap_or_else(|| "".into())
    }
}

impl Member {
    /// With its subscription only while the group is Stable (`describeNoMetadata`).
    fn describe(&self, protocol: Option<&str>) -> DescribedMember {
        DescribedMember {
            member: self.id.clone(),
            group_instance_id: self.group_instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            topics: self.subscription(protocol).map(|s| s.topics.clone()).unwrap_or_default(),
            assignment: self.assignment.clone(),
        }
    }
}
