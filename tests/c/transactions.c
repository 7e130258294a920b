/* Transactions: what readers of committed records see, offsets that count with the commit, and errors that say what is
 * left to be done. */
#include "check.h"

#define ENGINE "tidelog::memory:transactions"
#define TOPIC "t"

static tl_t *producer_of(const char *transactional_id) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "transactional.id", transactional_id);
    return client_of(TL_PRODUCER, conf);
}

static tl_t *consumer_of(const char *isolation) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "readers");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "isolation.level", isolation);
    return client_of(TL_CONSUMER, conf);
}

static void produce(tl_t *producer, const char *value) {
    CHECK_OK(tl_producev(producer, TL_V_TOPIC(TOPIC), TL_V_PARTITION(0), TL_V_VALUE(value, strlen(value)), TL_V_END));
}

/* How many messages a reader finds. */
static int count(const char *isolation) {
    tl_t *consumer = consumer_of(isolation);
    int found = 0;
    assign_one(consumer, TOPIC, 0, TL_OFFSET_BEGINNING);
    for (;;) {
        tl_message_t *message = tl_consumer_poll(consumer, 10000);
        tl_resp_err_t end = tl_message_err(message);
        CHECK(message != NULL);
        tl_message_destroy(message);
        if (end == TL_RESP_ERR__PARTITION_EOF)
            break;
        CHECK_OK(end);
        found++;
    }
    tl_destroy(consumer);
    return found;
}

static void all_or_nothing_is_seen(void) {
    tl_t *producer = producer_of("mover");
    CHECK_ERR(code_of(tl_begin_transaction(producer)), TL_RESP_ERR__STATE);
    CHECK_ERR(tl_producev(producer, TL_V_TOPIC(TOPIC), TL_V_VALUE("v", 1), TL_V_END), TL_RESP_ERR__STATE);
    CHECK(tl_init_transactions(producer, 10000) == NULL);
    CHECK(tl_begin_transaction(producer) == NULL);
    for (int number = 0; number < 10; number++)
        produce(producer, "committed");
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(count("read_committed") == 0 && count("read_uncommitted") == 10);
    CHECK(tl_commit_transaction(producer, -1) == NULL);
    CHECK(count("read_committed") == 10);
    CHECK(tl_begin_transaction(producer) == NULL);
    produce(producer, "aborted");
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_abort_transaction(producer, 10000) == NULL);
    CHECK(count("read_committed") == 10 && count("read_uncommitted") == 11);
    CHECK_ERR(code_of(tl_commit_transaction(producer, 10000)), TL_RESP_ERR__STATE);
    tl_destroy(producer);
}

static int64_t committed_offset(tl_t *consumer) {
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(list, TOPIC, 0);
    CHECK_OK(tl_committed(consumer, list, 10000));
    int64_t offset = tl_topic_partition_offset(tl_topic_partition_list_peek(list, 0));
    tl_topic_partition_list_destroy(list);
    return offset;
}

static void offsets_count_with_the_commit(void) {
    tl_t *producer = producer_of("mover"), *consumer = consumer_of("read_committed");
    tl_consumer_group_metadata_t *group = tl_consumer_group_metadata(consumer);
    tl_topic_partition_list_t *offsets = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(offsets, TOPIC, 0), 7);
    CHECK(tl_init_transactions(producer, 10000) == NULL);
    CHECK_ERR(code_of(tl_send_offsets_to_transaction(producer, offsets, group, 10000)), TL_RESP_ERR__STATE);
    CHECK(tl_begin_transaction(producer) == NULL);
    CHECK(tl_send_offsets_to_transaction(producer, offsets, group, 10000) == NULL);
    CHECK(tl_abort_transaction(producer, 10000) == NULL);
    CHECK(committed_offset(consumer) == TL_OFFSET_INVALID);
    CHECK(tl_begin_transaction(producer) == NULL);
    CHECK(tl_send_offsets_to_transaction(producer, offsets, group, 10000) == NULL);
    CHECK(tl_commit_transaction(producer, 10000) == NULL);
    CHECK(committed_offset(consumer) == 7);
    CHECK(tl_begin_transaction(producer) == NULL);
    CHECK_ERR(code_of(tl_send_offsets_to_transaction(producer, NULL, group, 10)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_send_offsets_to_transaction(producer, offsets, NULL, 10)), TL_RESP_ERR__INVALID_ARG);
    tl_topic_partition_list_destroy(offsets);
    tl_consumer_group_metadata_destroy(group);
    tl_destroy(consumer);
    tl_destroy(producer);
}

