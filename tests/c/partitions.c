/* Single partitions: queues of theirs, and the simple consumer. */
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#define ENGINE "tidelog::memory:partitions"
#define TOPIC "t"

static tl_t *producer;

static tl_t *consumer_of(const char *partition_eof) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.id", "g");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.partition.eof", partition_eof);
    return client_of(TL_CONSUMER, conf);
}

/* Every partition gets the values "<partition>-<from>" to "<partition>-<to - 1>". */
static void fill(int from, int to) {
    char value[32];
    for (int32_t partition = 0; partition < 4; partition++) {
        for (int number = from; number < to; number++) {
            int size = snprintf(value, sizeof value, "%d-%d", (int)partition, number);
            CHECK_OK(tl_producev(producer, TL_V_TOPIC(TOPIC), TL_V_PARTITION(partition),
                                 TL_V_VALUE(value, (size_t)size), TL_V_END));
        }
    }
    CHECK_OK(tl_flush(producer, 10000));
}

/* The message must be this one. */
static void expect(tl_message_t *message, int32_t partition, int64_t offset) {
    char value[32];
    size_t size;
    CHECK(message != NULL);
    CHECK_OK(tl_message_err(message));
    CHECK(tl_message_partition(message) == partition && tl_message_offset(message) == offset);
    snprintf(value, sizeof value, "%d-%d", (int)partition, (int)offset);
    const void *bytes = tl_message_payload(message, &size);
    CHECK(size == strlen(value) && memcmp(bytes, value, size) == 0);
    tl_message_destroy(message);
}

static void expect_end(tl_message_t *message, int32_t partition, int64_t offset) {
    CHECK(message != NULL);
    CHECK_ERR(tl_message_err(message), TL_RESP_ERR__PARTITION_EOF);
    CHECK(tl_message_partition(message) == partition && tl_message_offset(message) == offset);
    tl_message_destroy(message);
}

static void assign(tl_t *consumer, int32_t first, int32_t last) {
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(4);
    for (int32_t partition = first; partition <= last; partition++)
        tl_topic_partition_set_offset(tl_topic_partition_list_add(list, TOPIC, partition), TL_OFFSET_BEGINNING);
    CHECK_OK(tl_assign(consumer, list));
    tl_topic_partition_list_destroy(list);
}

static void a_partition_that_is_forwarded_to_nobody_is_apart(void) {
    tl_t *consumer = consumer_of("true");
    tl_queue_t *queue = tl_queue_get_partition(consumer, TOPIC, 1);
    CHECK(queue != NULL);
    assign(consumer, 1, 1);
    /* Until it is forwarded it belongs to the consumer. */
    CHECK(tl_consume_queue(queue, 10) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__TIMED_OUT);
    expect(tl_consumer_poll(consumer, 10000), 1, 0);
    tl_queue_forward(queue, NULL);
    CHECK(tl_consumer_poll(consumer, 10) == NULL);
    expect(tl_consume_queue(queue, 10000), 1, 1);
    tl_event_t *event = tl_queue_poll(queue, 10000);
    CHECK(tl_event_type(event) == TL_EVENT_FETCH && tl_event_message_count(event) == 1);
    CHECK(tl_message_offset(tl_event_message_next(event)) == 2);
    tl_event_destroy(event);
    expect_end(tl_consume_queue(queue, 10000), 1, 3);
    /* The same queue once more, and after another assignment. */
    tl_queue_t *same = tl_queue_get_partition(consumer, TOPIC, 1);
    tl_queue_destroy(queue);
    assign(consumer, 0, 1);
    expect(tl_consumer_poll(consumer, 10000), 0, 0);
    tl_message_t *messages[4];
    CHECK(tl_consume_batch_queue(same, 10000, messages, 3) == 3);
    for (int64_t offset = 0; offset < 3; offset++)
        expect(messages[offset], 1, offset);
    tl_destroy(consumer);
    CHECK(tl_consume_queue(same, -1) == NULL && tl_queue_poll(same, -1) == NULL);
    CHECK(tl_consume_batch_queue(same, -1, messages, 4) == 0);
    tl_queue_destroy(same);
}

