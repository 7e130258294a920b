/*
 * tidelog: Kafka in a library. This is its C interface, with the verbs of librdkafka: where librdkafka has
 * rd_kafka_produce(), this has tl_produce(), so that porting is a rename. librdkafka's public structs are opaque here
 * and have accessors: message->len is tl_message_payload(message, &len).
 *
 * Objects. Clients, topics, queues, settings and engines are handles: one that is NULL, was destroyed or is made up
 * gives an error. Everything else is memory: it must not be used once it was destroyed. Every function takes NULL in
 * place of an object and says so by NULL, 0, -1 or TL_RESP_ERR__INVALID_ARG.
 *
 * Texts end with a NUL and are UTF-8; what is not gives TL_RESP_ERR__INVALID_ARG. They and all other memory of the
 * caller are only used during the call, unless said otherwise.
 *
 * Threads. Any thread may call anything with a handle, callbacks included. Other objects are for one thread at a time.
 * In a process that was forked off, clients of the parent give TL_RESP_ERR__STATE.
 *
 * This file is made from the library's sources; changes belong there.
 */

#ifndef TIDELOG_H
#define TIDELOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
/** Errors: those of the library are negative, a broker's are positive. */
typedef enum {
    /** Local: Bad message format */
    TL_RESP_ERR__BAD_MSG = -199,
    /** Local: Invalid compressed data */
    TL_RESP_ERR__BAD_COMPRESSION = -198,
    /** Local: Broker handle destroyed for termination */
    TL_RESP_ERR__DESTROY = -197,
    /** Local: Communication failure with broker */
    TL_RESP_ERR__FAIL = -196,
    /** Local: Broker transport failure */
    TL_RESP_ERR__TRANSPORT = -195,
    /** Local: Critical system resource failure */
    TL_RESP_ERR__CRIT_SYS_RESOURCE = -194,
    /** Local: Host resolution failure */
    TL_RESP_ERR__RESOLVE = -193,
    /** Local: Message timed out */
    TL_RESP_ERR__MSG_TIMED_OUT = -192,
    /** Broker: No more messages */
    TL_RESP_ERR__PARTITION_EOF = -191,
    /** Local: Unknown partition */
    TL_RESP_ERR__UNKNOWN_PARTITION = -190,
    /** Local: File or filesystem error */
    TL_RESP_ERR__FS = -189,
    /** Local: Unknown topic */
    TL_RESP_ERR__UNKNOWN_TOPIC = -188,
    /** Local: All broker connections are down */
    TL_RESP_ERR__ALL_BROKERS_DOWN = -187,
    /** Local: Invalid argument or configuration */
    TL_RESP_ERR__INVALID_ARG = -186,
    /** Local: Timed out */
    TL_RESP_ERR__TIMED_OUT = -185,
    /** Local: Queue full */
    TL_RESP_ERR__QUEUE_FULL = -184,
    /** Local: ISR count insufficient */
    TL_RESP_ERR__ISR_INSUFF = -183,
    /** Local: Broker node update */
    TL_RESP_ERR__NODE_UPDATE = -182,
    /** Local: SSL error */
    TL_RESP_ERR__SSL = -181,
    /** Local: Waiting for coordinator */
    TL_RESP_ERR__WAIT_COORD = -180,
    /** Local: Unknown group */
    TL_RESP_ERR__UNKNOWN_GROUP = -179,
    /** Local: Operation in progress */
    TL_RESP_ERR__IN_PROGRESS = -178,
    /** Local: Previous operation in progress */
    TL_RESP_ERR__PREV_IN_PROGRESS = -177,
    /** Local: Existing subscription */
    TL_RESP_ERR__EXISTING_SUBSCRIPTION = -176,
    /** Local: Assign partitions */
    TL_RESP_ERR__ASSIGN_PARTITIONS = -175,
    /** Local: Revoke partitions */
    TL_RESP_ERR__REVOKE_PARTITIONS = -174,
    /** Local: Conflicting use */
    TL_RESP_ERR__CONFLICT = -173,
    /** Local: Erroneous state */
    TL_RESP_ERR__STATE = -172,
    /** Local: Unknown protocol */
    TL_RESP_ERR__UNKNOWN_PROTOCOL = -171,
    /** Local: Not implemented */
    TL_RESP_ERR__NOT_IMPLEMENTED = -170,
    /** Local: Authentication failure */
    TL_RESP_ERR__AUTHENTICATION = -169,
    /** Local: No offset stored */
    TL_RESP_ERR__NO_OFFSET = -168,
    /** Local: Outdated */
    TL_RESP_ERR__OUTDATED = -167,
    /** Local: Timed out in queue */
    TL_RESP_ERR__TIMED_OUT_QUEUE = -166,
    /** Local: Required feature not supported by broker */
    TL_RESP_ERR__UNSUPPORTED_FEATURE = -165,
    /** Local: Awaiting cache update */
    TL_RESP_ERR__WAIT_CACHE = -164,
    /** Local: Operation interrupted */
    TL_RESP_ERR__INTR = -163,
    /** Local: Key serialization error */
    TL_RESP_ERR__KEY_SERIALIZATION = -162,
    /** Local: Value serialization error */
    TL_RESP_ERR__VALUE_SERIALIZATION = -161,
    /** Local: Key deserialization error */
    TL_RESP_ERR__KEY_DESERIALIZATION = -160,
    /** Local: Value deserialization error */
    TL_RESP_ERR__VALUE_DESERIALIZATION = -159,
    /** Local: Partial response */
    TL_RESP_ERR__PARTIAL = -158,
    /** Local: Read-only object */
    TL_RESP_ERR__READ_ONLY = -157,
    /** Local: No such entry */
    TL_RESP_ERR__NOENT = -156,
    /** Local: Read underflow */
    TL_RESP_ERR__UNDERFLOW = -155,
    /** Local: Invalid type */
    TL_RESP_ERR__INVALID_TYPE = -154,
    /** Local: Retry operation */
    TL_RESP_ERR__RETRY = -153,
    /** Local: Purged in queue */
    TL_RESP_ERR__PURGE_QUEUE = -152,
    /** Local: Purged in flight */
    TL_RESP_ERR__PURGE_INFLIGHT = -151,
    /** Local: Fatal error */
    TL_RESP_ERR__FATAL = -150,
    /** Local: Inconsistent state */
    TL_RESP_ERR__INCONSISTENT = -149,
    /** Local: Gap-less ordering would not be guaranteed if proceeding */
    TL_RESP_ERR__GAPLESS_GUARANTEE = -148,
    /** Local: Maximum application poll interval (max.poll.interval.ms) exceeded */
    TL_RESP_ERR__MAX_POLL_EXCEEDED = -147,
    /** Local: Unknown broker */
    TL_RESP_ERR__UNKNOWN_BROKER = -146,
    /** Local: Functionality not configured */
    TL_RESP_ERR__NOT_CONFIGURED = -145,
    /** Local: This instance has been fenced by a newer instance */
    TL_RESP_ERR__FENCED = -144,
    /** Local: Application generated error */
    TL_RESP_ERR__APPLICATION = -143,
    /** Local: Group partition assignment lost */
    TL_RESP_ERR__ASSIGNMENT_LOST = -142,
    /** Local: No operation performed */
    TL_RESP_ERR__NOOP = -141,
    /** Local: No offset to automatically reset to */
    TL_RESP_ERR__AUTO_OFFSET_RESET = -140,
    /** Local: Partition log truncation detected */
    TL_RESP_ERR__LOG_TRUNCATION = -139,
    /** Local: an invalid record in the same batch caused the failure of this message too */
    TL_RESP_ERR__INVALID_DIFFERENT_RECORD = -138,
    /** Local: Broker handle destroyed without termination */
    TL_RESP_ERR__DESTROY_BROKER = -137,
    /** Unknown broker error */
    TL_RESP_ERR_UNKNOWN = -1,
    /** Success */
    TL_RESP_ERR_NO_ERROR = 0,
    /** Broker: Offset out of range */
    TL_RESP_ERR_OFFSET_OUT_OF_RANGE = 1,
    /** Broker: Invalid message */
    TL_RESP_ERR_INVALID_MSG = 2,
    /** Broker: Unknown topic or partition */
    TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART = 3,
    /** Broker: Invalid message size */
    TL_RESP_ERR_INVALID_MSG_SIZE = 4,
    /** Broker: Leader not available */
    TL_RESP_ERR_LEADER_NOT_AVAILABLE = 5,
    /** Broker: Not leader for partition */
    TL_RESP_ERR_NOT_LEADER_FOR_PARTITION = 6,
    /** Broker: Request timed out */
    TL_RESP_ERR_REQUEST_TIMED_OUT = 7,
    /** Broker: Broker not available */
    TL_RESP_ERR_BROKER_NOT_AVAILABLE = 8,
    /** Broker: Replica not available */
    TL_RESP_ERR_REPLICA_NOT_AVAILABLE = 9,
    /** Broker: Message size too large */
    TL_RESP_ERR_MSG_SIZE_TOO_LARGE = 10,
    /** Broker: StaleControllerEpochCode */
    TL_RESP_ERR_STALE_CTRL_EPOCH = 11,
    /** Broker: Offset metadata string too large */
    TL_RESP_ERR_OFFSET_METADATA_TOO_LARGE = 12,
    /** Broker: Broker disconnected before response received */
    TL_RESP_ERR_NETWORK_EXCEPTION = 13,
    /** Broker: Coordinator load in progress */
    TL_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS = 14,
    /** Broker: Coordinator not available */
    TL_RESP_ERR_COORDINATOR_NOT_AVAILABLE = 15,
    /** Broker: Not coordinator */
    TL_RESP_ERR_NOT_COORDINATOR = 16,
    /** Broker: Invalid topic */
    TL_RESP_ERR_TOPIC_EXCEPTION = 17,
    /** Broker: Message batch larger than configured server segment size */
    TL_RESP_ERR_RECORD_LIST_TOO_LARGE = 18,
    /** Broker: Not enough in-sync replicas */
    TL_RESP_ERR_NOT_ENOUGH_REPLICAS = 19,
    /** Broker: Message(s) written to insufficient number of in-sync replicas */
    TL_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
    /** Broker: Invalid required acks value */
    TL_RESP_ERR_INVALID_REQUIRED_ACKS = 21,
    /** Broker: Specified group generation id is not valid */
    TL_RESP_ERR_ILLEGAL_GENERATION = 22,
    /** Broker: Inconsistent group protocol */
    TL_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL = 23,
    /** Broker: Invalid group.id */
    TL_RESP_ERR_INVALID_GROUP_ID = 24,
    /** Broker: Unknown member */
    TL_RESP_ERR_UNKNOWN_MEMBER_ID = 25,
    /** Broker: Invalid session timeout */
    TL_RESP_ERR_INVALID_SESSION_TIMEOUT = 26,
    /** Broker: Group rebalance in progress */
    TL_RESP_ERR_REBALANCE_IN_PROGRESS = 27,
    /** Broker: Commit offset data size is not valid */
    TL_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE = 28,
    /** Broker: Topic authorization failed */
    TL_RESP_ERR_TOPIC_AUTHORIZATION_FAILED = 29,
    /** Broker: Group authorization failed */
    TL_RESP_ERR_GROUP_AUTHORIZATION_FAILED = 30,
    /** Broker: Cluster authorization failed */
    TL_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED = 31,
    /** Broker: Invalid timestamp */
    TL_RESP_ERR_INVALID_TIMESTAMP = 32,
    /** Broker: Unsupported SASL mechanism */
    TL_RESP_ERR_UNSUPPORTED_SASL_MECHANISM = 33,
    /** Broker: Request not valid in current SASL state */
    TL_RESP_ERR_ILLEGAL_SASL_STATE = 34,
    /** Broker: API version not supported */
    TL_RESP_ERR_UNSUPPORTED_VERSION = 35,
    /** Broker: Topic already exists */
    TL_RESP_ERR_TOPIC_ALREADY_EXISTS = 36,
    /** Broker: Invalid number of partitions */
    TL_RESP_ERR_INVALID_PARTITIONS = 37,
    /** Broker: Invalid replication factor */
    TL_RESP_ERR_INVALID_REPLICATION_FACTOR = 38,
    /** Broker: Invalid replica assignment */
    TL_RESP_ERR_INVALID_REPLICA_ASSIGNMENT = 39,
    /** Broker: Configuration is invalid */
    TL_RESP_ERR_INVALID_CONFIG = 40,
    /** Broker: Not controller for cluster */
    TL_RESP_ERR_NOT_CONTROLLER = 41,
    /** Broker: Invalid request */
    TL_RESP_ERR_INVALID_REQUEST = 42,
    /** Broker: Message format on broker does not support request */
    TL_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT = 43,
    /** Broker: Policy violation */
    TL_RESP_ERR_POLICY_VIOLATION = 44,
    /** Broker: Broker received an out of order sequence number */
    TL_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER = 45,
    /** Broker: Broker received a duplicate sequence number */
    TL_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER = 46,
    /** Broker: Producer attempted an operation with an old epoch */
    TL_RESP_ERR_INVALID_PRODUCER_EPOCH = 47,
    /** Broker: Producer attempted a transactional operation in an invalid state */
    TL_RESP_ERR_INVALID_TXN_STATE = 48,
    /** Broker: Producer attempted to use a producer id which is not currently assigned to its transactional id */
    TL_RESP_ERR_INVALID_PRODUCER_ID_MAPPING = 49,
    /** Broker: Transaction timeout is larger than the maximum value allowed by the broker's max.transaction.timeout.ms */
    TL_RESP_ERR_INVALID_TRANSACTION_TIMEOUT = 50,
    /** Broker: Producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing */
    TL_RESP_ERR_CONCURRENT_TRANSACTIONS = 51,
    /** Broker: Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer */
    TL_RESP_ERR_TRANSACTION_COORDINATOR_FENCED = 52,
    /** Broker: Transactional Id authorization failed */
    TL_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
    /** Broker: Security features are disabled */
    TL_RESP_ERR_SECURITY_DISABLED = 54,
    /** Broker: Operation not attempted */
    TL_RESP_ERR_OPERATION_NOT_ATTEMPTED = 55,
    /** Broker: Disk error when trying to access log file on disk */
    TL_RESP_ERR_KAFKA_STORAGE_ERROR = 56,
    /** Broker: The user-specified log directory is not found in the broker config */
    TL_RESP_ERR_LOG_DIR_NOT_FOUND = 57,
    /** Broker: SASL Authentication failed */
    TL_RESP_ERR_SASL_AUTHENTICATION_FAILED = 58,
    /** Broker: Unknown Producer Id */
    TL_RESP_ERR_UNKNOWN_PRODUCER_ID = 59,
    /** Broker: Partition reassignment is in progress */
    TL_RESP_ERR_REASSIGNMENT_IN_PROGRESS = 60,
    /** Broker: Delegation Token feature is not enabled */
    TL_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED = 61,
    /** Broker: Delegation Token is not found on server */
    TL_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND = 62,
    /** Broker: Specified Principal is not valid Owner/Renewer */
    TL_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH = 63,
    /** Broker: Delegation Token requests are not allowed on this connection */
    TL_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64,
    /** Broker: Delegation Token authorization failed */
    TL_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65,
    /** Broker: Delegation Token is expired */
    TL_RESP_ERR_DELEGATION_TOKEN_EXPIRED = 66,
    /** Broker: Supplied principalType is not supported */
    TL_RESP_ERR_INVALID_PRINCIPAL_TYPE = 67,
    /** Broker: The group is not empty */
    TL_RESP_ERR_NON_EMPTY_GROUP = 68,
    /** Broker: The group id does not exist */
    TL_RESP_ERR_GROUP_ID_NOT_FOUND = 69,
    /** Broker: The fetch session ID was not found */
    TL_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND = 70,
    /** Broker: The fetch session epoch is invalid */
    TL_RESP_ERR_INVALID_FETCH_SESSION_EPOCH = 71,
    /** Broker: No matching listener */
    TL_RESP_ERR_LISTENER_NOT_FOUND = 72,
    /** Broker: Topic deletion is disabled */
    TL_RESP_ERR_TOPIC_DELETION_DISABLED = 73,
    /** Broker: Leader epoch is older than broker epoch */
    TL_RESP_ERR_FENCED_LEADER_EPOCH = 74,
    /** Broker: Leader epoch is newer than broker epoch */
    TL_RESP_ERR_UNKNOWN_LEADER_EPOCH = 75,
    /** Broker: Unsupported compression type */
    TL_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE = 76,
    /** Broker: Broker epoch has changed */
    TL_RESP_ERR_STALE_BROKER_EPOCH = 77,
    /** Broker: Leader high watermark is not caught up */
    TL_RESP_ERR_OFFSET_NOT_AVAILABLE = 78,
    /** Broker: Group member needs a valid member ID */
    TL_RESP_ERR_MEMBER_ID_REQUIRED = 79,
    /** Broker: Preferred leader was not available */
    TL_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE = 80,
    /** Broker: Consumer group has reached maximum size */
    TL_RESP_ERR_GROUP_MAX_SIZE_REACHED = 81,
    /** Broker: Static consumer fenced by other consumer with same group.instance.id */
    TL_RESP_ERR_FENCED_INSTANCE_ID = 82,
    /** Broker: Eligible partition leaders are not available */
    TL_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE = 83,
    /** Broker: Leader election not needed for topic partition */
    TL_RESP_ERR_ELECTION_NOT_NEEDED = 84,
    /** Broker: No partition reassignment is in progress */
    TL_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS = 85,
    /** Broker: Deleting offsets of a topic while the consumer group is subscribed to it */
    TL_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC = 86,
    /** Broker: Broker failed to validate record */
    TL_RESP_ERR_INVALID_RECORD = 87,
    /** Broker: There are unstable offsets that need to be cleared */
    TL_RESP_ERR_UNSTABLE_OFFSET_COMMIT = 88,
    /** Broker: Throttling quota has been exceeded */
    TL_RESP_ERR_THROTTLING_QUOTA_EXCEEDED = 89,
    /** Broker: There is a newer producer with the same transactionalId which fences the current one */
    TL_RESP_ERR_PRODUCER_FENCED = 90,
    /** Broker: Request illegally referred to resource that does not exist */
    TL_RESP_ERR_RESOURCE_NOT_FOUND = 91,
    /** Broker: Request illegally referred to the same resource twice */
    TL_RESP_ERR_DUPLICATE_RESOURCE = 92,
    /** Broker: Requested credential would not meet criteria for acceptability */
    TL_RESP_ERR_UNACCEPTABLE_CREDENTIAL = 93,
    /** Broker: Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters */
    TL_RESP_ERR_INCONSISTENT_VOTER_SET = 94,
    /** Broker: Invalid update version */
    TL_RESP_ERR_INVALID_UPDATE_VERSION = 95,
    /** Broker: Unable to update finalized features due to server error */
    TL_RESP_ERR_FEATURE_UPDATE_FAILED = 96,
    /** Broker: Request principal deserialization failed during forwarding */
    TL_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE = 97,
    /** Broker: Requested snapshot was not found */
    TL_RESP_ERR_SNAPSHOT_NOT_FOUND = 98,
    /** Broker: Requested position is outside the snapshot */
    TL_RESP_ERR_POSITION_OUT_OF_RANGE = 99,
    /** Broker: Unknown topic id */
    TL_RESP_ERR_UNKNOWN_TOPIC_ID = 100,
    /** Broker: This broker ID is already in use */
    TL_RESP_ERR_DUPLICATE_BROKER_REGISTRATION = 101,
    /** Broker: The given broker ID was not registered */
    TL_RESP_ERR_BROKER_ID_NOT_REGISTERED = 102,
    /** Broker: The log's topic ID did not match the topic ID in the request */
    TL_RESP_ERR_INCONSISTENT_TOPIC_ID = 103,
    /** Broker: The cluster id of the request does not match the server's */
    TL_RESP_ERR_INCONSISTENT_CLUSTER_ID = 104,
    /** Broker: The transactional id could not be found */
    TL_RESP_ERR_TRANSACTIONAL_ID_NOT_FOUND = 105,
    /** Broker: The fetch session encountered inconsistent topic ID usage */
    TL_RESP_ERR_FETCH_SESSION_TOPIC_ID_ERROR = 106,
    /** Broker: The new ISR contains an ineligible replica */
    TL_RESP_ERR_INELIGIBLE_REPLICA = 107,
    /** Broker: The partition state was updated but the leader has changed */
    TL_RESP_ERR_NEW_LEADER_ELECTED = 108,
    /** Broker: The requested offset is moved to tiered storage */
    TL_RESP_ERR_OFFSET_MOVED_TO_TIERED_STORAGE = 109,
    /** Broker: The member epoch is fenced by the group coordinator */
    TL_RESP_ERR_FENCED_MEMBER_EPOCH = 110,
    /** Broker: The instance ID is still used by another member in the consumer group */
    TL_RESP_ERR_UNRELEASED_INSTANCE_ID = 111,
    /** Broker: The assignor or its version range is not supported by the consumer group */
    TL_RESP_ERR_UNSUPPORTED_ASSIGNOR = 112,
    /** Broker: The member epoch is stale */
    TL_RESP_ERR_STALE_MEMBER_EPOCH = 113,
    /** Broker: The request was sent to an endpoint of the wrong type */
    TL_RESP_ERR_MISMATCHED_ENDPOINT_TYPE = 114,
    /** Broker: This endpoint type is not supported yet */
    TL_RESP_ERR_UNSUPPORTED_ENDPOINT_TYPE = 115,
    /** Broker: This controller ID is not known */
    TL_RESP_ERR_UNKNOWN_CONTROLLER_ID = 116,
    /** Broker: Client sent a push telemetry request with an invalid or outdated subscription ID */
    TL_RESP_ERR_UNKNOWN_SUBSCRIPTION_ID = 117,
    /** Broker: Client sent a push telemetry request larger than the maximum size the broker will accept */
    TL_RESP_ERR_TELEMETRY_TOO_LARGE = 118,
    /** Broker: The controller has considered the broker registration to be invalid */
    TL_RESP_ERR_INVALID_REGISTRATION = 119,
    /** Broker: The server encountered an error with the transaction */
    TL_RESP_ERR_TRANSACTION_ABORTABLE = 120,
    /** Broker: The record state is invalid */
    TL_RESP_ERR_INVALID_RECORD_STATE = 121,
    /** Broker: The share session was not found */
    TL_RESP_ERR_SHARE_SESSION_NOT_FOUND = 122,
    /** Broker: The share session epoch is invalid */
    TL_RESP_ERR_INVALID_SHARE_SESSION_EPOCH = 123,
    /** Broker: The share-group state epoch did not match */
    TL_RESP_ERR_FENCED_STATE_EPOCH = 124,
    /** Broker: The voter key doesn't match the receiving replica's key */
    TL_RESP_ERR_INVALID_VOTER_KEY = 125,
    /** Broker: The voter is already part of the set of voters */
    TL_RESP_ERR_DUPLICATE_VOTER = 126,
    /** Broker: The voter is not part of the set of voters */
    TL_RESP_ERR_VOTER_NOT_FOUND = 127,
    /** Broker: The regular expression is not valid */
    TL_RESP_ERR_INVALID_REGULAR_EXPRESSION = 128,
    /** Broker: Client metadata is stale, client should rebootstrap to obtain new metadata */
    TL_RESP_ERR_REBOOTSTRAP_REQUIRED = 129,
    /** Broker: The supplied topology is invalid */
    TL_RESP_ERR_STREAMS_INVALID_TOPOLOGY = 130,
    /** Broker: The supplied topology epoch is invalid */
    TL_RESP_ERR_STREAMS_INVALID_TOPOLOGY_EPOCH = 131,
    /** Broker: The supplied topology epoch is outdated */
    TL_RESP_ERR_STREAMS_TOPOLOGY_FENCED = 132,
    /** Broker: The limit of share sessions has been reached */
    TL_RESP_ERR_SHARE_SESSION_LIMIT_REACHED = 133
} tl_resp_err_t;


