/* Consuming: messages, positions, groups, commits, whole batches. */
#include "check.h"

static tl_t *producer;
#define ENGINE "tidelog::memory:consuming"

static tl_t *consumer_of(const char *group) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "enable.partition.eof", "true");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "heartbeat.interval.ms", "20");
    if (group != NULL)
        set(conf, "group.id", group);
    return client_of(TL_CONSUMER, conf);
}

static void fill(const char *topic, int count) {
    char value[32];
    for (int number = 0; number < count; number++) {
        int size = snprintf(value, sizeof value, "v%d", number);
        CHECK_OK(tl_producev(producer, TL_V_TOPIC(topic), TL_V_PARTITION(0), TL_V_VALUE(value, (size_t)size),
                             TL_V_TIMESTAMP(1000 + number), TL_V_END));
    }
    CHECK_OK(tl_flush(producer, 10000));
}

/* The next message must be this one. */
static void expect(tl_t *consumer, int64_t offset, const char *value) {
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK(message != NULL);
    CHECK_OK(tl_message_err(message));
    CHECK(tl_message_offset(message) == offset);
    size_t size;
    const void *bytes = tl_message_payload(message, &size);
    CHECK(size == strlen(value) && memcmp(bytes, value, size) == 0);
    tl_message_destroy(message);
}

static void messages_come_in_order_and_the_end_is_told(void) {
    fill("order", 3);
    tl_t *consumer = consumer_of(NULL);
    assign_one(consumer, "order", 0, TL_OFFSET_BEGINNING);
    expect(consumer, 0, "v0");
    expect(consumer, 1, "v1");
    expect(consumer, 2, "v2");
    tl_message_t *end = tl_consumer_poll(consumer, 10000);
    CHECK_ERR(tl_message_err(end), TL_RESP_ERR__PARTITION_EOF);
    CHECK_TEXT(tl_message_topic_name(end), "order");
    CHECK(tl_message_partition(end) == 0 && tl_message_offset(end) == 3);
    CHECK(strlen(tl_message_errstr(end)) > 0);
    tl_message_destroy(end);
    CHECK(tl_consumer_poll(consumer, 10) == NULL);
    tl_topic_t *topic = tl_topic_new(consumer, "order", NULL);
    CHECK_OK(tl_seek(topic, 0, 1, 1000));
    expect(consumer, 1, "v1");
    CHECK_ERR(tl_seek(topic, 7, 1, 1000), TL_RESP_ERR__STATE);
    tl_topic_destroy(topic);
    assign_one(consumer, "order", 0, TL_OFFSET_TAIL(1));
    expect(consumer, 2, "v2");
    tl_destroy(consumer);
}

