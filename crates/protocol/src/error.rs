//! Kafka's error codes, one table: code, name, whether clients retry, and the message users see.

macro_rules! errors {
    ($($code:literal $variant:ident $name:literal $retriable:literal $exception:literal $message:literal)*) => {
        /// An error a broker answers (`org.apache.kafka.common.protocol.Errors`).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        #[repr(i16)]
        #[allow(missing_docs)]
        pub enum ErrorCode {
            #[default]
            None = 0,
            $($variant = $code,)*
        }

        impl ErrorCode {
            /// Every error, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),*];

            /// Kafka's name, e.g. `NOT_LEADER_OR_FOLLOWER`.
            pub fn name(self) -> &'static str {
                match self { ErrorCode::None => "NONE", $(ErrorCode::$variant => $name),* }
            }
            /// Whether clients retry by themselves (`RetriableException`).
            pub fn is_retriable(self) -> bool {
                match self { ErrorCode::None => false, $(ErrorCode::$variant => $retriable),* }
            }
            /// The simple name of the exception class in Java clients.
            pub fn exception(self) -> &'static str {
                match self { ErrorCode::None => "", $(ErrorCode::$variant => $exception),* }
            }
            /// The default message.
            pub fn message(self) -> &'static str {
                match self { ErrorCode::None => "", $(ErrorCode::$variant => $message),* }
            }
        }
    };
}