/**
 * No more values come, whatever their count is said to be.
 */
#define TL_VTYPE_END 0

/**
 * A message goes to the topic of this name.
 */
#define TL_VTYPE_TOPIC 1

/**
 * A message goes to this topic.
 */
#define TL_VTYPE_RKT 2

/**
 * The message's partition.
 */
#define TL_VTYPE_PARTITION 3

/**
 * The message's value.
 */
#define TL_VTYPE_VALUE 4

/**
 * The message's key.
 */
#define TL_VTYPE_KEY 5

/**
 * What comes back with the message's delivery report.
 */
#define TL_VTYPE_OPAQUE 6

/**
 * `TL_MSG_F_...`
 */
#define TL_VTYPE_MSGFLAGS 7

/**
 * The message's time, in milliseconds since the epoch; 0 is now.
 */
#define TL_VTYPE_TIMESTAMP 8

/**
 * A header that is added.
 */
#define TL_VTYPE_HEADER 9

/**
 * All headers at once. They belong to the library once the message has been queued.
 */
#define TL_VTYPE_HEADERS 10

/**
 * Do not close a consumer when it is destroyed: neither commit nor leave the group.
 */
#define TL_DESTROY_F_NO_CONSUMER_CLOSE 8

/**
 * The library frees the value with `free()` once the message has been queued. It has been copied: what makes this fast
 * elsewhere makes nothing faster here.
 */
#define TL_MSG_F_FREE 1

/**
 * The value is copied. It always is, into the batch that is written.
 */
#define TL_MSG_F_COPY 2

/**
 * Wait while the queue is full, until another thread has served reports; without this, `TL_RESP_ERR__QUEUE_FULL`.
 */
#define TL_MSG_F_BLOCK 4

/**
 * Of a batch: each message names its own partition.
 */
#define TL_MSG_F_PARTITION 8

/**
 * Messages that no thread has taken are dropped.
 */
#define TL_PURGE_F_QUEUE 1

/**
 * Has no effect: what is being written cannot be called back.
 */
#define TL_PURGE_F_INFLIGHT 2

/**
 * Has no effect: nothing is waited for.
 */
#define TL_PURGE_F_NON_BLOCKING 4

/**
 * No partition in particular: any, or none.
 */
#define TL_PARTITION_UA -1

/**
 * Start at the oldest message.
 */
#define TL_OFFSET_BEGINNING -2

/**
 * Start behind the newest message.
 */
#define TL_OFFSET_END -1

/**
 * Start where the group has committed.
 */
#define TL_OFFSET_STORED -1000

/**
 * No offset.
 */
#define TL_OFFSET_INVALID -1001

/**
 * That many messages before the end: `TL_OFFSET_TAIL_BASE - count`.
 */
#define TL_OFFSET_TAIL_BASE -2000

/**
 * Options of a request. The caller owns them, and may use them for several.
 */
typedef struct tl_AdminOptions_t tl_AdminOptions_t;

/**
 * The answer to ::tl_AlterConfigs. It belongs to its event.
 */
typedef struct tl_AlterConfigs_result_t tl_AlterConfigs_result_t;

/**
 * Offsets to be committed for a group. The caller owns it: ::tl_AlterConsumerGroupOffsets_destroy.
 */
typedef struct tl_AlterConsumerGroupOffsets_t tl_AlterConsumerGroupOffsets_t;

/**
 * The answer to ::tl_AlterConsumerGroupOffsets. It belongs to its event.
 */
typedef struct tl_AlterConsumerGroupOffsets_result_t tl_AlterConsumerGroupOffsets_result_t;

/**
 * A batch of records as it lies in the engine's memory, or what the consumer has to say in its place
 * (::tl_batch_view_err). The caller owns it: ::tl_batch_view_destroy. NULL in its place gives NULL, 0 or -1.
 */
typedef struct tl_batch_view_t tl_batch_view_t;

/**
 * A producer or a consumer. Threads may share it.
 *
 * A handle: one that is NULL or was destroyed gives an error.
 */
typedef struct tl_t tl_t;

/**
 * Settings of a client, being put together.
 *
 * A handle: one that is NULL or was destroyed gives an error. ::tl_new takes it over.
 */
typedef struct tl_conf_t tl_conf_t;

/**
 * A setting in an answer.
 */
typedef struct tl_ConfigEntry_t tl_ConfigEntry_t;

/**
 * Something that has settings: asked for, to be changed, or in an answer.
 *
 * The caller owns those of ::tl_ConfigResource_new: ::tl_ConfigResource_destroy. Those of an answer belong to its event.
 */
typedef struct tl_ConfigResource_t tl_ConfigResource_t;

/**
 * A group in detail. It belongs to its event.
 */
typedef struct tl_ConsumerGroupDescription_t tl_ConsumerGroupDescription_t;

/**
 * A group in a list. It belongs to its event.
 */
typedef struct tl_ConsumerGroupListing_t tl_ConsumerGroupListing_t;

/**
 * What became of topics that were to get partitions. It belongs to its event.
 */
typedef struct tl_CreatePartitions_result_t tl_CreatePartitions_result_t;

/**
 * What became of topics that were to be created. It belongs to its event.
 */
typedef struct tl_CreateTopics_result_t tl_CreateTopics_result_t;

/**
 * Offsets of a group to be deleted. The caller owns it: ::tl_DeleteConsumerGroupOffsets_destroy.
 */
typedef struct tl_DeleteConsumerGroupOffsets_t tl_DeleteConsumerGroupOffsets_t;

/**
 * The answer to ::tl_DeleteConsumerGroupOffsets. It belongs to its event.
 */
typedef struct tl_DeleteConsumerGroupOffsets_result_t tl_DeleteConsumerGroupOffsets_result_t;

/**
 * A group to be deleted. The caller owns it: ::tl_DeleteGroup_destroy.
 */
typedef struct tl_DeleteGroup_t tl_DeleteGroup_t;

/**
 * The answer to ::tl_DeleteGroups. It belongs to its event.
 */
typedef struct tl_DeleteGroups_result_t tl_DeleteGroups_result_t;

/**
 * Records to be deleted. The caller owns it: ::tl_DeleteRecords_destroy.
 */
typedef struct tl_DeleteRecords_t tl_DeleteRecords_t;

/**
 * The answer to ::tl_DeleteRecords. It belongs to its event.
 */
typedef struct tl_DeleteRecords_result_t tl_DeleteRecords_result_t;

/**
 * A topic to be deleted. The caller owns it: ::tl_DeleteTopic_destroy.
 */
typedef struct tl_DeleteTopic_t tl_DeleteTopic_t;

/**
 * What became of topics that were to be deleted. It belongs to its event.
 */
typedef struct tl_DeleteTopics_result_t tl_DeleteTopics_result_t;

/**
 * The answer to ::tl_DescribeCluster. It belongs to its event.
 */
typedef struct tl_DescribeCluster_result_t tl_DescribeCluster_result_t;

/**
 * The answer to ::tl_DescribeConfigs. It belongs to its event.
 */
typedef struct tl_DescribeConfigs_result_t tl_DescribeConfigs_result_t;

/**
 * The answer to ::tl_DescribeConsumerGroups. It belongs to its event.
 */
typedef struct tl_DescribeConsumerGroups_result_t tl_DescribeConsumerGroups_result_t;

/**
 * The answer to ::tl_DescribeTopics. It belongs to its event.
 */
typedef struct tl_DescribeTopics_result_t tl_DescribeTopics_result_t;

/**
 * An election. The caller owns it: ::tl_ElectLeaders_destroy.
 */
typedef struct tl_ElectLeaders_t tl_ElectLeaders_t;

/**
 * The answer to ::tl_ElectLeaders. It belongs to its event.
 */
typedef struct tl_ElectLeaders_result_t tl_ElectLeaders_result_t;

/**
 * An engine of this process. It ends when this and its last client are gone.
 *
 * A handle: one that is NULL or was closed gives an error. Threads may share it.
 */
typedef struct tl_engine_t tl_engine_t;

/**
 * An error with its text and what may be done next.
 *
 * Whoever is returned one owns it: ::tl_error_destroy. NULL is success.
 */
typedef struct tl_error_t tl_error_t;

/**
 * Something that a queue hands out. The caller owns it: ::tl_event_destroy; what it tells lives as long as it does.
 * Asking an event for what its kind does not have gives NULL or 0, and so does NULL.
 */
typedef struct tl_event_t tl_event_t;

/**
 * What a group needs to know of a consumer that a producer commits the offsets of.
 */
typedef struct tl_consumer_group_metadata_t tl_consumer_group_metadata_t;

/**
 * What became of a group. It belongs to its event.
 */
typedef struct tl_group_result_t tl_group_result_t;

/**
 * Headers, in order. A name may come several times.
 *
 * Those of ::tl_headers_new belong to the caller (::tl_headers_destroy) until a message takes them over; those of a
 * message belong to it.
 */
typedef struct tl_headers_t tl_headers_t;

/**
 * The answer to ::tl_IncrementalAlterConfigs. It belongs to its event.
 */
typedef struct tl_IncrementalAlterConfigs_result_t tl_IncrementalAlterConfigs_result_t;

/**
 * What is to be told of a group's offsets. The caller owns it: ::tl_ListConsumerGroupOffsets_destroy.
 */
typedef struct tl_ListConsumerGroupOffsets_t tl_ListConsumerGroupOffsets_t;

/**
 * The answer to ::tl_ListConsumerGroupOffsets. It belongs to its event.
 */
typedef struct tl_ListConsumerGroupOffsets_result_t tl_ListConsumerGroupOffsets_result_t;

/**
 * The answer to ::tl_ListConsumerGroups. It belongs to its event.
 */
typedef struct tl_ListConsumerGroups_result_t tl_ListConsumerGroups_result_t;

/**
 * The answer to ::tl_ListOffsets. It belongs to its event.
 */
typedef struct tl_ListOffsets_result_t tl_ListOffsets_result_t;

/**
 * What was found in a partition. It belongs to its event.
 */
typedef struct tl_ListOffsetsResultInfo_t tl_ListOffsetsResultInfo_t;

/**
 * What a member has been given to read. It belongs to its event.
 */
typedef struct tl_MemberAssignment_t tl_MemberAssignment_t;

/**
 * A member of a group. It belongs to its event.
 */
typedef struct tl_MemberDescription_t tl_MemberDescription_t;

/**
 * A message, or what a consumer has to say in its place (::tl_message_err).
 *
 * One that a call returns belongs to the caller: ::tl_message_destroy. One that a callback or an event shows belongs to
 * the library. Key and value point into the engine's own memory and live as long as the message. NULL in place of a
 * message gives NULL, -1 or `TL_RESP_ERR__INVALID_ARG`.
 */
typedef struct tl_message_t tl_message_t;

/**
 * What there was when it was asked for. The caller owns it (::tl_metadata_destroy); what it tells lives as long as it
 * does. Numbers that nothing has give NULL, 0 or -1, and so does NULL.
 */
typedef struct tl_metadata_t tl_metadata_t;

/**
 * A topic that is to get partitions. The caller owns it: ::tl_NewPartitions_destroy.
 */
typedef struct tl_NewPartitions_t tl_NewPartitions_t;

/**
 * A topic to be created. The caller owns it: ::tl_NewTopic_destroy.
 */
typedef struct tl_NewTopic_t tl_NewTopic_t;

/**
 * A node. It belongs to its event.
 */
typedef struct tl_Node_t tl_Node_t;

/**
 * A queue of events.
 *
 * A handle: one that is NULL or was destroyed gives an error. Threads may share it.
 */
typedef struct tl_queue_t tl_queue_t;

/**
 * A topic of a client, so that its name need not be looked up for each message. Threads may share it.
 *
 * A handle: one that is NULL or was destroyed gives an error.
 */
typedef struct tl_topic_t tl_topic_t;

/**
 * Names of topics. The caller owns it: ::tl_TopicCollection_destroy.
 */
typedef struct tl_TopicCollection_t tl_TopicCollection_t;

/**
 * Settings of a topic, being put together.
 *
 * A handle: one that is NULL or was destroyed gives an error. ::tl_topic_new takes it over.
 */
typedef struct tl_topic_conf_t tl_topic_conf_t;

/**
 * A topic in detail. It belongs to its event.
 */
typedef struct tl_TopicDescription_t tl_TopicDescription_t;

/**
 * An element of a list, which owns it: pointers to it are good until it is removed or the list destroyed.
 */
typedef struct tl_topic_partition_t tl_topic_partition_t;

/**
 * A partition in a ::tl_TopicDescription_t. It belongs to its event.
 */
typedef struct tl_TopicPartitionInfo_t tl_TopicPartitionInfo_t;

/**
 * A list of partitions, each with an offset and what else is known of it.
 *
 * The caller owns those of ::tl_topic_partition_list_new and those that calls return:
 * ::tl_topic_partition_list_destroy. One thread uses it at a time.
 */
typedef struct tl_topic_partition_list_t tl_topic_partition_list_t;

/**
 * What became of a partition. It belongs to its event.
 */
typedef struct tl_topic_partition_result_t tl_topic_partition_result_t;

/**
 * What became of a topic.
 */
typedef struct tl_topic_result_t tl_topic_result_t;

/**
 * An id of 128 bits, such as a topic's. One that the caller made belongs to it: ::tl_Uuid_destroy.
 */
typedef struct tl_Uuid_t tl_Uuid_t;

/**
 * What may be done, `TL_ACL_OPERATION_...`.
 */
typedef int tl_AclOperation_t;

/**
 * Where a setting comes from.
 */
typedef int tl_ConfigSource_t;

/**
 * What has settings.
 */
typedef int tl_ResourceType_t;

/**
 * What happens to a setting.
 */
typedef int tl_AlterConfigOpType_t;

/**
 * Who may be elected, `TL_ELECTION_TYPE_...`.
 */
typedef int tl_ElectionType_t;

/**
 * By which protocol the members of a group share out partitions, `TL_CONSUMER_GROUP_TYPE_...`.
 */
typedef int tl_consumer_group_type_t;

/**
 * State of a consumer group.
 */
typedef int tl_consumer_group_state_t;

/**
 * For which request options are; those that it does not know are ignored.
 */
typedef int tl_admin_op_t;

/**
 * Which messages count, `TL_ISOLATION_LEVEL_...`.
 */
typedef int tl_IsolationLevel_t;

/**
 * What a timestamp means: one of `TL_TIMESTAMP_...`.
 */
typedef int tl_timestamp_type_t;

/**
 * A record of a batch. Its pointers lead into the batch and are good until ::tl_batch_view_destroy.
 */
typedef struct {
    /**
     * Its offset.
     */
    int64_t offset;
    /**
     * Milliseconds since the epoch; ::tl_batch_view_timestamp_type says what they mean.
     */
    int64_t timestamp;
    /**
     * Key; NULL for null.
     */
    const void *key;
    /**
     * Bytes of the key.
     */
    size_t key_len;
    /**
     * Value; NULL for null.
     */
    const void *payload;
    /**
     * Bytes of the value.
     */
    size_t len;
    /**
     * Encoded headers: ::tl_record_headers.
     */
    const void *headers;
    /**
     * Bytes of the encoded headers.
     */
    size_t headers_size;
    /**
     * How many headers there are.
     */
    size_t headers_cnt;
} tl_record_t;

