/* What a library must survive: NULL, handles that are gone or made up, wrong kinds, numbers that mean nothing, texts that
 * are none, calls from callbacks, destruction in a wrong order, children. */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static tl_t *producer, *consumer;
static tl_topic_t *topic;
static char why[256];
static const char *const NOT_UTF8 = "\xff\xfe";

static void nothing_stands_for_nothing(void) {
    int64_t number;
    size_t size;
    const void *bytes;
    tl_conf_destroy(NULL), tl_topic_conf_destroy(NULL), tl_destroy(NULL), tl_topic_destroy(NULL);
    tl_queue_destroy(NULL), tl_event_destroy(NULL), tl_message_destroy(NULL), tl_headers_destroy(NULL);
    tl_topic_partition_list_destroy(NULL), tl_topic_partition_destroy(NULL), tl_metadata_destroy(NULL);
    tl_error_destroy(NULL), tl_engine_close(NULL), tl_batch_view_destroy(NULL), tl_AdminOptions_destroy(NULL);
    tl_NewTopic_destroy(NULL), tl_consumer_group_metadata_destroy(NULL), tl_mem_free(NULL, NULL);
    tl_conf_dump_free(NULL, 5), tl_NewTopic_destroy_array(NULL, 3), tl_ConfigResource_destroy(NULL);
    CHECK(tl_conf_dup(NULL) == NULL && tl_conf_dump(NULL, &size) == NULL && tl_topic_conf_dup(NULL) == NULL);
    CHECK(tl_conf_set(NULL, "acks", "1", why, sizeof why) == TL_CONF_INVALID);
    CHECK_TEXT(why, "the conf is NULL");
    CHECK(tl_conf_get(NULL, "acks", NULL, NULL) == TL_CONF_UNKNOWN);
    tl_conf_set_dr_msg_cb(NULL, NULL), tl_conf_set_events(NULL, 1), tl_conf_set_default_topic_conf(NULL, NULL);
    CHECK(tl_topic_new(NULL, "t", NULL) == NULL && tl_topic_name(NULL) == NULL && tl_topic_opaque(NULL) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_produce(NULL, 0, 0, NULL, 0, NULL, 0, NULL) == -1 && tl_produce_batch(NULL, 0, 0, NULL, 0) == 0);
    CHECK_ERR(code_of(tl_produce_v(NULL, NULL, 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_produce_v(producer, NULL, 5)), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_poll(NULL, 0) == 0 && tl_outq_len(NULL) == 0 && tl_consumer_poll(NULL, 0) == NULL);
    CHECK_ERR(tl_flush(NULL, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_purge(NULL, 1), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_subscribe(NULL, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_assign(NULL, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_position(consumer, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_assignment(consumer, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_commit_message(consumer, NULL, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_seek(NULL, 0, 0, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_query_watermark_offsets(consumer, NULL, 0, &number, &number, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_metadata(consumer, 1, NULL, NULL, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_consumer_closed(NULL) == 1 && tl_memberid(NULL) == NULL && tl_name(NULL) == NULL && tl_type(NULL) == -1);
    CHECK(tl_message_payload(NULL, &size) == NULL && size == 0 && tl_message_topic_name(NULL) == NULL);
    CHECK(tl_message_offset(NULL) == TL_OFFSET_INVALID && tl_message_partition(NULL) == -1);
    CHECK_ERR(tl_message_err(NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_header_cnt(NULL) == 0 && tl_headers_copy(NULL) == NULL);
    CHECK_ERR(tl_header_add(NULL, "h", -1, NULL, 0), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_header_get(NULL, 0, "h", &bytes, &size), TL_RESP_ERR__NOENT);
    CHECK(tl_topic_partition_list_add(NULL, "t", 0) == NULL && tl_topic_partition_list_cnt(NULL) == 0);
    CHECK(tl_topic_partition_topic(NULL) == NULL && tl_topic_partition_offset(NULL) == TL_OFFSET_INVALID);
    tl_topic_partition_set_offset(NULL, 1), tl_topic_partition_list_sort(NULL, NULL, NULL);
    CHECK(tl_queue_poll(NULL, 0) == NULL && tl_queue_length(NULL) == 0 && tl_queue_new(NULL) == NULL);
    CHECK(tl_consume_batch_queue(NULL, 0, NULL, 0) == -1);
    CHECK(tl_queue_get_partition(NULL, NULL, 0) == NULL && tl_consume_queue(NULL, 0) == NULL);
    CHECK(tl_consume_start(NULL, 0, 0) == -1 && tl_consume_start_queue(NULL, 0, 0, NULL) == -1);
    CHECK(tl_consume_stop(NULL, 0) == -1 && tl_consume(NULL, 0, 0) == NULL);
    CHECK(tl_consume_batch(NULL, 0, 0, NULL, 0) == -1 && tl_consume_callback(NULL, 0, 0, NULL, NULL) == -1);
    CHECK(tl_consume_callback_queue(NULL, 0, NULL, NULL) == -1);
    tl_queue_forward(NULL, NULL), tl_queue_yield(NULL), tl_queue_io_event_enable(NULL, 0, NULL, 0);
    CHECK(tl_event_type(NULL) == TL_EVENT_NONE && tl_event_message_next(NULL) == NULL);
    CHECK(tl_event_CreateTopics_result(NULL) == NULL && tl_CreateTopics_result_topics(NULL, &size) == NULL && size == 0);
    tl_CreateTopics(NULL, NULL, 0, NULL, NULL);
    tl_ElectLeaders(NULL, NULL, NULL, NULL), tl_ElectLeaders_destroy(NULL);
    CHECK(tl_topic_partition_result_partition(NULL) == NULL && tl_topic_partition_result_error(NULL) == NULL);
    CHECK_ERR(code_of(tl_consumer_close_queue(NULL, NULL)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_consumer_close_queue(consumer, NULL)), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_error_code(NULL) == 0 && strlen(tl_error_string(NULL)) == 0);
    CHECK(tl_consume_batch_view(NULL, 0) == NULL && tl_batch_view_read(NULL, NULL, 0) == -1);
    CHECK(tl_engine_open(NULL, why, sizeof why) == NULL && tl_engine_stats(NULL) == NULL);
    CHECK_ERR(code_of(tl_engine_listen(NULL, NULL, 0, NULL, 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_init_transactions(NULL, 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_consumer_group_metadata(NULL) == NULL && tl_consumer_group_metadata_new(NULL) == NULL);
    CHECK(tl_consumer_group_metadata_generation_id(NULL) == -1 && tl_consumer_group_metadata_group_id(NULL) == NULL);
    CHECK(tl_consumer_group_metadata_member_id(NULL) == NULL && tl_consumer_group_metadata_group_instance_id(NULL) == NULL);
    CHECK_ERR(tl_message_detach_headers(NULL, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_message_produce_errstr(NULL) == NULL);
    CHECK_ERR(tl_set_log_queue(NULL, NULL), TL_RESP_ERR__INVALID_ARG);
    tl_ListOffsets(NULL, NULL, NULL, NULL), tl_DescribeCluster(NULL, NULL, NULL), tl_DescribeTopics(NULL, NULL, NULL, NULL);
    CHECK(tl_event_ListOffsets_result(NULL) == NULL && tl_ListOffsets_result_infos(NULL, &size) == NULL && size == 0);
    CHECK(tl_ListOffsetsResultInfo_topic_partition(NULL) == NULL && tl_ListOffsetsResultInfo_timestamp(NULL) == -1);
    CHECK(tl_event_DescribeCluster_result(NULL) == NULL && tl_DescribeCluster_result_cluster_id(NULL) == NULL);
    CHECK(tl_DescribeCluster_result_controller(NULL) == NULL && tl_DescribeCluster_result_nodes(NULL, &size) == NULL);
    CHECK(tl_event_DescribeTopics_result(NULL) == NULL && tl_DescribeTopics_result_topics(NULL, &size) == NULL);
    CHECK(tl_TopicCollection_of_topic_names(NULL, 1) == NULL && tl_TopicDescription_name(NULL) == NULL);
    CHECK(tl_TopicDescription_partitions(NULL, &size) == NULL && tl_TopicPartitionInfo_partition(NULL) == -1);
    CHECK(tl_Uuid_copy(NULL) == NULL && tl_Uuid_base64str(NULL) == NULL && tl_Uuid_most_significant_bits(NULL) == 0);
    CHECK(tl_msg_partitioner_murmur2(NULL, NULL, 4, 3, NULL, NULL) == TL_PARTITION_UA);
    CHECK(tl_msg_partitioner_random(NULL, NULL, 0, 0, NULL, NULL) == TL_PARTITION_UA);
    tl_Uuid_destroy(NULL), tl_TopicCollection_destroy(NULL);
    CHECK(tl_metadata_topic_cnt(NULL) == 0 && tl_metadata_topic_name(NULL, 0) == NULL);
}

static void handles_that_are_gone_made_up_or_of_another_kind_give_errors(void) {
    tl_t *gone = client_of(TL_PRODUCER, conf_of("tidelog::memory:"));
    tl_topic_t *orphan = tl_topic_new(gone, "t", NULL), *destroyed = tl_topic_new(gone, "t", NULL);
    tl_queue_t *queue = tl_queue_get_main(gone);
    tl_topic_destroy(destroyed);
    tl_topic_destroy(destroyed);
    CHECK(tl_produce(destroyed, 0, 0, NULL, 0, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__STATE);
    /* The client before its topic and its queue. */
    tl_destroy(gone);
    tl_destroy(gone);
    CHECK(tl_poll(gone, 0) == 0);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__STATE);
    CHECK_ERR(tl_flush(gone, 10), TL_RESP_ERR__STATE);
    CHECK(tl_produce(orphan, 0, 0, (void *)"v", 1, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__STATE);
    CHECK(tl_queue_poll(queue, 10) == NULL);
    tl_queue_destroy(queue);
    tl_topic_destroy(orphan);
    CHECK_ERR(tl_flush((tl_t *)(void *)topic, 10), TL_RESP_ERR__STATE);
    CHECK_ERR(tl_flush((tl_t *)(void *)0xdeadbeef, 10), TL_RESP_ERR__STATE);
    CHECK_ERR(tl_flush((tl_t *)(void *)why, 10), TL_RESP_ERR__STATE);
    for (size_t bits = 1; bits != 0; bits <<= 1) {
        tl_t *made_up = (tl_t *)((size_t)producer ^ bits);
        if (made_up != consumer)
            tl_destroy(made_up);
        tl_conf_destroy((tl_conf_t *)bits);
    }
    CHECK_TEXT(tl_topic_name(topic), "t");
    /* A consumer does not produce, a producer does not consume. */
    tl_topic_t *to_read = tl_topic_new(consumer, "t", NULL);
    CHECK(tl_produce(to_read, 0, 0, (void *)"v", 1, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_produce_v(producer, (tl_vu_t[]){TL_V_RKT(to_read)}, 1)), TL_RESP_ERR__INVALID_ARG);
    tl_topic_destroy(to_read);
    CHECK(tl_consumer_poll(producer, 0) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__UNKNOWN_GROUP);
    CHECK_ERR(tl_subscribe(producer, NULL), TL_RESP_ERR__UNKNOWN_GROUP);
    CHECK_ERR(tl_consumer_close(producer), TL_RESP_ERR__UNKNOWN_GROUP);
    CHECK_ERR(tl_flush(consumer, 0), TL_RESP_ERR__NOT_IMPLEMENTED);
}

static void numbers_and_texts_that_mean_nothing_are_refused(void) {
    CHECK(tl_new(77, NULL, why, sizeof why) == NULL);
    CHECK_TEXT(why, "77 is no type of client: TL_PRODUCER (0) or TL_CONSUMER (1)");
    tl_conf_t *conf = tl_conf_new();
    CHECK(tl_conf_set(conf, NOT_UTF8, "1", why, sizeof why) == TL_CONF_INVALID);
    CHECK_TEXT(why, "name is not UTF-8");
    CHECK(tl_conf_set(conf, "client.id", NOT_UTF8, why, sizeof why) == TL_CONF_INVALID);
    CHECK(tl_conf_set(conf, NULL, "1", why, sizeof why) == TL_CONF_INVALID);
    CHECK_TEXT(why, "name must not be NULL");
    tl_conf_destroy(conf);
    CHECK(tl_topic_new(producer, NOT_UTF8, NULL) == NULL && tl_topic_new(producer, NULL, NULL) == NULL);
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(-5);
    CHECK(tl_topic_partition_list_add(list, NOT_UTF8, 0) == NULL);
    tl_topic_partition_list_add_range(list, "t", 5, 1);
    CHECK(tl_topic_partition_list_cnt(list) == 0);
    CHECK_ERR(tl_subscribe(consumer, list), TL_RESP_ERR__INVALID_ARG);
    tl_topic_partition_list_destroy(list);
    tl_headers_t *headers = tl_headers_new((size_t)-1);
    CHECK_ERR(tl_header_add(headers, NOT_UTF8, -1, "v", 1), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_header_add(headers, "h", -1, NULL, 4), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_header_cnt(headers) == 0);
    tl_headers_destroy(headers);
    CHECK(tl_produce(topic, 0, 0xffff & ~TL_MSG_F_FREE, (void *)"v", (size_t)-1, NULL, 0, NULL) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_produce_batch(topic, 0, 0, NULL, -7) == 0);
    CHECK_TEXT(tl_err2str((tl_resp_err_t)12345), "Unknown error");
    CHECK_TEXT(tl_consumer_group_state_name(99), "Unknown");
    tl_error_t *error = tl_error_new((tl_resp_err_t)12345, NOT_UTF8);
    CHECK_ERR(code_of(error), TL_RESP_ERR__INVALID_ARG);
    error = tl_error_new(TL_RESP_ERR__TIMED_OUT, NULL);
    CHECK_TEXT(tl_error_name(error), "_TIMED_OUT");
    CHECK(!tl_error_is_fatal(error) && !tl_error_is_retriable(error) && !tl_error_txn_requires_abort(error));
    tl_error_destroy(error);
    tl_NewTopic_t *none[2] = {NULL, NULL};
    tl_queue_t *queue = tl_queue_new(producer);
    tl_CreateTopics(producer, none, 2, NULL, queue);
    tl_event_t *event = tl_queue_poll(queue, 10000);
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__INVALID_ARG);
    CHECK_TEXT(tl_event_error_string(event), "an element of new_topics is NULL");
    tl_event_destroy(event);
    tl_queue_destroy(queue);
}

static int calls;

static void on_delivery(tl_t *client, const tl_message_t *message, void *opaque) {
    (void)message, (void)opaque;
    /* Anything may be called from here, even this. */
    if (calls++ == 0)
        CHECK_OK(tl_producev(client, TL_V_TOPIC("t"), TL_V_VALUE("again", 5), TL_V_END));
    tl_poll(client, 0);
    tl_outq_len(client);
    tl_topic_destroy(tl_topic_new(client, "other", NULL));
}

static void on_last(tl_t *client, const tl_message_t *message, void *opaque) {
    (void)message, (void)opaque;
    calls++;
    tl_destroy(client);
}

static void on_rebalance(tl_t *client, tl_resp_err_t err, tl_topic_partition_list_t *partitions, void *opaque) {
    (void)err, (void)partitions, (void)opaque;
    calls++;
    CHECK(tl_consumer_poll(client, 10) == NULL);
    CHECK_OK(tl_consumer_close(client));
}

static void callbacks_may_call(void) {
    tl_conf_t *conf = conf_of("tidelog::memory:");
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_t *client = client_of(TL_PRODUCER, conf);
    produce_text(client, "t", NULL, "v");
    CHECK_OK(tl_flush(client, 10000));
    CHECK(calls == 2);
    tl_destroy(client);
    conf = conf_of("tidelog::memory:");
    tl_conf_set_dr_msg_cb(conf, on_last);
    client = client_of(TL_PRODUCER, conf);
    calls = 0;
    CHECK_OK(tl_producev(client, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END));
    tl_poll(client, 10000);
    CHECK(calls == 1 && tl_poll(client, 0) == 0);
    conf = conf_of("tidelog::memory:misused");
    set(conf, "group.id", "g");
    tl_conf_set_rebalance_cb(conf, on_rebalance);
    client = client_of(TL_CONSUMER, conf);
    subscribe_one(client, "t");
    calls = 0;
    while (calls == 0)
        tl_message_destroy(tl_consumer_poll(client, 100));
    CHECK(tl_consumer_closed(client) == 1);
    tl_destroy(client);
}

static void transactions_have_to_begin_at_their_beginning(void) {
    CHECK_ERR(code_of(tl_init_transactions(producer, 10)), TL_RESP_ERR__NOT_CONFIGURED);
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "transactional.id", "x");
    tl_t *client = client_of(TL_PRODUCER, conf);
    CHECK_ERR(code_of(tl_begin_transaction(client)), TL_RESP_ERR__STATE);
    CHECK_ERR(code_of(tl_commit_transaction(client, 10)), TL_RESP_ERR__STATE);
    CHECK_ERR(code_of(tl_abort_transaction(client, 10)), TL_RESP_ERR__STATE);
    CHECK_ERR(code_of(tl_send_offsets_to_transaction(client, NULL, NULL, 10)), TL_RESP_ERR__INVALID_ARG);
    tl_destroy(client);
}

static void a_child_is_told_that_it_is_one(void) {
    int ends[2];
    char fine = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        fine = tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == -1 && tl_last_error() == TL_RESP_ERR__STATE;
        fine = fine && tl_consumer_poll(consumer, 10) == NULL && tl_last_error() == TL_RESP_ERR__STATE;
        if (write(ends[1], &fine, 1) == 1)
            raise(SIGKILL); /* It has nothing to clean up, nor to be checked for leaks. */
    }
    CHECK(waitpid(child, NULL, 0) == child && read(ends[0], &fine, 1) == 1 && fine);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    producer = client_of(TL_PRODUCER, conf_of("tidelog::memory:misused"));
    tl_conf_t *conf = conf_of("tidelog::memory:misused");
    set(conf, "group.id", "misused");
    consumer = client_of(TL_CONSUMER, conf);
    topic = tl_topic_new(producer, "t", NULL);
    CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    nothing_stands_for_nothing();
    handles_that_are_gone_made_up_or_of_another_kind_give_errors();
    numbers_and_texts_that_mean_nothing_are_refused();
    callbacks_may_call();
    transactions_have_to_begin_at_their_beginning();
    a_child_is_told_that_it_is_one();
    tl_topic_destroy(topic);
    tl_destroy(consumer);
    tl_destroy(producer);
    return 0;
}