errors! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR" false "UnknownServerException" "The server experienced an unexpected error when processing the request."
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE" false "OffsetOutOfRangeException" "The requested offset is not within the range of offsets maintained by the server."
    2 CorruptMessage "CORRUPT_MESSAGE" true "CorruptRecordException" "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is otherwise corrupt."
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION" true "UnknownTopicOrPartitionException" "This server does not host this topic-partition."
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE" true "LeaderNotAvailableException" "There is no leader for this topic-partition as we are in the middle of a leadership election."
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER" true "NotLeaderOrFollowerException" "For requests intended only for the leader, this error indicates that the broker is not the current leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition."
    7 RequestTimedOut "REQUEST_TIMED_OUT" true "TimeoutException" "The request timed out."
    8 BrokerNotAvailable "BROKER_NOT_AVAILABLE" false "BrokerNotAvailableException" "The broker is not available."
    9 ReplicaNotAvailable "REPLICA_NOT_AVAILABLE" true "ReplicaNotAvailableException" "The replica is not available for the requested topic-partition. Produce/Fetch requests and other requests intended only for the leader or follower return NOT_LEADER_OR_FOLLOWER if the broker is not a replica of the topic-partition."
    10 MessageTooLarge "MESSAGE_TOO_LARGE" false "RecordTooLargeException" "The request included a message larger than the max message size the server will accept."
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE" false "OffsetMetadataTooLarge" "The metadata field of the offset request was too large."
    13 NetworkException "NETWORK_EXCEPTION" true "NetworkException" "The server disconnected before a response was received."
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS" true "CoordinatorLoadInProgressException" "The coordinator is loading and hence can't process requests."
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE" true "CoordinatorNotAvailableException" "The coordinator is not available."
    16 NotCoordinator "NOT_COORDINATOR" true "NotCoordinatorException" "This is not the correct coordinator."
    17 InvalidTopic "INVALID_TOPIC_EXCEPTION" false "InvalidTopicException" "The request attempted to perform an operation on an invalid topic."
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE" false "RecordBatchTooLargeException" "The request included message batch larger than the configured segment size on the server."
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS" true "NotEnoughReplicasException" "Messages are rejected since there are fewer in-sync replicas than required."
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND" true "NotEnoughReplicasAfterAppendException" "Messages are written to the log, but to fewer in-sync replicas than required."
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS" false "InvalidRequiredAcksException" "Produce request specified an invalid value for required acks."
    22 IllegalGeneration "ILLEGAL_GENERATION" false "IllegalGenerationException" "Specified group generation id is not valid."
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL" false "InconsistentGroupProtocolException" "The group member's supported protocols are incompatible with those of existing members or first group member tried to join with empty protocol type or empty protocol list."
    24 InvalidGroupId "INVALID_GROUP_ID" false "InvalidGroupIdException" "The group id is invalid."
    25 UnknownMemberId "UNKNOWN_MEMBER_ID" false "UnknownMemberIdException" "The coordinator is not aware of this member."
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT" false "InvalidSessionTimeoutException" "The session timeout is not within the range allowed by the broker (as configured by group.min.session.timeout.ms and group.max.session.timeout.ms)."
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS" false "RebalanceInProgressException" "The group is rebalancing, so a rejoin is needed."
    32 InvalidTimestamp "INVALID_TIMESTAMP" false "InvalidTimestampException" "The timestamp of the message is out of acceptable range."
    35 UnsupportedVersion "UNSUPPORTED_VERSION" false "UnsupportedVersionException" "The version of API is not supported."
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS" false "TopicExistsException" "Topic with this name already exists."
    37 InvalidPartitions "INVALID_PARTITIONS" false "InvalidPartitionsException" "Number of partitions is below 1."
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR" false "InvalidReplicationFactorException" "Replication factor is below 1 or larger than the number of available brokers."
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT" false "InvalidReplicaAssignmentException" "Replica assignment is invalid."
    40 InvalidConfig "INVALID_CONFIG" false "InvalidConfigurationException" "Configuration is invalid."
    41 NotController "NOT_CONTROLLER" true "NotControllerException" "This is not the correct controller for this cluster."
    42 InvalidRequest "INVALID_REQUEST" false "InvalidRequestException" "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details."
    44 PolicyViolation "POLICY_VIOLATION" false "PolicyViolationException" "Request parameters do not satisfy the configured policy."
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER" false "OutOfOrderSequenceException" "The broker received an out of order sequence number."
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER" false "DuplicateSequenceException" "The broker received a duplicate sequence number."
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH" false "InvalidProducerEpochException" "Producer attempted to produce with an old epoch."
    56 KafkaStorageError "KAFKA_STORAGE_ERROR" true "KafkaStorageException" "Disk error when trying to access log file on the disk."
    57 LogDirNotFound "LOG_DIR_NOT_FOUND" false "LogDirNotFoundException" "The user-specified log directory is not found in the broker config."
    68 NonEmptyGroup "NON_EMPTY_GROUP" false "GroupNotEmptyException" "The group is not empty."
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND" false "GroupIdNotFoundException" "The group id does not exist."
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND" true "FetchSessionIdNotFoundException" "The fetch session ID was not found."
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH" true "InvalidFetchSessionEpochException" "The fetch session epoch is invalid."
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED" false "TopicDeletionDisabledException" "Topic deletion is disabled."
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH" true "FencedLeaderEpochException" "The leader epoch in the request is older than the epoch on the broker."
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH" true "UnknownLeaderEpochException" "The leader epoch in the request is newer than the epoch on the broker."
    77 StaleBrokerEpoch "STALE_BROKER_EPOCH" false "StaleBrokerEpochException" "Broker epoch has changed."
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE" true "OffsetNotAvailableException" "The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing."
    79 MemberIdRequired "MEMBER_ID_REQUIRED" false "MemberIdRequiredException" "The group member needs to have a valid member id before actually entering a consumer group."
    80 PreferredLeaderNotAvailable "PREFERRED_LEADER_NOT_AVAILABLE" true "PreferredLeaderNotAvailableException" "The preferred leader was not available."
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED" false "GroupMaxSizeReachedException" "The group has reached its maximum size."
    82 FencedInstanceId "FENCED_INSTANCE_ID" false "FencedInstanceIdException" "The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id."
    83 EligibleLeadersNotAvailable "ELIGIBLE_LEADERS_NOT_AVAILABLE" true "EligibleLeadersNotAvailableException" "Eligible topic partition leaders are not available."
    84 ElectionNotNeeded "ELECTION_NOT_NEEDED" true "ElectionNotNeededException" "Leader election not needed for topic partition."
    85 NoReassignmentInProgress "NO_REASSIGNMENT_IN_PROGRESS" false "NoReassignmentInProgressException" "No partition reassignment is in progress."
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC" false "GroupSubscribedToTopicException" "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it."
    87 InvalidRecord "INVALID_RECORD" false "InvalidRecordException" "This record has failed the validation on broker and hence will be rejected."
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT" true "UnstableOffsetCommitException" "There are unstable offsets that need to be cleared."
    95 InvalidUpdateVersion "INVALID_UPDATE_VERSION" false "InvalidUpdateVersionException" "The given update version was invalid."
    100 UnknownTopicId "UNKNOWN_TOPIC_ID" true "UnknownTopicIdException" "This server does not host this topic ID."
    101 DuplicateBrokerRegistration "DUPLICATE_BROKER_REGISTRATION" false "DuplicateBrokerRegistrationException" "This broker ID is already in use."
    102 BrokerIdNotRegistered "BROKER_ID_NOT_REGISTERED" false "BrokerIdNotRegisteredException" "The given broker ID was not registered."
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID" true "InconsistentTopicIdException" "The log's topic ID did not match the topic ID in the request."
    104 InconsistentClusterId "INCONSISTENT_CLUSTER_ID" false "InconsistentClusterIdException" "The clusterId in the request does not match that found on the server."
    107 IneligibleReplica "INELIGIBLE_REPLICA" false "IneligibleReplicaException" "The new ISR contains at least one ineligible replica."
    108 NewLeaderElected "NEW_LEADER_ELECTED" false "NewLeaderElectedException" "The AlterPartition request successfully updated the partition state but the leader has changed."
    114 MismatchedEndpointType "MISMATCHED_ENDPOINT_TYPE" false "MismatchedEndpointTypeException" "The request was sent to an endpoint of the wrong type."
    115 UnsupportedEndpointType "UNSUPPORTED_ENDPOINT_TYPE" false "UnsupportedEndpointTypeException" "This endpoint type is not supported yet."
    119 InvalidRegistration "INVALID_REGISTRATION" false "InvalidRegistrationException" "The controller has considered the broker registration to be invalid."
    125 InvalidVoterKey "INVALID_VOTER_KEY" false "InvalidVoterKeyException" "The voter key doesn't match the receiving replica's key."
    126 DuplicateVoter "DUPLICATE_VOTER" false "DuplicateVoterException" "The voter is already part of the set of voters."
    127 VoterNotFound "VOTER_NOT_FOUND" false "VoterNotFoundException" "The voter is not part of the set of voters."
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED" false "RebootstrapRequiredException" "Client metadata is stale. The client should rebootstrap to obtain new metadata."
}

impl ErrorCode {
    /// Whether this is a success.
    pub fn is_ok(self) -> bool {
        self == ErrorCode::None
    }
    /// The full Java class name of the exception, as tools print it.
    pub fn exception_class(self) -> String {
        let package = if self == ErrorCode::InvalidRecord { "" } else { "errors." };
        format!("org.apache.kafka.common.{package}{}", self.exception())
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