/**
 * Which kind of client: `TL_PRODUCER` or `TL_CONSUMER`.
 */
typedef int tl_type_t;

/**
 * Outcome of setting a property: one of `TL_CONF_...`.
 */
typedef int tl_conf_res_t;

/**
 * Called for each delivery report by the thread that polls or flushes. The message is the library's and is gone
 * afterwards. `opaque` is that of ::tl_conf_set_opaque; the message's own is ::tl_message_opaque.
 */
typedef void (*tl_dr_msg_cb_t)(tl_t *rk, const tl_message_t *message, void *opaque);

/**
 * Called by the thread that polls when the group rebalances: `err` is `TL_RESP_ERR__ASSIGN_PARTITIONS` or
 * `TL_RESP_ERR__REVOKE_PARTITIONS` (also when they are lost: ::tl_assignment_lost). It may change the assignment itself;
 * what it has not done is done when it returns. The list is the library's and is gone afterwards.
 */
typedef void (*tl_rebalance_cb_t)(tl_t *rk,
                                  tl_resp_err_t err,
                                  tl_topic_partition_list_t *partitions,
                                  void *opaque);

/**
 * Called by the thread that polls with the outcome of commits that nobody waited for, automatic ones too. The list is
 * the library's and is gone afterwards; its elements have their own errors.
 */
typedef void (*tl_offset_commit_cb_t)(tl_t *rk,
                                      tl_resp_err_t err,
                                      tl_topic_partition_list_t *offsets,
                                      void *opaque);

/**
 * Called with what is wrong with a client as a whole.
 */
typedef void (*tl_error_cb_t)(tl_t *rk, int err, const char *reason, void *opaque);

/**
 * Called with a log line: `level` is syslog's, `fac` what it is about. Both texts are gone afterwards.
 */
typedef void (*tl_log_cb_t)(const tl_t *rk, int level, const char *fac, const char *buf);

/**
 * Called by the thread that polls with a client's statistics as JSON of `json_len` bytes, every
 * `statistics.interval.ms`. Returns 0, or 1 to keep `json` and free it with ::tl_mem_free later.
 */
typedef int (*tl_stats_cb_t)(tl_t *rk, char *json, size_t json_len, void *opaque);

/**
 * Called by a thread of the library with each event of the background queue. The event is the application's:
 * ::tl_event_destroy.
 */
typedef void (*tl_background_event_cb_t)(tl_t *rk, tl_event_t *event, void *opaque);

/**
 * An error's number, name and text.
 */
typedef struct {
    /**
     * Its number.
     */
    tl_resp_err_t code;
    /**
     * Its name, such as `_TIMED_OUT`.
     */
    const char *name;
    /**
     * Its text, such as `Local: Timed out`.
     */
    const char *desc;
} tl_err_desc_t;

/**
 * Kinds of events, of which ::tl_conf_set_events takes those up to `TL_EVENT_STATS`.
 */
typedef int tl_event_type_t;

/**
 * Whether a message is in the log: one of `TL_MSG_STATUS_...`.
 */
typedef int tl_msg_status_t;

/**
 * A message of ::tl_produce_batch.
 */
typedef struct {
    /**
     * Value; NULL with 0 for null.
     */
    void *payload;
    /**
     * Bytes of the value.
     */
    size_t len;
    /**
     * Key; NULL with 0 for null.
     */
    const void *key;
    /**
     * Bytes of the key.
     */
    size_t key_len;
    /**
     * Where it goes, with `TL_MSG_F_PARTITION`.
     */
    int32_t partition;
    /**
     * Set by the call: 0, or why the message was not queued.
     */
    tl_resp_err_t err;
    /**
     * Milliseconds since the epoch; 0 is now.
     */
    int64_t timestamp;
    /**
     * Comes back with the delivery report.
     */
    void *opaque;
} tl_batch_message_t;

/**
 * Bytes in a ::tl_vu_t. NULL with a size of 0 is null.
 */
typedef struct {
    /**
     * Where they are.
     */
    const void *ptr;
    /**
     * How many there are.
     */
    size_t size;
} tl_vu_mem_t;

/**
 * A header in a ::tl_vu_t.
 */
typedef struct {
    /**
     * Its name.
     */
    const char *name;
    /**
     * Its value; NULL with a size of 0 is null.
     */
    const void *val;
    /**
     * Bytes of the value; -1 when it is a text that ends with a NUL.
     */
    ptrdiff_t size;
} tl_vu_header_t;

/**
 * What a ::tl_vu_t holds: the member that its `vtype` names.
 */
typedef union {
    /**
     * TL_VTYPE_TOPIC
     */
    const char *cstr;
    /**
     * TL_VTYPE_RKT
     */
    tl_topic_t *rkt;
    /**
     * TL_VTYPE_MSGFLAGS
     */
    int i;
    /**
     * TL_VTYPE_PARTITION
     */
    int32_t i32;
    /**
     * TL_VTYPE_TIMESTAMP
     */
    int64_t i64;
    /**
     * TL_VTYPE_VALUE and TL_VTYPE_KEY
     */
    tl_vu_mem_t mem;
    /**
     * TL_VTYPE_HEADER
     */
    tl_vu_header_t header;
    /**
     * TL_VTYPE_HEADERS
     */
    tl_headers_t *headers;
    /**
     * TL_VTYPE_OPAQUE
     */
    void *ptr;
} tl_vu_value_t;

/**
 * An argument of ::tl_produce_v.
 */
typedef struct {
    /**
     * What it is: one of `TL_VTYPE_...`.
     */
    int vtype;
    /**
     * The value.
     */
    tl_vu_value_t u;
} tl_vu_t;

/**
 * Called by a thread of the library when there is something in a queue that was empty. It must not block, nor call the
 * library.
 */
typedef void (*tl_queue_event_cb_t)(tl_t *rk, void *opaque);

/**
 * Called for each message, and what there is to say in its place (::tl_message_err), by the thread that consumes. The
 * message is the library's and is gone afterwards.
 */
typedef void (*tl_consume_cb_t)(const tl_message_t *rkmessage, void *opaque);

/**
 * Chooses a message's partition: 0 to `partition_cnt` - 1, or `TL_PARTITION_UA` for none that is there. Called by the
 * thread that produces.
 */
typedef int32_t (*tl_partitioner_cb_t)(const tl_topic_t *rkt,
                                       const void *keydata,
                                       size_t keylen,
                                       int32_t partition_cnt,
                                       void *rkt_opaque,
                                       void *msg_opaque);

/**
 * Compares two elements: negative, 0 or positive.
 */
typedef int (*tl_topic_partition_cmp_t)(const tl_topic_partition_t *a,
                                        const tl_topic_partition_t *b,
                                        void *opaque);

/**
 * What ::tl_ListOffsets can ask for in place of a time in milliseconds, which gives the first message of that time or
 * later.
 */
typedef int64_t tl_OffsetSpec_t;

/**
 * A topic, by name.
 */
#define TL_RESOURCE_TOPIC 2

/**
 * A group: has no settings here.
 */
#define TL_RESOURCE_GROUP 3

/**
 * The engine, by its `node.id`.
 */
#define TL_RESOURCE_BROKER 4

/**
 * Set for the topic.
 */
#define TL_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG 1

/**
 * Given to the engine when it was opened.
 */
#define TL_CONFIG_SOURCE_STATIC_BROKER_CONFIG 4

/**
 * The default.
 */
#define TL_CONFIG_SOURCE_DEFAULT_CONFIG 5

/**
 * It takes this value.
 */
#define TL_ALTER_CONFIG_OP_TYPE_SET 0

/**
 * It goes back to the default.
 */
#define TL_ALTER_CONFIG_OP_TYPE_DELETE 1

/**
 * A list gets these entries.
 */
#define TL_ALTER_CONFIG_OP_TYPE_APPEND 2

/**
 * A list loses these entries.
 */
#define TL_ALTER_CONFIG_OP_TYPE_SUBTRACT 3

/**
 * The first of the nodes that keep a partition.
 */
#define TL_ELECTION_TYPE_PREFERRED 0

/**
 * Any of them, also one that has fallen behind.
 */
#define TL_ELECTION_TYPE_UNCLEAN 1

/**
 * There is no such group, or no such type.
 */
#define TL_CONSUMER_GROUP_TYPE_UNKNOWN 0

/**
 * The coordinator does it (KIP-848). Only of clients that come over TCP: in process `group.protocol=consumer` is served
 * by the other.
 */
#define TL_CONSUMER_GROUP_TYPE_CONSUMER 1

/**
 * The members do it themselves.
 */
#define TL_CONSUMER_GROUP_TYPE_CLASSIC 2

/**
 * There is no such group, or no such state.
 */
#define TL_CONSUMER_GROUP_STATE_UNKNOWN 0

/**
 * It waits for members to join.
 */
#define TL_CONSUMER_GROUP_STATE_PREPARING_REBALANCE 1

/**
 * It waits for the assignment.
 */
#define TL_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE 2

/**
 * Every member has its assignment.
 */
#define TL_CONSUMER_GROUP_STATE_STABLE 3

/**
 * It does not exist.
 */
#define TL_CONSUMER_GROUP_STATE_DEAD 4

/**
 * It has no members.
 */
#define TL_CONSUMER_GROUP_STATE_EMPTY 5

/**
 * The message with the largest timestamp.
 */
#define TL_OFFSET_SPEC_MAX_TIMESTAMP -3

/**
 * The first message.
 */
#define TL_OFFSET_SPEC_EARLIEST -2

/**
 * Behind the last message.
 */
#define TL_OFFSET_SPEC_LATEST -1

/**
 * None that is known.
 */
#define TL_ACL_OPERATION_UNKNOWN 0

/**
 * Any, where something is looked for.
 */
#define TL_ACL_OPERATION_ANY 1

/**
 * All.
 */
#define TL_ACL_OPERATION_ALL 2

/**
 * Read records, or join a group.
 */
#define TL_ACL_OPERATION_READ 3

/**
 * Write records.
 */
#define TL_ACL_OPERATION_WRITE 4

/**
 * Make topics or partitions.
 */
#define TL_ACL_OPERATION_CREATE 5

/**
 * Delete.
 */
#define TL_ACL_OPERATION_DELETE 6

/**
 * Change the node.
 */
#define TL_ACL_OPERATION_ALTER 7

/**
 * See that it exists, and what it is like.
 */
#define TL_ACL_OPERATION_DESCRIBE 8

/**
 * What brokers do among each other.
 */
#define TL_ACL_OPERATION_CLUSTER_ACTION 9

/**
 * See settings.
 */
#define TL_ACL_OPERATION_DESCRIBE_CONFIGS 10

/**
 * Change settings.
 */
#define TL_ACL_OPERATION_ALTER_CONFIGS 11

/**
 * Write with an id that keeps records from being written twice.
 */
#define TL_ACL_OPERATION_IDEMPOTENT_WRITE 12

/**
 * Any.
 */
#define TL_ADMIN_OP_ANY 0

/**
 * ::tl_CreateTopics
 */
#define TL_ADMIN_OP_CREATETOPICS 1

/**
 * ::tl_DeleteTopics
 */
#define TL_ADMIN_OP_DELETETOPICS 2

/**
 * ::tl_CreatePartitions
 */
#define TL_ADMIN_OP_CREATEPARTITIONS 3

/**
 * ::tl_AlterConfigs
 */
#define TL_ADMIN_OP_ALTERCONFIGS 4

/**
 * ::tl_DescribeConfigs
 */
#define TL_ADMIN_OP_DESCRIBECONFIGS 5

/**
 * ::tl_DeleteRecords
 */
#define TL_ADMIN_OP_DELETERECORDS 6

/**
 * ::tl_DeleteGroups
 */
#define TL_ADMIN_OP_DELETEGROUPS 7

/**
 * ::tl_DeleteConsumerGroupOffsets
 */
#define TL_ADMIN_OP_DELETECONSUMERGROUPOFFSETS 8

/**
 * ::tl_ListConsumerGroups
 */
#define TL_ADMIN_OP_LISTCONSUMERGROUPS 12

/**
 * ::tl_DescribeConsumerGroups
 */
#define TL_ADMIN_OP_DESCRIBECONSUMERGROUPS 13

/**
 * ::tl_ListConsumerGroupOffsets
 */
#define TL_ADMIN_OP_LISTCONSUMERGROUPOFFSETS 14

/**
 * ::tl_AlterConsumerGroupOffsets
 */
#define TL_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS 15

/**
 * ::tl_IncrementalAlterConfigs
 */
#define TL_ADMIN_OP_INCREMENTALALTERCONFIGS 16

/**
 * ::tl_DescribeTopics
 */
#define TL_ADMIN_OP_DESCRIBETOPICS 19

/**
 * ::tl_DescribeCluster
 */
#define TL_ADMIN_OP_DESCRIBECLUSTER 20

/**
 * ::tl_ListOffsets
 */
#define TL_ADMIN_OP_LISTOFFSETS 21

/**
 * ::tl_ElectLeaders
 */
#define TL_ADMIN_OP_ELECTLEADERS 22

/**
 * All.
 */
#define TL_ISOLATION_LEVEL_READ_UNCOMMITTED 0

/**
 * Those before the first transaction that is under way.
 */
#define TL_ISOLATION_LEVEL_READ_COMMITTED 1

/**
 * A producer, or whoever administers.
 */
#define TL_PRODUCER 0

/**
 * A consumer.
 */
#define TL_CONSUMER 1

/**
 * There is no such property.
 */
#define TL_CONF_UNKNOWN -2

/**
 * The property does not take this value, or the object does not exist.
 */
#define TL_CONF_INVALID -1

/**
 * The property has been set.
 */
#define TL_CONF_OK 0

/**
 * Nothing: the kind of NULL.
 */
#define TL_EVENT_NONE 0

/**
 * Delivery reports.
 */
#define TL_EVENT_DR 1

/**
 * Messages of a consumer.
 */
#define TL_EVENT_FETCH 2

/**
 * A log line.
 */
#define TL_EVENT_LOG 4

/**
 * What a consumer has to say in place of a message.
 */
#define TL_EVENT_ERROR 8

/**
 * The group rebalances: change the assignment, or destroy the event to have it done.
 */
#define TL_EVENT_REBALANCE 16

/**
 * The outcome of a commit that nobody waited for.
 */
#define TL_EVENT_OFFSET_COMMIT 32

/**
 * Statistics.
 */
#define TL_EVENT_STATS 64

/**
 * Answer to ::tl_CreateTopics.
 */
#define TL_EVENT_CREATETOPICS_RESULT 100

/**
 * Answer to ::tl_DeleteTopics.
 */
#define TL_EVENT_DELETETOPICS_RESULT 101

/**
 * Answer to ::tl_CreatePartitions.
 */
#define TL_EVENT_CREATEPARTITIONS_RESULT 102

/**
 * Answer to ::tl_AlterConfigs.
 */
#define TL_EVENT_ALTERCONFIGS_RESULT 103

/**
 * Answer to ::tl_DescribeConfigs.
 */
#define TL_EVENT_DESCRIBECONFIGS_RESULT 104

/**
 * Answer to ::tl_DeleteRecords.
 */
#define TL_EVENT_DELETERECORDS_RESULT 105

/**
 * Answer to ::tl_DeleteGroups.
 */
#define TL_EVENT_DELETEGROUPS_RESULT 106

/**
 * Answer to ::tl_DeleteConsumerGroupOffsets.
 */
#define TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT 107

/**
 * For ::tl_conf_set_events: has no effect here.
 */
#define TL_EVENT_BACKGROUND 512

/**
 * Answer to ::tl_ListConsumerGroups.
 */
#define TL_EVENT_LISTCONSUMERGROUPS_RESULT 8192

/**
 * Answer to ::tl_DescribeConsumerGroups.
 */
#define TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT 16384

/**
 * Answer to ::tl_ListConsumerGroupOffsets.
 */
#define TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT 32768

/**
 * Answer to ::tl_AlterConsumerGroupOffsets.
 */
#define TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT 65536

/**
 * Answer to ::tl_IncrementalAlterConfigs.
 */
#define TL_EVENT_INCREMENTALALTERCONFIGS_RESULT 131072

/**
 * Answer to ::tl_DescribeTopics.
 */
#define TL_EVENT_DESCRIBETOPICS_RESULT 1048576

/**
 * Answer to ::tl_DescribeCluster.
 */
#define TL_EVENT_DESCRIBECLUSTER_RESULT 2097152

/**
 * Answer to ::tl_ListOffsets.
 */
#define TL_EVENT_LISTOFFSETS_RESULT 4194304

/**
 * Answer to ::tl_ElectLeaders.
 */
#define TL_EVENT_ELECTLEADERS_RESULT 8388608

/**
 * It is not.
 */
#define TL_MSG_STATUS_NOT_PERSISTED 0

/**
 * Nobody knows.
 */
#define TL_MSG_STATUS_POSSIBLY_PERSISTED 1

/**
 * It is.
 */
#define TL_MSG_STATUS_PERSISTED 2

/**
 * There is none.
 */
#define TL_TIMESTAMP_NOT_AVAILABLE 0

/**
 * When the message was made.
 */
#define TL_TIMESTAMP_CREATE_TIME 1

/**
 * When the log took it.
 */
#define TL_TIMESTAMP_LOG_APPEND_TIME 2

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What went wrong with the topic; 0 for nothing.
 */
tl_resp_err_t tl_topic_result_error(const tl_topic_result_t *topicres);

/**
 * Why, for people; NULL for nothing.
 */
const char *tl_topic_result_error_string(const tl_topic_result_t *topicres);

/**
 * Name of the topic.
 */
const char *tl_topic_result_name(const tl_topic_result_t *topicres);

/**
 * Its number; -1 for NULL.
 */
int tl_Node_id(const tl_Node_t *node);

/**
 * Its host.
 */
const char *tl_Node_host(const tl_Node_t *node);

/**
 * Its port; 0 for an engine that is only used from its own process.
 */
uint16_t tl_Node_port(const tl_Node_t *node);

/**
 * Its rack: NULL, there are none.
 */
const char *tl_Node_rack(const tl_Node_t *node);

/**
 * Describes the engine as a cluster of one node. `options` may be NULL. The answer comes into `rkqu` as a
 * `TL_EVENT_DESCRIBECLUSTER_RESULT`.
 */
void tl_DescribeCluster(tl_t *rk, const tl_AdminOptions_t *options, tl_queue_t *rkqu);

/**
 * The answer to ::tl_DescribeCluster; NULL for another event, or when the request failed (::tl_event_error).
 */
const tl_DescribeCluster_result_t *tl_event_DescribeCluster_result(const tl_event_t *rkev);

/**
 * Identity of the engine's data. It belongs to the event.
 */
const char *tl_DescribeCluster_result_cluster_id(const tl_DescribeCluster_result_t *result);

/**
 * The node that administers. It belongs to the event.
 */
const tl_Node_t *tl_DescribeCluster_result_controller(const tl_DescribeCluster_result_t *result);

/**
 * All nodes, `*cntp` of them: one. The array belongs to the event.
 */
const tl_Node_t **tl_DescribeCluster_result_nodes(const tl_DescribeCluster_result_t *result, size_t *cntp);

/**
 * What may be done with the cluster, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
 * ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
 */
