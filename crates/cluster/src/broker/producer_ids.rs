//! InitProducerId for idempotent producers, out of blocks of 1000 ids from the controller (`RPCProducerIdManager`).
//! Left out: transactional ids.

use kernel::{Calls, Duration};
use protocol::api::allocate_producer_ids::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
use protocol::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use protocol::{ErrorCode, gap};

use super::dispatch::Answer;
use super::{Broker, TimerKey};
use crate::process::{Context, Fx};

/// The blocks of ids this broker may give out.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct ProducerIds {
    current: Option<Block>,
    next: Option<Block>,
    is_asking: bool,
    pub(super) calls: Calls<()>,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Block {
    next: i64,
    end: i64,
    prefetch_at: i64,
}

const RETRY_BACKOFF: Duration = Duration::from_millis(50);

impl Broker {
    /// Without a transactional id every request gets a new id, whatever it brings along.
    pub(super) fn handle_init_producer_id(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Fx,
        _request: &InitProducerIdRequest,
    ) -> Answer {
        gap!("transactional ids", "KIP-98");
        match self.claim_producer_id(cx, fx) {
            Some(producer_id) => {
                InitProducerIdResponse { error: ErrorCode::None, producer_id, producer_epoch: 0 }.into()
            }
            // Clients take this one as retriable; the block will be there on their next try.
            None => InitProducerIdResponse {
                error: ErrorCode::CoordinatorLoadInProgress,
                producer_id: -1,
                producer_epoch: -1,
            }
            .into(),
        }
    }

    fn claim_producer_id(&mut self, cx: &Context<'_>, fx: &mut Fx) -> Option<i64> {
        let ids = &mut self.soft.producer_ids;
        if ids.current.is_none_or(|block| block.next == block.end) {
            ids.current = ids.next.take();
        }
        let Some(block) = &mut ids.current else {
            self.request_producer_ids(cx, fx);
            return None;
        };
        let id = block.next;
        block.next += 1;
        if id == block.prefetch_at {
            self.request_producer_ids(cx, fx);
        }
        Some(id)
    }

    pub(super) fn request_producer_ids(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        if self.soft.producer_ids.is_asking || self.soft.producer_ids.next.is_some() {
            return;
        }
        let Some(controller) = cx.controller() else {
            self.soft.timers.arm_once(fx, cx.now + RETRY_BACKOFF, TimerKey::ProducerIdsBackoff);
            return;
        };
        self.soft.producer_ids.is_asking = true;
        let request = AllocateProducerIdsRequest { broker: self.id, broker_epoch: cx.broker_epoch };
        self.ask_controller(cx, fx, &controller, "forwarding", |soft| &mut soft.producer_ids.calls, request);
    }

    pub(super) fn on_producer_ids(&mut self, cx: &Context<'_>, fx: &mut Fx, response: &AllocateProducerIdsResponse) {
        if !response.error.is_ok() {
            self.retry_producer_ids(cx, fx);
            return;
        }
        let (next, size) = (response.first, i64::from(response.count));
        self.soft.producer_ids.is_asking = false;
        self.soft.producer_ids.next = Some(Block { next, end: next + size, prefetch_at: next + size * 9 / 10 });
    }

    pub(super) fn retry_producer_ids(&mut self, cx: &Context<'_>, fx: &mut Fx) {
        self.soft.producer_ids.is_asking = false;
        self.soft.timers.arm_once(fx, cx.now + RETRY_BACKOFF, TimerKey::ProducerIdsBackoff);
    }
}
