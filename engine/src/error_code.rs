//! [`ErrorCode`]: every error a Kafka broker answers with, and librdkafka's client-side ones, in one table. Values
//! only.
//!
//! Numbers, names and texts are librdkafka 2.16's (`rd_kafka_resp_err_t`, `rd_kafka_err2name`, `rd_kafka_err2str`);
//! variants and the retriable mark of broker errors are Kafka 4.2's (`Errors`, `RetriableException`). librdkafka has
//! no names for 98, 99, 101, 102 and 104 to 109: those carry Kafka's.

use std::fmt;

/// Declares the enum and its look-ups from one table: number, variant, kind, name, text.
macro_rules! error_codes {
    ($($code:literal $variant:ident $kind:ident $name:literal $text:literal;)*) => {
        /// Outcome of a request or a client operation, `ErrorCode::None` for success.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(#[doc = $text] $variant = $code,)*
        }

        impl ErrorCode {
            /// Every code, in ascending order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code with this number; `None` for numbers that neither Kafka nor librdkafka uses.
            #[must_use]
            pub fn from_code(code: impl Into<i32>) -> Option<ErrorCode> {
                match code.into() {
                    $($code => Some(ErrorCode::$variant),)*
                    _ => None,
                }
            }

            /// Constant name as librdkafka prints it, such as `UNKNOWN_TOPIC_OR_PART` or `_TIMED_OUT`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $name,)*
                }
            }

            /// One line for people, such as `Broker: Unknown topic or partition`.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $text,)*
                }
            }

            const fn kind(self) -> Kind {
                match self {
                    $(ErrorCode::$variant => kind!($kind),)*
                }
            }
        }
    };
}

/// Where an error comes from, and whether the same request may succeed later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Local,
    Lasting,
    Retriable,
}

macro_rules! kind {
    (local) => {
        Kind::Local
    };
    (lasting) => {
        Kind::Lasting
    };
    (retriable) => {
        Kind::Retriable
    };
}

