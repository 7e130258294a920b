/* Producing: outcomes, reports, headers, batches, limits. */
#include "check.h"

#include <unistd.h>

static long delivered, failed, sum;
static int64_t last_offset;
static tl_resp_err_t last_error;

static void on_delivery(tl_t *producer, const tl_message_t *message, void *opaque) {
    CHECK(producer != NULL);
    CHECK_TEXT((const char *)opaque, "mine");
    tl_resp_err_t error = tl_message_err(message);
    if (error)
        last_error = error;
    failed += error != 0;
    delivered++;
    sum += (long)(size_t)tl_message_opaque(message);
    last_offset = tl_message_offset(message);
    CHECK(tl_message_latency(message) >= 0);
    size_t size;
    const char *value = tl_message_payload(message, &size);
    CHECK(value == NULL || size == 0 || strncmp(value, "Local", 5) != 0);
    CHECK(tl_message_status(message) ==
          (error ? TL_MSG_STATUS_NOT_PERSISTED : TL_MSG_STATUS_PERSISTED));
}

static tl_t *producer_of(const char *engine, const char *name, const char *value) {
    tl_conf_t *conf = conf_of(engine);
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_conf_set_opaque(conf, (void *)"mine");
    if (name != NULL)
        set(conf, name, value);
    delivered = failed = sum = 0;
    return client_of(TL_PRODUCER, conf);
}