static void partitions_are_forwarded_to_a_queue_or_to_the_consumer(void) {
    tl_t *consumer = consumer_of("false");
    tl_queue_t *to = tl_queue_new(consumer), *own = tl_queue_get_consumer(consumer);
    tl_queue_t *queues[2] = {tl_queue_get_partition(consumer, TOPIC, 0), tl_queue_get_partition(consumer, TOPIC, 1)};
    tl_queue_forward(queues[0], to);
    tl_queue_forward(queues[1], to);
    assign(consumer, 0, 2);
    int seen[3] = {0, 0, 0};
    for (int count = 0; count < 6; count++) {
        tl_message_t *message = tl_consume_queue(to, 10000);
        seen[tl_message_partition(message)]++;
        tl_message_destroy(message);
    }
    CHECK(seen[0] == 3 && seen[1] == 3);
    for (int64_t offset = 0; offset < 3; offset++)
        expect(tl_consumer_poll(consumer, 10000), 2, offset);
    CHECK(tl_consumer_poll(consumer, 10) == NULL && tl_consume_queue(to, 10) == NULL);
    /* By way of the queue into that of the consumer, which is polled as before. */
    tl_queue_forward(to, own);
    assign(consumer, 0, 2);
    seen[0] = seen[1] = 0;
    for (int count = 0; count < 9; count++) {
        tl_message_t *message = tl_consumer_poll(consumer, 10000);
        CHECK(message != NULL);
        seen[tl_message_partition(message)]++;
        tl_message_destroy(message);
    }
    CHECK(seen[0] == 3 && seen[1] == 3 && seen[2] == 3);
    CHECK_OK(tl_consumer_close(consumer));
    CHECK(tl_consumer_poll(consumer, -1) == NULL);
    tl_queue_destroy(to), tl_queue_destroy(own), tl_queue_destroy(queues[0]), tl_queue_destroy(queues[1]);
    tl_destroy(consumer);
}

struct reader {
    pthread_t thread;
    tl_queue_t *queue;
    int32_t partition;
};

/* Reads what one partition gets, in a thread of its own. */
static void *read_along(void *argument) {
    const struct reader *reader = argument;
    for (int64_t offset = 0; offset < 200; offset++)
        expect(tl_consume_queue(reader->queue, 10000), reader->partition, offset);
    return NULL;
}

static void threads_read_one_partition_each(void) {
    tl_t *consumer = consumer_of("false");
    struct reader readers[4];
    assign(consumer, 0, 3);
    for (int32_t partition = 0; partition < 4; partition++) {
        struct reader *reader = &readers[partition];
        reader->partition = partition;
        reader->queue = tl_queue_get_partition(consumer, TOPIC, partition);
        tl_queue_forward(reader->queue, NULL);
        CHECK(pthread_create(&reader->thread, NULL, read_along, reader) == 0);
    }
    for (int number = 3; number < 200; number++)
        fill(number, number + 1);
    for (int32_t partition = 0; partition < 4; partition++) {
        CHECK(pthread_join(readers[partition].thread, NULL) == 0);
        tl_queue_destroy(readers[partition].queue);
    }
    CHECK(tl_consumer_poll(consumer, 10) == NULL);
    tl_destroy(consumer);
}