static void lists_are_put_together_and_asked_with(void) {
    tl_t *consumer = consumer_of(NULL);
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(2);
    tl_topic_partition_list_add_range(list, "order", 0, 2);
    tl_topic_partition_list_add(list, "another", 1);
    CHECK(tl_topic_partition_list_cnt(list) == 4);
    CHECK(tl_topic_partition_list_del(list, "order", 2) == 1 && tl_topic_partition_list_del(list, "order", 2) == 0);
    CHECK(tl_topic_partition_list_del_by_idx(list, 1) == 1 && tl_topic_partition_list_del_by_idx(list, 9) == 0);
    tl_topic_partition_list_sort(list, NULL, NULL);
    CHECK_TEXT(tl_topic_partition_topic(tl_topic_partition_list_get(list, 0)), "another");
    CHECK(tl_topic_partition_list_get(list, 2) == NULL && tl_topic_partition_list_get(list, -1) == NULL);
    tl_topic_partition_t *element = tl_topic_partition_list_find(list, "another", 1);
    CHECK_OK(tl_topic_partition_set_metadata(element, "text", 4));
    tl_topic_partition_set_opaque(element, list);
    tl_topic_partition_list_t *copy = tl_topic_partition_list_copy(list);
    tl_topic_partition_list_destroy(list);
    element = tl_topic_partition_list_find(copy, "another", 1);
    size_t size;
    CHECK(memcmp(tl_topic_partition_metadata(element, &size), "text", 4) == 0 && size == 4);
    CHECK(tl_topic_partition_opaque(element) == list && tl_topic_partition_offset(element) == TL_OFFSET_INVALID);
    CHECK(tl_topic_partition_list_del(copy, "another", 1) == 1);
    /* Times become offsets. */
    CHECK_OK(tl_topic_partition_list_set_offset(copy, "order", 0, 1001));
    CHECK_ERR(tl_topic_partition_list_set_offset(copy, "order", 9, 1001), TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK_OK(tl_offsets_for_times(consumer, copy, 1000));
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_get(copy, 0)) == 1);
    CHECK_OK(tl_assign(consumer, copy));
    tl_topic_partition_list_t *assigned;
    CHECK_OK(tl_assignment(consumer, &assigned));
    CHECK(tl_topic_partition_list_cnt(assigned) == 1);
    CHECK_OK(tl_pause_partitions(consumer, assigned));
    CHECK(tl_consumer_poll(consumer, 20) == NULL);
    CHECK_OK(tl_resume_partitions(consumer, assigned));
    expect(consumer, 1, "v1");
    CHECK_OK(tl_position(consumer, assigned));
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_get(assigned, 0)) == 2);
    int64_t low = 7, high = 7;
    CHECK_OK(tl_get_watermark_offsets(consumer, "order", 0, &low, &high));
    CHECK(low == 0 && high == 3);
    CHECK_ERR(tl_query_watermark_offsets(consumer, "order", 9, &low, &high, 10), TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK_OK(tl_topic_partition_list_set_offset(copy, "order", 0, -7));
    CHECK_ERR(tl_assign(consumer, copy), TL_RESP_ERR__INVALID_ARG);
    tl_topic_partition_list_destroy(assigned);
    tl_topic_partition_list_destroy(copy);
    CHECK(code_of(tl_incremental_assign(consumer, NULL)) == 0);
    tl_destroy(consumer);
}

static void a_group_goes_on_where_it_has_committed(void) {
    fill("committed", 4);
    tl_t *consumer = consumer_of("g");
    CHECK_TEXT(tl_rebalance_protocol(consumer), "NONE");
    tl_topic_partition_list_t *topics = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(topics, "committed", TL_PARTITION_UA);
    CHECK_OK(tl_subscribe(consumer, topics));
    expect(consumer, 0, "v0");
    CHECK_TEXT(tl_rebalance_protocol(consumer), "EAGER");
    char *member = tl_memberid(consumer);
    CHECK(member != NULL && strlen(member) > 0);
    tl_mem_free(consumer, member);
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK_OK(tl_commit_message(consumer, message, 0));
    tl_message_destroy(message);
    tl_topic_partition_list_t *offsets = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(offsets, "committed", 0);
    CHECK_OK(tl_committed(consumer, offsets, 10000));
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_get(offsets, 0)) == 2);
    tl_topic_partition_list_t *subscribed;
    CHECK_OK(tl_subscription(consumer, &subscribed));
    CHECK_TEXT(tl_topic_partition_topic(tl_topic_partition_list_get(subscribed, 0)), "committed");
    tl_topic_partition_list_destroy(subscribed);
    tl_consumer_group_metadata_t *metadata = tl_consumer_group_metadata(consumer), *again;
    void *bytes;
    size_t size;
    CHECK(code_of(tl_consumer_group_metadata_write(metadata, &bytes, &size)) == 0);
    CHECK(code_of(tl_consumer_group_metadata_read(&again, bytes, size)) == 0);
    CHECK_ERR(code_of(tl_consumer_group_metadata_read(&again, bytes, size - 1)), TL_RESP_ERR__BAD_MSG);
    char *id = tl_memberid(consumer);
    CHECK_TEXT(tl_consumer_group_metadata_member_id(again), id);
    tl_mem_free(consumer, id);
    CHECK_TEXT(tl_consumer_group_metadata_group_id(again), tl_consumer_group_metadata_group_id(metadata));
    CHECK(tl_consumer_group_metadata_generation_id(again) == tl_consumer_group_metadata_generation_id(metadata));
    CHECK(tl_consumer_group_metadata_group_instance_id(again) == NULL);
    tl_consumer_group_metadata_destroy(again);
    again = tl_consumer_group_metadata_new_with_genid("g", 7, "m", "i");
    CHECK(tl_consumer_group_metadata_generation_id(again) == 7);
    CHECK_TEXT(tl_consumer_group_metadata_group_instance_id(again), "i");
    tl_consumer_group_metadata_destroy(again);
    tl_consumer_group_metadata_destroy(metadata);
    tl_mem_free(consumer, bytes);
    CHECK_OK(tl_consumer_close(consumer));
    CHECK(tl_consumer_closed(consumer) == 1);
    CHECK(tl_consumer_poll(consumer, 10) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__STATE);
    CHECK_ERR(tl_subscribe(consumer, topics), TL_RESP_ERR__STATE);
    tl_destroy(consumer);

    consumer = consumer_of("g");
    CHECK_OK(tl_subscribe(consumer, topics));
    expect(consumer, 2, "v2");
    tl_destroy(consumer);
    tl_topic_partition_list_destroy(offsets);
    tl_topic_partition_list_destroy(topics);
}

