//! What the page, the CLI and lesson checks see: plain structs in Kafka's vocabulary, made by [`observe()`] from the
//! engine's own state. Nothing here acts on anything.

mod picture;
mod observe;
mod configs;
mod differ;
mod flights;
mod flow;
mod log;
mod message;
mod metrics;
mod past;
mod silence;
mod stir;
mod story;
mod text;
mod troubles;

pub use configs::{ConfigView, broker_configs, client_configs, topic_configs};
pub use differ::{Difference, differences};
pub use flights::flights;
pub use flow::{Cause, FlowLens, FlowView, Hop, flow, got_message, why};
pub use log::{CleanerView, LogLens, LogView, RecordDetail, ReplicaLog, SegmentView, logs, record};
pub use message::{MessageId, MessageView, message};
pub use metrics::{MetricView, MetricsLens, metrics};
pub use observe::{Lens, groups, observe, process_name};
pub use past::{Change, GroupPast, Past, Span, Subject, Swept, Torn, process_since};
pub use picture::*;
pub use stir::{Lane, Stir, glyph, is_told, lane, stir};
pub use story::{Level, StoryLine, tell};
pub use text::{Text, fill};
pub use troubles::{DelayView, GhostView, LostView, TroubleView, lost};