const tl_AclOperation_t *tl_DescribeCluster_result_authorized_operations(const tl_DescribeCluster_result_t *result,
                                                                         size_t *cntp);

/**
 * Name of such a number, such as `DYNAMIC_TOPIC_CONFIG`. Static: never freed.
 */
const char *tl_ConfigSource_name(tl_ConfigSource_t confsource);

/**
 * Something that has settings: `TL_RESOURCE_TOPIC`, `TL_RESOURCE_GROUP` (which has none that can be set) or
 * `TL_RESOURCE_BROKER`, by name or number. NULL for what is no text,
 * or an empty one.
 */
tl_ConfigResource_t *tl_ConfigResource_new(tl_ResourceType_t restype, const char *resname);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_ConfigResource_destroy(tl_ConfigResource_t *config);

/**
 * Frees the `config_cnt` objects of an array, and not the array.
 */
void tl_ConfigResource_destroy_array(tl_ConfigResource_t **config, size_t config_cnt);

/**
 * Asks for a setting to take a value; NULL for its default.
 */
tl_resp_err_t tl_ConfigResource_set_config(tl_ConfigResource_t *config, const char *name, const char *value);

/**
 * Asks for a change of a setting, `TL_ALTER_CONFIG_OP_TYPE_...`. NULL on success; the caller owns the error.
 */
tl_error_t *tl_ConfigResource_add_incremental_config(tl_ConfigResource_t *config,
                                                     const char *name,
                                                     tl_AlterConfigOpType_t op_type,
                                                     const char *value);

/**
 * Settings of an answer, `*cntp` of them.
 */
const tl_ConfigEntry_t **tl_ConfigResource_configs(const tl_ConfigResource_t *config, size_t *cntp);

/**
 * Its type; 0 for NULL.
 */
tl_ResourceType_t tl_ConfigResource_type(const tl_ConfigResource_t *config);

/**
 * Its name.
 */
const char *tl_ConfigResource_name(const tl_ConfigResource_t *config);

/**
 * What went wrong with it; 0 for nothing.
 */
tl_resp_err_t tl_ConfigResource_error(const tl_ConfigResource_t *config);

/**
 * Why, for people; NULL for nothing.
 */
const char *tl_ConfigResource_error_string(const tl_ConfigResource_t *config);

/**
 * Name of the setting.
 */
const char *tl_ConfigEntry_name(const tl_ConfigEntry_t *entry);

/**
 * The value in force.
 */
const char *tl_ConfigEntry_value(const tl_ConfigEntry_t *entry);

/**
 * Where it comes from, `TL_CONFIG_SOURCE_...`; 0 for NULL.
 */
tl_ConfigSource_t tl_ConfigEntry_source(const tl_ConfigEntry_t *entry);

/**
 * 1 when only opening the engine changes it, else 0.
 */
int tl_ConfigEntry_is_read_only(const tl_ConfigEntry_t *entry);

/**
 * 1 when the value is the default, else 0.
 */
int tl_ConfigEntry_is_default(const tl_ConfigEntry_t *entry);

/**
 * 1 when the value is a secret, else 0.
 */
int tl_ConfigEntry_is_sensitive(const tl_ConfigEntry_t *entry);

/**
 * 1 for an element of ::tl_ConfigEntry_synonyms, else 0.
 */
int tl_ConfigEntry_is_synonym(const tl_ConfigEntry_t *entry);

/**
 * Every place with a value, the strongest first, `*cntp` of them.
 */
const tl_ConfigEntry_t **tl_ConfigEntry_synonyms(const tl_ConfigEntry_t *entry, size_t *cntp);

/**
 * Describes all settings of `config_cnt` resources, each on its own. The objects stay the caller's; `options` may be
 * NULL. The answer comes into `rkqu` as a `TL_EVENT_DESCRIBECONFIGS_RESULT`.
 */
void tl_DescribeConfigs(tl_t *rk,
                        tl_ConfigResource_t **configs,
                        size_t config_cnt,
                        const tl_AdminOptions_t *options,
                        tl_queue_t *rkqu);

/**
 * The answer to ::tl_DescribeConfigs; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_DescribeConfigs_result_t *tl_event_DescribeConfigs_result(const tl_event_t *rkev);

/**
 * Resources with their settings, `*cntp` of them. The array belongs to the event.
 */
const tl_ConfigResource_t **tl_DescribeConfigs_result_resources(const tl_DescribeConfigs_result_t *result,
                                                                size_t *cntp);

/**
 * Replaces the settings of `config_cnt` resources, each on its own: those that are not named go back to their defaults.
 * The objects stay the caller's; `options` may be NULL. The answer comes into `rkqu` as a `TL_EVENT_ALTERCONFIGS_RESULT`.
 */
void tl_AlterConfigs(tl_t *rk,
                     tl_ConfigResource_t **configs,
                     size_t config_cnt,
                     const tl_AdminOptions_t *options,
                     tl_queue_t *rkqu);

/**
 * The answer to ::tl_AlterConfigs; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_AlterConfigs_result_t *tl_event_AlterConfigs_result(const tl_event_t *rkev);

/**
 * What became of each resource, `*cntp` of them. The array belongs to the event.
 */
const tl_ConfigResource_t **tl_AlterConfigs_result_resources(const tl_AlterConfigs_result_t *result,
                                                             size_t *cntp);

/**
 * Changes some settings of `config_cnt` resources and leaves their others. The objects stay the caller's; `options` may
 * be NULL. The answer comes into `rkqu` as a `TL_EVENT_INCREMENTALALTERCONFIGS_RESULT`.
 */
void tl_IncrementalAlterConfigs(tl_t *rk,
                                tl_ConfigResource_t **configs,
                                size_t config_cnt,
                                const tl_AdminOptions_t *options,
                                tl_queue_t *rkqu);

/**
 * The answer to ::tl_IncrementalAlterConfigs; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_IncrementalAlterConfigs_result_t *tl_event_IncrementalAlterConfigs_result(const tl_event_t *rkev);

/**
 * What became of each resource, `*cntp` of them. The array belongs to the event.
 */
const tl_ConfigResource_t **tl_IncrementalAlterConfigs_result_resources(const tl_IncrementalAlterConfigs_result_t *result,
                                                                        size_t *cntp);

/**
 * An election of the leaders of `partitions`, which are copied; NULL stands for those of all partitions that need one.
 */
tl_ElectLeaders_t *tl_ElectLeaders_new(tl_ElectionType_t election_type,
                                       const tl_topic_partition_list_t *partitions);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_ElectLeaders_destroy(tl_ElectLeaders_t *elect_leaders);

/**
 * Elects leaders, each on its own. There is one node, which leads each partition that it can: the answer for those is
 * `TL_RESP_ERR_ELECTION_NOT_NEEDED`. The object stays the caller's; `options` may be NULL. The answer comes into `rkqu` as a
 * `TL_EVENT_ELECTLEADERS_RESULT`; `TL_RESP_ERR__INVALID_ARG` for a partition that is listed twice and for another type of
 * election.
 */
void tl_ElectLeaders(tl_t *rk,
                     const tl_ElectLeaders_t *elect_leaders,
                     const tl_AdminOptions_t *options,
                     tl_queue_t *rkqu);

/**
 * The answer to ::tl_ElectLeaders; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_ElectLeaders_result_t *tl_event_ElectLeaders_result(const tl_event_t *rkev);

/**
 * What became of the partitions, `*cntp` of them, in the order of the list. The array belongs to the event.
 */
const tl_topic_partition_result_t **tl_ElectLeaders_result_partitions(const tl_ElectLeaders_result_t *result,
                                                                      size_t *cntp);

/**
 * The partition. It belongs to the event.
 */
const tl_topic_partition_t *tl_topic_partition_result_partition(const tl_topic_partition_result_t *partition_result);

/**
 * What went wrong with it, of code 0 for nothing. It belongs to the event.
 */
const tl_error_t *tl_topic_partition_result_error(const tl_topic_partition_result_t *partition_result);

/**
 * A group whose offsets are to be told: of `partitions`, which are copied, or of all with NULL. NULL for what is no text.
 */
tl_ListConsumerGroupOffsets_t *tl_ListConsumerGroupOffsets_new(const char *group_id,
                                                               const tl_topic_partition_list_t *partitions);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_ListConsumerGroupOffsets_destroy(tl_ListConsumerGroupOffsets_t *list_grpoffsets);

/**
 * Frees the `list_grpoffset_cnt` objects of an array, and not the array.
 */
void tl_ListConsumerGroupOffsets_destroy_array(tl_ListConsumerGroupOffsets_t **list_grpoffsets,
                                               size_t list_grpoffset_cnt);

/**
 * Tells what groups have committed; `TL_OFFSET_INVALID` for nothing. The objects stay the caller's; `options` may be NULL.
 * The answer comes into `rkqu` as a `TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT`.
 */
void tl_ListConsumerGroupOffsets(tl_t *rk,
                                 tl_ListConsumerGroupOffsets_t **list_grpoffsets,
                                 size_t list_grpoffsets_cnt,
                                 const tl_AdminOptions_t *options,
                                 tl_queue_t *rkqu);

/**
 * The answer to ::tl_ListConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_ListConsumerGroupOffsets_result_t *tl_event_ListConsumerGroupOffsets_result(const tl_event_t *rkev);

/**
 * The groups, `*cntp` of them. The array belongs to the event.
 */
const tl_group_result_t **tl_ListConsumerGroupOffsets_result_groups(const tl_ListConsumerGroupOffsets_result_t *result,
                                                                    size_t *cntp);

/**
 * Offsets to be committed for a group. The list is copied. NULL for what is no text, or no list.
 */
tl_AlterConsumerGroupOffsets_t *tl_AlterConsumerGroupOffsets_new(const char *group_id,
                                                                 const tl_topic_partition_list_t *partitions);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_AlterConsumerGroupOffsets_destroy(tl_AlterConsumerGroupOffsets_t *alter_grpoffsets);

/**
 * Frees the `alter_grpoffset_cnt` objects of an array, and not the array.
 */
void tl_AlterConsumerGroupOffsets_destroy_array(tl_AlterConsumerGroupOffsets_t **alter_grpoffsets,
                                                size_t alter_grpoffset_cnt);

/**
 * Commits offsets in the name of groups that have no members. The objects stay the caller's; `options` may be NULL. The
 * answer comes into `rkqu` as a `TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT`.
 */
void tl_AlterConsumerGroupOffsets(tl_t *rk,
                                  tl_AlterConsumerGroupOffsets_t **alter_grpoffsets,
                                  size_t alter_grpoffsets_cnt,
                                  const tl_AdminOptions_t *options,
                                  tl_queue_t *rkqu);

/**
 * The answer to ::tl_AlterConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_AlterConsumerGroupOffsets_result_t *tl_event_AlterConsumerGroupOffsets_result(const tl_event_t *rkev);

/**
 * The groups, `*cntp` of them. The array belongs to the event.
 */
const tl_group_result_t **tl_AlterConsumerGroupOffsets_result_groups(const tl_AlterConsumerGroupOffsets_result_t *result,
                                                                     size_t *cntp);

/**
 * Offsets of a group to be deleted. The list is copied. NULL for what is no text, or no list.
 */
tl_DeleteConsumerGroupOffsets_t *tl_DeleteConsumerGroupOffsets_new(const char *group,
                                                                   const tl_topic_partition_list_t *partitions);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_DeleteConsumerGroupOffsets_destroy(tl_DeleteConsumerGroupOffsets_t *del_grpoffsets);

/**
 * Frees the `del_grpoffset_cnt` objects of an array, and not the array.
 */
void tl_DeleteConsumerGroupOffsets_destroy_array(tl_DeleteConsumerGroupOffsets_t **del_grpoffsets,
                                                 size_t del_grpoffset_cnt);

/**
 * Deletes what groups have committed of partitions. The objects stay the caller's; `options` may be NULL. The answer comes
 * into `rkqu` as a `TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT`.
 */
void tl_DeleteConsumerGroupOffsets(tl_t *rk,
                                   tl_DeleteConsumerGroupOffsets_t **del_grpoffsets,
                                   size_t del_grpoffsets_cnt,
                                   const tl_AdminOptions_t *options,
                                   tl_queue_t *rkqu);

/**
 * The answer to ::tl_DeleteConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_DeleteConsumerGroupOffsets_result_t *tl_event_DeleteConsumerGroupOffsets_result(const tl_event_t *rkev);

/**
 * The groups, `*cntp` of them. The array belongs to the event.
 */
const tl_group_result_t **tl_DeleteConsumerGroupOffsets_result_groups(const tl_DeleteConsumerGroupOffsets_result_t *result,
                                                                      size_t *cntp);

/**
 * Name of a type, such as `Classic`; `Unknown` for others. Static: never freed.
 */
const char *tl_consumer_group_type_name(tl_consumer_group_type_t type_);

/**
 * The type with this name, in any case; `TL_CONSUMER_GROUP_TYPE_UNKNOWN` for others.
 */
tl_consumer_group_type_t tl_consumer_group_type_code(const char *name);

/**
 * Name of a state, such as `Stable`; `Unknown` for others. Static: never freed.
 */
const char *tl_consumer_group_state_name(tl_consumer_group_state_t state);

/**
 * The state with this name, in any case; `TL_CONSUMER_GROUP_STATE_UNKNOWN` for others.
 */
tl_consumer_group_state_t tl_consumer_group_state_code(const char *name);

/**
 * What went wrong with the group; NULL for nothing.
 */
const tl_error_t *tl_group_result_error(const tl_group_result_t *groupres);

/**
 * Name of the group.
 */
const char *tl_group_result_name(const tl_group_result_t *groupres);

/**
 * The partitions that were asked for, each with its outcome; NULL where none were.
 */
const tl_topic_partition_list_t *tl_group_result_partitions(const tl_group_result_t *groupres);

/**
 * A group to be deleted. NULL for what is no text.
 */
tl_DeleteGroup_t *tl_DeleteGroup_new(const char *group);

/**
 * Frees a group to be deleted. Does nothing for NULL.
 */
void tl_DeleteGroup_destroy(tl_DeleteGroup_t *del_group);

/**
 * Frees the `del_group_cnt` objects of an array, and not the array.
 */
void tl_DeleteGroup_destroy_array(tl_DeleteGroup_t **del_groups, size_t del_group_cnt);

/**
 * Deletes groups with their offsets, each on its own. The objects stay the caller's; `options` may be NULL. The answer
 * comes into `rkqu` as a `TL_EVENT_DELETEGROUPS_RESULT`.
 */
void tl_DeleteGroups(tl_t *rk,
                     tl_DeleteGroup_t **del_groups,
                     size_t del_group_cnt,
                     const tl_AdminOptions_t *options,
                     tl_queue_t *rkqu);

/**
 * The answer to ::tl_DeleteGroups; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_DeleteGroups_result_t *tl_event_DeleteGroups_result(const tl_event_t *rkev);

/**
 * What became of each group, `*cntp` of them. The array belongs to the event.
 */
const tl_group_result_t **tl_DeleteGroups_result_groups(const tl_DeleteGroups_result_t *result, size_t *cntp);

/**
 * Name of the group.
 */
const char *tl_ConsumerGroupListing_group_id(const tl_ConsumerGroupListing_t *grplist);

/**
 * 1 when no member ever joined it: it only stores offsets; else 0.
 */
int tl_ConsumerGroupListing_is_simple_consumer_group(const tl_ConsumerGroupListing_t *grplist);

/**
 * Its state, `TL_CONSUMER_GROUP_STATE_...`.
 */
tl_consumer_group_state_t tl_ConsumerGroupListing_state(const tl_ConsumerGroupListing_t *grplist);

/**
 * Its type, `TL_CONSUMER_GROUP_TYPE_...`.
 */
tl_consumer_group_type_t tl_ConsumerGroupListing_type(const tl_ConsumerGroupListing_t *grplist);

/**
 * Lists consumer groups: all, or those in the states and of the types of the options. `options` may be NULL. The answer
 * comes into `rkqu` as a `TL_EVENT_LISTCONSUMERGROUPS_RESULT`.
 */
void tl_ListConsumerGroups(tl_t *rk,
                           const tl_AdminOptions_t *options,
                           tl_queue_t *rkqu);

/**
 * The answer to ::tl_ListConsumerGroups; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_ListConsumerGroups_result_t *tl_event_ListConsumerGroups_result(const tl_event_t *rkev);

/**
 * The groups, `*cntp` of them. The array belongs to the event.
 */
const tl_ConsumerGroupListing_t **tl_ListConsumerGroups_result_valid(const tl_ListConsumerGroups_result_t *result,
                                                                     size_t *cntp);

/**
 * What other nodes could not tell: there are none, so that `*cntp` is 0.
 */
const tl_error_t **tl_ListConsumerGroups_result_errors(const tl_ListConsumerGroups_result_t *result,
                                                       size_t *cntp);

/**
 * Describes `groups_cnt` groups, each on its own; one that does not exist is dead. `options` may be NULL. The answer comes
 * into `rkqu` as a `TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT`.
 */
void tl_DescribeConsumerGroups(tl_t *rk,
                               const char **groups,
                               size_t groups_cnt,
                               const tl_AdminOptions_t *options,
                               tl_queue_t *rkqu);

/**
 * The answer to ::tl_DescribeConsumerGroups; NULL for another event, or when the request as a whole failed
 * (::tl_event_error).
 */
const tl_DescribeConsumerGroups_result_t *tl_event_DescribeConsumerGroups_result(const tl_event_t *rkev);

/**
 * The groups, `*cntp` of them. The array belongs to the event.
 */
const tl_ConsumerGroupDescription_t **tl_DescribeConsumerGroups_result_groups(const tl_DescribeConsumerGroups_result_t *result,
                                                                              size_t *cntp);

/**
 * Name of the group.
 */