error_codes! {
    -199 LocalBadMsg local "_BAD_MSG" "Local: Bad message format";
    -198 LocalBadCompression local "_BAD_COMPRESSION" "Local: Invalid compressed data";
    -197 LocalDestroy local "_DESTROY" "Local: Broker handle destroyed for termination";
    -196 LocalFail local "_FAIL" "Local: Communication failure with broker";
    -195 LocalTransport local "_TRANSPORT" "Local: Broker transport failure";
    -194 LocalCritSysResource local "_CRIT_SYS_RESOURCE" "Local: Critical system resource failure";
    -193 LocalResolve local "_RESOLVE" "Local: Host resolution failure";
    -192 LocalMsgTimedOut local "_MSG_TIMED_OUT" "Local: Message timed out";
    -191 LocalPartitionEof local "_PARTITION_EOF" "Broker: No more messages";
    -190 LocalUnknownPartition local "_UNKNOWN_PARTITION" "Local: Unknown partition";
    -189 LocalFs local "_FS" "Local: File or filesystem error";
    -188 LocalUnknownTopic local "_UNKNOWN_TOPIC" "Local: Unknown topic";
    -187 LocalAllBrokersDown local "_ALL_BROKERS_DOWN" "Local: All broker connections are down";
    -186 LocalInvalidArg local "_INVALID_ARG" "Local: Invalid argument or configuration";
    -185 LocalTimedOut local "_TIMED_OUT" "Local: Timed out";
    -184 LocalQueueFull local "_QUEUE_FULL" "Local: Queue full";
    -183 LocalIsrInsuff local "_ISR_INSUFF" "Local: ISR count insufficient";
    -182 LocalNodeUpdate local "_NODE_UPDATE" "Local: Broker node update";
    -181 LocalSsl local "_SSL" "Local: SSL error";
    -180 LocalWaitCoord local "_WAIT_COORD" "Local: Waiting for coordinator";
    -179 LocalUnknownGroup local "_UNKNOWN_GROUP" "Local: Unknown group";
    -178 LocalInProgress local "_IN_PROGRESS" "Local: Operation in progress";
    -177 LocalPrevInProgress local "_PREV_IN_PROGRESS" "Local: Previous operation in progress";
    -176 LocalExistingSubscription local "_EXISTING_SUBSCRIPTION" "Local: Existing subscription";
    -175 LocalAssignPartitions local "_ASSIGN_PARTITIONS" "Local: Assign partitions";
    -174 LocalRevokePartitions local "_REVOKE_PARTITIONS" "Local: Revoke partitions";
    -173 LocalConflict local "_CONFLICT" "Local: Conflicting use";
    -172 LocalState local "_STATE" "Local: Erroneous state";
    -171 LocalUnknownProtocol local "_UNKNOWN_PROTOCOL" "Local: Unknown protocol";
    -170 LocalNotImplemented local "_NOT_IMPLEMENTED" "Local: Not implemented";
    -169 LocalAuthentication local "_AUTHENTICATION" "Local: Authentication failure";
    -168 LocalNoOffset local "_NO_OFFSET" "Local: No offset stored";
    -167 LocalOutdated local "_OUTDATED" "Local: Outdated";
    -166 LocalTimedOutQueue local "_TIMED_OUT_QUEUE" "Local: Timed out in queue";
    -165 LocalUnsupportedFeature local "_UNSUPPORTED_FEATURE"
         "Local: Required feature not supported by broker";
    -164 LocalWaitCache local "_WAIT_CACHE" "Local: Awaiting cache update";
    -163 LocalIntr local "_INTR" "Local: Operation interrupted";
    -162 LocalKeySerialization local "_KEY_SERIALIZATION" "Local: Key serialization error";
    -161 LocalValueSerialization local "_VALUE_SERIALIZATION" "Local: Value serialization error";
    -160 LocalKeyDeserialization local "_KEY_DESERIALIZATION" "Local: Key deserialization error";
    -159 LocalValueDeserialization local "_VALUE_DESERIALIZATION" "Local: Value deserialization error";
    -158 LocalPartial local "_PARTIAL" "Local: Partial response";
    -157 LocalReadOnly local "_READ_ONLY" "Local: Read-only object";
    -156 LocalNoent local "_NOENT" "Local: No such entry";
    -155 LocalUnderflow local "_UNDERFLOW" "Local: Read underflow";
    -154 LocalInvalidType local "_INVALID_TYPE" "Local: Invalid type";
    -153 LocalRetry local "_RETRY" "Local: Retry operation";
    -152 LocalPurgeQueue local "_PURGE_QUEUE" "Local: Purged in queue";
    -151 LocalPurgeInflight local "_PURGE_INFLIGHT" "Local: Purged in flight";
    -150 LocalFatal local "_FATAL" "Local: Fatal error";
    -149 LocalInconsistent local "_INCONSISTENT" "Local: Inconsistent state";
    -148 LocalGaplessGuarantee local "_GAPLESS_GUARANTEE"
         "Local: Gap-less ordering would not be guaranteed if proceeding";
    -147 LocalMaxPollExceeded local "_MAX_POLL_EXCEEDED"
         "Local: Maximum application poll interval (max.poll.interval.ms) exceeded";
    -146 LocalUnknownBroker local "_UNKNOWN_BROKER" "Local: Unknown broker";
    -145 LocalNotConfigured local "_NOT_CONFIGURED" "Local: Functionality not configured";
    -144 LocalFenced local "_FENCED" "Local: This instance has been fenced by a newer instance";
    -143 LocalApplication local "_APPLICATION" "Local: Application generated error";
    -142 LocalAssignmentLost local "_ASSIGNMENT_LOST" "Local: Group partition assignment lost";
    -141 LocalNoop local "_NOOP" "Local: No operation performed";
    -140 LocalAutoOffsetReset local "_AUTO_OFFSET_RESET" "Local: No offset to automatically reset to";
    -139 LocalLogTruncation local "_LOG_TRUNCATION" "Local: Partition log truncation detected";
    -138 LocalInvalidDifferentRecord local "_INVALID_DIFFERENT_RECORD"
         "Local: an invalid record in the same batch caused the failure of this message too";
    -137 LocalDestroyBroker local "_DESTROY_BROKER" "Local: Broker handle destroyed without termination";
      -1 UnknownServerError lasting "UNKNOWN" "Unknown broker error";
       0 None lasting "NO_ERROR" "Success";
       1 OffsetOutOfRange lasting "OFFSET_OUT_OF_RANGE" "Broker: Offset out of range";
       2 CorruptMessage retriable "INVALID_MSG" "Broker: Invalid message";
       3 UnknownTopicOrPartition retriable "UNKNOWN_TOPIC_OR_PART" "Broker: Unknown topic or partition";
       4 InvalidFetchSize lasting "INVALID_MSG_SIZE" "Broker: Invalid message size";
       5 LeaderNotAvailable retriable "LEADER_NOT_AVAILABLE" "Broker: Leader not available";
       6 NotLeaderOrFollower retriable "NOT_LEADER_FOR_PARTITION" "Broker: Not leader for partition";
       7 RequestTimedOut retriable "REQUEST_TIMED_OUT" "Broker: Request timed out";
       8 BrokerNotAvailable lasting "BROKER_NOT_AVAILABLE" "Broker: Broker not available";
       9 ReplicaNotAvailable retriable "REPLICA_NOT_AVAILABLE" "Broker: Replica not available";
      10 MessageTooLarge lasting "MSG_SIZE_TOO_LARGE" "Broker: Message size too large";
      11 StaleControllerEpoch lasting "STALE_CTRL_EPOCH" "Broker: StaleControllerEpochCode";
      12 OffsetMetadataTooLarge lasting "OFFSET_METADATA_TOO_LARGE"
         "Broker: Offset metadata string too large";
      13 NetworkException retriable "NETWORK_EXCEPTION"
         "Broker: Broker disconnected before response received";
      14 CoordinatorLoadInProgress retriable "COORDINATOR_LOAD_IN_PROGRESS"
         "Broker: Coordinator load in progress";
      15 CoordinatorNotAvailable retriable "COORDINATOR_NOT_AVAILABLE" "Broker: Coordinator not available";
      16 NotCoordinator retriable "NOT_COORDINATOR" "Broker: Not coordinator";
      17 InvalidTopicException lasting "TOPIC_EXCEPTION" "Broker: Invalid topic";
      18 RecordListTooLarge lasting "RECORD_LIST_TOO_LARGE"
         "Broker: Message batch larger than configured server segment size";
      19 NotEnoughReplicas retriable "NOT_ENOUGH_REPLICAS" "Broker: Not enough in-sync replicas";
      20 NotEnoughReplicasAfterAppend retriable "NOT_ENOUGH_REPLICAS_AFTER_APPEND"
         "Broker: Message(s) written to insufficient number of in-sync replicas";
      21 InvalidRequiredAcks lasting "INVALID_REQUIRED_ACKS" "Broker: Invalid required acks value";
      22 IllegalGeneration lasting "ILLEGAL_GENERATION" "Broker: Specified group generation id is not valid";
      23 InconsistentGroupProtocol lasting "INCONSISTENT_GROUP_PROTOCOL"
         "Broker: Inconsistent group protocol";
      24 InvalidGroupId lasting "INVALID_GROUP_ID" "Broker: Invalid group.id";
      25 UnknownMemberId lasting "UNKNOWN_MEMBER_ID" "Broker: Unknown member";
      26 InvalidSessionTimeout lasting "INVALID_SESSION_TIMEOUT" "Broker: Invalid session timeout";
      27 RebalanceInProgress lasting "REBALANCE_IN_PROGRESS" "Broker: Group rebalance in progress";
      28 InvalidCommitOffsetSize lasting "INVALID_COMMIT_OFFSET_SIZE"
         "Broker: Commit offset data size is not valid";
      29 TopicAuthorizationFailed lasting "TOPIC_AUTHORIZATION_FAILED" "Broker: Topic authorization failed";
      30 GroupAuthorizationFailed lasting "GROUP_AUTHORIZATION_FAILED" "Broker: Group authorization failed";
      31 ClusterAuthorizationFailed lasting "CLUSTER_AUTHORIZATION_FAILED"
         "Broker: Cluster authorization failed";
      32 InvalidTimestamp lasting "INVALID_TIMESTAMP" "Broker: Invalid timestamp";
      33 UnsupportedSaslMechanism lasting "UNSUPPORTED_SASL_MECHANISM" "Broker: Unsupported SASL mechanism";
      34 IllegalSaslState lasting "ILLEGAL_SASL_STATE" "Broker: Request not valid in current SASL state";
      35 UnsupportedVersion lasting "UNSUPPORTED_VERSION" "Broker: API version not supported";
      36 TopicAlreadyExists lasting "TOPIC_ALREADY_EXISTS" "Broker: Topic already exists";
      37 InvalidPartitions lasting "INVALID_PARTITIONS" "Broker: Invalid number of partitions";
      38 InvalidReplicationFactor lasting "INVALID_REPLICATION_FACTOR" "Broker: Invalid replication factor";
      39 InvalidReplicaAssignment lasting "INVALID_REPLICA_ASSIGNMENT" "Broker: Invalid replica assignment";
      40 InvalidConfig lasting "INVALID_CONFIG" "Broker: Configuration is invalid";
      41 NotController retriable "NOT_CONTROLLER" "Broker: Not controller for cluster";
      42 InvalidRequest lasting "INVALID_REQUEST" "Broker: Invalid request";
      43 UnsupportedForMessageFormat lasting "UNSUPPORTED_FOR_MESSAGE_FORMAT"
         "Broker: Message format on broker does not support request";
      44 PolicyViolation lasting "POLICY_VIOLATION" "Broker: Policy violation";
      45 OutOfOrderSequenceNumber lasting "OUT_OF_ORDER_SEQUENCE_NUMBER"
         "Broker: Broker received an out of order sequence number";
      46 DuplicateSequenceNumber lasting "DUPLICATE_SEQUENCE_NUMBER"
         "Broker: Broker received a duplicate sequence number";
      47 InvalidProducerEpoch lasting "INVALID_PRODUCER_EPOCH"
         "Broker: Producer attempted an operation with an old epoch";
      48 InvalidTxnState lasting "INVALID_TXN_STATE"
         "Broker: Producer attempted a transactional operation in an invalid state";
      49 InvalidProducerIdMapping lasting "INVALID_PRODUCER_ID_MAPPING"
         "Broker: Producer attempted to use a producer id which is not currently assigned to its \
          transactional id";
      50 InvalidTransactionTimeout lasting "INVALID_TRANSACTION_TIMEOUT"
         "Broker: Transaction timeout is larger than the maximum value allowed by the broker's \
          max.transaction.timeout.ms";
      51 ConcurrentTransactions retriable "CONCURRENT_TRANSACTIONS"
         "Broker: Producer attempted to update a transaction while another concurrent operation on the same \
          transaction was ongoing";
      52 TransactionCoordinatorFenced lasting "TRANSACTION_COORDINATOR_FENCED"
         "Broker: Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the \
          current coordinator for a given producer";
      53 TransactionalIdAuthorizationFailed lasting "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
         "Broker: Transactional Id authorization failed";
      54 SecurityDisabled lasting "SECURITY_DISABLED" "Broker: Security features are disabled";
      55 OperationNotAttempted lasting "OPERATION_NOT_ATTEMPTED" "Broker: Operation not attempted";
      56 KafkaStorageError retriable "KAFKA_STORAGE_ERROR"
         "Broker: Disk error when trying to access log file on disk";
      57 LogDirNotFound lasting "LOG_DIR_NOT_FOUND"
         "Broker: The user-specified log directory is not found in the broker config";
      58 SaslAuthenticationFailed lasting "SASL_AUTHENTICATION_FAILED" "Broker: SASL Authentication failed";
      59 UnknownProducerId lasting "UNKNOWN_PRODUCER_ID" "Broker: Unknown Producer Id";
      60 ReassignmentInProgress lasting "REASSIGNMENT_IN_PROGRESS"
         "Broker: Partition reassignment is in progress";
      61 DelegationTokenAuthDisabled lasting "DELEGATION_TOKEN_AUTH_DISABLED"
         "Broker: Delegation Token feature is not enabled";
      62 DelegationTokenNotFound lasting "DELEGATION_TOKEN_NOT_FOUND"
         "Broker: Delegation Token is not found on server";
      63 DelegationTokenOwnerMismatch lasting "DELEGATION_TOKEN_OWNER_MISMATCH"
         "Broker: Specified Principal is not valid Owner/Renewer";
      64 DelegationTokenRequestNotAllowed lasting "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED"
         "Broker: Delegation Token requests are not allowed on this connection";
      65 DelegationTokenAuthorizationFailed lasting "DELEGATION_TOKEN_AUTHORIZATION_FAILED"
         "Broker: Delegation Token authorization failed";
      66 DelegationTokenExpired lasting "DELEGATION_TOKEN_EXPIRED" "Broker: Delegation Token is expired";
      67 InvalidPrincipalType lasting "INVALID_PRINCIPAL_TYPE"
         "Broker: Supplied principalType is not supported";
      68 NonEmptyGroup lasting "NON_EMPTY_GROUP" "Broker: The group is not empty";
      69 GroupIdNotFound lasting "GROUP_ID_NOT_FOUND" "Broker: The group id does not exist";
      70 FetchSessionIdNotFound retriable "FETCH_SESSION_ID_NOT_FOUND"
         "Broker: The fetch session ID was not found";
      71 InvalidFetchSessionEpoch retriable "INVALID_FETCH_SESSION_EPOCH"
         "Broker: The fetch session epoch is invalid";
      72 ListenerNotFound retriable "LISTENER_NOT_FOUND" "Broker: No matching listener";
      73 TopicDeletionDisabled lasting "TOPIC_DELETION_DISABLED" "Broker: Topic deletion is disabled";
      74 FencedLeaderEpoch retriable "FENCED_LEADER_EPOCH" "Broker: Leader epoch is older than broker epoch";
      75 UnknownLeaderEpoch retriable "UNKNOWN_LEADER_EPOCH"
         "Broker: Leader epoch is newer than broker epoch";
      76 UnsupportedCompressionType lasting "UNSUPPORTED_COMPRESSION_TYPE"
         "Broker: Unsupported compression type";
      77 StaleBrokerEpoch lasting "STALE_BROKER_EPOCH" "Broker: Broker epoch has changed";
      78 OffsetNotAvailable retriable "OFFSET_NOT_AVAILABLE" "Broker: Leader high watermark is not caught up";
      79 MemberIdRequired lasting "MEMBER_ID_REQUIRED" "Broker: Group member needs a valid member ID";
      80 PreferredLeaderNotAvailable retriable "PREFERRED_LEADER_NOT_AVAILABLE"
         "Broker: Preferred leader was not available";
      81 GroupMaxSizeReached lasting "GROUP_MAX_SIZE_REACHED"
         "Broker: Consumer group has reached maximum size";
      82 FencedInstanceId lasting "FENCED_INSTANCE_ID"
         "Broker: Static consumer fenced by other consumer with same group.instance.id";
      83 EligibleLeadersNotAvailable retriable "ELIGIBLE_LEADERS_NOT_AVAILABLE"
         "Broker: Eligible partition leaders are not available";
      84 ElectionNotNeeded retriable "ELECTION_NOT_NEEDED"
         "Broker: Leader election not needed for topic partition";
      85 NoReassignmentInProgress lasting "NO_REASSIGNMENT_IN_PROGRESS"
         "Broker: No partition reassignment is in progress";
      86 GroupSubscribedToTopic lasting "GROUP_SUBSCRIBED_TO_TOPIC"
         "Broker: Deleting offsets of a topic while the consumer group is subscribed to it";
      87 InvalidRecord lasting "INVALID_RECORD" "Broker: Broker failed to validate record";
      88 UnstableOffsetCommit retriable "UNSTABLE_OFFSET_COMMIT"
         "Broker: There are unstable offsets that need to be cleared";
      89 ThrottlingQuotaExceeded retriable "THROTTLING_QUOTA_EXCEEDED"
         "Broker: Throttling quota has been exceeded";
      90 ProducerFenced lasting "PRODUCER_FENCED"
         "Broker: There is a newer producer with the same transactionalId which fences the current one";
      91 ResourceNotFound lasting "RESOURCE_NOT_FOUND"
         "Broker: Request illegally referred to resource that does not exist";
      92 DuplicateResource lasting "DUPLICATE_RESOURCE"
         "Broker: Request illegally referred to the same resource twice";
      93 UnacceptableCredential lasting "UNACCEPTABLE_CREDENTIAL"
         "Broker: Requested credential would not meet criteria for acceptability";
      94 InconsistentVoterSet lasting "INCONSISTENT_VOTER_SET"
         "Broker: Indicates that the either the sender or recipient of a voter-only request is not one of \
          the expected voters";
      95 InvalidUpdateVersion lasting "INVALID_UPDATE_VERSION" "Broker: Invalid update version";
      96 FeatureUpdateFailed lasting "FEATURE_UPDATE_FAILED"
         "Broker: Unable to update finalized features due to server error";
      97 PrincipalDeserializationFailure lasting "PRINCIPAL_DESERIALIZATION_FAILURE"
         "Broker: Request principal deserialization failed during forwarding";
      98 SnapshotNotFound lasting "SNAPSHOT_NOT_FOUND" "Broker: Requested snapshot was not found";
      99 PositionOutOfRange lasting "POSITION_OUT_OF_RANGE"
         "Broker: Requested position is outside the snapshot";
     100 UnknownTopicId retriable "UNKNOWN_TOPIC_ID" "Broker: Unknown topic id";
     101 DuplicateBrokerRegistration lasting "DUPLICATE_BROKER_REGISTRATION"
         "Broker: This broker ID is already in use";
     102 BrokerIdNotRegistered lasting "BROKER_ID_NOT_REGISTERED"
         "Broker: The given broker ID was not registered";
     103 InconsistentTopicId retriable "INCONSISTENT_TOPIC_ID"
         "Broker: The log's topic ID did not match the topic ID in the request";
     104 InconsistentClusterId lasting "INCONSISTENT_CLUSTER_ID"
         "Broker: The cluster id of the request does not match the server's";
     105 TransactionalIdNotFound lasting "TRANSACTIONAL_ID_NOT_FOUND"
         "Broker: The transactional id could not be found";
     106 FetchSessionTopicIdError retriable "FETCH_SESSION_TOPIC_ID_ERROR"
         "Broker: The fetch session encountered inconsistent topic ID usage";
     107 IneligibleReplica lasting "INELIGIBLE_REPLICA" "Broker: The new ISR contains an ineligible replica";
     108 NewLeaderElected lasting "NEW_LEADER_ELECTED"
         "Broker: The partition state was updated but the leader has changed";
     109 OffsetMovedToTieredStorage lasting "OFFSET_MOVED_TO_TIERED_STORAGE"
         "Broker: The requested offset is moved to tiered storage";
     110 FencedMemberEpoch lasting "FENCED_MEMBER_EPOCH"
         "Broker: The member epoch is fenced by the group coordinator";
     111 UnreleasedInstanceId lasting "UNRELEASED_INSTANCE_ID"
         "Broker: The instance ID is still used by another member in the consumer group";
     112 UnsupportedAssignor lasting "UNSUPPORTED_ASSIGNOR"
         "Broker: The assignor or its version range is not supported by the consumer group";
     113 StaleMemberEpoch lasting "STALE_MEMBER_EPOCH" "Broker: The member epoch is stale";
     114 MismatchedEndpointType lasting "MISMATCHED_ENDPOINT_TYPE"
         "Broker: The request was sent to an endpoint of the wrong type";
     115 UnsupportedEndpointType lasting "UNSUPPORTED_ENDPOINT_TYPE"
         "Broker: This endpoint type is not supported yet";
     116 UnknownControllerId lasting "UNKNOWN_CONTROLLER_ID" "Broker: This controller ID is not known";
     117 UnknownSubscriptionId lasting "UNKNOWN_SUBSCRIPTION_ID"
         "Broker: Client sent a push telemetry request with an invalid or outdated subscription ID";
     118 TelemetryTooLarge lasting "TELEMETRY_TOO_LARGE"
         "Broker: Client sent a push telemetry request larger than the maximum size the broker will accept";
     119 InvalidRegistration lasting "INVALID_REGISTRATION"
         "Broker: The controller has considered the broker registration to be invalid";
     120 TransactionAbortable lasting "TRANSACTION_ABORTABLE"
         "Broker: The server encountered an error with the transaction";
     121 InvalidRecordState lasting "INVALID_RECORD_STATE" "Broker: The record state is invalid";
     122 ShareSessionNotFound retriable "SHARE_SESSION_NOT_FOUND" "Broker: The share session was not found";
     123 InvalidShareSessionEpoch retriable "INVALID_SHARE_SESSION_EPOCH"
         "Broker: The share session epoch is invalid";
     124 FencedStateEpoch lasting "FENCED_STATE_EPOCH" "Broker: The share-group state epoch did not match";
     125 InvalidVoterKey lasting "INVALID_VOTER_KEY"
         "Broker: The voter key doesn't match the receiving replica's key";
     126 DuplicateVoter lasting "DUPLICATE_VOTER" "Broker: The voter is already part of the set of voters";
     127 VoterNotFound lasting "VOTER_NOT_FOUND" "Broker: The voter is not part of the set of voters";
     128 InvalidRegularExpression lasting "INVALID_REGULAR_EXPRESSION"
         "Broker: The regular expression is not valid";
     129 RebootstrapRequired lasting "REBOOTSTRAP_REQUIRED"
         "Broker: Client metadata is stale, client should rebootstrap to obtain new metadata";
     130 StreamsInvalidTopology lasting "STREAMS_INVALID_TOPOLOGY" "Broker: The supplied topology is invalid";
     131 StreamsInvalidTopologyEpoch lasting "STREAMS_INVALID_TOPOLOGY_EPOCH"
         "Broker: The supplied topology epoch is invalid";
     132 StreamsTopologyFenced lasting "STREAMS_TOPOLOGY_FENCED"
         "Broker: The supplied topology epoch is outdated";
     133 ShareSessionLimitReached retriable "SHARE_SESSION_LIMIT_REACHED"
         "Broker: The limit of share sessions has been reached";
}

