/* Administration: topics, partitions, settings, records, groups, offsets. */
#include "check.h"

#define ENGINE "tidelog::memory:administering"

static tl_t *client;
static tl_queue_t *queue;

/* The answer, which must be of this kind. */
static tl_event_t *answer(tl_event_type_t kind) {
    tl_event_t *event = tl_queue_poll(queue, 10000);
    CHECK(event != NULL && tl_event_type(event) == kind);
    return event;
}

static void topics_are_created_and_get_partitions(void) {
    char why[256];
    size_t count;
    tl_NewTopic_t *topics[2] = {tl_NewTopic_new("a", 2, -1, why, sizeof why), tl_NewTopic_new("b", -1, 1, why, sizeof why)};
    CHECK_OK(tl_NewTopic_set_config(topics[0], "retention.ms", "1234567"));
    CHECK(tl_NewTopic_new("", 1, 1, why, sizeof why) == NULL && strlen(why) > 0);
    CHECK(tl_NewTopic_new("c", 0, 1, why, sizeof why) == NULL);
    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_CREATETOPICS);
    CHECK_OK(tl_AdminOptions_set_validate_only(options, 1, why, sizeof why));
    CHECK_OK(tl_AdminOptions_set_request_timeout(options, 5000, why, sizeof why));
    CHECK_OK(tl_AdminOptions_set_operation_timeout(options, 5000, why, sizeof why));
    CHECK_ERR(tl_AdminOptions_set_request_timeout(options, -5, why, sizeof why), TL_RESP_ERR__INVALID_ARG);
    tl_AdminOptions_set_opaque(options, why);
    for (int round = 0; round < 3; round++) {
        tl_CreateTopics(client, topics, 2, round == 0 ? options : NULL, queue);
        tl_event_t *event = answer(TL_EVENT_CREATETOPICS_RESULT);
        CHECK_TEXT(tl_event_name(event), "CreateTopicsResult");
        CHECK_OK(tl_event_error(event));
        CHECK(tl_event_opaque(event) == (round == 0 ? why : NULL));
        CHECK(tl_event_DeleteTopics_result(event) == NULL);
        const tl_topic_result_t **results = tl_CreateTopics_result_topics(tl_event_CreateTopics_result(event), &count);
        CHECK(count == 2);
        CHECK_TEXT(tl_topic_result_name(results[1]), "b");
        CHECK_ERR(tl_topic_result_error(results[0]), round == 2 ? TL_RESP_ERR_TOPIC_ALREADY_EXISTS : TL_RESP_ERR_NO_ERROR);
        CHECK((tl_topic_result_error_string(results[0]) != NULL) == (round == 2));
        tl_event_destroy(event);
    }
    tl_AdminOptions_destroy(options);
    tl_NewTopic_destroy_array(topics, 2);

    tl_NewTopic_t *assigned = tl_NewTopic_new("assigned", 1, -1, why, sizeof why);
    int32_t node = tl_controllerid(client, 10);
    CHECK_ERR(tl_NewTopic_set_replica_assignment(assigned, 1, &node, 1, why, sizeof why), TL_RESP_ERR__INVALID_ARG);
    CHECK_OK(tl_NewTopic_set_replica_assignment(assigned, 0, &node, 1, why, sizeof why));
    CHECK_OK(tl_NewTopic_set_replica_assignment(assigned, 1, &node, 1, why, sizeof why));
    tl_CreateTopics(client, &assigned, 1, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_CREATETOPICS_RESULT);
    CHECK_OK(tl_topic_result_error(tl_CreateTopics_result_topics(tl_event_CreateTopics_result(event), &count)[0]));
    tl_event_destroy(event);
    tl_NewTopic_destroy(assigned);

    tl_NewPartitions_t *more[2] = {tl_NewPartitions_new("b", 3, why, sizeof why), tl_NewPartitions_new("no", 3, why, sizeof why)};
    CHECK(tl_NewPartitions_new("b", 0, why, sizeof why) == NULL);
    tl_CreatePartitions(client, more, 2, NULL, queue);
    event = answer(TL_EVENT_CREATEPARTITIONS_RESULT);
    const tl_topic_result_t **results = tl_CreatePartitions_result_topics(tl_event_CreatePartitions_result(event), &count);
    CHECK_OK(tl_topic_result_error(results[0]));
    CHECK_ERR(tl_topic_result_error(results[1]), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    tl_event_destroy(event);
    tl_NewPartitions_destroy_array(more, 2);

    tl_DeleteTopic_t *gone = tl_DeleteTopic_new("assigned");
    tl_DeleteTopics(client, &gone, 1, NULL, queue);
    event = answer(TL_EVENT_DELETETOPICS_RESULT);
    CHECK_OK(tl_topic_result_error(tl_DeleteTopics_result_topics(tl_event_DeleteTopics_result(event), &count)[0]));
    tl_event_destroy(event);
    tl_DeleteTopic_destroy_array(&gone, 1);
}