static void errors_say_what_is_left(void) {
    tl_t *old = producer_of("fenced"), *new;
    CHECK(tl_init_transactions(old, 10000) == NULL);
    CHECK(tl_begin_transaction(old) == NULL);
    produce(old, "old");
    tl_error_t *error = tl_commit_transaction(old, 0);
    /* It may have been quick enough. */
    if (error != NULL) {
        CHECK_ERR(tl_error_code(error), TL_RESP_ERR__TIMED_OUT);
        CHECK(tl_error_is_retriable(error) && !tl_error_is_fatal(error));
        tl_error_destroy(error);
        CHECK(tl_commit_transaction(old, 10000) == NULL);
    }
    CHECK(tl_begin_transaction(old) == NULL);
    produce(old, "old");
    CHECK_OK(tl_flush(old, 10000));
    new = producer_of("fenced");
    CHECK(tl_init_transactions(new, 10000) == NULL);
    error = tl_commit_transaction(old, 10000);
    CHECK_ERR(tl_error_code(error), TL_RESP_ERR__FENCED);
    CHECK(tl_error_is_fatal(error) && !tl_error_is_retriable(error));
    tl_error_destroy(error);
    CHECK_ERR(code_of(tl_abort_transaction(old, 10000)), TL_RESP_ERR__FENCED);
    tl_destroy(old);
    tl_destroy(new);
}

static int told;

static void on_error(tl_t *producer, int err, const char *reason, void *opaque) {
    CHECK(err == TL_RESP_ERR__FATAL && strlen(reason) > 0 && tl_type(producer) == TL_PRODUCER && opaque == NULL);
    told++;
}

static void a_fenced_producer_is_told_so_by_polling(void) {
    for (int events = 0; events < 2; events++) {
        char reason[200];
        tl_conf_t *conf = conf_of(ENGINE);
        set(conf, "transactional.id", "told");
        tl_conf_set_error_cb(conf, on_error);
        if (events)
            tl_conf_set_events(conf, TL_EVENT_ERROR);
        tl_t *old = client_of(TL_PRODUCER, conf), *new = producer_of("told");
        tl_queue_t *queue = tl_queue_get_main(old);
        CHECK(tl_init_transactions(old, 10000) == NULL && tl_begin_transaction(old) == NULL);
        CHECK(tl_init_transactions(new, 10000) == NULL);
        CHECK_OK(tl_fatal_error(old, reason, sizeof reason));
        produce(old, "refused");
        if (events) {
            tl_event_t *event = tl_queue_poll(queue, 10000);
            CHECK(tl_event_type(event) == TL_EVENT_ERROR && tl_event_error_is_fatal(event));
            CHECK_ERR(tl_event_error(event), TL_RESP_ERR__FATAL);
            tl_event_destroy(event);
        } else {
            while (told == 0)
                tl_poll(old, 10000);
        }
        CHECK_ERR(tl_fatal_error(old, reason, sizeof reason), TL_RESP_ERR__FENCED);
        CHECK(strlen(reason) > 0);
        CHECK_ERR(tl_producev(old, TL_V_TOPIC(TOPIC), TL_V_END), TL_RESP_ERR__FATAL);
        CHECK_OK(tl_flush(old, 10000));
        tl_queue_destroy(queue);
        tl_destroy(old);
        tl_destroy(new);
    }
    CHECK(told == 1);
}

int main(void) {
    tl_t *admin = client_of(TL_PRODUCER, conf_of(ENGINE));
    create_topic(admin, TOPIC, 1);
    all_or_nothing_is_seen();
    offsets_count_with_the_commit();
    errors_say_what_is_left();
    a_fenced_producer_is_told_so_by_polling();
    tl_destroy(admin);
    printf("ok\n");
    return 0;
}
