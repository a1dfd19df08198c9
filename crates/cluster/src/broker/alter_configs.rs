//! Changes of configs: those of brokers are checked by the broker they are sent to (`ConfigAdminManager#preprocess`); all are
//! made by the controller.

use protocol::api::ConfigResourceKind;
use protocol::api::incremental_alter_configs::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use protocol::config::validate_broker_configs;
use protocol::{BrokerId, ErrorCode};

use super::Broker;
use super::connections::Ticket;
use super::dispatch::Answer;
use super::topic_configs::dynamic_configs;
use crate::process::{Context, Fx};

impl Broker {
    pub(super) fn handle_alter_configs(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        ticket: Ticket,
        request: IncrementalAlterConfigsRequest,
    ) -> Answer {
        match self.check_broker_change(cx, &request) {
            Ok(()) => self.forward(cx, fx, ticket, request.into()),
            Err(text) => {
                let error = ErrorCode::InvalidRequest;
                IncrementalAlterConfigsResponse { error, message: Some(text.into()) }.into()
            }
        }
    }

    fn check_broker_change(&self, cx: &Context<'_>, request: &IncrementalAlterConfigsRequest) -> Result<(), String> {
        let name = &request.resource.name;
        if request.resource.kind != ConfigResourceKind::Broker {
            return Ok(());
        }
        if !name.is_empty() {
            let id = name.parse().map_err(|_| format!("Node id must be an integer, but it is: {name}"))?;
            if BrokerId(id) != self.id {
                return Err(format!("Unexpected broker id, expected {}, but received {name}", self.id));
            }
        }
        let mut values = dynamic_configs(cx, ConfigResourceKind::Broker, name).clone();
        for (config, value) in &request.changes {
            match value {
                Some(value) => values.insert(config.clone(), value.clone()),
                None => values.remove(config),
            };
        }
        validate_broker_configs(&values, !name.is_empty()).map_err(|error| error.message)
    }
}