/* The value of a topic's setting, and whether it is the default. */
static int retention(char *value) {
    size_t count, entries;
    tl_ConfigResource_t *asked = tl_ConfigResource_new(TL_RESOURCE_TOPIC, "a");
    tl_DescribeConfigs(client, &asked, 1, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_DESCRIBECONFIGS_RESULT);
    const tl_ConfigResource_t *found = tl_DescribeConfigs_result_resources(tl_event_DescribeConfigs_result(event), &count)[0];
    CHECK_OK(tl_ConfigResource_error(found));
    CHECK(tl_ConfigResource_type(found) == TL_RESOURCE_TOPIC && tl_ConfigResource_error_string(found) == NULL);
    CHECK_TEXT(tl_ConfigResource_name(found), "a");
    const tl_ConfigEntry_t **configs = tl_ConfigResource_configs(found, &entries);
    int is_default = -1;
    for (size_t place = 0; place < entries; place++) {
        if (strcmp(tl_ConfigEntry_name(configs[place]), "retention.ms") != 0)
            continue;
        strcpy(value, tl_ConfigEntry_value(configs[place]));
        is_default = tl_ConfigEntry_is_default(configs[place]);
        CHECK((tl_ConfigEntry_source(configs[place]) == TL_CONFIG_SOURCE_DEFAULT_CONFIG) == is_default);
        CHECK(!tl_ConfigEntry_is_sensitive(configs[place]) && !tl_ConfigEntry_is_synonym(configs[place]));
        const tl_ConfigEntry_t **synonyms = tl_ConfigEntry_synonyms(configs[place], &count);
        CHECK_TEXT(tl_ConfigSource_name(tl_ConfigEntry_source(synonyms[0])), is_default ? "DEFAULT_CONFIG" : "DYNAMIC_TOPIC_CONFIG");
        CHECK(count > 0 && tl_ConfigEntry_is_synonym(synonyms[0]) && !tl_ConfigEntry_is_read_only(synonyms[0]));
    }
    tl_event_destroy(event);
    tl_ConfigResource_destroy(asked);
    return is_default;
}

static void settings_are_described_and_changed(void) {
    char value[64];
    size_t count;
    CHECK(retention(value) == 0);
    CHECK_TEXT(value, "1234567");
    tl_ConfigResource_t *change = tl_ConfigResource_new(TL_RESOURCE_TOPIC, "a");
    CHECK(code_of(tl_ConfigResource_add_incremental_config(change, "retention.ms", TL_ALTER_CONFIG_OP_TYPE_SET, "777")) == 0);
    CHECK_ERR(code_of(tl_ConfigResource_add_incremental_config(change, "retention.ms", 9, "777")), TL_RESP_ERR__INVALID_ARG);
    tl_IncrementalAlterConfigs(client, &change, 1, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_INCREMENTALALTERCONFIGS_RESULT);
    CHECK_OK(tl_ConfigResource_error(tl_IncrementalAlterConfigs_result_resources(tl_event_IncrementalAlterConfigs_result(event), &count)[0]));
    tl_event_destroy(event);
    tl_ConfigResource_destroy(change);
    CHECK(retention(value) == 0);
    CHECK_TEXT(value, "777");
    tl_ConfigResource_t *changes[2] = {tl_ConfigResource_new(TL_RESOURCE_TOPIC, "a"), tl_ConfigResource_new(TL_RESOURCE_TOPIC, "b")};
    CHECK_OK(tl_ConfigResource_set_config(changes[1], "no.such.setting", "1"));
    tl_AlterConfigs(client, changes, 2, NULL, queue);
    event = answer(TL_EVENT_ALTERCONFIGS_RESULT);
    const tl_ConfigResource_t **results = tl_AlterConfigs_result_resources(tl_event_AlterConfigs_result(event), &count);
    CHECK_OK(tl_ConfigResource_error(results[0]));
    CHECK_ERR(tl_ConfigResource_error(results[1]), TL_RESP_ERR_INVALID_CONFIG);
    CHECK(strlen(tl_ConfigResource_error_string(results[1])) > 0);
    tl_event_destroy(event);
    tl_ConfigResource_destroy_array(changes, 2);
    CHECK(retention(value) == 1);
    tl_ConfigResource_t *group = tl_ConfigResource_new(TL_RESOURCE_GROUP, "a");
    tl_DescribeConfigs(client, &group, 1, NULL, queue);
    event = answer(TL_EVENT_DESCRIBECONFIGS_RESULT);
    const tl_ConfigResource_t *found = tl_DescribeConfigs_result_resources(tl_event_DescribeConfigs_result(event), &count)[0];
    CHECK(tl_ConfigResource_type(found) == TL_RESOURCE_GROUP && tl_ConfigResource_error(found) == 0);
    CHECK(tl_ConfigResource_configs(found, &count) != NULL && count == 0);
    tl_event_destroy(event);
    tl_ConfigResource_destroy(group);
    tl_ConfigResource_t *unknown = tl_ConfigResource_new(77, "a");
    tl_DescribeConfigs(client, &unknown, 1, NULL, queue);
    event = answer(TL_EVENT_DESCRIBECONFIGS_RESULT);
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_event_DescribeConfigs_result(event) == NULL && strlen(tl_event_error_string(event)) > 0);
    tl_event_destroy(event);
    tl_ConfigResource_destroy(unknown);
}

