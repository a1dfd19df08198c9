//! DescribeConfigs (`ConfigHelper`). Under construction.

use protocol::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResponse};

use super::Broker;
use super::dispatch::Answer;
use crate::process::Context;

impl Broker {
    pub(super) fn handle_describe_configs(&mut self, _cx: &Context<'_>, _request: &DescribeConfigsRequest) -> Answer {
        DescribeConfigsResponse { results: Vec::new() }.into()
    }
}