const char *tl_ConsumerGroupDescription_group_id(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * What went wrong with it; NULL for nothing.
 */
const tl_error_t *tl_ConsumerGroupDescription_error(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * 1 when no member ever joined it: it only stores offsets; else 0.
 */
int tl_ConsumerGroupDescription_is_simple_consumer_group(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * How its members share out partitions, such as `range`; empty unless it is stable.
 */
const char *tl_ConsumerGroupDescription_partition_assignor(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * Its state, `TL_CONSUMER_GROUP_STATE_...`.
 */
tl_consumer_group_state_t tl_ConsumerGroupDescription_state(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * Its type, `TL_CONSUMER_GROUP_TYPE_...`; unknown for one that could not be described.
 */
tl_consumer_group_type_t tl_ConsumerGroupDescription_type(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * What may be done with it, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
 * ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
 */
const tl_AclOperation_t *tl_ConsumerGroupDescription_authorized_operations(const tl_ConsumerGroupDescription_t *grpdesc,
                                                                           size_t *cntp);

/**
 * The node that coordinates it; NULL for one that could not be described.
 */
const tl_Node_t *tl_ConsumerGroupDescription_coordinator(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * How many members it has.
 */
size_t tl_ConsumerGroupDescription_member_count(const tl_ConsumerGroupDescription_t *grpdesc);

/**
 * The member of number `idx`; NULL when there is none.
 */
const tl_MemberDescription_t *tl_ConsumerGroupDescription_member(const tl_ConsumerGroupDescription_t *grpdesc,
                                                                 size_t idx);

/**
 * Its `client.id`.
 */
const char *tl_MemberDescription_client_id(const tl_MemberDescription_t *member);

/**
 * Its `group.instance.id`; NULL when it has none.
 */
const char *tl_MemberDescription_group_instance_id(const tl_MemberDescription_t *member);

/**
 * The name that the group has given to it.
 */
const char *tl_MemberDescription_consumer_id(const tl_MemberDescription_t *member);

/**
 * Where it comes from.
 */
const char *tl_MemberDescription_host(const tl_MemberDescription_t *member);

/**
 * What it has been given to read.
 */
const tl_MemberAssignment_t *tl_MemberDescription_assignment(const tl_MemberDescription_t *member);

/**
 * What it is to read once others have given it up; NULL unless its group is of `TL_CONSUMER_GROUP_TYPE_CONSUMER`.
 */
const tl_MemberAssignment_t *tl_MemberDescription_target_assignment(const tl_MemberDescription_t *member);

/**
 * The partitions. The list belongs to the event.
 */
const tl_topic_partition_list_t *tl_MemberAssignment_partitions(const tl_MemberAssignment_t *assignment);

/**
 * Looks up an offset of each partition of a list, whose offsets say which: `TL_OFFSET_SPEC_...` or a time in milliseconds.
 * The list stays the caller's; `options` may be NULL (::tl_AdminOptions_set_isolation_level). The answer comes into `rkqu`
 * as a `TL_EVENT_LISTOFFSETS_RESULT`; `TL_RESP_ERR__INVALID_ARG` for an empty list, and for other negative numbers.
 */
void tl_ListOffsets(tl_t *rk,
                    const tl_topic_partition_list_t *topic_partitions,
                    const tl_AdminOptions_t *options,
                    tl_queue_t *rkqu);

/**
 * The answer to ::tl_ListOffsets; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_ListOffsets_result_t *tl_event_ListOffsets_result(const tl_event_t *rkev);

/**
 * What was found, `*cntp` of them, in the order of the list. The array belongs to the event.
 */
const tl_ListOffsetsResultInfo_t **tl_ListOffsets_result_infos(const tl_ListOffsets_result_t *result,
                                                               size_t *cntp);

/**
 * The partition with its offset, or what went wrong with it (::tl_topic_partition_err); `TL_OFFSET_END` when no message
 * fits. It belongs to the event.
 */
const tl_topic_partition_t *tl_ListOffsetsResultInfo_topic_partition(const tl_ListOffsetsResultInfo_t *result_info);

/**
 * Timestamp of the message that was found; -1 for the ends, for none and for NULL.
 */
int64_t tl_ListOffsetsResultInfo_timestamp(const tl_ListOffsetsResultInfo_t *result_info);

/**
 * Name of an operation, such as `DESCRIBE`; `UNSUPPORTED` for what is none. Static: never freed.
 */
const char *tl_AclOperation_name(tl_AclOperation_t acl_operation);

/**
 * Options with their defaults. The caller owns them: ::tl_AdminOptions_destroy.
 */
tl_AdminOptions_t *tl_AdminOptions_new(tl_t *rk, tl_admin_op_t for_api);

/**
 * Frees options. Does nothing for NULL.
 */
void tl_AdminOptions_destroy(tl_AdminOptions_t *options);

/**
 * How long the request may take: -1 is without end. Without this, `socket.timeout.ms`.
 */
tl_resp_err_t tl_AdminOptions_set_request_timeout(tl_AdminOptions_t *options,
                                                  int timeout_ms,
                                                  char *errstr,
                                                  size_t errstr_size);

/**
 * How long the engine may take: has no effect, it is done when the answer comes.
 */
tl_resp_err_t tl_AdminOptions_set_operation_timeout(tl_AdminOptions_t *options,
                                                    int timeout_ms,
                                                    char *errstr,
                                                    size_t errstr_size);

/**
 * The node that is to be asked: one that there can be, from 0 on. Has no effect, there is only one.
 */
tl_resp_err_t tl_AdminOptions_set_broker(tl_AdminOptions_t *options,
                                         int32_t broker_id,
                                         char *errstr,
                                         size_t errstr_size);

/**
 * 1 has what is described say what may be done with it, too. NULL on success; the caller owns the error.
 */
tl_error_t *tl_AdminOptions_set_include_authorized_operations(tl_AdminOptions_t *options, int true_or_false);

/**
 * 1 has the request checked and not done.
 */
tl_resp_err_t tl_AdminOptions_set_validate_only(tl_AdminOptions_t *options,
                                                int true_or_false,
                                                char *errstr,
                                                size_t errstr_size);

/**
 * The pointer that ::tl_event_opaque of the answer tells.
 */
void tl_AdminOptions_set_opaque(tl_AdminOptions_t *options, void *ev_opaque);

/**
 * 1 has offsets that are about to be committed by a transaction told as `TL_RESP_ERR_UNSTABLE_OFFSET_COMMIT`. NULL on
 * success; the caller owns the error.
 */
tl_error_t *tl_AdminOptions_set_require_stable_offsets(tl_AdminOptions_t *options,
                                                       int true_or_false);

/**
 * For ::tl_ListOffsets: which messages count, `TL_ISOLATION_LEVEL_...`; all without this. NULL on success; the caller owns
 * the error.
 */
tl_error_t *tl_AdminOptions_set_isolation_level(tl_AdminOptions_t *options,
                                                tl_IsolationLevel_t value);

/**
 * Lists only groups in these states (`TL_CONSUMER_GROUP_STATE_...`, `consumer_group_states_cnt` of them). NULL on success;
 * the caller owns the error.
 */
tl_error_t *tl_AdminOptions_set_match_consumer_group_states(tl_AdminOptions_t *options,
                                                            const int *consumer_group_states,
                                                            size_t consumer_group_states_cnt);

/**
 * Lists only groups of these types (`TL_CONSUMER_GROUP_TYPE_...`, `consumer_group_types_cnt` of them, none twice). NULL on
 * success; the caller owns the error.
 */
tl_error_t *tl_AdminOptions_set_match_consumer_group_types(tl_AdminOptions_t *options,
                                                           const tl_consumer_group_type_t *consumer_group_types,
                                                           size_t consumer_group_types_cnt);

/**
 * Records to be deleted: those before each partition's offset, `TL_OFFSET_END` for all. The list is copied. NULL for
 * NULL, and for offsets that are none.
 */
tl_DeleteRecords_t *tl_DeleteRecords_new(const tl_topic_partition_list_t *before_offsets);

/**
 * Frees such an object. Does nothing for NULL.
 */
void tl_DeleteRecords_destroy(tl_DeleteRecords_t *del_records);

/**
 * Frees the `del_record_cnt` objects of an array, and not the array.
 */
void tl_DeleteRecords_destroy_array(tl_DeleteRecords_t **del_records, size_t del_record_cnt);

/**
 * Deletes the oldest records of partitions, each on its own. The objects stay the caller's; `options` may be NULL. The
 * answer comes into `rkqu` as a `TL_EVENT_DELETERECORDS_RESULT`.
 */
void tl_DeleteRecords(tl_t *rk,
                      tl_DeleteRecords_t **del_records,
                      size_t del_record_cnt,
                      const tl_AdminOptions_t *options,
                      tl_queue_t *rkqu);

/**
 * The answer to ::tl_DeleteRecords; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_DeleteRecords_result_t *tl_event_DeleteRecords_result(const tl_event_t *rkev);

/**
 * The partitions, each with the first offset that is left or an error. The list belongs to the event.
 */
const tl_topic_partition_list_t *tl_DeleteRecords_result_offsets(const tl_DeleteRecords_result_t *result);

/**
 * The `topics_cnt` topics with these names, which are copied. NULL for names that are no text (::tl_last_error).
 */
tl_TopicCollection_t *tl_TopicCollection_of_topic_names(const char **topics,
                                                        size_t topics_cnt);

/**
 * Frees a collection. Does nothing for NULL.
 */
void tl_TopicCollection_destroy(tl_TopicCollection_t *topics);

/**
 * Describes topics, each on its own. The collection stays the caller's; `options` may be NULL. The answer comes into
 * `rkqu` as a `TL_EVENT_DESCRIBETOPICS_RESULT`.
 */
void tl_DescribeTopics(tl_t *rk,
                       const tl_TopicCollection_t *topics,
                       const tl_AdminOptions_t *options,
                       tl_queue_t *rkqu);

/**
 * The answer to ::tl_DescribeTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_DescribeTopics_result_t *tl_event_DescribeTopics_result(const tl_event_t *rkev);

/**
 * The topics, `*cntp` of them, in the order of the collection. The array belongs to the event.
 */
const tl_TopicDescription_t **tl_DescribeTopics_result_topics(const tl_DescribeTopics_result_t *result,
                                                              size_t *cntp);

/**
 * Name of the topic.
 */
const char *tl_TopicDescription_name(const tl_TopicDescription_t *topicdesc);

/**
 * Its id; NULL for one that does not exist.
 */
const tl_Uuid_t *tl_TopicDescription_topic_id(const tl_TopicDescription_t *topicdesc);

/**
 * What went wrong with the topic; NULL for nothing.
 */
const tl_error_t *tl_TopicDescription_error(const tl_TopicDescription_t *topicdesc);

/**
 * 1 for a topic of the engine's own, else 0.
 */
int tl_TopicDescription_is_internal(const tl_TopicDescription_t *topicdesc);

/**
 * Its partitions, `*cntp` of them, by number. The array belongs to the event.
 */
const tl_TopicPartitionInfo_t **tl_TopicDescription_partitions(const tl_TopicDescription_t *topicdesc,
                                                               size_t *cntp);

/**
 * What may be done with it, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
 * ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
 */
const tl_AclOperation_t *tl_TopicDescription_authorized_operations(const tl_TopicDescription_t *topicdesc,
                                                                   size_t *cntp);

/**
 * Number of the partition; -1 for NULL.
 */
int tl_TopicPartitionInfo_partition(const tl_TopicPartitionInfo_t *partition);

/**
 * The node that serves it; NULL while it is offline.
 */
const tl_Node_t *tl_TopicPartitionInfo_leader(const tl_TopicPartitionInfo_t *partition);

/**
 * The nodes that keep it, `*cntp` of them. The array belongs to the event.
 */
const tl_Node_t **tl_TopicPartitionInfo_replicas(const tl_TopicPartitionInfo_t *partition, size_t *cntp);

/**
 * Those of them that have all of it, `*cntp` of them. The array belongs to the event.
 */
const tl_Node_t **tl_TopicPartitionInfo_isr(const tl_TopicPartitionInfo_t *partition, size_t *cntp);

/**
 * A topic to be created with `num_partitions` partitions (-1: as the engine says) and `replication_factor` copies of each
 * (-1 or 1: a single node keeps one). NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why.
 */
tl_NewTopic_t *tl_NewTopic_new(const char *topic,
                               int num_partitions,
                               int replication_factor,
                               char *errstr,
                               size_t errstr_size);

/**
 * Frees a topic to be created. Does nothing for NULL.
 */
void tl_NewTopic_destroy(tl_NewTopic_t *new_topic);

/**
 * Frees the `new_topic_cnt` objects of an array, and not the array.
 */
void tl_NewTopic_destroy_array(tl_NewTopic_t **new_topics, size_t new_topic_cnt);

/**
 * Says which nodes keep a partition, in place of a replication factor: partitions in order, from 0.
 */
tl_resp_err_t tl_NewTopic_set_replica_assignment(tl_NewTopic_t *new_topic,
                                                 int32_t partition,
                                                 int32_t *broker_ids,
                                                 size_t broker_id_cnt,
                                                 char *errstr,
                                                 size_t errstr_size);

/**
 * Sets a property of the topic.
 */
tl_resp_err_t tl_NewTopic_set_config(tl_NewTopic_t *new_topic, const char *name, const char *value);

/**
 * Creates `new_topic_cnt` topics, each on its own. The objects stay the caller's; `options` may be NULL. The answer comes
 * into `rkqu` as a `TL_EVENT_CREATETOPICS_RESULT`.
 */
void tl_CreateTopics(tl_t *rk,
                     tl_NewTopic_t **new_topics,
                     size_t new_topic_cnt,
                     const tl_AdminOptions_t *options,
                     tl_queue_t *rkqu);

/**
 * The answer to ::tl_CreateTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_CreateTopics_result_t *tl_event_CreateTopics_result(const tl_event_t *rkev);

/**
 * What became of each topic, `*cntp` of them. The array belongs to the event.
 */
const tl_topic_result_t **tl_CreateTopics_result_topics(const tl_CreateTopics_result_t *result, size_t *cntp);

/**
 * A topic to be deleted. NULL for what is no text.
 */
tl_DeleteTopic_t *tl_DeleteTopic_new(const char *topic);

/**
 * Frees a topic to be deleted. Does nothing for NULL.
 */
void tl_DeleteTopic_destroy(tl_DeleteTopic_t *del_topic);

/**
 * Frees the `del_topic_cnt` objects of an array, and not the array.
 */
void tl_DeleteTopic_destroy_array(tl_DeleteTopic_t **del_topics, size_t del_topic_cnt);

/**
 * Deletes topics with all their messages, each on its own. The objects stay the caller's; `options` may be NULL. The
 * answer comes into `rkqu` as a `TL_EVENT_DELETETOPICS_RESULT`.
 */
void tl_DeleteTopics(tl_t *rk,
                     tl_DeleteTopic_t **del_topics,
                     size_t del_topic_cnt,
                     const tl_AdminOptions_t *options,
                     tl_queue_t *rkqu);

/**
 * The answer to ::tl_DeleteTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_DeleteTopics_result_t *tl_event_DeleteTopics_result(const tl_event_t *rkev);

/**
 * What became of each topic, `*cntp` of them. The array belongs to the event.
 */
const tl_topic_result_t **tl_DeleteTopics_result_topics(const tl_DeleteTopics_result_t *result, size_t *cntp);

/**
 * A topic that is to have `new_total_cnt` partitions in all. NULL on failure: `errstr` (of `errstr_size` bytes, may be
 * NULL) says why.
 */
tl_NewPartitions_t *tl_NewPartitions_new(const char *topic,
                                         size_t new_total_cnt,
                                         char *errstr,
                                         size_t errstr_size);

/**
 * Frees such a topic. Does nothing for NULL.
 */
void tl_NewPartitions_destroy(tl_NewPartitions_t *new_parts);

/**
 * Frees the `new_parts_cnt` objects of an array, and not the array.
 */
void tl_NewPartitions_destroy_array(tl_NewPartitions_t **new_parts, size_t new_parts_cnt);

/**
 * Says which nodes keep a new partition: new partitions in order, the first one is number 0.
 */
tl_resp_err_t tl_NewPartitions_set_replica_assignment(tl_NewPartitions_t *new_parts,
                                                      int32_t new_partition_idx,
                                                      int32_t *broker_ids,
                                                      size_t broker_id_cnt,
                                                      char *errstr,
                                                      size_t errstr_size);

/**
 * Adds partitions to topics, each on its own. The objects stay the caller's; `options` may be NULL. The answer comes into
 * `rkqu` as a `TL_EVENT_CREATEPARTITIONS_RESULT`.
 */
void tl_CreatePartitions(tl_t *rk,
                         tl_NewPartitions_t **new_parts,
                         size_t new_parts_cnt,
                         const tl_AdminOptions_t *options,
                         tl_queue_t *rkqu);

/**
 * The answer to ::tl_CreatePartitions; NULL for another event, or when the request as a whole failed (::tl_event_error).
 */
const tl_CreatePartitions_result_t *tl_event_CreatePartitions_result(const tl_event_t *rkev);

/**
 * What became of each topic, `*cntp` of them. The array belongs to the event.
 */
const tl_topic_result_t **tl_CreatePartitions_result_topics(const tl_CreatePartitions_result_t *result,
                                                            size_t *cntp);

/**
 * Takes the next batch of what the consumer reads, or what is left of one; waits at most `timeout_ms` for it (negative:
 * without end). The position moves behind the batch. Calls callbacks, as ::tl_consumer_poll does. NULL when there is
 * none, or on failure (::tl_last_error).
 */
tl_batch_view_t *tl_consume_batch_view(tl_t *rk,
                                       int timeout_ms);

/**
 * What the consumer has to say in place of a batch; 0 for a batch.
 */
tl_resp_err_t tl_batch_view_err(const tl_batch_view_t *view);

/**
 * Why, for people; NULL for a batch.
 */
const char *tl_batch_view_errstr(const tl_batch_view_t *view);

/**
 * Name of the topic.
 */
const char *tl_batch_view_topic_name(const tl_batch_view_t *view);

/**
 * Number of the partition.
 */
int32_t tl_batch_view_partition(const tl_batch_view_t *view);

/**
 * Offset behind the batch; `TL_OFFSET_INVALID` where there is none.
 */
int64_t tl_batch_view_next_offset(const tl_batch_view_t *view);

/**
 * What the timestamps of the records mean.
 */
tl_timestamp_type_t tl_batch_view_timestamp_type(const tl_batch_view_t *view);

/**
 * Epoch of the leader that appended the batch; -1 where there is none.
 */
int32_t tl_batch_view_leader_epoch(const tl_batch_view_t *view);

/**
 * Puts the next records, `cnt` at most, into `records` and returns how many: 0 behind the last one, -1 on failure
 * (::tl_last_error). Copies neither keys nor values.
 */
ptrdiff_t tl_batch_view_read(tl_batch_view_t *view,
                             tl_record_t *records,
                             size_t cnt);

/**
 * The headers of a record of a batch that has not been destroyed, as a list that the caller owns: ::tl_headers_destroy.
 * NULL when it has none.
 */
tl_headers_t *tl_record_headers(const tl_record_t *record);

/**
 * Frees a batch. Does nothing for NULL.
 */
void tl_batch_view_destroy(tl_batch_view_t *view);

/**
 * Makes a producer or a consumer from settings, which belong to it from now on: do not destroy `conf`. NULL stands for
 * the defaults. It opens or joins the engine that `bootstrap.servers` names: `tidelog:/path`, `tidelog::memory:` (one for
 * itself) or `tidelog::memory:name`.
 *
 * NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why, and `conf` still belongs to the caller. The
 * caller owns the client: ::tl_destroy.
 */
tl_t *tl_new(tl_type_t type_,
             tl_conf_t *conf,
             char *errstr,
             size_t errstr_size);

/**
 * Destroys a client. A consumer is closed first; what a producer has not delivered is given up: ::tl_flush before. Calls
 * of other threads that wait come back. Does nothing for NULL and for what is gone already; its topics and queues stay
 * to be destroyed and only give errors.
 */
void tl_destroy(tl_t *rk);

/**
 * As ::tl_destroy, with `flags`: `TL_DESTROY_F_NO_CONSUMER_CLOSE`.
 */
void tl_destroy_flags(tl_t *rk, int flags);

/**
 * Waits until every client of the process has been destroyed, by whichever thread; at most `timeout_ms` (negative:
 * without end). 0, or -1 when there are some left.
 */
int tl_wait_destroyed(int timeout_ms);

/**
 * Its name, such as `rdkafka#producer-1`; NULL for what is none. Lives as long as the client.
 */
const char *tl_name(const tl_t *rk);

/**
 * `TL_PRODUCER` or `TL_CONSUMER`; -1 for what is no client.
 */
tl_type_t tl_type(const tl_t *rk);

/**
 * The pointer of ::tl_conf_set_opaque.
 */
void *tl_opaque(const tl_t *rk);

/**
 * Identity of the engine's data; NULL when it is offline. The caller frees it: ::tl_mem_free. `timeout_ms` has no
 * effect: an engine in the same process need not be waited for.
 */
char *tl_clusterid(tl_t *rk,
                   int timeout_ms);

/**
 * Number of the node that administers, which is the only one; -1 when it is offline.
 */
int32_t tl_controllerid(tl_t *rk, int timeout_ms);

/**
 * `size` bytes of zeroes, which the caller frees: ::tl_mem_free. NULL when there is no memory. `rk` may be NULL.
 */
void *tl_mem_malloc(tl_t *rk,
                    size_t size);

/**
 * As ::tl_mem_malloc, for `num` times `size` bytes.
 */
void *tl_mem_calloc(tl_t *rk, size_t num, size_t size);

/**
 * Frees memory that a call has passed to the caller, such as ::tl_memberid. Does nothing for NULL. `rk` may be NULL.
 */
void tl_mem_free(tl_t *rk,
                 void *ptr);

/**
 * The error after which the client can only be destroyed, and why in `errstr` (of `errstr_size` bytes, may be NULL); 0
 * when there is none.
 */
tl_resp_err_t tl_fatal_error(tl_t *rk,
                             char *errstr,
                             size_t errstr_size);

/**
 * Has the client fail for good with `err` and `reason`, so that an application can test what it does then: it is told
 * through ::tl_conf_set_error_cb or an event, or as a consumer by ::tl_consumer_poll, as `TL_RESP_ERR__FATAL`.
 * `TL_RESP_ERR__PREV_IN_PROGRESS` when it has failed already.
 */
tl_resp_err_t tl_test_fatal_error(tl_t *rk,
                                  tl_resp_err_t err,
                                  const char *reason);

/**
 * Settings with nothing set. The caller owns them: ::tl_conf_destroy, unless ::tl_new takes them over. NULL when there
 * are too many.
 */
tl_conf_t *tl_conf_new(void);

/**
 * Destroys settings. Does nothing for NULL and for those that are gone already.
 */
void tl_conf_destroy(tl_conf_t *conf);

/**
 * A copy of settings, which the caller owns. NULL when there is nothing to copy.
 */
tl_conf_t *tl_conf_dup(const tl_conf_t *conf);

/**
 * A copy of settings without the properties whose names begin with one of the `filter_cnt` texts in `filter`; callbacks are
 * copied. The caller owns it. NULL when there is nothing to copy, or for a filter that is none.
 */
tl_conf_t *tl_conf_dup_filter(const tl_conf_t *conf,
                              size_t filter_cnt,
                              const char **filter);

/**
 * Sets a property, by librdkafka's names and with its values; NULL and the empty text are the same. A name that no
 * client setting has is looked for among those of topics. `errstr` (of `errstr_size` bytes, may be NULL) gets the reason
 * when it is refused; the property then keeps its value.
 */
tl_conf_res_t tl_conf_set(tl_conf_t *conf,
                          const char *name,
                          const char *value,
                          char *errstr,
                          size_t errstr_size);

/**
 * Puts the value of a property, or its default, into `dest`, whose size is `*dest_size`; that becomes the size of the
 * value with its NUL. With `dest` NULL only the size is told. `TL_CONF_UNKNOWN` when there is no value.
 */
tl_conf_res_t tl_conf_get(const tl_conf_t *conf,
                          const char *name,
                          char *dest,
                          size_t *dest_size);

/**
 * All properties that have a value: names and values in turns, `*cntp` of both together. Secrets are among them. The
 * caller frees it with ::tl_conf_dump_free. NULL when there is nothing to dump.
 */
const char **tl_conf_dump(const tl_conf_t *conf,
                          size_t *cntp);

/**
 * Frees what ::tl_conf_dump or ::tl_topic_conf_dump returned, with the count that they told. Does nothing for NULL.
 */
void tl_conf_dump_free(const char **arr,
                       size_t cnt);

/**
 * The words that the property `debug` takes, with commas between them. Static: never freed.
 */
const char *tl_get_debug_contexts(void);

/**
 * Has `dr_msg_cb` called with delivery reports; NULL for nobody, then ::tl_poll need not be called.
 */
void tl_conf_set_dr_msg_cb(tl_conf_t *conf, tl_dr_msg_cb_t dr_msg_cb);

/**
 * Has `rebalance_cb` called when the group rebalances; without it that is done by itself.
 */
void tl_conf_set_rebalance_cb(tl_conf_t *conf, tl_rebalance_cb_t rebalance_cb);

/**
 * Has `offset_commit_cb` called with the outcome of commits that nobody waited for.
 */
void tl_conf_set_offset_commit_cb(tl_conf_t *conf, tl_offset_commit_cb_t offset_commit_cb);

/**
 * Has `error_cb` called with what is wrong with the client as a whole: an engine in the same process has nothing to
 * say but fatal errors.
 */
void tl_conf_set_error_cb(tl_conf_t *conf,
                          tl_error_cb_t error_cb);

/**
 * Has `log_cb` called with log lines, in place of printing them to standard error.
 */
void tl_conf_set_log_cb(tl_conf_t *conf, tl_log_cb_t log_cb);

/**
 * Has `stats_cb` called with statistics every `statistics.interval.ms`.
 */
void tl_conf_set_stats_cb(tl_conf_t *conf, tl_stats_cb_t stats_cb);

/**
 * Has `event_cb` called with the events of the background queue, by a thread of the library.
 */
void tl_conf_set_background_event_cb(tl_conf_t *conf, tl_background_event_cb_t event_cb);

/**
 * What callbacks get as `opaque`.
 */
void tl_conf_set_opaque(tl_conf_t *conf, void *opaque);

/**
 * What comes as an event of a queue instead of through a callback: `TL_EVENT_...`, or-ed.
 */
void tl_conf_set_events(tl_conf_t *conf, int events);

/**
 * Settings that topics have unless they get their own. They are taken over: do not destroy `tconf`.
 */
void tl_conf_set_default_topic_conf(tl_conf_t *conf, tl_topic_conf_t *tconf);

/**
 * The next message, or what the consumer has to say in its place (::tl_message_err); waits at most `timeout_ms` for it
 * (negative: without end). Calls callbacks. NULL when there is none, or on failure (::tl_last_error). The caller owns it:
 * ::tl_message_destroy.
 */
tl_message_t *tl_consumer_poll(tl_t *rk,
                               int timeout_ms);

/**
 * Has ::tl_consumer_poll hand out what ::tl_poll would: it does so in any case. Fails for a producer.
 */
tl_resp_err_t tl_poll_set_consumer(tl_t *rk);

/**
 * Takes part in the group `group.id` for these topics, which replace those subscribed before: their partitions and
 * offsets do not matter. A topic that starts with `^` is a pattern. The list stays the caller's.
 */
tl_resp_err_t tl_subscribe(tl_t *rk,
                           const tl_topic_partition_list_t *topics);

/**
 * Leaves the group.
 */
tl_resp_err_t tl_unsubscribe(tl_t *rk);

/**
 * What is subscribed, as a new list, which the caller owns.
 */
tl_resp_err_t tl_subscription(tl_t *rk, tl_topic_partition_list_t **topics);

/**
 * Reads exactly these partitions from now on, each from its offset; NULL for none. The list stays the caller's.
 */
tl_resp_err_t tl_assign(tl_t *rk,
                        const tl_topic_partition_list_t *partitions);

/**
 * Reads these partitions too. NULL on success; the caller owns the error.
 */
tl_error_t *tl_incremental_assign(tl_t *rk, const tl_topic_partition_list_t *partitions);

/**
 * Reads these partitions no more. NULL on success; the caller owns the error.
 */
tl_error_t *tl_incremental_unassign(tl_t *rk, const tl_topic_partition_list_t *partitions);

/**
 * What is read, as a new list, which the caller owns.
 */
tl_resp_err_t tl_assignment(tl_t *rk, tl_topic_partition_list_t **partitions);

/**
 * 1 while the group has given the assignment to others, which a rebalance is about to say; else 0.
 */
int tl_assignment_lost(tl_t *rk);

/**
 * How the group rebalances: `NONE` before it has been joined, `EAGER` or `COOPERATIVE`; NULL for what is no consumer.
 * Static: never freed.
 */
const char *tl_rebalance_protocol(tl_t *rk);

/**
 * The name that the group has given to this member; NULL before it has joined. With `group.protocol=consumer` it has one from
 * the beginning. The caller frees it: ::tl_mem_free.
 */
char *tl_memberid(const tl_t *rk);

/**
 * Hands out nothing of these partitions until ::tl_resume_partitions. Elements have their own errors.
 */
tl_resp_err_t tl_pause_partitions(tl_t *rk, tl_topic_partition_list_t *partitions);

/**
 * Takes ::tl_pause_partitions back.
 */
tl_resp_err_t tl_resume_partitions(tl_t *rk, tl_topic_partition_list_t *partitions);

/**
 * Goes on at `offset` of an assigned partition. `timeout_ms` has no effect: it is done at once.
 */
tl_resp_err_t tl_seek(tl_topic_t *rkt, int32_t partition, int64_t offset, int timeout_ms);

/**
 * Goes on at the offsets of a list, whose elements have their own errors. NULL on success; the caller owns the error.
 */
tl_error_t *tl_seek_partitions(tl_t *rk,
                               tl_topic_partition_list_t *partitions,
                               int timeout_ms);

/**
 * Ends a consumer: gives up its partitions with a last rebalance, commits what is stored (with `enable.auto.commit`),
 * leaves the group. Destroy it afterwards. Fine to call twice.
 */
tl_resp_err_t tl_consumer_close(tl_t *rk);

/**
 * As ::tl_consumer_close, without waiting: what is left to be done comes out of `rkqu`, which the caller polls until
 * ::tl_consumer_closed says 1: no messages any more, but the last rebalance, as a callback or an event, and commits. Any queue
 * will do, also the consumer's own. NULL on success; the caller owns the error: `TL_RESP_ERR__INVALID_ARG` without a queue,
 * `TL_RESP_ERR__STATE` when it is closed, or about to be.
 */
tl_error_t *tl_consumer_close_queue(tl_t *rk,
                                    tl_queue_t *rkqu);

/**
 * 1 when a consumer has been closed, or is none; else 0.
 */
int tl_consumer_closed(tl_t *rk);

/**
 * Position of the consumer in each partition, the offset behind the last message that was handed out, put into the list.
 */
tl_resp_err_t tl_position(tl_t *rk,
                          tl_topic_partition_list_t *partitions);

/**
 * What the group has committed of each partition, put into the list; `TL_OFFSET_INVALID` for nothing.
 */
tl_resp_err_t tl_committed(tl_t *rk, tl_topic_partition_list_t *partitions, int timeout_ms);

/**
 * Replaces each element's offset, which is a time in milliseconds, by the offset of the first message of that time or
 * later; `TL_OFFSET_END` when there is none.
 */
tl_resp_err_t tl_offsets_for_times(tl_t *rk,
                                   tl_topic_partition_list_t *offsets,
                                   int timeout_ms);

/**
 * Opens the engine that the property `bootstrap.servers` of `conf` names, or joins it where it is open already, with the
 * properties `tidelog.*`. `conf` stays the caller's. An engine in memory needs a name for clients to find it:
 * `tidelog::memory:name`. NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why. The caller owns it:
 * ::tl_engine_close.
 */
tl_engine_t *tl_engine_open(const tl_conf_t *conf,
                            char *errstr,
                            size_t errstr_size);

/**
 * Stops listening, and lets go of the engine, which ends with its last client. Does nothing for NULL and for what is
 * closed already.
 */
void tl_engine_close(tl_engine_t *engine);

/**
 * What clients of this process give as `bootstrap.servers`. Lives as long as the engine is open.
 */
const char *tl_engine_bootstrap_servers(const tl_engine_t *engine);

/**
 * Lets every Kafka client reach the engine at `cnt` addresses: `127.0.0.1:9092` (port 0: any that is free), `[::1]:9092`,
 * `unix:/path`. Only this machine's own addresses unless `allow_anonymous_network` is 1: there is no authentication, so
 * that whoever reaches the port can read and delete everything. `advertised` is the `host:port` that clients are told to
 * connect to; NULL for the address they have come to. An engine listens once. NULL on success; the caller owns the error.
 */
tl_error_t *tl_engine_listen(tl_engine_t *engine,
                             const char *const *addresses,
                             size_t cnt,
                             const char *advertised,
                             int allow_anonymous_network);

/**
 * Where it listens, with the port that was chosen; NULL behind the last address. Lives as long as the engine is open.
 */
const char *tl_engine_address(const tl_engine_t *engine,
                              size_t idx);

/**
 * The engine's figures as Prometheus text: latencies of its shards, ends of its partitions, and requests when it
 * listens. The caller frees it: ::tl_mem_free. NULL for what is no engine.
 */
char *tl_engine_stats(const tl_engine_t *engine);

/**
 * Text of an error, such as `Local: Timed out`. Static: never freed. For numbers that are no error's, `Unknown error`.
 */
const char *tl_err2str(tl_resp_err_t err);

/**
 * Name of an error, such as `_TIMED_OUT`. Static: never freed. For numbers that are no error's, `UNKNOWN`.
 */
const char *tl_err2name(tl_resp_err_t err);

/**
 * All errors: `*cntp` of them, with their numbers, names and texts. Static: never freed.
 */
void tl_get_err_descs(const tl_err_desc_t **errdescs, size_t *cntp);

/**
 * Why the last call of this thread failed, of those that say nothing but that they did: ::tl_produce,
 * ::tl_topic_new, ::tl_queue_new and others that return NULL or -1.
 */
tl_resp_err_t tl_last_error(void);

/**
 * Its number; 0 (success) for NULL.
 */
tl_resp_err_t tl_error_code(const tl_error_t *error);

/**
 * Its name, such as `_TIMED_OUT`. Static: never freed.
 */
const char *tl_error_name(const tl_error_t *error);

/**
 * Its text, which lives as long as the error; an empty one for NULL.
 */
const char *tl_error_string(const tl_error_t *error);

/**
 * 1 when the client cannot be used any more, else 0.
 */
int tl_error_is_fatal(const tl_error_t *error);

/**
 * 1 when the same call may be tried again, else 0.
 */
int tl_error_is_retriable(const tl_error_t *error);

/**
 * 1 when the transaction must be aborted before anything else, else 0.
 */
int tl_error_txn_requires_abort(const tl_error_t *error);

/**
 * Frees an error. Does nothing for NULL.
 */
void tl_error_destroy(tl_error_t *error);

/**
 * An error of the application's own making: `text` is copied; NULL stands for the number's own text. Numbers that are
 * no error's become `_APPLICATION`. The caller owns it.
 *
 * In place of librdkafka's `rd_kafka_error_new`, whose text is a format with arguments.
 */
tl_error_t *tl_error_new(tl_resp_err_t code,
                         const char *text);

/**
 * Its kind, `TL_EVENT_...`.
 */
tl_event_type_t tl_event_type(const tl_event_t *rkev);

/**
 * Name of its kind, such as `DeliveryReport`. Static: never freed.
 */
const char *tl_event_name(const tl_event_t *rkev);

/**
 * Frees an event with everything it tells. A rebalance that was not answered by changing the assignment is done. Does
 * nothing for NULL.
 */
void tl_event_destroy(tl_event_t *rkev);

/**
 * The next message of a `TL_EVENT_DR` or `TL_EVENT_FETCH`; NULL behind the last one. It belongs to the event.
 */
const tl_message_t *tl_event_message_next(tl_event_t *rkev);

/**
 * Puts up to `size` messages of the event into `rkmessages` and returns how many: those that ::tl_event_message_next has
 * not told. They belong to the event.
 */
size_t tl_event_message_array(tl_event_t *rkev,
                              const tl_message_t **rkmessages,
                              size_t size);

/**
 * How many messages there are in the event.
 */
size_t tl_event_message_count(const tl_event_t *rkev);

/**
 * The error of the event; of a rebalance, what it is.
 */
tl_resp_err_t tl_event_error(const tl_event_t *rkev);

/**
 * Why, for people; an empty text without an error.
 */
const char *tl_event_error_string(const tl_event_t *rkev);

/**
 * 1 when the client cannot be used any more, else 0.
 */
int tl_event_error_is_fatal(const tl_event_t *rkev);

/**
 * The partitions of a `TL_EVENT_REBALANCE` or `TL_EVENT_OFFSET_COMMIT`. They belong to the event.
 */
tl_topic_partition_list_t *tl_event_topic_partition_list(tl_event_t *rkev);

/**
 * The partition that a `TL_EVENT_ERROR` concerns. The caller owns it: ::tl_topic_partition_destroy. NULL for none.
 */
tl_topic_partition_t *tl_event_topic_partition(tl_event_t *rkev);

/**
 * Of an answer: the pointer of ::tl_AdminOptions_set_opaque.
 */
void *tl_event_opaque(const tl_event_t *rkev);

/**
 * The JSON of a `TL_EVENT_STATS`.
 */
const char *tl_event_stats(const tl_event_t *rkev);

/**
 * The line of a `TL_EVENT_LOG`: what it is about, the line, and syslog's level. 0, or -1 for other events.
 */
int tl_event_log(const tl_event_t *rkev, const char **fac, const char **str, int *level);

/**
 * Who this consumer is in its group. NULL without `group.id`, or for what is no consumer. The caller owns it:
 * ::tl_consumer_group_metadata_destroy.
 */
tl_consumer_group_metadata_t *tl_consumer_group_metadata(tl_t *rk);

/**
 * Metadata of a group's name alone, for consumers that the group knows nothing of. NULL for what is no text.
 */
tl_consumer_group_metadata_t *tl_consumer_group_metadata_new(const char *group_id);

/**
 * Metadata of a member that is known otherwise. NULL for what is no text; `group_instance_id` may be NULL.
 */
tl_consumer_group_metadata_t *tl_consumer_group_metadata_new_with_genid(const char *group_id,
                                                                        int32_t generation_id,
                                                                        const char *member_id,
                                                                        const char *group_instance_id);

/**
 * Frees metadata. Does nothing for NULL.
 */
void tl_consumer_group_metadata_destroy(tl_consumer_group_metadata_t *cgmd);

/**
 * Name of the group. Lives as long as the metadata; NULL for NULL.
 */
const char *tl_consumer_group_metadata_group_id(const tl_consumer_group_metadata_t *cgmd);

/**
 * Generation of the group; -1 before it has been joined, and for NULL.
 */
int32_t tl_consumer_group_metadata_generation_id(const tl_consumer_group_metadata_t *cgmd);

/**
 * The name that the group has given to the member; empty before it has joined. Lives as long as the metadata; NULL for
 * NULL.
 */
const char *tl_consumer_group_metadata_member_id(const tl_consumer_group_metadata_t *cgmd);

/**
 * `group.instance.id`; NULL without one. Lives as long as the metadata.
 */
const char *tl_consumer_group_metadata_group_instance_id(const tl_consumer_group_metadata_t *cgmd);

/**
 * The metadata as bytes, which the caller frees: ::tl_mem_free. NULL on success; the caller owns the error.
 */
tl_error_t *tl_consumer_group_metadata_write(const tl_consumer_group_metadata_t *cgmd,
                                             void **bufferp,
                                             size_t *sizep);

/**
 * Metadata from the bytes of ::tl_consumer_group_metadata_write, which the caller owns. NULL on success; the caller owns
 * the error: `TL_RESP_ERR__BAD_MSG` for other bytes.
 */
tl_error_t *tl_consumer_group_metadata_read(tl_consumer_group_metadata_t **cgmdp,
                                            const void *buffer,
                                            size_t size);

/**
 * An empty list with room for `initial_count` headers. The caller owns it: ::tl_headers_destroy.
 */
tl_headers_t *tl_headers_new(size_t initial_count);

/**
 * Frees a list that no message has taken over. Does nothing for NULL.
 */
void tl_headers_destroy(tl_headers_t *hdrs);

/**
 * A copy, which the caller owns; NULL for NULL.
 */
tl_headers_t *tl_headers_copy(const tl_headers_t *src);

/**
 * How many there are; 0 for NULL.
 */
size_t tl_header_cnt(const tl_headers_t *hdrs);

/**
 * Adds a header: `name` of `name_size` bytes (-1: up to its NUL), `value` of `value_size` bytes (-1: up to its NUL),
 * NULL for null. Both are copied. `TL_RESP_ERR__INVALID_ARG` for a name that is not UTF-8.
 */
tl_resp_err_t tl_header_add(tl_headers_t *hdrs,
                            const char *name,
                            ptrdiff_t name_size,
                            const void *value,
                            ptrdiff_t value_size);

/**
 * Removes all headers called `name`. `TL_RESP_ERR__NOENT` when there is none.
 */
tl_resp_err_t tl_header_remove(tl_headers_t *hdrs, const char *name);

/**
 * The header of number `idx` among those called `name`. `TL_RESP_ERR__NOENT` when there is none.
 */
tl_resp_err_t tl_header_get(const tl_headers_t *hdrs,
                            size_t idx,
                            const char *name,
                            const void **valuep,
                            size_t *sizep);

/**
 * The last header called `name`. `TL_RESP_ERR__NOENT` when there is none.
 */
tl_resp_err_t tl_header_get_last(const tl_headers_t *hdrs,
                                 const char *name,
                                 const void **valuep,
                                 size_t *sizep);

/**
 * The header of number `idx`, with its name. `TL_RESP_ERR__NOENT` when there is none. What is told lives as long as the
 * list does not change.
 */
tl_resp_err_t tl_header_get_all(const tl_headers_t *hdrs,
                                size_t idx,
                                const char **namep,
                                const void **valuep,
                                size_t *sizep);

/**
 * What went wrong; 0 for a message. `TL_RESP_ERR__PARTITION_EOF` says that a partition has no more for now.
 */
tl_resp_err_t tl_message_err(const tl_message_t *message);

/**
 * Why, for people; NULL for a message. Lives as long as the message.
 */
const char *tl_message_errstr(const tl_message_t *message);

/**
 * Name of its topic; empty for an error that concerns none. Lives as long as the message.
 */
const char *tl_message_topic_name(const tl_message_t *message);

/**
 * Number of its partition; `TL_PARTITION_UA` (-1) when none was chosen, or an error concerns none.
 */
int32_t tl_message_partition(const tl_message_t *message);

/**
 * Its offset; `TL_OFFSET_INVALID` when it has none.
 */
int64_t tl_message_offset(const tl_message_t *message);

/**
 * Its value, and how long that is; NULL with 0 for null. Of an error, the text of ::tl_message_errstr.
 */
const void *tl_message_payload(const tl_message_t *message, size_t *len);

/**
 * Its key, and how long that is; NULL with 0 for null.
 */
const void *tl_message_key(const tl_message_t *message, size_t *len);

/**
 * Its timestamp in milliseconds since the epoch, and what it means; -1 when there is none.
 */
int64_t tl_message_timestamp(const tl_message_t *message, tl_timestamp_type_t *tstype);

/**
 * Its headers, which live as long as the message. `TL_RESP_ERR__NOENT` when it has none.
 */
tl_resp_err_t tl_message_headers(const tl_message_t *message, const tl_headers_t **hdrsp);

/**
 * As ::tl_message_headers, and the headers become the caller's (::tl_headers_destroy): the message has none any more.
 */
tl_resp_err_t tl_message_detach_headers(tl_message_t *message,
                                        tl_headers_t **hdrsp);

/**
 * Gives it these headers, in place of those it has: `hdrs` belongs to it from now on. NULL takes them from it.
 */
void tl_message_set_headers(tl_message_t *message,
                            tl_headers_t *hdrs);

/**
 * The broker that it was consumed from, or that has acknowledged it: `node.id` of the engine. -1 when there is none.
 */
int32_t tl_message_broker_id(const tl_message_t *message);

/**
 * Of a delivery report: why the message was not delivered, for people; NULL when it was, and elsewhere. Lives as long as
 * the message.
 */
const char *tl_message_produce_errstr(const tl_message_t *message);

/**
 * What the application gave ::tl_produce for the delivery report; NULL elsewhere.
 */
void *tl_message_opaque(const tl_message_t *message);

/**
 * Of a delivery report: whether it is in the log, `TL_MSG_STATUS_...`.
 */
tl_msg_status_t tl_message_status(const tl_message_t *message);

/**
 * Of a delivery report: microseconds from producing to the acknowledgement; -1 elsewhere.
 */
int64_t tl_message_latency(const tl_message_t *message);

/**
 * Epoch of the leader that appended it; -1 when it has none.
 */
int32_t tl_message_leader_epoch(const tl_message_t *message);

/**
 * Frees a message that a call returned. Does nothing for NULL.
 */
void tl_message_destroy(tl_message_t *message);

/**
 * Asks what there is: all topics, or with `all_topics` 0 only `only_rkt` (not NULL), or those the client uses (NULL),
 * which here are all too. `TL_RESP_ERR__TRANSPORT` after `timeout_ms` when there is no engine.
 */
tl_resp_err_t tl_metadata(tl_t *rk,
                          int all_topics,
                          tl_topic_t *only_rkt,
                          const tl_metadata_t **metadatap,
                          int timeout_ms);

/**
 * Frees metadata. Does nothing for NULL.
 */
void tl_metadata_destroy(const tl_metadata_t *metadata);

/**
 * How many nodes there are: one.
 */
int tl_metadata_broker_cnt(const tl_metadata_t *metadata);

/**
 * Number of a node.
 */
int32_t tl_metadata_broker_id(const tl_metadata_t *metadata, int idx);

/**
 * Host of a node.
 */
const char *tl_metadata_broker_host(const tl_metadata_t *metadata, int idx);

/**
 * Port of a node; 0 for an engine that is only used from its own process.
 */
int tl_metadata_broker_port(const tl_metadata_t *metadata, int idx);

/**
 * How many topics are told of.
 */
int tl_metadata_topic_cnt(const tl_metadata_t *metadata);

/**
 * Name of a topic.
 */
const char *tl_metadata_topic_name(const tl_metadata_t *metadata, int topic);

/**
 * What is wrong with a topic: `TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART` for one that does not exist.
 */
tl_resp_err_t tl_metadata_topic_err(const tl_metadata_t *metadata, int topic);

/**
 * How many partitions a topic has.
 */
int tl_metadata_partition_cnt(const tl_metadata_t *metadata, int topic);

/**
 * Number of a partition.
 */
int32_t tl_metadata_partition_id(const tl_metadata_t *metadata, int topic, int idx);

/**
 * What is wrong with a partition: `TL_RESP_ERR_KAFKA_STORAGE_ERROR` for one that is offline.
 */
tl_resp_err_t tl_metadata_partition_err(const tl_metadata_t *metadata, int topic, int idx);

/**
 * Number of the node that leads a partition; -1 for none.
 */
int32_t tl_metadata_partition_leader(const tl_metadata_t *metadata, int topic, int idx);

/**
 * Numbers of the nodes that have a partition, `*cnt` of them.
 */
const int32_t *tl_metadata_partition_replicas(const tl_metadata_t *metadata, int topic, int idx, int *cnt);

/**
 * Numbers of the nodes that have all of a partition, `*cnt` of them.
 */
const int32_t *tl_metadata_partition_isrs(const tl_metadata_t *metadata, int topic, int idx, int *cnt);

/**
 * Stores the offset behind a message, to be committed with what is stored; with `enable.auto.offset.store`
 * that is done by itself.
 */
tl_error_t *tl_offset_store_message(tl_t *rk, const tl_message_t *message);

/**
 * Stores offset + 1 of a partition, to be committed with what is stored, whatever `enable.auto.offset.store` says.
 */
tl_resp_err_t tl_offset_store(tl_topic_t *rkt,
                              int32_t partition,
                              int64_t offset);

/**
 * Stores the offsets of a list, to be committed with what is stored. Elements have their own errors.
 */
tl_resp_err_t tl_offsets_store(tl_t *rk, tl_topic_partition_list_t *offsets);

/**
 * Commits the offsets of a list, or with NULL what is stored of the assignment. With `async_` 0 it waits for the outcome;
 * else the outcome is told to ::tl_conf_set_offset_commit_cb.
 */
tl_resp_err_t tl_commit(tl_t *rk,
                        const tl_topic_partition_list_t *offsets,
                        int async_);

/**
 * Commits the offset behind a message; see ::tl_commit.
 */
tl_resp_err_t tl_commit_message(tl_t *rk, const tl_message_t *message, int async_);

/**
 * Commits as ::tl_commit and has the outcome come into `rkqu` as a `TL_EVENT_OFFSET_COMMIT`. With NULL in its place it
 * waits for the outcome and calls `cb`, if that is not NULL, with `commit_opaque`.
 */
tl_resp_err_t tl_commit_queue(tl_t *rk,
                              const tl_topic_partition_list_t *offsets,
                              tl_queue_t *rkqu,
                              tl_offset_commit_cb_t cb,
                              void *commit_opaque);

/**
 * The ends of a partition: the first offset that can be read, and the one behind the last.
 */
tl_resp_err_t tl_query_watermark_offsets(tl_t *rk,
                                         const char *topic,
                                         int32_t partition,
                                         int64_t *low,
                                         int64_t *high,
                                         int timeout_ms);

/**
 * The ends of a partition that is assigned, without asking anybody; `TL_OFFSET_INVALID` for those of others.
 */
tl_resp_err_t tl_get_watermark_offsets(tl_t *rk,
                                       const char *topic,
                                       int32_t partition,
                                       int64_t *low,
                                       int64_t *high);

/**
 * Any partition. `TL_PARTITION_UA` when there is none. Only `partition_cnt` matters.
 */
int32_t tl_msg_partitioner_random(const tl_topic_t *rkt,
                                  const void *key,
                                  size_t keylen,
                                  int32_t partition_cnt,
                                  void *rkt_opaque,
                                  void *msg_opaque);

/**
 * By the CRC-32 of the key; without a key, or with an empty one, always the same. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_consistent(const tl_topic_t *rkt,
                                      const void *key,
                                      size_t keylen,
                                      int32_t partition_cnt,
                                      void *rkt_opaque,
                                      void *msg_opaque);

/**
 * By the CRC-32 of the key; without a key, or with an empty one, any. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_consistent_random(const tl_topic_t *rkt,
                                             const void *key,
                                             size_t keylen,
                                             int32_t partition_cnt,
                                             void *rkt_opaque,
                                             void *msg_opaque);

/**
 * By Murmur2 of the key, as Java's producer; no key counts as an empty one. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_murmur2(const tl_topic_t *rkt,
                                   const void *key,
                                   size_t keylen,
                                   int32_t partition_cnt,
                                   void *rkt_opaque,
                                   void *msg_opaque);

/**
 * By Murmur2 of the key, as Java's producer; without a key any. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_murmur2_random(const tl_topic_t *rkt,
                                          const void *key,
                                          size_t keylen,
                                          int32_t partition_cnt,
                                          void *rkt_opaque,
                                          void *msg_opaque);

/**
 * By FNV-1a of the key, as Sarama; no key counts as an empty one. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_fnv1a(const tl_topic_t *rkt,
                                 const void *key,
                                 size_t keylen,
                                 int32_t partition_cnt,
                                 void *rkt_opaque,
                                 void *msg_opaque);

/**
 * By FNV-1a of the key, as Sarama; without a key any. `TL_PARTITION_UA` when there is none.
 */
int32_t tl_msg_partitioner_fnv1a_random(const tl_topic_t *rkt,
                                        const void *key,
                                        size_t keylen,
                                        int32_t partition_cnt,
                                        void *rkt_opaque,
                                        void *msg_opaque);

/**
 * Queues a message: `payload` of `len` bytes and `key` of `keylen` bytes, each NULL with 0 for null. The partitioner
 * chooses where `partition` is `TL_PARTITION_UA`. `msgflags` is `TL_MSG_F_...`, or-ed; `msg_opaque` comes back with the
 * delivery report (::tl_message_opaque). Encodes on the caller's thread into the batch that is written, without an
 * allocation and without waking a thread; any thread may call.
 *
 * Returns 0, or -1 with the reason in ::tl_last_error: `TL_RESP_ERR__QUEUE_FULL` (serve reports and try again),
 * `TL_RESP_ERR_MSG_SIZE_TOO_LARGE`, `TL_RESP_ERR__UNKNOWN_PARTITION`, `TL_RESP_ERR__INVALID_ARG`, `TL_RESP_ERR__STATE`.
 * The payload then still belongs to the caller. `errno` is not set.
 */
int tl_produce(tl_topic_t *rkt,
               int32_t partition,
               int msgflags,
               void *payload,
               size_t len,
               const void *key,
               size_t keylen,
               void *msg_opaque);

/**
 * Queues `message_cnt` messages in order, each as ::tl_produce does. Each has its own outcome in `err`; behind one that
 * finds the queue full none is queued, so that trying these again keeps the order. Returns how many were queued. What a
 * call costs is paid once for many.
 */
int tl_produce_batch(tl_topic_t *rkt,
                     int32_t partition,
                     int msgflags,
                     tl_batch_message_t *rkmessages,
                     int message_cnt);

/**
 * Serves what the client has to say: calls callbacks, waiting at most `timeout_ms` for the first one (negative: without
 * end). Returns how many events were served. Of a consumer these are log lines and statistics, of which a closed one has no
 * more; ::tl_consumer_poll has everything.
 */
int tl_poll(tl_t *rk,
            int timeout_ms);

/**
 * Waits until every message has been delivered or has failed and its report has been served, at most `timeout_ms`
 * (negative: without end). Nothing lingers meanwhile. Reports that are to come as events (`TL_EVENT_DR`) count as served
 * once they are in their queue: who flushes need not poll it beside. `TL_RESP_ERR__TIMED_OUT` when some are left,
 * `TL_RESP_ERR__NOT_IMPLEMENTED` for a consumer.
 */
tl_resp_err_t tl_flush(tl_t *rk,
                       int timeout_ms);

/**
 * Drops messages, with `TL_PURGE_F_...`: their reports say `TL_RESP_ERR__PURGE_QUEUE`.
 */
tl_resp_err_t tl_purge(tl_t *rk, int purge_flags);

/**
 * Messages that are queued, in flight, or whose report has not been served; 0 for a consumer.
 */
int tl_outq_len(tl_t *rk);

/**
 * Queues a message that `vus` (`cnt` of them) describe, as ::tl_produce does. The topic is given by name or as a
 * ::tl_topic_t of this client; everything else may be left out. NULL on success; the caller owns the error, and what
 * headers and payload it has given: ::tl_error_destroy.
 *
 * librdkafka's `rd_kafka_produceva`. For its `rd_kafka_producev`, see the macros below.
 */
tl_error_t *tl_produce_v(tl_t *rk,
                         const tl_vu_t *vus,
                         size_t cnt);

/**
 * A queue of the application's own. The caller owns it: ::tl_queue_destroy. NULL for what is no client.
 */
tl_queue_t *tl_queue_new(tl_t *rk);

/**
 * Lets go of a queue. Does nothing for NULL and for what is gone already.
 */
void tl_queue_destroy(tl_queue_t *rkqu);

/**
 * What a client has to say: delivery reports, log lines, statistics, errors. The caller owns it: ::tl_queue_destroy.
 */
tl_queue_t *tl_queue_get_main(tl_t *rk);

/**
 * A consumer's messages, rebalances and commits. The caller owns it: ::tl_queue_destroy. NULL for a producer.
 */
tl_queue_t *tl_queue_get_consumer(tl_t *rk);

/**
 * The messages of one partition of a consumer's, and what is told of it. Polling the consumer hands them out until
 * ::tl_queue_forward is called with this queue, with NULL to take them from here, or with where they are to go; from then on
 * it does so no more, whatever is assigned later. Rebalances and all else come from polling the consumer, which has to go
 * on: within `max.poll.interval.ms` in a group. The caller owns it: ::tl_queue_destroy, which leaves the messages here.
 * NULL for a producer, without a topic, or for a negative partition.
 */
tl_queue_t *tl_queue_get_partition(tl_t *rk,
                                   const char *topic,
                                   int32_t partition);

/**
 * The queue that ::tl_conf_set_background_event_cb is called with. The caller owns it: ::tl_queue_destroy. NULL when
 * there is none.
 */
tl_queue_t *tl_queue_get_background(tl_t *rk);

/**
 * Has what comes into `src` handed out by `dst`; by `src` again with NULL. Takes the partition of a
 * ::tl_queue_get_partition from its consumer. Nothing happens when it would go in a circle.
 */
void tl_queue_forward(tl_queue_t *src, tl_queue_t *dst);

/**
 * Has log lines come out of `rkqu` as events, in place of the main queue; with NULL the main queue keeps them.
 * `TL_RESP_ERR__NOT_CONFIGURED` without the property `log.queue`. A client has its lines when it is made: call it first
 * thing.
 */
tl_resp_err_t tl_set_log_queue(tl_t *rk,
                               tl_queue_t *rkqu);

/**
 * How many events, or messages in them, wait in it. A consumer's messages are only counted once they are handed out.
 */
size_t tl_queue_length(tl_queue_t *rkqu);

/**
 * The next event; waits at most `timeout_ms` for it (negative: without end). NULL when there is none. The caller owns
 * it: ::tl_event_destroy. What is not handed out as an event is told through its callback meanwhile.
 */
tl_event_t *tl_queue_poll(tl_queue_t *rkqu,
                          int timeout_ms);

/**
 * Calls the callbacks for what comes into a main queue, or one that main queues are forwarded to: delivery reports,
 * statistics, log lines, a fatal error. Waits at most `timeout_ms` for the first (negative: without end). Returns how many
 * times it has called one. Events and messages stay where they are: ::tl_queue_poll, ::tl_consume_queue.
 */
int tl_queue_poll_callback(tl_queue_t *rkqu,
                           int timeout_ms);

/**
 * Has whoever waits for this queue come back with nothing.
 */
void tl_queue_yield(tl_queue_t *rkqu);

/**
 * For event loops: has the `size` bytes at `payload` (copied) written to `fd` when something comes into the queue after
 * it was found empty; -1 ends it. The descriptor is duplicated, and should not block.
 */
void tl_queue_io_event_enable(tl_queue_t *rkqu,
                              int fd,
                              const void *payload,
                              size_t size);

/**
 * As ::tl_queue_io_event_enable, with a function that is called; NULL ends it.
 */
void tl_queue_cb_event_enable(tl_queue_t *rkqu, tl_queue_event_cb_t event_cb, void *qev_opaque);

/**
 * Reads a partition of a consumer's topic from `offset` on (`TL_OFFSET_BEGINNING`, `TL_OFFSET_END`, `TL_OFFSET_STORED`,
 * `TL_OFFSET_TAIL(n)` or a number), also when it is read already. Its messages come from ::tl_consume, ::tl_consume_batch
 * and ::tl_consume_callback, and not from ::tl_consumer_poll, which has to be called for everything else there is to say.
 * `auto.offset.reset` is the consumer's, whatever the topic's own settings say. 0, or -1 on failure (::tl_last_error):
 * `_INVALID_ARG` for a consumer that has subscribed, and for `TL_OFFSET_STORED` without `group.id`, `_UNKNOWN_PARTITION`
 * for a negative partition.
 */
int tl_consume_start(tl_topic_t *rkt,
                     int32_t partition,
                     int64_t offset);

/**
 * As ::tl_consume_start, with messages that come from `rkqu`, which may be that of many partitions: ::tl_consume_queue.
 */
int tl_consume_start_queue(tl_topic_t *rkt,
                           int32_t partition,
                           int64_t offset,
                           tl_queue_t *rkqu);

/**
 * Reads a partition no more. With `enable.auto.commit`, what was stored of it is committed. 0, or -1 on failure
 * (::tl_last_error): `_UNKNOWN_PARTITION` when it has not been started.
 */
int tl_consume_stop(tl_topic_t *rkt,
                    int32_t partition);

/**
 * The next message of a partition of ::tl_consume_start, or what there is to say in its place (::tl_message_err); waits at
 * most `timeout_ms` for it (negative: without end). NULL when there is none, or on failure (::tl_last_error: `_TIMED_OUT`,
 * `_UNKNOWN_PARTITION` when it has not been started). The caller owns it: ::tl_message_destroy.
 */
tl_message_t *tl_consume(tl_topic_t *rkt,
                         int32_t partition,
                         int timeout_ms);

/**
 * The next `rkmessages_size` messages of a partition of ::tl_consume_start, put into `rkmessages`; fewer when `timeout_ms`
 * ends first. Returns how many, -1 on failure (::tl_last_error). The caller owns them: ::tl_message_destroy.
 */
ptrdiff_t tl_consume_batch(tl_topic_t *rkt,
                           int32_t partition,
                           int timeout_ms,
                           tl_message_t **rkmessages,
                           size_t rkmessages_size);

/**
 * Calls `consume_cb` with each message of a partition of ::tl_consume_start that is there, and with what there is to say
 * in its place; waits at most `timeout_ms` for the first (negative: without end). Returns how many there were, 100,000 at
 * most, -1 on failure (::tl_last_error). `opaque` is given to the callback.
 */
int tl_consume_callback(tl_topic_t *rkt,
                        int32_t partition,
                        int timeout_ms,
                        tl_consume_cb_t consume_cb,
                        void *opaque);

/**
 * As ::tl_consume, from a queue.
 */
tl_message_t *tl_consume_queue(tl_queue_t *rkqu, int timeout_ms);

/**
 * The next `rkmessages_size` messages of a queue, and what consumers have to say in their place, put into `rkmessages`;
 * fewer when `timeout_ms` ends first. Returns how many, -1 on failure (::tl_last_error). The caller owns them:
 * ::tl_message_destroy. Other events of the queue are left out.
 */
ptrdiff_t tl_consume_batch_queue(tl_queue_t *rkqu,
                                 int timeout_ms,
                                 tl_message_t **rkmessages,
                                 size_t rkmessages_size);

/**
 * As ::tl_consume_callback, from a queue.
 */
int tl_consume_callback_queue(tl_queue_t *rkqu, int timeout_ms, tl_consume_cb_t consume_cb, void *opaque);

/**
 * A topic of a client, with settings that belong to it from now on (do not destroy `conf`) or, with NULL, those that
 * the client has for topics. What a producer knows already keeps the settings it has. NULL on failure
 * (::tl_last_error), then `conf` still belongs to the caller. The caller owns the topic: ::tl_topic_destroy.
 */
tl_topic_t *tl_topic_new(tl_t *rk,
                         const char *topic,
                         tl_topic_conf_t *conf);

/**
 * Lets go of a topic; what was produced to it is delivered all the same. Does nothing for NULL and for what is gone
 * already.
 */
void tl_topic_destroy(tl_topic_t *rkt);

/**
 * Its name, which lives as long as it does; NULL for what is none.
 */
const char *tl_topic_name(const tl_topic_t *rkt);

/**
 * The pointer of ::tl_topic_conf_set_opaque.
 */
void *tl_topic_opaque(const tl_topic_t *rkt);

/**
 * For partitioners: 1 when the topic has this partition and it can be written, else 0.
 */
int tl_topic_partition_available(const tl_topic_t *rkt, int32_t partition);

/**
 * Settings with nothing set. The caller owns them: ::tl_topic_conf_destroy, unless they are taken over. NULL when there
 * are too many.
 */
tl_topic_conf_t *tl_topic_conf_new(void);

/**
 * A copy of settings, which the caller owns. NULL when there is nothing to copy.
 */
tl_topic_conf_t *tl_topic_conf_dup(const tl_topic_conf_t *conf);

/**
 * Destroys settings. Does nothing for NULL and for those that are gone already.
 */
void tl_topic_conf_destroy(tl_topic_conf_t *topic_conf);

/**
 * Sets a property of a topic, as ::tl_conf_set does one of a client.
 */
tl_conf_res_t tl_topic_conf_set(tl_topic_conf_t *conf,
                                const char *name,
                                const char *value,
                                char *errstr,
                                size_t errstr_size);

/**
 * The value of a property, as ::tl_conf_get tells it.
 */
tl_conf_res_t tl_topic_conf_get(const tl_topic_conf_t *conf, const char *name, char *dest, size_t *dest_size);

/**
 * All properties that have a value, as ::tl_conf_dump lists them.
 */
const char **tl_topic_conf_dump(const tl_topic_conf_t *conf, size_t *cntp);

/**
 * What ::tl_topic_opaque returns, and the partitioner gets.
 */
void tl_topic_conf_set_opaque(tl_topic_conf_t *conf, void *opaque);

/**
 * Has `partitioner` choose the partition of each message that names none; NULL for the property `partitioner`.
 */
void tl_topic_conf_set_partitioner_cb(tl_topic_conf_t *conf,
                                      tl_partitioner_cb_t partitioner);

/**
 * An empty list with room for `size` elements. The caller owns it: ::tl_topic_partition_list_destroy.
 */
tl_topic_partition_list_t *tl_topic_partition_list_new(int size);

/**
 * Frees a list. Does nothing for NULL.
 */
void tl_topic_partition_list_destroy(tl_topic_partition_list_t *rktparlist);

/**
 * Adds a partition with the offset `TL_OFFSET_INVALID` and returns it. NULL when the list or the topic is NULL or the
 * topic not UTF-8: ::tl_last_error.
 */
tl_topic_partition_t *tl_topic_partition_list_add(tl_topic_partition_list_t *rktparlist,
                                                  const char *topic,
                                                  int32_t partition);

/**
 * Adds the partitions from `start` to `stop`, that one included.
 */
void tl_topic_partition_list_add_range(tl_topic_partition_list_t *rktparlist,
                                       const char *topic,
                                       int32_t start,
                                       int32_t stop);

/**
 * Removes a partition: 1, or 0 when it is not there.
 */
int tl_topic_partition_list_del(tl_topic_partition_list_t *rktparlist, const char *topic, int32_t partition);

/**
 * Removes the element of number `idx`: 1, or 0 when there is none.
 */
int tl_topic_partition_list_del_by_idx(tl_topic_partition_list_t *rktparlist, int idx);

/**
 * A copy, which the caller owns; NULL for NULL.
 */
tl_topic_partition_list_t *tl_topic_partition_list_copy(const tl_topic_partition_list_t *src);

/**
 * Sets the offset of a partition. `TL_RESP_ERR__UNKNOWN_PARTITION` when it is not in the list.
 */
tl_resp_err_t tl_topic_partition_list_set_offset(tl_topic_partition_list_t *rktparlist,
                                                 const char *topic,
                                                 int32_t partition,
                                                 int64_t offset);

/**
 * The element of a partition; NULL when it is not in the list.
 */
tl_topic_partition_t *tl_topic_partition_list_find(tl_topic_partition_list_t *rktparlist,
                                                   const char *topic,
                                                   int32_t partition);

/**
 * Sorts the list with `cmp`, or by topic and partition when that is NULL.
 */
void tl_topic_partition_list_sort(tl_topic_partition_list_t *rktparlist,
                                  tl_topic_partition_cmp_t cmp,
                                  void *opaque);

/**
 * How many elements there are; 0 for NULL. (librdkafka: `list->cnt`)
 */
int tl_topic_partition_list_cnt(const tl_topic_partition_list_t *rktparlist);

/**
 * The element of number `idx`; NULL when there is none. (librdkafka: `&list->elems[idx]`)
 */
tl_topic_partition_t *tl_topic_partition_list_get(tl_topic_partition_list_t *rktparlist, int idx);

/**
 * As ::tl_topic_partition_list_get, only to be looked at.
 */
const tl_topic_partition_t *tl_topic_partition_list_peek(const tl_topic_partition_list_t *rktparlist,
                                                         int idx);

/**
 * Frees an element that is in no list. Does nothing for NULL.
 */
void tl_topic_partition_destroy(tl_topic_partition_t *rktpar);

/**
 * Name of the topic; NULL for NULL.
 */
const char *tl_topic_partition_topic(const tl_topic_partition_t *rktpar);

/**
 * Number of the partition; -1 for NULL.
 */
int32_t tl_topic_partition_partition(const tl_topic_partition_t *rktpar);

/**
 * The offset; `TL_OFFSET_INVALID` for NULL.
 */
int64_t tl_topic_partition_offset(const tl_topic_partition_t *rktpar);

/**
 * Sets the offset.
 */
void tl_topic_partition_set_offset(tl_topic_partition_t *rktpar, int64_t offset);

/**
 * What is committed with the offset, and its size; NULL with 0 for nothing.
 */
const void *tl_topic_partition_metadata(const tl_topic_partition_t *rktpar, size_t *size);

/**
 * Sets what is committed with the offset: UTF-8, copied; NULL for nothing. `TL_RESP_ERR__INVALID_ARG` for what is not.
 */
tl_resp_err_t tl_topic_partition_set_metadata(tl_topic_partition_t *rktpar,
                                              const void *metadata,
                                              size_t size);

/**
 * The application's own pointer.
 */
void *tl_topic_partition_opaque(const tl_topic_partition_t *rktpar);

/**
 * Sets the application's own pointer.
 */
void tl_topic_partition_set_opaque(tl_topic_partition_t *rktpar, void *opaque);

/**
 * What went wrong with this partition; 0 for nothing.
 */
tl_resp_err_t tl_topic_partition_err(const tl_topic_partition_t *rktpar);

/**
 * Epoch of the leader that the offset comes from; -1 for none.
 */
int32_t tl_topic_partition_get_leader_epoch(const tl_topic_partition_t *rktpar);

/**
 * Sets the epoch of the leader that the offset comes from; -1 for none.
 */
void tl_topic_partition_set_leader_epoch(tl_topic_partition_t *rktpar, int32_t leader_epoch);

/**
 * Makes this producer the one of its `transactional.id`: an earlier one is fenced, and what it has begun is aborted. A
 * negative timeout waits for twice `transaction.timeout.ms`. NULL for success; the caller owns an error, of which
 * ::tl_error_is_retriable says that the same call may be made again and goes on where it was, ::tl_error_is_fatal
 * that the producer is of no use any more. `TL_RESP_ERR__NOT_CONFIGURED` without `transactional.id`.
 */
tl_error_t *tl_init_transactions(tl_t *rk,
                                 int timeout_ms);

/**
 * Begins a transaction: what is produced from now on belongs to it. NULL for success; the caller owns an error:
 * `TL_RESP_ERR__STATE` before ::tl_init_transactions, and in a transaction.
 */
tl_error_t *tl_begin_transaction(tl_t *rk);

/**
 * Commits offsets of a consumer with the transaction: they count when it is committed. Elements without an offset are
 * passed over. Takes neither list nor metadata. A negative timeout waits without end. NULL for success; the caller owns
 * an error, of which ::tl_error_txn_requires_abort says that only ::tl_abort_transaction is left, ::tl_error_is_retriable
 * that the call may be made again.
 */
tl_error_t *tl_send_offsets_to_transaction(tl_t *rk,
                                           const tl_topic_partition_list_t *offsets,
                                           const tl_consumer_group_metadata_t *cgmetadata,
                                           int timeout_ms);

/**
 * Delivers what is queued, serves its reports on this thread as ::tl_flush does, and commits the transaction. A negative
 * timeout waits without end. NULL for success; the caller owns an error, of which ::tl_error_is_retriable says that the
 * same call may be made again and goes on where it was, ::tl_error_txn_requires_abort that only ::tl_abort_transaction
 * is left, ::tl_error_is_fatal that the producer is of no use any more.
 */
tl_error_t *tl_commit_transaction(tl_t *rk,
                                  int timeout_ms);

/**
 * Drops what is queued, with reports that say `TL_RESP_ERR__PURGE_QUEUE`, serves reports on this thread, and aborts the
 * transaction. A negative timeout waits without end. NULL for success; the caller owns an error, as with
 * ::tl_commit_transaction.
 */
tl_error_t *tl_abort_transaction(tl_t *rk,
                                 int timeout_ms);

/**
 * The id with these halves. The caller owns it: ::tl_Uuid_destroy.
 */
tl_Uuid_t *tl_Uuid_new(int64_t most_significant_bits, int64_t least_significant_bits);

/**
 * A copy, which the caller owns; NULL for NULL.
 */
tl_Uuid_t *tl_Uuid_copy(const tl_Uuid_t *uuid);

/**
 * Frees an id of the caller's. Does nothing for NULL.
 */
void tl_Uuid_destroy(tl_Uuid_t *uuid);

/**
 * The first 64 bits; 0 for NULL.
 */
int64_t tl_Uuid_most_significant_bits(const tl_Uuid_t *uuid);

/**
 * The last 64 bits; 0 for NULL.
 */
int64_t tl_Uuid_least_significant_bits(const tl_Uuid_t *uuid);

/**
 * The id as Kafka prints it: URL-safe base64 without padding. Lives as long as the id; NULL for NULL.
 */
const char *tl_Uuid_base64str(const tl_Uuid_t *uuid);

/**
 * The version as a number: `0xMMmmpp00` with major, minor and patch level.
 */
int tl_version(void);

/**
 * The version as a text. Static: never freed.
 */
const char *tl_version_str(void);

/**
 * From within a callback: has the call that it came from, such as ::tl_poll, return as soon as the callback does, without
 * calling others. They come with the next call. ::tl_flush goes on. Does nothing elsewhere.
 */
void tl_yield(tl_t *rk);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TIDELOG_H */

/*
 * librdkafka's rd_kafka_producev() with the prefix changed. The library itself has no functions with variable
 * arguments: these make a list of tagged values and call tl_produce_v().
 */

/** The end of a list before `count` messages: to start there. */
#define TL_OFFSET_TAIL(count) (TL_OFFSET_TAIL_BASE - (int64_t)(count))

/** librdkafka's name for tl_produce_v(). */
#define tl_produceva tl_produce_v

static inline tl_resp_err_t tl_produce_list(tl_t *rk, const tl_vu_t *vus, size_t cnt) {
    tl_error_t *error = tl_produce_v(rk, vus, cnt);
    tl_resp_err_t err = tl_error_code(error);
    tl_error_destroy(error);
    return err;
}

#ifdef __cplusplus

static inline tl_vu_t tl_vu_of(int vtype) {
    tl_vu_t vu;
    vu.vtype = vtype;
    vu.u.mem.ptr = NULL;
    vu.u.mem.size = 0;
    return vu;
}

static inline tl_vu_t tl_vu_end(void) { return tl_vu_of(TL_VTYPE_END); }
static inline tl_vu_t tl_vu_topic(const char *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_TOPIC); vu.u.cstr = v; return vu; }
static inline tl_vu_t tl_vu_rkt(tl_topic_t *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_RKT); vu.u.rkt = v; return vu; }
static inline tl_vu_t tl_vu_partition(int32_t v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_PARTITION); vu.u.i32 = v; return vu; }
static inline tl_vu_t tl_vu_mem(int vtype, const void *v, size_t size) {
    tl_vu_t vu = tl_vu_of(vtype);
    vu.u.mem.ptr = v;
    vu.u.mem.size = size;
    return vu;
}
static inline tl_vu_t tl_vu_opaque(void *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_OPAQUE); vu.u.ptr = v; return vu; }
static inline tl_vu_t tl_vu_msgflags(int v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_MSGFLAGS); vu.u.i = v; return vu; }
static inline tl_vu_t tl_vu_timestamp(int64_t v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_TIMESTAMP); vu.u.i64 = v; return vu; }
static inline tl_vu_t tl_vu_header(const char *name, const void *v, ssize_t size) {
    tl_vu_t vu = tl_vu_of(TL_VTYPE_HEADER);
    vu.u.header.name = name;
    vu.u.header.val = v;
    vu.u.header.size = size;
    return vu;
}
static inline tl_vu_t tl_vu_headers(tl_headers_t *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_HEADERS); vu.u.headers = v; return vu; }