static void records_are_deleted(void) {
    for (int number = 0; number < 5; number++)
        CHECK_OK(tl_producev(client, TL_V_TOPIC("a"), TL_V_PARTITION(0), TL_V_VALUE("v", 1), TL_V_END));
    CHECK_OK(tl_flush(client, 10000));
    tl_topic_partition_list_t *before = tl_topic_partition_list_new(2);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(before, "a", 0), 3);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(before, "a", 9), TL_OFFSET_END);
    tl_DeleteRecords_t *deletion = tl_DeleteRecords_new(before);
    tl_DeleteRecords(client, &deletion, 1, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_DELETERECORDS_RESULT);
    const tl_topic_partition_list_t *left = tl_DeleteRecords_result_offsets(tl_event_DeleteRecords_result(event));
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_peek(left, 0)) == 3);
    CHECK_ERR(tl_topic_partition_err(tl_topic_partition_list_peek(left, 1)), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    tl_event_destroy(event);
    int64_t low, high;
    CHECK_OK(tl_query_watermark_offsets(client, "a", 0, &low, &high, 1000));
    CHECK(low == 3 && high == 5);
    tl_DeleteRecords_destroy(deletion);
    tl_topic_partition_list_destroy(before);
}

/* The offset that is listed of a partition: this, with this timestamp or this error. */
static void expect_listed(const char *topic, int64_t spec, int64_t offset, int64_t timestamp, tl_resp_err_t err) {
    size_t count;
    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_LISTOFFSETS);
    CHECK(code_of(tl_AdminOptions_set_isolation_level(options, TL_ISOLATION_LEVEL_READ_COMMITTED)) == 0);
    CHECK_ERR(code_of(tl_AdminOptions_set_isolation_level(options, 2)), TL_RESP_ERR__INVALID_ARG);
    tl_topic_partition_list_t *asked = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(asked, topic, 0), spec);
    tl_ListOffsets(client, asked, options, queue);
    tl_event_t *event = answer(TL_EVENT_LISTOFFSETS_RESULT);
    const tl_ListOffsetsResultInfo_t **infos = tl_ListOffsets_result_infos(tl_event_ListOffsets_result(event), &count);
    CHECK(count == 1);
    const tl_topic_partition_t *found = tl_ListOffsetsResultInfo_topic_partition(infos[0]);
    CHECK_TEXT(tl_topic_partition_topic(found), topic);
    CHECK_ERR(tl_topic_partition_err(found), err);
    CHECK(tl_topic_partition_offset(found) == offset && tl_ListOffsetsResultInfo_timestamp(infos[0]) == timestamp);
    tl_event_destroy(event);
    tl_topic_partition_list_destroy(asked);
    tl_AdminOptions_destroy(options);
}