static void event_loops_are_told_of_a_partition(void) {
    tl_t *consumer = consumer_of("false");
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    tl_queue_t *queue = tl_queue_get_partition(consumer, TOPIC, 2);
    tl_queue_forward(queue, NULL);
    tl_queue_io_event_enable(queue, ends[1], "x", 1);
    assign(consumer, 2, 2);
    struct pollfd wait = {.fd = ends[0], .events = POLLIN};
    CHECK(poll(&wait, 1, 10000) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x');
    expect(tl_consume_queue(queue, 10000), 2, 0);
    tl_queue_destroy(queue);
    tl_destroy(consumer);
    close(ends[0]), close(ends[1]);
}

static void note(const tl_message_t *message, void *opaque) {
    int64_t *next = opaque;
    CHECK_OK(tl_message_err(message));
    CHECK(tl_message_offset(message) == (*next)++);
}

static void the_simple_consumer_starts_and_stops_partitions(void) {
    tl_t *consumer = consumer_of("true");
    tl_topic_t *topic = tl_topic_new(consumer, TOPIC, NULL);
    tl_message_t *messages[300];
    CHECK(tl_consume(topic, 0, 10) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK(tl_consume_start(topic, 0, 150) == 0);
    expect(tl_consume(topic, 0, 10000), 0, 150);
    CHECK(tl_consumer_poll(consumer, 10) == NULL);
    CHECK(tl_consume_batch(topic, 0, 10000, messages, 50) == 50);
    for (int64_t offset = 151; offset < 200; offset++)
        expect(messages[offset - 151], 0, offset);
    expect_end(messages[49], 0, 200);
    CHECK(tl_consume(topic, 0, 10) == NULL);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__TIMED_OUT);
    /* Once more from elsewhere, and another beside it. */
    CHECK(tl_consume_start(topic, 0, TL_OFFSET_TAIL(3)) == 0);
    CHECK(tl_consume_start(topic, 1, TL_OFFSET_BEGINNING) == 0);
    expect(tl_consume(topic, 0, 10000), 0, 197);
    expect(tl_consume(topic, 1, 10000), 1, 0);
    CHECK_OK(tl_seek(topic, 0, 199, 1000));
    expect(tl_consume(topic, 0, 10000), 0, 199);
    /* What was stored is committed, and found again. */
    CHECK(tl_consume_stop(topic, 0) == 0 && tl_consume_stop(topic, 1) == 0);
    CHECK(tl_consume_stop(topic, 1) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__UNKNOWN_PARTITION);
    CHECK(tl_consume_start(topic, 1, TL_OFFSET_STORED) == 0);
    expect(tl_consume(topic, 1, 10000), 1, 1);
    CHECK(tl_consume_start(topic, -1, 0) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__UNKNOWN_PARTITION);
    const int64_t nowhere[] = {-7, TL_OFFSET_INVALID};
    for (int number = 0; number < 2; number++) {
        CHECK(tl_consume_start(topic, 1, nowhere[number]) == -1);
        CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    }
    /* What is stored is what the application says, also while messages are stored as they are handed out. */
    CHECK_OK(tl_offset_store(topic, 1, 99));
    CHECK_ERR(tl_offset_store(topic, 2, 99), TL_RESP_ERR__STATE);
    CHECK(tl_consume_stop(topic, 1) == 0 && tl_consume_start(topic, 1, TL_OFFSET_STORED) == 0);
    expect(tl_consume(topic, 1, 10000), 1, 100);
    tl_topic_destroy(topic);
    tl_destroy(consumer);
    /* Without a group there is nowhere to store anything. */
    tl_t *alone = client_of(TL_CONSUMER, conf_of(ENGINE));
    topic = tl_topic_new(alone, TOPIC, NULL);
    CHECK(tl_consume_start(topic, 1, TL_OFFSET_STORED) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_consume_start(topic, 1, TL_OFFSET_TAIL(1)) == 0);
    expect(tl_consume(topic, 1, 10000), 1, 199);
    tl_topic_destroy(topic);
    tl_destroy(alone);
}

static tl_t *yielding;

static void note_and_yield(const tl_message_t *message, void *opaque) {
    note(message, opaque);
    tl_yield(NULL);
    tl_yield(yielding);
}

static void callbacks_hear_what_is_there(void) {
    tl_t *consumer = consumer_of("false");
    tl_topic_t *topic = tl_topic_new(consumer, TOPIC, NULL);
    tl_queue_t *queue = tl_queue_new(consumer);
    int64_t next = 0;
    CHECK(tl_consume_start(topic, 3, 0) == 0);
    yielding = consumer;
    CHECK(tl_consume_callback(topic, 3, 10000, note_and_yield, &next) == 1 && next == 1);
    CHECK(tl_consume_callback(topic, 3, 10000, note, &next) == 199 && next == 200);
    CHECK(tl_consume_callback(topic, 3, 10, note, &next) == 0);
    CHECK(tl_consume_callback(topic, 3, 10, NULL, NULL) == -1);
    CHECK(tl_consume_start_queue(topic, 2, 100, queue) == 0);
    next = 100;
    CHECK(tl_consume_callback_queue(queue, 10000, note, &next) == 100 && next == 200);
    CHECK(tl_consume_stop(topic, 2) == 0);
    /* The group of a consumer that has subscribed says what it reads. */
    subscribe_one(consumer, TOPIC);
    CHECK(tl_consume_start(topic, 0, 0) == -1);
    CHECK_ERR(tl_last_error(), TL_RESP_ERR__INVALID_ARG);
    tl_queue_destroy(queue);
    tl_topic_destroy(topic);
    tl_destroy(consumer);
    /* Producers have none of it. */
    topic = tl_topic_new(producer, TOPIC, NULL);
    CHECK(tl_consume_start(topic, 0, 0) == -1 && tl_queue_get_partition(producer, TOPIC, 0) == NULL);
    tl_topic_destroy(topic);
}

int main(void) {
    producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    create_topic(producer, TOPIC, 4);
    fill(0, 3);
    a_partition_that_is_forwarded_to_nobody_is_apart();
    partitions_are_forwarded_to_a_queue_or_to_the_consumer();
    threads_read_one_partition_each();
    event_loops_are_told_of_a_partition();
    the_simple_consumer_starts_and_stops_partitions();
    callbacks_hear_what_is_there();
    tl_destroy(producer);
    return 0;
}