#define TL_V_END tl_vu_end()
#define TL_V_TOPIC(topic) tl_vu_topic(topic)
#define TL_V_RKT(rkt) tl_vu_rkt(rkt)
#define TL_V_PARTITION(partition) tl_vu_partition(partition)
#define TL_V_VALUE(value, len) tl_vu_mem(TL_VTYPE_VALUE, value, len)
#define TL_V_KEY(key, len) tl_vu_mem(TL_VTYPE_KEY, key, len)
#define TL_V_OPAQUE(opaque) tl_vu_opaque(opaque)
#define TL_V_MSGFLAGS(flags) tl_vu_msgflags(flags)
#define TL_V_TIMESTAMP(timestamp) tl_vu_timestamp(timestamp)
#define TL_V_HEADER(name, value, len) tl_vu_header(name, value, len)
#define TL_V_HEADERS(headers) tl_vu_headers(headers)

/** Queues a message that TL_V_... describe; TL_V_END comes last. Returns 0 or the error. */
template <class... Vus>
static inline tl_resp_err_t tl_producev(tl_t *rk, Vus... described) {
    const tl_vu_t vus[] = {described...};
    return tl_produce_list(rk, vus, sizeof...(described));
}

#else

#define TL_V_END {TL_VTYPE_END, {.ptr = NULL}}
#define TL_V_TOPIC(topic) {TL_VTYPE_TOPIC, {.cstr = (topic)}}
#define TL_V_RKT(topic) {TL_VTYPE_RKT, {.rkt = (topic)}}
#define TL_V_PARTITION(partition) {TL_VTYPE_PARTITION, {.i32 = (partition)}}
#define TL_V_VALUE(value, len) {TL_VTYPE_VALUE, {.mem = {(value), (len)}}}
#define TL_V_KEY(key, len) {TL_VTYPE_KEY, {.mem = {(key), (len)}}}
#define TL_V_OPAQUE(opaque) {TL_VTYPE_OPAQUE, {.ptr = (opaque)}}
#define TL_V_MSGFLAGS(flags) {TL_VTYPE_MSGFLAGS, {.i = (flags)}}
#define TL_V_TIMESTAMP(timestamp) {TL_VTYPE_TIMESTAMP, {.i64 = (timestamp)}}
#define TL_V_HEADER(title, value, len) {TL_VTYPE_HEADER, {.header = {(title), (value), (len)}}}
#define TL_V_HEADERS(list) {TL_VTYPE_HEADERS, {.headers = (list)}}

/** Queues a message that TL_V_... describe; TL_V_END comes last. Returns 0 or the error. */
#define tl_producev(rk, ...) \
    tl_produce_list((rk), (const tl_vu_t[]){__VA_ARGS__}, sizeof((const tl_vu_t[]){__VA_ARGS__}) / sizeof(tl_vu_t))

#endif /* __cplusplus */