static void offsets_are_listed_by_meaning_and_time(void) {
    for (int64_t number = 0; number < 4; number++)
        CHECK_OK(tl_producev(client, TL_V_TOPIC("listed"), TL_V_PARTITION(0), TL_V_TIMESTAMP(number == 3 ? 500 : 1000 + number), TL_V_END));
    CHECK_OK(tl_flush(client, 10000));
    expect_listed("listed", TL_OFFSET_SPEC_EARLIEST, 0, -1, TL_RESP_ERR_NO_ERROR);
    expect_listed("listed", TL_OFFSET_SPEC_LATEST, 4, -1, TL_RESP_ERR_NO_ERROR);
    expect_listed("listed", TL_OFFSET_SPEC_MAX_TIMESTAMP, 2, 1002, TL_RESP_ERR_NO_ERROR);
    expect_listed("listed", 1001, 1, 1001, TL_RESP_ERR_NO_ERROR);
    expect_listed("listed", 2000, TL_OFFSET_END, -1, TL_RESP_ERR_NO_ERROR);
    expect_listed("missing", 0, TL_OFFSET_INVALID, -1, TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    tl_topic_partition_list_t *wrong = tl_topic_partition_list_new(1);
    for (int round = 0; round < 2; round++) {
        tl_ListOffsets(client, wrong, NULL, queue);
        tl_event_t *event = answer(TL_EVENT_LISTOFFSETS_RESULT);
        CHECK_ERR(tl_event_error(event), TL_RESP_ERR__INVALID_ARG);
        tl_event_destroy(event);
        tl_topic_partition_set_offset(tl_topic_partition_list_add(wrong, "listed", 0), -4);
    }
    tl_topic_partition_list_destroy(wrong);
}

static void leaders_are_elected_already(void) {
    size_t count;
    tl_topic_partition_list_t *asked = tl_topic_partition_list_new(2);
    tl_topic_partition_list_add(asked, "listed", 0);
    tl_topic_partition_list_add(asked, "missing", 0);
    tl_ElectLeaders_t *election = tl_ElectLeaders_new(TL_ELECTION_TYPE_PREFERRED, asked);
    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_ELECTLEADERS);
    tl_ElectLeaders(client, election, options, queue);
    tl_event_t *event = answer(TL_EVENT_ELECTLEADERS_RESULT);
    const tl_topic_partition_result_t **results = tl_ElectLeaders_result_partitions(tl_event_ElectLeaders_result(event), &count);
    CHECK(count == 2);
    CHECK_TEXT(tl_topic_partition_topic(tl_topic_partition_result_partition(results[0])), "listed");
    CHECK_ERR(tl_error_code(tl_topic_partition_result_error(results[0])), TL_RESP_ERR_ELECTION_NOT_NEEDED);
    CHECK(strlen(tl_error_string(tl_topic_partition_result_error(results[0]))) > 0);
    CHECK_ERR(tl_error_code(tl_topic_partition_result_error(results[1])), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    tl_event_destroy(event);
    tl_AdminOptions_destroy(options);
    tl_ElectLeaders_destroy(election);

    /* Of all partitions none needs it. */
    election = tl_ElectLeaders_new(TL_ELECTION_TYPE_UNCLEAN, NULL);
    tl_ElectLeaders(client, election, NULL, queue);
    event = answer(TL_EVENT_ELECTLEADERS_RESULT);
    CHECK_OK(tl_event_error(event));
    CHECK(tl_ElectLeaders_result_partitions(tl_event_ElectLeaders_result(event), &count) != NULL && count == 0);
    tl_event_destroy(event);
    tl_ElectLeaders_destroy(election);

    tl_topic_partition_list_add(asked, "listed", 0);
    tl_ElectLeaders_t *wrong[3] = {NULL, tl_ElectLeaders_new(2, NULL), tl_ElectLeaders_new(0, asked)};
    for (int number = 0; number < 3; number++) {
        tl_ElectLeaders(client, wrong[number], NULL, queue);
        event = answer(TL_EVENT_ELECTLEADERS_RESULT);
        CHECK_ERR(tl_event_error(event), TL_RESP_ERR__INVALID_ARG);
        CHECK(tl_ElectLeaders_result_partitions(tl_event_ElectLeaders_result(event), &count) == NULL && count == 0);
        tl_event_destroy(event);
        tl_ElectLeaders_destroy(wrong[number]);
    }
    tl_topic_partition_list_destroy(asked);
}

static void the_cluster_and_topics_are_described(void) {
    size_t count;
    tl_DescribeCluster(client, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_DESCRIBECLUSTER_RESULT);
    const tl_DescribeCluster_result_t *cluster = tl_event_DescribeCluster_result(event);
    char *id = tl_clusterid(client, 0);
    CHECK_TEXT(tl_DescribeCluster_result_cluster_id(cluster), id);
    tl_mem_free(client, id);
    const tl_Node_t **nodes = tl_DescribeCluster_result_nodes(cluster, &count);
    CHECK(count == 1 && tl_Node_id(nodes[0]) == tl_Node_id(tl_DescribeCluster_result_controller(cluster)));
    CHECK(tl_Node_rack(nodes[0]) == NULL && tl_Node_id(nodes[0]) == tl_controllerid(client, 0));
    tl_event_destroy(event);

    const char *names[2] = {"a", "missing"};
    tl_TopicCollection_t *topics = tl_TopicCollection_of_topic_names(names, 2);
    tl_DescribeTopics(client, topics, NULL, queue);
    event = answer(TL_EVENT_DESCRIBETOPICS_RESULT);
    const tl_TopicDescription_t **described = tl_DescribeTopics_result_topics(tl_event_DescribeTopics_result(event), &count);
    CHECK(count == 2 && tl_TopicDescription_error(described[0]) == NULL && !tl_TopicDescription_is_internal(described[0]));
    CHECK_TEXT(tl_TopicDescription_name(described[0]), "a");
    const tl_Uuid_t *known = tl_TopicDescription_topic_id(described[0]);
    tl_Uuid_t *same = tl_Uuid_new(tl_Uuid_most_significant_bits(known), tl_Uuid_least_significant_bits(known));
    tl_Uuid_t *copy = tl_Uuid_copy(same);
    CHECK_TEXT(tl_Uuid_base64str(copy), tl_Uuid_base64str(known));
    CHECK(strlen(tl_Uuid_base64str(known)) == 22);
    tl_Uuid_destroy(same), tl_Uuid_destroy(copy);
    const tl_TopicPartitionInfo_t **partitions = tl_TopicDescription_partitions(described[0], &count);
    CHECK(count >= 2 && tl_TopicPartitionInfo_partition(partitions[1]) == 1);
    CHECK(tl_Node_id(tl_TopicPartitionInfo_leader(partitions[1])) == tl_controllerid(client, 0));
    CHECK(tl_TopicPartitionInfo_replicas(partitions[1], &count) != NULL && count == 1);
    CHECK(tl_TopicPartitionInfo_isr(partitions[1], &count) != NULL && count == 1);
    CHECK_ERR(tl_error_code(tl_TopicDescription_error(described[1])), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    CHECK(tl_TopicDescription_partitions(described[1], &count) != NULL && count == 0);
    CHECK(tl_TopicDescription_topic_id(described[1]) == NULL);
    tl_event_destroy(event);
    tl_TopicCollection_destroy(topics);
    tl_DescribeTopics(client, NULL, NULL, queue);
    event = answer(TL_EVENT_DESCRIBETOPICS_RESULT);
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__INVALID_ARG);
    tl_event_destroy(event);
}

/* Whoever is in the engine's process may do everything; NULL and 0 unless that is asked. */
static void expect_operations(const tl_AclOperation_t *operations, size_t count, size_t expected, tl_AclOperation_t last) {
    CHECK(count == expected && (operations == NULL) == (expected == 0));
    CHECK(expected == 0 || operations[expected - 1] == last);
    for (size_t at = 1; at < count; at++)
        CHECK(operations[at - 1] < operations[at]);
}

static void what_may_be_done_is_told_when_asked(void) {
    size_t count;
    char why[256];
    CHECK_TEXT(tl_AclOperation_name(TL_ACL_OPERATION_DESCRIBE_CONFIGS), "DESCRIBE_CONFIGS");
    CHECK_TEXT(tl_AclOperation_name(-1), "UNSUPPORTED");
    CHECK_TEXT(tl_AclOperation_name(13), "UNSUPPORTED");
    CHECK_ERR(code_of(tl_AdminOptions_set_include_authorized_operations(NULL, 1)), TL_RESP_ERR__INVALID_ARG);
    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_ANY);
    CHECK_OK(tl_AdminOptions_set_broker(options, tl_controllerid(client, 0), why, sizeof why));
    CHECK_ERR(tl_AdminOptions_set_broker(options, -1, why, sizeof why), TL_RESP_ERR__INVALID_ARG);
    CHECK_TEXT(why, "-1 is below 0");
    const char *names[1] = {"a"};
    tl_TopicCollection_t *topics = tl_TopicCollection_of_topic_names(names, 1);
    for (int asks = 0; asks < 2; asks++) {
        CHECK(code_of(tl_AdminOptions_set_include_authorized_operations(options, asks)) == 0);
        tl_DescribeCluster(client, options, queue);
        tl_event_t *event = answer(TL_EVENT_DESCRIBECLUSTER_RESULT);
        const tl_DescribeCluster_result_t *cluster = tl_event_DescribeCluster_result(event);
        const tl_AclOperation_t *told = tl_DescribeCluster_result_authorized_operations(cluster, &count);
        expect_operations(told, count, asks ? 7 : 0, TL_ACL_OPERATION_IDEMPOTENT_WRITE);
        tl_event_destroy(event);
        tl_DescribeTopics(client, topics, options, queue);
        event = answer(TL_EVENT_DESCRIBETOPICS_RESULT);
        const tl_TopicDescription_t *topic = tl_DescribeTopics_result_topics(tl_event_DescribeTopics_result(event), &count)[0];
        told = tl_TopicDescription_authorized_operations(topic, &count);
        expect_operations(told, count, asks ? 8 : 0, TL_ACL_OPERATION_ALTER_CONFIGS);
        tl_event_destroy(event);
        tl_DescribeConsumerGroups(client, names, 1, options, queue);
        event = answer(TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT);
        const tl_ConsumerGroupDescription_t *group = tl_DescribeConsumerGroups_result_groups(tl_event_DescribeConsumerGroups_result(event), &count)[0];
        told = tl_ConsumerGroupDescription_authorized_operations(group, &count);
        expect_operations(told, count, asks ? 5 : 0, TL_ACL_OPERATION_ALTER_CONFIGS);
        tl_event_destroy(event);
    }
    tl_TopicCollection_destroy(topics);
    tl_AdminOptions_destroy(options);
    CHECK(tl_TopicDescription_authorized_operations(NULL, &count) == NULL && count == 0);
    CHECK(tl_DescribeCluster_result_authorized_operations(NULL, NULL) == NULL);
}

