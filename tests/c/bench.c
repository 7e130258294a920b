/* How fast this machine is: bench DIRECTORY|: ACKS SIZE COUNT     (":" is an engine in memory) */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidelog.h>
#include <time.h>

static const char *engine;
static long delivered;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void on_delivery(tl_t *client, const tl_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    delivered += tl_message_err(message) == TL_RESP_ERR_NO_ERROR;
}

static tl_t *client_of(tl_type_t type, const char *name, const char *value) {
    char bootstrap[4096], why[512];
    tl_conf_t *conf = tl_conf_new();
    if (strcmp(engine, ":") == 0)
        strcpy(bootstrap, "tidelog::memory:bench");
    else
        snprintf(bootstrap, sizeof bootstrap, "tidelog:%s", engine);
    tl_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
    tl_conf_set(conf, name, value, NULL, 0);
    tl_conf_set(conf, "queue.buffering.max.messages", "1000000", NULL, 0);
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_t *client = tl_new(type, conf, why, sizeof why);
    if (client == NULL) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return client;
}

static double produce(tl_t *producer, void *value, size_t size, long count) {
    tl_topic_t *topic = tl_topic_new(producer, "bench", NULL);
    delivered = 0;
    double start = now();
    for (long number = 0; number < count; number++) {
        while (tl_produce(topic, 0, TL_MSG_F_COPY, value, size, NULL, 0, NULL) != 0)
            tl_poll(producer, 5);
        if (number % 1024 == 0)
            tl_poll(producer, 0);
    }
    while (delivered < count)
        tl_poll(producer, 10);
    double seconds = now() - start;
    tl_topic_destroy(topic);
    return seconds;
}

/* Reads `count` records through views of whole batches. */
static double consume(long count) {
    tl_t *consumer = client_of(TL_CONSUMER, "check.crcs", "true");
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(list, "bench", 0), TL_OFFSET_BEGINNING);
    tl_assign(consumer, list);
    tl_topic_partition_list_destroy(list);
    size_t bytes = 0;
    double start = now();
    for (long read = 0; read < count;) {
        tl_batch_view_t *view = tl_consume_batch_view(consumer, 1000);
        tl_record_t records[512];
        ssize_t got;
        while ((got = tl_batch_view_read(view, records, 512)) > 0)
            for (ssize_t place = 0; place < got; place++, read++)
                bytes += records[place].len;
        tl_batch_view_destroy(view);
    }
    double seconds = now() - start;
    tl_destroy(consumer);
    return bytes == 0 ? 0 : seconds;
}

static int order(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
    enum { SINGLE = 1000 };
    static double waits[SINGLE];
    if (argc != 5)
        return fprintf(stderr, "usage: %s DIRECTORY|: ACKS SIZE COUNT\n", argv[0]), 2;
    engine = argv[1];
    size_t size = strtoul(argv[3], NULL, 10);
    long count = strtol(argv[4], NULL, 10);
    char *value = malloc(size + 1);
    memset(value, 'x', size + 1);
    tl_t *producer = client_of(TL_PRODUCER, "acks", argv[2]);
    produce(producer, value, size, 10000);
    printf("produced: %.0f messages/s\n", (double)count / produce(producer, value, size, count));
    printf("consumed: %.0f messages/s\n", (double)count / consume(count));
    tl_destroy(producer);
    producer = client_of(TL_PRODUCER, "linger.ms", "0");
    for (int number = 0; number < SINGLE; number++)
        waits[number] = produce(producer, value, size, 1);
    qsort(waits, SINGLE, sizeof waits[0], order);
    printf("one in flight: %.1f us\n", waits[SINGLE / 2] * 1e6);
    tl_destroy(producer);
    free(value);
    return 0;
}
