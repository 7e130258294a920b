/* Queues and events in place of callbacks. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#define ENGINE "tidelog::memory:queues"

static void deliveries_come_as_events(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "statistics.interval.ms", "50");
    set(conf, "group.id", "of no use");
    tl_conf_set_events(conf, TL_EVENT_DR | TL_EVENT_STATS | TL_EVENT_LOG);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    tl_queue_t *queue = tl_queue_get_main(producer);
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    for (size_t number = 1; number <= 100; number++)
        CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, (void *)number) == 0);
    size_t reports = 0, sum = 0, logs = 0, statistics = 0;
    while (reports < 100 || logs == 0 || statistics == 0) {
        tl_event_t *event = tl_queue_poll(queue, 10000);
        CHECK(event != NULL);
        const tl_message_t *message, *several[4];
        const char *facility, *text;
        int level;
        switch (tl_event_type(event)) {
        case TL_EVENT_DR:
            CHECK_TEXT(tl_event_name(event), "DeliveryReport");
            CHECK(tl_event_message_count(event) > 0);
            while ((message = tl_event_message_next(event)) != NULL) {
                CHECK_OK(tl_message_err(message));
                sum += (size_t)tl_message_opaque(message);
                reports++;
            }
            CHECK(tl_event_message_array(event, several, 4) == 0);
            break;
        case TL_EVENT_LOG:
            CHECK(tl_event_log(event, &facility, &text, &level) == 0 && level == 4);
            CHECK_TEXT(facility, "CONFWARN");
            CHECK(tl_event_stats(event) == NULL && tl_event_message_next(event) == NULL);
            logs++;
            break;
        case TL_EVENT_STATS:
            CHECK(strstr(tl_event_stats(event), "\"msg_cnt\"") != NULL);
            statistics++;
            break;
        default:
            CHECK(0);
        }
        tl_event_destroy(event);
    }
    CHECK(reports == 100 && sum == 5050 && tl_outq_len(producer) == 0);
    /* What was flushed waits in the queue. */
    CHECK(tl_produce(topic, 0, 0, (void *)"v", 1, NULL, 0, NULL) == 0);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_outq_len(producer) == 1 && tl_queue_length(queue) >= 1);
    tl_topic_destroy(topic);
    tl_queue_destroy(queue);
    tl_destroy(producer);
}

static void statistics_of_a_consumer_come_without_its_messages(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "statistics.interval.ms", "20");
    set(conf, "group.id", "of no use");
    tl_conf_set_events(conf, TL_EVENT_STATS);
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    tl_queue_t *queue = tl_queue_get_main(consumer);
    for (int times = 0; times < 2; times++) {
        tl_event_t *event = tl_queue_poll(queue, 10000);
        CHECK(tl_event_type(event) == TL_EVENT_STATS);
        CHECK(strstr(tl_event_stats(event), "\"type\":\"consumer\"") != NULL);
        tl_event_destroy(event);
    }
    tl_queue_destroy(queue);
    tl_destroy(consumer);
}