static void groups_are_listed_by_type(void) {
    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_LISTCONSUMERGROUPS);
    int wrong[] = {TL_CONSUMER_GROUP_TYPE_UNKNOWN}, twice[] = {TL_CONSUMER_GROUP_TYPE_CLASSIC, TL_CONSUMER_GROUP_TYPE_CLASSIC};
    CHECK_ERR(code_of(tl_AdminOptions_set_match_consumer_group_types(options, wrong, 1)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_AdminOptions_set_match_consumer_group_types(options, twice, 2)), TL_RESP_ERR__INVALID_ARG);
    for (tl_consumer_group_type_t type = TL_CONSUMER_GROUP_TYPE_CONSUMER; type <= TL_CONSUMER_GROUP_TYPE_CLASSIC; type++) {
        size_t count;
        CHECK(code_of(tl_AdminOptions_set_match_consumer_group_types(options, &type, 1)) == 0);
        tl_ListConsumerGroups(client, options, queue);
        tl_event_t *event = answer(TL_EVENT_LISTCONSUMERGROUPS_RESULT);
        const tl_ConsumerGroupListing_t **listed = tl_ListConsumerGroups_result_valid(tl_event_ListConsumerGroups_result(event), &count);
        CHECK(count == (type == TL_CONSUMER_GROUP_TYPE_CLASSIC ? 1 : 0));
        CHECK(count == 0 || tl_ConsumerGroupListing_type(listed[0]) == type);
        tl_event_destroy(event);
    }
    tl_AdminOptions_destroy(options);
    CHECK_TEXT(tl_consumer_group_type_name(TL_CONSUMER_GROUP_TYPE_CLASSIC), "Classic");
    CHECK_TEXT(tl_consumer_group_type_name(77), "Unknown");
    CHECK(tl_consumer_group_type_code("classic") == TL_CONSUMER_GROUP_TYPE_CLASSIC);
    CHECK(tl_consumer_group_type_code(NULL) == TL_CONSUMER_GROUP_TYPE_UNKNOWN);
    CHECK(tl_ConsumerGroupListing_type(NULL) == TL_CONSUMER_GROUP_TYPE_UNKNOWN);
}