static int rebalances, commits;

static void on_rebalance(tl_t *consumer, tl_resp_err_t err, tl_topic_partition_list_t *partitions, void *opaque) {
    CHECK(opaque == &rebalances && tl_topic_partition_list_cnt(partitions) == 1);
    CHECK(tl_assignment_lost(consumer) == 0);
    if (err == TL_RESP_ERR__ASSIGN_PARTITIONS) {
        tl_topic_partition_set_offset(tl_topic_partition_list_get(partitions, 0), 3);
        CHECK_OK(tl_assign(consumer, partitions));
    } else {
        CHECK_ERR(err, TL_RESP_ERR__REVOKE_PARTITIONS);
        CHECK_OK(tl_assign(consumer, NULL));
    }
    rebalances++;
}

static void on_commit(tl_t *consumer, tl_resp_err_t err, tl_topic_partition_list_t *offsets, void *opaque) {
    CHECK(consumer != NULL && opaque == &rebalances);
    CHECK_OK(err);
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_get(offsets, 0)) == 4);
    commits++;
}

static void callbacks_hear_of_rebalances_and_commits(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "callbacks");
    set(conf, "enable.auto.commit", "false");
    tl_conf_set_rebalance_cb(conf, on_rebalance);
    tl_conf_set_offset_commit_cb(conf, on_commit);
    tl_conf_set_opaque(conf, &rebalances);
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    CHECK_OK(tl_poll_set_consumer(consumer));
    subscribe_one(consumer, "committed");
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK(tl_message_offset(message) == 3 && rebalances == 1);
    CHECK_OK(tl_commit_message(consumer, message, 1));
    while (commits == 0)
        CHECK(tl_consumer_poll(consumer, 10) == NULL);
    tl_message_destroy(message);
    CHECK_OK(tl_consumer_close(consumer));
    CHECK(rebalances == 2);
    tl_destroy(consumer);
}