impl ErrorCode {
    /// The number on the wire; negative for client-side errors and for "unknown server error".
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Whether Kafka's protocol marks the error as retriable. Never set for client-side errors.
    #[must_use]
    pub const fn is_retriable(self) -> bool {
        matches!(self.kind(), Kind::Retriable)
    }

    /// Whether the error arises in a client and never travels (librdkafka's names with a leading underscore).
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(self.kind(), Kind::Local)
    }

    /// Whether this is not [`ErrorCode::None`].
    #[must_use]
    pub const fn is_error(self) -> bool {
        !matches!(self, ErrorCode::None)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_its_code() {
        for &error in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(error.code()), Some(error));
        }
        for unused in [-200_i32, -136, -2, 134, i32::MAX, i32::MIN] {
            assert_eq!(ErrorCode::from_code(unused), None);
        }
    }

    #[test]
    fn the_table_is_sorted_and_holds_every_broker_code() {
        assert!(ErrorCode::ALL.is_sorted());
        let broker = ErrorCode::ALL.iter().filter(|error| !error.is_local()).map(|error| error.code());
        assert!(broker.eq(-1..=133));
        assert_eq!(ErrorCode::ALL.iter().filter(|error| error.is_local()).count(), 63);
    }

    #[test]
    fn names_and_texts_are_librdkafkas() {
        let cases = [
            (ErrorCode::None, "NO_ERROR", "Success"),
            (ErrorCode::UnknownServerError, "UNKNOWN", "Unknown broker error"),
            (
                ErrorCode::UnknownTopicOrPartition,
                "UNKNOWN_TOPIC_OR_PART",
                "Broker: Unknown topic or partition",
            ),
            (ErrorCode::InvalidTopicException, "TOPIC_EXCEPTION", "Broker: Invalid topic"),
            (ErrorCode::LocalTimedOut, "_TIMED_OUT", "Local: Timed out"),
            (ErrorCode::LocalPartitionEof, "_PARTITION_EOF", "Broker: No more messages"),
        ];
        for (error, name, text) in cases {
            assert_eq!((error.name(), error.to_string().as_str()), (name, text));
            assert_eq!(error.is_local(), name.starts_with('_'));
        }
    }

    #[test]
    fn retriable_is_as_in_kafkas_protocol() {
        assert!(ErrorCode::NotCoordinator.is_retriable() && ErrorCode::KafkaStorageError.is_retriable());
        assert!(!ErrorCode::MessageTooLarge.is_retriable() && !ErrorCode::RebalanceInProgress.is_retriable());
        assert!(!ErrorCode::LocalTransport.is_retriable());
    }
}