static void groups_are_listed_described_and_deleted(void) {
    size_t count;
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "g");
    set(conf, "client.id", "member");
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    subscribe_one(consumer, "b");
    tl_topic_partition_list_t *assigned = NULL;
    do {
        tl_topic_partition_list_destroy(assigned);
        CHECK(tl_consumer_poll(consumer, 10) == NULL);
        CHECK_OK(tl_assignment(consumer, &assigned));
    } while (tl_topic_partition_list_cnt(assigned) < 3);
    tl_topic_partition_list_destroy(assigned);

    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_LISTCONSUMERGROUPS);
    int states[] = {TL_CONSUMER_GROUP_STATE_STABLE}, wrong[] = {77};
    CHECK(code_of(tl_AdminOptions_set_match_consumer_group_states(options, states, 1)) == 0);
    CHECK_ERR(code_of(tl_AdminOptions_set_match_consumer_group_states(options, wrong, 1)), TL_RESP_ERR__INVALID_ARG);
    tl_ListConsumerGroups(client, options, queue);
    tl_event_t *event = answer(TL_EVENT_LISTCONSUMERGROUPS_RESULT);
    const tl_ConsumerGroupListing_t **listed = tl_ListConsumerGroups_result_valid(tl_event_ListConsumerGroups_result(event), &count);
    CHECK(count == 1);
    CHECK_TEXT(tl_ConsumerGroupListing_group_id(listed[0]), "g");
    CHECK(!tl_ConsumerGroupListing_is_simple_consumer_group(listed[0]));
    CHECK_TEXT(tl_consumer_group_state_name(tl_ConsumerGroupListing_state(listed[0])), "Stable");
    CHECK(tl_consumer_group_state_code("stable") == TL_CONSUMER_GROUP_STATE_STABLE);
    CHECK(tl_ListConsumerGroups_result_errors(tl_event_ListConsumerGroups_result(event), &count) == NULL && count == 0);
    tl_event_destroy(event);
    tl_AdminOptions_destroy(options);

    const char *names[] = {"g", "nobody"};
    tl_DescribeConsumerGroups(client, names, 2, NULL, queue);
    event = answer(TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT);
    const tl_ConsumerGroupDescription_t **groups = tl_DescribeConsumerGroups_result_groups(tl_event_DescribeConsumerGroups_result(event), &count);
    CHECK(count == 2 && tl_ConsumerGroupDescription_error(groups[0]) == NULL);
    CHECK_TEXT(tl_ConsumerGroupDescription_group_id(groups[0]), "g");
    CHECK_TEXT(tl_ConsumerGroupDescription_partition_assignor(groups[0]), "range");
    CHECK(tl_ConsumerGroupDescription_state(groups[1]) == TL_CONSUMER_GROUP_STATE_DEAD);
    CHECK(tl_ConsumerGroupDescription_type(groups[0]) == TL_CONSUMER_GROUP_TYPE_CLASSIC);
    groups_are_listed_by_type();
    CHECK(!tl_ConsumerGroupDescription_is_simple_consumer_group(groups[0]));
    const tl_Node_t *node = tl_ConsumerGroupDescription_coordinator(groups[0]);
    CHECK(tl_Node_id(node) == tl_controllerid(client, 10) && tl_Node_port(node) == 0);
    CHECK_TEXT(tl_Node_host(node), "localhost");
    CHECK(tl_ConsumerGroupDescription_member_count(groups[0]) == 1);
    const tl_MemberDescription_t *member = tl_ConsumerGroupDescription_member(groups[0], 0);
    CHECK_TEXT(tl_MemberDescription_client_id(member), "member");
    CHECK(tl_MemberDescription_group_instance_id(member) == NULL);
    char *id = tl_memberid(consumer);
    CHECK_TEXT(tl_MemberDescription_consumer_id(member), id);
    tl_mem_free(consumer, id);
    CHECK(tl_MemberDescription_host(member) != NULL && tl_ConsumerGroupDescription_member(groups[0], 1) == NULL);
    CHECK(tl_topic_partition_list_cnt(tl_MemberAssignment_partitions(tl_MemberDescription_assignment(member))) == 3);
    tl_event_destroy(event);

    tl_DeleteGroup_t *gone = tl_DeleteGroup_new("g");
    for (int round = 0; round < 2; round++) {
        tl_DeleteGroups(client, &gone, 1, NULL, queue);
        event = answer(TL_EVENT_DELETEGROUPS_RESULT);
        const tl_group_result_t *result = tl_DeleteGroups_result_groups(tl_event_DeleteGroups_result(event), &count)[0];
        CHECK_TEXT(tl_group_result_name(result), "g");
        CHECK_ERR(tl_error_code(tl_group_result_error(result)), round == 0 ? TL_RESP_ERR_NON_EMPTY_GROUP : TL_RESP_ERR_NO_ERROR);
        tl_event_destroy(event);
        if (round == 0)
            tl_destroy(consumer);
    }
    tl_DeleteGroup_destroy(gone);
}

