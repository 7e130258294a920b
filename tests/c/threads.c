/* Four threads produce, each its own numbers, while two groups of two members read everything: threads ENGINE */
#include "check.h"

#include <pthread.h>

enum { PRODUCERS = 4, GROUPS = 2, MEMBERS = 2, EACH = 20000, PARTITIONS = 4 };

static const char *engine;
static tl_t *producer;
static long delivered;
static char seen[GROUPS][PRODUCERS][EACH];
static long read_by[GROUPS];
static pthread_mutex_t lock[GROUPS];

static void on_delivery(tl_t *client, const tl_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    CHECK_OK(tl_message_err(message));
    __atomic_add_fetch(&delivered, 1, __ATOMIC_RELAXED);
}

static void *produce(void *number) {
    int own = (int)(size_t)number;
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    for (int count = 0; count < EACH; count++) {
        int value[2] = {own, count};
        char key[16];
        int size = snprintf(key, sizeof key, "%d", count % 64);
        while (tl_produce(topic, TL_PARTITION_UA, 0, value, sizeof value, key, (size_t)size, NULL) != 0) {
            CHECK_ERR(tl_last_error(), TL_RESP_ERR__QUEUE_FULL);
            tl_poll(producer, 10);
        }
        if (count % 100 == 0)
            tl_poll(producer, 0);
    }
    tl_topic_destroy(topic);
    return NULL;
}

static void *consume(void *number) {
    int group = (int)(size_t)number % GROUPS;
    /* The last number of each producer in each partition: order is kept. Between members there is none: a partition may
       move while its last message is still in the first one's hands. */
    long last[PARTITIONS][PRODUCERS] = {{0}};
    char name[16];
    snprintf(name, sizeof name, "g%d", group);
    tl_conf_t *conf = conf_of(engine);
    set(conf, "group.id", name);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "heartbeat.interval.ms", "20");
    /* Nothing is read twice: what a member has stored is committed before it gives a partition up. */
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    subscribe_one(consumer, "t");
    for (;;) {
        tl_message_t *message = tl_consumer_poll(consumer, 20);
        pthread_mutex_lock(&lock[group]);
        if (message != NULL) {
            CHECK_OK(tl_message_err(message));
            size_t size;
            int value[2];
            const void *bytes = tl_message_payload(message, &size);
            CHECK(size == sizeof value);
            memcpy(value, bytes, size);
            CHECK(seen[group][value[0]][value[1]]++ == 0);
            long *before = &last[tl_message_partition(message)][value[0]];
            CHECK(*before < value[1] + 1);
            *before = value[1] + 1;
            read_by[group]++;
        }
        int done = read_by[group] == (long)PRODUCERS * EACH;
        pthread_mutex_unlock(&lock[group]);
        tl_message_destroy(message);
        if (done)
            break;
    }
    CHECK_OK(tl_consumer_close(consumer));
    tl_destroy(consumer);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[PRODUCERS + GROUPS * MEMBERS];
    CHECK(argc == 2);
    engine = argv[1];
    tl_conf_t *conf = conf_of(engine);
    set(conf, "queue.buffering.max.messages", "5000");
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    producer = client_of(TL_PRODUCER, conf);
    /* Who subscribes to what is not there yet is told so. */
    create_topic(producer, "t", 4);
    for (int group = 0; group < GROUPS; group++)
        pthread_mutex_init(&lock[group], NULL);
    for (size_t number = 0; number < PRODUCERS; number++)
        CHECK(pthread_create(&threads[number], NULL, produce, (void *)number) == 0);
    for (size_t number = 0; number < GROUPS * MEMBERS; number++)
        CHECK(pthread_create(&threads[PRODUCERS + number], NULL, consume, (void *)number) == 0);
    for (int number = 0; number < PRODUCERS; number++)
        pthread_join(threads[number], NULL);
    CHECK_OK(tl_flush(producer, 60000));
    CHECK(delivered == (long)PRODUCERS * EACH);
    for (int number = 0; number < GROUPS * MEMBERS; number++)
        pthread_join(threads[PRODUCERS + number], NULL);
    tl_destroy(producer);
    return 0;
}