static void what_is_stored_is_committed(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "stores");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    assign_one(consumer, "committed", 0, TL_OFFSET_BEGINNING);
    CHECK_ERR(tl_commit(consumer, NULL, 0), TL_RESP_ERR__NO_OFFSET);
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK(code_of(tl_offset_store_message(consumer, message)) == 0);
    tl_message_destroy(message);
    CHECK_OK(tl_commit(consumer, NULL, 0));
    tl_topic_t *topic = tl_topic_new(consumer, "committed", NULL);
    CHECK_OK(tl_offset_store(topic, 0, 2));
    CHECK_ERR(tl_offset_store(topic, 5, 2), TL_RESP_ERR__STATE);
    CHECK_OK(tl_commit_queue(consumer, NULL, NULL, NULL, NULL));
    tl_topic_partition_list_t *offsets = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(offsets, "committed", 0);
    CHECK_OK(tl_committed(consumer, offsets, 10000));
    CHECK(tl_topic_partition_offset(tl_topic_partition_list_get(offsets, 0)) == 3);
    tl_topic_partition_set_offset(tl_topic_partition_list_get(offsets, 0), 1);
    CHECK_OK(tl_offsets_store(consumer, offsets));
    CHECK_OK(tl_commit(consumer, offsets, 0));
    tl_topic_partition_list_destroy(offsets);
    tl_topic_destroy(topic);
    tl_destroy(consumer);
}

static void batches_are_read_where_they_lie(void) {
    fill("batches", 100);
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("batches"), TL_V_KEY("k", 1), TL_V_HEADER("h", "x", 1), TL_V_END));
    CHECK_OK(tl_flush(producer, 10000));
    tl_t *consumer = consumer_of(NULL);
    assign_one(consumer, "batches", 0, 5);
    int64_t next = 5;
    while (next < 101) {
        tl_batch_view_t *view = tl_consume_batch_view(consumer, 10000);
        CHECK_OK(tl_batch_view_err(view));
        CHECK_TEXT(tl_batch_view_topic_name(view), "batches");
        CHECK(tl_batch_view_partition(view) == 0 && tl_batch_view_errstr(view) == NULL);
        CHECK(tl_batch_view_timestamp_type(view) == TL_TIMESTAMP_CREATE_TIME);
        tl_record_t records[7];
        ssize_t count;
        while ((count = tl_batch_view_read(view, records, 7)) > 0) {
            for (ssize_t place = 0; place < count; place++, next++) {
                CHECK(records[place].offset == next);
                if (next == 100) {
                    CHECK(records[place].payload == NULL && records[place].key_len == 1);
                    tl_headers_t *headers = tl_record_headers(&records[place]);
                    CHECK(tl_header_cnt(headers) == 1);
                    tl_headers_destroy(headers);
                    continue;
                }
                char value[32];
                CHECK(snprintf(value, sizeof value, "v%d", (int)next) == (int)records[place].len);
                CHECK(memcmp(value, records[place].payload, records[place].len) == 0);
                CHECK(records[place].timestamp == 1000 + next && records[place].key == NULL);
                CHECK(tl_record_headers(&records[place]) == NULL);
            }
        }
        CHECK(count == 0 && tl_batch_view_next_offset(view) == next);
        tl_batch_view_destroy(view);
    }
    tl_batch_view_t *end = tl_consume_batch_view(consumer, 10000);
    CHECK_ERR(tl_batch_view_err(end), TL_RESP_ERR__PARTITION_EOF);
    tl_record_t record;
    CHECK(tl_batch_view_read(end, &record, 1) == 0);
    tl_batch_view_destroy(end);
    CHECK(tl_consume_batch_view(consumer, 10) == NULL);
    tl_destroy(consumer);
}