static void offsets_of_groups_are_listed_changed_and_deleted(void) {
    size_t count;
    tl_topic_partition_list_t *offsets = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(offsets, "a", 1), 42);
    tl_AlterConsumerGroupOffsets_t *change = tl_AlterConsumerGroupOffsets_new("o", offsets);
    tl_AlterConsumerGroupOffsets(client, &change, 1, NULL, queue);
    tl_event_t *event = answer(TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT);
    const tl_group_result_t *result = tl_AlterConsumerGroupOffsets_result_groups(tl_event_AlterConsumerGroupOffsets_result(event), &count)[0];
    CHECK(tl_group_result_error(result) == NULL && tl_topic_partition_list_cnt(tl_group_result_partitions(result)) == 1);
    tl_event_destroy(event);
    tl_AlterConsumerGroupOffsets_destroy(change);

    tl_AdminOptions_t *options = tl_AdminOptions_new(client, TL_ADMIN_OP_ANY);
    CHECK(code_of(tl_AdminOptions_set_require_stable_offsets(options, 1)) == 0);
    tl_ListConsumerGroupOffsets_t *asked[2] = {tl_ListConsumerGroupOffsets_new("o", NULL), tl_ListConsumerGroupOffsets_new("o", offsets)};
    tl_ListConsumerGroupOffsets(client, asked, 2, options, queue);
    event = answer(TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT);
    const tl_group_result_t **results = tl_ListConsumerGroupOffsets_result_groups(tl_event_ListConsumerGroupOffsets_result(event), &count);
    CHECK(count == 2);
    for (int place = 0; place < 2; place++)
        CHECK(tl_topic_partition_offset(tl_topic_partition_list_peek(tl_group_result_partitions(results[place]), 0)) == 42);
    tl_event_destroy(event);
    tl_ListConsumerGroupOffsets_destroy_array(asked, 2);
    tl_AdminOptions_destroy(options);

    tl_DeleteConsumerGroupOffsets_t *gone = tl_DeleteConsumerGroupOffsets_new("o", offsets);
    tl_DeleteConsumerGroupOffsets(client, &gone, 1, NULL, queue);
    event = answer(TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT);
    result = tl_DeleteConsumerGroupOffsets_result_groups(tl_event_DeleteConsumerGroupOffsets_result(event), &count)[0];
    CHECK(tl_group_result_error(result) == NULL && count == 1);
    tl_event_destroy(event);
    tl_DeleteConsumerGroupOffsets_destroy(gone);
    tl_topic_partition_list_destroy(offsets);
}