static void each_message_is_reported_with_what_was_attached(void) {
    tl_t *producer = producer_of("tidelog::memory:", NULL, NULL);
    CHECK_TEXT((const char *)tl_opaque(producer), "mine");
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    CHECK_TEXT(tl_topic_name(topic), "t");
    for (size_t number = 1; number <= 1000; number++)
        CHECK(tl_produce(topic, 0, TL_MSG_F_COPY, "value", 5, "key", 3, (void *)number) == 0);
    CHECK(tl_outq_len(producer) > 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(delivered == 1000 && failed == 0 && sum == 500500 && last_offset == 999);
    CHECK(tl_outq_len(producer) == 0);
    /* Memory that the library frees. */
    char *given = malloc(3);
    memcpy(given, "abc", 3);
    CHECK(tl_produce(topic, 0, TL_MSG_F_FREE, given, 3, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_poll(producer, 0) == 0);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static void what_cannot_be_queued_says_why(void) {
    tl_t *producer = producer_of("tidelog::memory:", "message.max.bytes", "1000");
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    static char large[2000];
    CHECK(tl_produce(topic, 0, 0, large, sizeof large, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR_MSG_SIZE_TOO_LARGE);
    CHECK(tl_produce(topic, 99, 0, large, 1, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK(tl_produce(topic, 0, 0, NULL, 5, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_produce(topic, 0, 0, NULL, 0, NULL, 0, NULL) == 0);
    tl_topic_destroy(topic);
    topic = tl_topic_new(producer, "not a topic's name", NULL);
    CHECK(tl_produce(topic, 0, 0, large, 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(failed == 1 && delivered == 2);
    CHECK_ERR(last_error, TL_RESP_ERR_TOPIC_EXCEPTION);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static void a_full_queue_is_told_and_waited_for(void) {
    tl_t *producer = producer_of("tidelog::memory:", "queue.buffering.max.messages", "10");
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    int queued = 0;
    while (tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0)
        queued++;
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__QUEUE_FULL);
    CHECK(queued == 10);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0);
    tl_topic_destroy(topic);
    tl_destroy(producer);
    /* With nobody to tell, the library makes room by itself. */
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "queue.buffering.max.messages", "10");
    producer = client_of(TL_PRODUCER, conf);
    topic = tl_topic_new(producer, "t", NULL);
    for (int number = 0; number < 1000; number++)
        CHECK(tl_produce(topic, 0, TL_MSG_F_BLOCK, (void *)"v", 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_outq_len(producer) == 0);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static void a_batch_tells_of_each_message(void) {
    tl_t *producer = producer_of("tidelog::memory:", "message.max.bytes", "1000");
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    static char large[2000];
    tl_batch_message_t messages[4];
    memset(messages, 0, sizeof messages);
    for (int place = 0; place < 4; place++) {
        messages[place].payload = large;
        messages[place].len = place == 2 ? sizeof large : 10;
        messages[place].opaque = (void *)(size_t)(place + 1);
    }
    messages[1].payload = NULL;
    CHECK(tl_produce_batch(topic, 0, 0, messages, 4) == 2);
    CHECK_OK(messages[0].err);
    CHECK_ERR(messages[1].err, TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(messages[2].err, TL_RESP_ERR_MSG_SIZE_TOO_LARGE);
    CHECK_OK(messages[3].err);
    messages[0].partition = 99;
    CHECK(tl_produce_batch(topic, 0, TL_MSG_F_PARTITION, messages, 1) == 0);
    CHECK_ERR(messages[0].err, TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(delivered == 2 && sum == 5);
    CHECK(tl_produce_batch(topic, 0, 0, NULL, 3) == 0);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static void a_list_of_values_makes_a_message(void) {
    tl_t *producer = producer_of("tidelog::memory:values", NULL, NULL);
    tl_headers_t *headers = tl_headers_new(2);
    CHECK_OK(tl_header_add(headers, "one", -1, "1", 1));
    CHECK_OK(tl_header_add(headers, "nothing", 7, NULL, 0));
    CHECK_OK(tl_header_add(headers, "one", -1, "text", -1));
    CHECK(tl_header_cnt(headers) == 3);
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_PARTITION(0), TL_V_KEY("k", 1), TL_V_VALUE("v", 1),
                         TL_V_TIMESTAMP(12345), TL_V_HEADERS(headers), TL_V_OPAQUE((void *)7), TL_V_END));
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_HEADER("h", "x", 1), TL_V_END));
    CHECK_ERR(tl_producev(producer, TL_V_VALUE("v", 1), TL_V_END), TL_RESP_ERR__INVALID_ARG);
    tl_vu_t unknown[] = {TL_V_TOPIC("t"), {77, {.i = 0}}};
    tl_error_t *error = tl_produceva(producer, unknown, 2);
    CHECK_TEXT(tl_error_string(error), "Unsupported VTYPE 77: TL_VTYPE_TOPIC (1) to TL_VTYPE_HEADERS (10)");
    CHECK_ERR(code_of(error), TL_RESP_ERR__INVALID_ARG);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(delivered == 2 && sum == 7);

    tl_t *consumer = client_of(TL_CONSUMER, conf_of("tidelog::memory:values"));
    assign_one(consumer, "t", 0, TL_OFFSET_BEGINNING);
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK_OK(tl_message_err(message));
    tl_timestamp_type_t kind;
    CHECK(tl_message_timestamp(message, &kind) == 12345 && kind == TL_TIMESTAMP_CREATE_TIME);
    size_t size;
    CHECK(memcmp(tl_message_key(message, &size), "k", 1) == 0 && size == 1);
    const tl_headers_t *read;
    CHECK_OK(tl_message_headers(message, &read));
    const char *name;
    const void *value;
    CHECK_OK(tl_header_get_all(read, 1, &name, &value, &size));
    CHECK_TEXT(name, "nothing");
    CHECK(value == NULL && size == 0);
    CHECK_OK(tl_header_get_last(read, "one", &value, &size));
    CHECK(size == 4 && memcmp(value, "text", 4) == 0);
    CHECK_OK(tl_header_get(read, 0, "one", &value, &size));
    CHECK(size == 1);
    CHECK_ERR(tl_header_get(read, 2, "one", &value, &size), TL_RESP_ERR__NOENT);
    CHECK_ERR(tl_header_get_all(read, 3, &name, &value, &size), TL_RESP_ERR__NOENT);
    tl_headers_t *copy = tl_headers_copy(read);
    CHECK_OK(tl_header_remove(copy, "one"));
    CHECK(tl_header_cnt(copy) == 1 && tl_header_cnt(read) == 3);
    tl_headers_destroy(copy);
    CHECK(tl_message_produce_errstr(message) == NULL);
    /* They may outlive their message, which has none then. */
    tl_headers_t *detached;
    CHECK_OK(tl_message_detach_headers(message, &detached));
    CHECK_ERR(tl_message_headers(message, &read), TL_RESP_ERR__NOENT);
    CHECK_ERR(tl_message_detach_headers(message, &copy), TL_RESP_ERR__NOENT);
    tl_message_destroy(message);
    CHECK(tl_header_cnt(detached) == 3);
    tl_headers_destroy(detached);
    tl_destroy(consumer);
    tl_destroy(producer);
}

static int32_t third(const tl_topic_t *topic, const void *key, size_t size, int32_t count, void *of_topic,
                     void *of_message) {
    (void)key, (void)size;
    CHECK(count == 4 && of_topic == (void *)11 && of_message == (void *)22);
    CHECK(tl_topic_partition_available(topic, 3) == 1 && tl_topic_partition_available(topic, 4) == 0);
    return 3;
}

static void the_application_may_choose_partitions(void) {
    tl_t *producer = producer_of("tidelog::memory:", "tidelog.num.partitions", "4");
    tl_topic_conf_t *own = tl_topic_conf_new();
    tl_topic_conf_set_partitioner_cb(own, third);
    tl_topic_conf_set_opaque(own, (void *)11);
    tl_topic_t *topic = tl_topic_new(producer, "t", own);
    CHECK(tl_topic_opaque(topic) == (void *)11);
    for (int number = 0; number < 5; number++)
        CHECK(tl_produce(topic, TL_PARTITION_UA, 0, (void *)"v", 1, NULL, 0, (void *)22) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    int64_t low, high;
    CHECK_OK(tl_query_watermark_offsets(producer, "t", 3, &low, &high, 1000));
    CHECK(low == 0 && high == 5);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static void librdkafkas_partitioners_send_keys_where_the_property_does(void) {
    static const struct {
        const char *name;
        tl_partitioner_cb_t choose;
        int is_random;
    } all[] = {
        {"random", tl_msg_partitioner_random, 1},
        {"consistent", tl_msg_partitioner_consistent, 0},
        {"consistent_random", tl_msg_partitioner_consistent_random, 0},
        {"murmur2", tl_msg_partitioner_murmur2, 0},
        {"murmur2_random", tl_msg_partitioner_murmur2_random, 0},
        {"fnv1a", tl_msg_partitioner_fnv1a, 0},
        {"fnv1a_random", tl_msg_partitioner_fnv1a_random, 0},
    };
    for (size_t kind = 0; kind < sizeof all / sizeof *all; kind++) {
        tl_t *producer = producer_of("tidelog::memory:", "tidelog.num.partitions", "7");
        for (int by_callback = 0; by_callback < 2; by_callback++) {
            tl_topic_conf_t *own = tl_topic_conf_new();
            if (by_callback)
                tl_topic_conf_set_partitioner_cb(own, all[kind].choose);
            else
                CHECK(tl_topic_conf_set(own, "partitioner", all[kind].name, NULL, 0) == TL_CONF_OK);
            tl_topic_t *topic = tl_topic_new(producer, by_callback ? "callback" : "property", own);
            for (int number = 0; number < 200; number++)
                CHECK(tl_produce(topic, TL_PARTITION_UA, 0, (void *)"v", 1, &number, sizeof number, NULL) == 0);
            tl_topic_destroy(topic);
        }
        CHECK_OK(tl_flush(producer, 10000));
        for (int32_t partition = 0; partition < 7; partition++) {
            int64_t low, high[2];
            CHECK_OK(tl_query_watermark_offsets(producer, "callback", partition, &low, &high[0], 1000));
            CHECK_OK(tl_query_watermark_offsets(producer, "property", partition, &low, &high[1], 1000));
            CHECK(high[0] > 0 && (all[kind].is_random || high[0] == high[1]));
        }
        tl_destroy(producer);
    }
    /* Without a key some go anywhere. */
    int seen = 0, always = tl_msg_partitioner_murmur2(NULL, NULL, 0, 7, NULL, NULL);
    for (int round = 0; round < 1000; round++) {
        seen |= 1 << tl_msg_partitioner_murmur2_random(NULL, NULL, 0, 7, NULL, NULL);
        CHECK(tl_msg_partitioner_murmur2(NULL, NULL, 0, 7, NULL, NULL) == always);
    }
    CHECK(seen == (1 << 7) - 1);
}

static void what_is_purged_is_reported(void) {
    tl_conf_t *conf = tl_conf_new();
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_conf_set_opaque(conf, (void *)"mine");
    tl_t *offline = client_of(TL_PRODUCER, conf);
    delivered = failed = 0;
    CHECK_OK(tl_producev(offline, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END));
    CHECK_ERR(tl_flush(offline, 10), TL_RESP_ERR__TIMED_OUT);
    CHECK_ERR(tl_purge(offline, 0x100), TL_RESP_ERR__INVALID_ARG);
    CHECK_OK(tl_purge(offline, TL_PURGE_F_QUEUE));
    CHECK_OK(tl_flush(offline, 1000));
    CHECK(failed == 1);
    CHECK_ERR(last_error, TL_RESP_ERR__PURGE_QUEUE);
    const tl_metadata_t *metadata;
    CHECK_ERR(tl_metadata(offline, 1, NULL, &metadata, 10), TL_RESP_ERR__TRANSPORT);
    CHECK(metadata == NULL && tl_clusterid(offline, 10) == NULL && tl_controllerid(offline, 10) == -1);
    tl_destroy(offline);
}

static void what_was_deleted_and_created_anew_is_found(void) {
    tl_t *producer = producer_of("tidelog::memory:anew", NULL, NULL);
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    tl_queue_t *queue = tl_queue_new(producer);
    tl_DeleteTopic_t *gone = tl_DeleteTopic_new("t");
    tl_DeleteTopics(producer, &gone, 1, NULL, queue);
    tl_event_destroy(tl_queue_poll(queue, 10000));
    CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(failed == 0 && last_offset == 0);
    tl_DeleteTopic_destroy(gone);
    tl_queue_destroy(queue);
    tl_topic_destroy(topic);
    tl_destroy(producer);
}

static int told;

static int on_statistics(tl_t *client, char *json, size_t size, void *opaque) {
    CHECK(client != NULL && strlen(json) == size && strstr(json, "\"type\":\"producer\"") != NULL);
    *(char **)opaque = json;
    return told++ == 0;
}

static void statistics_may_be_kept(void) {
    char *kept = NULL;
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "statistics.interval.ms", "20");
    tl_conf_set_stats_cb(conf, on_statistics);
    tl_conf_set_opaque(conf, &kept);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    while (told == 0)
        tl_poll(producer, 100);
    CHECK(strstr(kept, "\"msg_cnt\"") != NULL);
    tl_mem_free(producer, kept);
    tl_destroy(producer);
}

static void on_delivery_yield(tl_t *producer, const tl_message_t *message, void *opaque) {
    on_delivery(producer, message, opaque);
    tl_yield(producer);
}

static void a_callback_may_end_the_call_that_it_came_from(void) {
    tl_conf_t *conf = conf_of("tidelog::memory:");
    tl_conf_set_dr_msg_cb(conf, on_delivery_yield);
    tl_conf_set_opaque(conf, (void *)"mine");
    delivered = failed = sum = 0;
    tl_t *producer = client_of(TL_PRODUCER, conf);
    for (int number = 0; number < 10; number++)
        CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END));
    for (int number = 1; number <= 9; number++) {
        CHECK(tl_poll(producer, 10000) == 1);
        CHECK(delivered == number);
    }
    /* Nobody's callback is running. */
    tl_yield(producer);
    tl_yield(NULL);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(delivered == 10 && tl_outq_len(producer) == 0);
    tl_destroy(producer);
}

int main(void) {
    a_callback_may_end_the_call_that_it_came_from();
    each_message_is_reported_with_what_was_attached();
    what_cannot_be_queued_says_why();
    a_full_queue_is_told_and_waited_for();
    a_batch_tells_of_each_message();
    a_list_of_values_makes_a_message();
    the_application_may_choose_partitions();
    librdkafkas_partitioners_send_keys_where_the_property_does();
    what_is_purged_is_reported();
    what_was_deleted_and_created_anew_is_found();
    statistics_may_be_kept();
    return 0;
}