static void a_rebalance_is_an_event_that_is_answered_or_done(void) {
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    produce_text(producer, "r", NULL, "one");
    for (int answers = 0; answers < 2; answers++) {
        tl_conf_t *conf = conf_of(ENGINE);
        set(conf, "group.id", answers ? "answers" : "does not");
        set(conf, "auto.offset.reset", "earliest");
        set(conf, "enable.partition.eof", "true");
        set(conf, "enable.auto.commit", "false");
        tl_conf_set_events(conf, TL_EVENT_REBALANCE | TL_EVENT_OFFSET_COMMIT);
        tl_t *consumer = client_of(TL_CONSUMER, conf);
        tl_queue_t *queue = tl_queue_get_consumer(consumer);
        subscribe_one(consumer, "r");
        tl_event_t *event = tl_queue_poll(queue, 10000);
        CHECK(tl_event_type(event) == TL_EVENT_REBALANCE);
        CHECK_ERR(tl_event_error(event), TL_RESP_ERR__ASSIGN_PARTITIONS);
        CHECK(tl_topic_partition_list_cnt(tl_event_topic_partition_list(event)) == 1);
        CHECK(tl_queue_poll(queue, 20) == NULL);
        if (answers)
            CHECK_OK(tl_assign(consumer, tl_event_topic_partition_list(event)));
        tl_event_destroy(event);
        event = tl_queue_poll(queue, 10000);
        CHECK(tl_event_type(event) == TL_EVENT_FETCH && tl_event_message_count(event) == 1);
        CHECK_OK(tl_commit_message(consumer, tl_event_message_next(event), 1));
        tl_event_destroy(event);
        for (int ends = 0, commits = 0; ends == 0 || commits == 0; tl_event_destroy(event)) {
            event = tl_queue_poll(queue, 10000);
            CHECK(event != NULL);
            if (tl_event_type(event) == TL_EVENT_OFFSET_COMMIT) {
                CHECK_OK(tl_event_error(event));
                CHECK(tl_topic_partition_list_cnt(tl_event_topic_partition_list(event)) == 1);
                commits++;
            } else {
                CHECK(tl_event_type(event) == TL_EVENT_ERROR);
                CHECK_ERR(tl_event_error(event), TL_RESP_ERR__PARTITION_EOF);
                CHECK(strlen(tl_event_error_string(event)) > 0 && tl_event_error_is_fatal(event) == 0);
                tl_topic_partition_t *place = tl_event_topic_partition(event);
                CHECK_TEXT(tl_topic_partition_topic(place), "r");
                tl_topic_partition_destroy(place);
                ends++;
            }
        }
        /* Into another queue. */
        tl_queue_t *own = tl_queue_new(consumer);
        CHECK_OK(tl_commit_queue(consumer, NULL, own, NULL, (void *)5));
        event = tl_queue_poll(own, 10000);
        CHECK(tl_event_type(event) == TL_EVENT_OFFSET_COMMIT && tl_event_opaque(event) == (void *)5);
        tl_event_destroy(event);
        tl_topic_partition_list_t *unknown = tl_topic_partition_list_new(1);
        tl_topic_partition_set_offset(tl_topic_partition_list_add(unknown, "r", 70), 1);
        CHECK_OK(tl_commit_queue(consumer, unknown, own, NULL, NULL));
        tl_topic_partition_list_destroy(unknown);
        event = tl_queue_poll(own, 10000);
        CHECK_ERR(tl_event_error(event), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        const tl_topic_partition_list_t *told = tl_event_topic_partition_list(event);
        CHECK_ERR(tl_topic_partition_err(tl_topic_partition_list_peek(told, 0)), TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        tl_event_destroy(event);
        tl_queue_destroy(own);
        CHECK_OK(tl_consumer_close(consumer));
        tl_queue_destroy(queue);
        tl_destroy(consumer);
    }
    tl_destroy(producer);
}

static int revoked;

static void on_rebalance(tl_t *consumer, tl_resp_err_t err, tl_topic_partition_list_t *partitions, void *opaque) {
    CHECK(opaque == &revoked);
    if (err == TL_RESP_ERR__ASSIGN_PARTITIONS) {
        CHECK_OK(tl_assign(consumer, partitions));
    } else {
        CHECK_ERR(err, TL_RESP_ERR__REVOKE_PARTITIONS);
        CHECK_OK(tl_assign(consumer, NULL));
        revoked++;
    }
}

/* What a queue that closes a consumer hands out: 'r' for the last rebalance, 'c' for commits. */
static void close_by_polling(tl_t *consumer, tl_queue_t *queue, const char *expected) {
    char seen[8] = "";
    tl_error_t *error = tl_consumer_close_queue(consumer, queue);
    CHECK(error == NULL && tl_consumer_closed(consumer) == 0);
    error = tl_consumer_close_queue(consumer, queue);
    CHECK_ERR(tl_error_code(error), TL_RESP_ERR__STATE);
    tl_error_destroy(error);
    while (tl_consumer_closed(consumer) == 0) {
        tl_event_t *event = tl_queue_poll(queue, -1);
        if (tl_event_type(event) == TL_EVENT_REBALANCE) {
            CHECK_ERR(tl_event_error(event), TL_RESP_ERR__REVOKE_PARTITIONS);
            strcat(seen, "r");
            CHECK(tl_consumer_closed(consumer) == 0 && tl_queue_poll(queue, 20) == NULL);
            CHECK_OK(tl_assign(consumer, NULL));
        } else if (event != NULL) {
            CHECK(tl_event_type(event) == TL_EVENT_OFFSET_COMMIT);
            strcat(seen, "c");
        }
        tl_event_destroy(event);
    }
    for (tl_event_t *event; (event = tl_queue_poll(queue, 0)) != NULL; tl_event_destroy(event)) {
        CHECK(tl_event_type(event) == TL_EVENT_OFFSET_COMMIT);
        strcat(seen, "c");
    }
    CHECK_TEXT(seen, expected);
}

static void consumers_are_closed_by_polling_a_queue(void) {
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    produce_text(producer, "c", NULL, "one");
    enum { EVENTS, EVENTS_OF_ITS_OWN, CALLBACKS, HOWS };
    for (int how = 0; how < HOWS; how++) {
        tl_conf_t *conf = conf_of(ENGINE);
        set(conf, "group.id", "is closed");
        set(conf, "auto.offset.reset", "earliest");
        if (how == CALLBACKS) {
            tl_conf_set_rebalance_cb(conf, on_rebalance);
            tl_conf_set_opaque(conf, &revoked);
        } else {
            tl_conf_set_events(conf, TL_EVENT_REBALANCE | TL_EVENT_OFFSET_COMMIT);
        }
        tl_t *consumer = client_of(TL_CONSUMER, conf);
        tl_queue_t *own = tl_queue_get_consumer(consumer), *other = tl_queue_new(consumer);
        subscribe_one(consumer, "c");
        tl_event_t *event = tl_queue_poll(own, 10000);
        if (how != CALLBACKS) {
            CHECK(tl_event_type(event) == TL_EVENT_REBALANCE);
            CHECK_OK(tl_assign(consumer, tl_event_topic_partition_list(event)));
            tl_event_destroy(event);
            event = tl_queue_poll(own, 10000);
        }
        CHECK(tl_event_type(event) == TL_EVENT_FETCH && tl_event_message_next(event) != NULL);
        tl_event_destroy(event);
        produce_text(producer, "c", NULL, "not handed out any more");
        close_by_polling(consumer, how == EVENTS_OF_ITS_OWN ? own : other, how == CALLBACKS ? "" : "rc");
        CHECK_OK(tl_consumer_close(consumer));
        tl_queue_destroy(own);
        tl_queue_destroy(other);
        tl_destroy(consumer);
    }
    CHECK(revoked == 1);
    tl_error_t *error = tl_consumer_close_queue(producer, NULL);
    CHECK_ERR(tl_error_code(error), TL_RESP_ERR__INVALID_ARG);
    tl_error_destroy(error);
    tl_destroy(producer);
}

static void a_consumer_that_is_being_closed_may_be_destroyed(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "is destroyed");
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    tl_queue_t *queue = tl_queue_new(consumer);
    subscribe_one(consumer, "c");
    CHECK(tl_consumer_close_queue(consumer, queue) == NULL);
    tl_destroy(consumer);
    CHECK(tl_queue_poll(queue, 20) == NULL);
    tl_queue_destroy(queue);
}

static void queues_are_forwarded(void) {
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    tl_t *consumer = client_of(TL_CONSUMER, conf_of(ENGINE));
    tl_queue_t *one = tl_queue_get_consumer(consumer), *two = tl_queue_new(consumer);
    tl_queue_forward(one, two);
    tl_queue_forward(two, one);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    produce_text(producer, "f", NULL, "one");
    assign_one(consumer, "f", 0, TL_OFFSET_BEGINNING);
    CHECK(tl_queue_poll(one, 20) == NULL);
    tl_event_t *event = tl_queue_poll(two, 10000);
    CHECK(tl_event_type(event) == TL_EVENT_FETCH);
    tl_event_destroy(event);
    tl_queue_forward(one, NULL);
    produce_text(producer, "f", NULL, "two");
    produce_text(producer, "f", NULL, "three");
    CHECK(tl_queue_poll(two, 20) == NULL);
    tl_message_t *messages[5];
    CHECK(tl_consume_batch_queue(one, 100, messages, 5) == 2);
    for (int place = 0; place < 2; place++)
        tl_message_destroy(messages[place]);
    tl_queue_destroy(one);
    tl_queue_destroy(two);
    tl_destroy(consumer);
    tl_destroy(producer);
}

static void event_loops_are_told(void) {
    int ends[2];
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    tl_t *consumer = client_of(TL_CONSUMER, conf_of(ENGINE));
    tl_queue_t *queue = tl_queue_get_consumer(consumer);
    produce_text(producer, "loop", NULL, "zero");
    assign_one(consumer, "loop", 0, 1);
    tl_queue_io_event_enable(queue, ends[1], "!", 1);
    tl_queue_io_event_enable(queue, 9999, "!", 1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    for (int round = 0; round < 3; round++) {
        tl_event_t *event;
        while ((event = tl_queue_poll(queue, 0)) != NULL)
            tl_event_destroy(event);
        char bytes[16];
        while (read(ends[0], bytes, sizeof bytes) > 0) {
        }
        produce_text(producer, "loop", NULL, "v");
        struct pollfd readable = {.fd = ends[0], .events = POLLIN};
        CHECK(poll(&readable, 1, 10000) == 1);
        CHECK(read(ends[0], bytes, sizeof bytes) >= 1 && bytes[0] == '!');
        event = tl_queue_poll(queue, 10000);
        CHECK(tl_event_type(event) == TL_EVENT_FETCH);
        tl_event_destroy(event);
    }
    tl_queue_io_event_enable(queue, -1, NULL, 0);
    tl_queue_destroy(queue);
    tl_destroy(consumer);
    tl_destroy(producer);
    close(ends[0]);
    close(ends[1]);
}

static void *wake(void *queue) {
    usleep(50000);
    tl_queue_yield(queue);
    return NULL;
}

static void who_waits_is_called_back(void) {
    pthread_t thread;
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    tl_queue_t *queue = tl_queue_new(producer);
    CHECK(pthread_create(&thread, NULL, wake, queue) == 0);
    CHECK(tl_queue_poll(queue, -1) == NULL);
    pthread_join(thread, NULL);
    tl_queue_destroy(queue);
    tl_destroy(producer);
}

static int background;

static void on_event(tl_t *client, tl_event_t *event, void *opaque) {
    CHECK(client != NULL && opaque == &background && tl_event_type(event) == TL_EVENT_CREATETOPICS_RESULT);
    tl_event_destroy(event);
    __atomic_add_fetch(&background, 1, __ATOMIC_SEQ_CST);
}

static void a_thread_of_the_library_may_take_events(void) {
    char why[256];
    tl_conf_t *conf = conf_of(ENGINE);
    tl_conf_set_background_event_cb(conf, on_event);
    tl_conf_set_opaque(conf, &background);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    tl_queue_t *queue = tl_queue_get_background(producer);
    tl_NewTopic_t *topic = tl_NewTopic_new("background", 1, 1, why, sizeof why);
    tl_CreateTopics(producer, &topic, 1, NULL, queue);
    while (__atomic_load_n(&background, __ATOMIC_SEQ_CST) == 0)
        usleep(1000);
    tl_NewTopic_destroy(topic);
    tl_queue_destroy(queue);
    tl_destroy(producer);
    producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    CHECK(tl_queue_get_background(producer) == NULL && tl_queue_get_consumer(producer) == NULL);
    tl_destroy(producer);
}

static int reported;

static void on_delivery(tl_t *producer, const tl_message_t *message, void *opaque) {
    (void)producer, (void)opaque;
    CHECK(tl_message_broker_id(message) == (tl_message_err(message) ? -1 : 1));
    reported++;
}

static void callbacks_are_called_by_polling_a_queue(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    tl_queue_t *own = tl_queue_get_main(producer), *other = tl_queue_new(producer);
    CHECK(tl_queue_poll_callback(own, 0) == 0 && tl_queue_poll_callback(NULL, -1) == 0);
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END));
    CHECK(tl_queue_poll_callback(own, 10000) == 1 && reported == 1);
    tl_queue_forward(own, other);
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END));
    CHECK(tl_queue_poll_callback(other, -1) == 1 && reported == 2);
    CHECK(tl_queue_poll_callback(own, 10) == 0);
    tl_queue_yield(other);
    CHECK(tl_queue_poll_callback(other, -1) == 0);
    tl_queue_forward(own, NULL);
    tl_queue_destroy(other);
    tl_queue_destroy(own);
    tl_destroy(producer);
}

int main(void) {
    callbacks_are_called_by_polling_a_queue();
    deliveries_come_as_events();
    statistics_of_a_consumer_come_without_its_messages();
    a_rebalance_is_an_event_that_is_answered_or_done();
    consumers_are_closed_by_polling_a_queue();
    a_consumer_that_is_being_closed_may_be_destroyed();
    queues_are_forwarded();
    event_loops_are_told();
    who_waits_is_called_back();
    a_thread_of_the_library_may_take_events();
    return 0;
}