static void without_an_engine_requests_time_out(void) {
    char why[256];
    tl_t *offline = client_of(TL_PRODUCER, NULL);
    tl_queue_t *own = tl_queue_new(offline);
    tl_AdminOptions_t *options = tl_AdminOptions_new(offline, TL_ADMIN_OP_ANY);
    CHECK_OK(tl_AdminOptions_set_request_timeout(options, 20, why, sizeof why));
    tl_ListConsumerGroups(offline, options, own);
    tl_event_t *event = tl_queue_poll(own, 10000);
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__TIMED_OUT);
    tl_event_destroy(event);
    tl_AdminOptions_destroy(options);
    tl_queue_destroy(own);
    tl_destroy(offline);
}

int main(void) {
    client = client_of(TL_PRODUCER, conf_of(ENGINE));
    queue = tl_queue_new(client);
    topics_are_created_and_get_partitions();
    settings_are_described_and_changed();
    records_are_deleted();
    offsets_are_listed_by_meaning_and_time();
    leaders_are_elected_already();
    the_cluster_and_topics_are_described();
    what_may_be_done_is_told_when_asked();
    groups_are_listed_described_and_deleted();
    offsets_of_groups_are_listed_changed_and_deleted();
    without_an_engine_requests_time_out();
    tl_queue_destroy(queue);
    tl_destroy(client);
    return 0;
}