static void what_there_is_is_told(void) {
    const tl_metadata_t *metadata;
    tl_t *consumer = consumer_of(NULL);
    CHECK_OK(tl_metadata(consumer, 1, NULL, &metadata, 1000));
    CHECK(tl_metadata_broker_cnt(metadata) == 1 && tl_metadata_broker_port(metadata, 0) == 0);
    CHECK_TEXT(tl_metadata_broker_host(metadata, 0), "localhost");
    CHECK(tl_metadata_broker_id(metadata, 0) == tl_controllerid(consumer, 10));
    int found = 0;
    for (int topic = 0; topic < tl_metadata_topic_cnt(metadata); topic++) {
        if (strcmp(tl_metadata_topic_name(metadata, topic), "order") != 0)
            continue;
        found++;
        int count;
        CHECK_OK(tl_metadata_topic_err(metadata, topic));
        CHECK(tl_metadata_partition_cnt(metadata, topic) == 1 && tl_metadata_partition_id(metadata, topic, 0) == 0);
        CHECK_OK(tl_metadata_partition_err(metadata, topic, 0));
        CHECK(tl_metadata_partition_replicas(metadata, topic, 0, &count)[0] == tl_metadata_partition_leader(metadata, topic, 0));
        CHECK(count == 1 && tl_metadata_partition_isrs(metadata, topic, 0, &count) != NULL && count == 1);
        CHECK(tl_metadata_partition_isrs(metadata, topic, 1, &count) == NULL && count == 0);
    }
    CHECK(found == 1);
    tl_metadata_destroy(metadata);
    tl_topic_t *missing = tl_topic_new(consumer, "missing", NULL);
    CHECK_OK(tl_metadata(consumer, 0, missing, &metadata, 1000));
    CHECK_ERR(tl_metadata_topic_err(metadata, 0), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    tl_metadata_destroy(metadata);
    tl_topic_destroy(missing);
    char *id = tl_clusterid(consumer, 10);
    CHECK(strlen(id) > 0);
    tl_mem_free(NULL, id);
    tl_destroy(consumer);
}

static int statistics_told;

static int on_statistics(tl_t *client, char *json, size_t size, void *opaque) {
    (void)opaque;
    CHECK(client != NULL && strlen(json) == size && strstr(json, "\"type\":\"consumer\"") != NULL);
    statistics_told++;
    return 0;
}

static void statistics_are_told_to_who_polls_for_no_messages(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "statistics");
    set(conf, "statistics.interval.ms", "20");
    tl_conf_set_stats_cb(conf, on_statistics);
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    CHECK(tl_poll(consumer, 10000) == 1 && statistics_told == 1);
    CHECK(tl_poll(consumer, -1) == 1 && statistics_told == 2);
    CHECK_OK(tl_consumer_close(consumer));
    CHECK(tl_poll(consumer, -1) == 0 && statistics_told == 2);
    tl_destroy(consumer);
}

static void headers_of_a_message_can_be_replaced(void) {
    const tl_headers_t *headers;
    const char *name;
    fill("headers", 1);
    tl_t *consumer = consumer_of(NULL);
    assign_one(consumer, "headers", 0, 0);
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK_OK(tl_message_err(message));
    CHECK(tl_message_broker_id(message) == 1 && tl_message_broker_id(NULL) == -1);
    CHECK_ERR(tl_message_headers(message, &headers), TL_RESP_ERR__NOENT);
    for (int times = 0; times < 2; times++) {
        tl_headers_t *own = tl_headers_new(1);
        CHECK_OK(tl_header_add(own, times ? "second" : "first", -1, "v", -1));
        tl_message_set_headers(message, own);
        CHECK_OK(tl_message_headers(message, &headers));
        CHECK_OK(tl_header_get_all(headers, 0, &name, NULL, NULL));
        CHECK_TEXT(name, times ? "second" : "first");
    }
    tl_message_set_headers(message, NULL);
    CHECK_ERR(tl_message_headers(message, &headers), TL_RESP_ERR__NOENT);
    tl_message_set_headers(NULL, tl_headers_new(1));
    tl_message_destroy(message);
    tl_destroy(consumer);
}

int main(void) {
    producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    messages_come_in_order_and_the_end_is_told();
    lists_are_put_together_and_asked_with();
    a_group_goes_on_where_it_has_committed();
    callbacks_hear_of_rebalances_and_commits();
    what_is_stored_is_committed();
    batches_are_read_where_they_lie();
    what_there_is_is_told();
    statistics_are_told_to_who_polls_for_no_messages();
    headers_of_a_message_can_be_replaced();
    tl_destroy(producer);
    return 0;
}
