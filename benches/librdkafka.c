/* librdkafka's producer against a server, or against librdkafka's own mock broker: messages per second.
 *
 * build: cc -O2 -o /tmp/librdkafka-bench benches/librdkafka.c -lrdkafka      (Debian: librdkafka-dev)
 * usage: librdkafka-bench HOST:PORT|mock ACKS SIZE COUNT [PROPERTY VALUE]...
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long delivered, failed;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    failed += message->err != 0;
    delivered++;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char error[512];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: %s HOST:PORT|mock ACKS SIZE COUNT [PROPERTY VALUE]...\n", argv[0]);
        return 2;
    }
    size_t size = strtoul(argv[3], NULL, 10);
    long count = strtol(argv[4], NULL, 10);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (strcmp(argv[1], "mock") == 0)
        set(conf, "test.mock.num.brokers", "1");
    else
        set(conf, "bootstrap.servers", argv[1]);
    set(conf, "acks", argv[2]);
    set(conf, "queue.buffering.max.messages", "1000000");
    set(conf, "queue.buffering.max.kbytes", "1000000");
    for (int place = 5; place + 1 < argc; place += 2)
        set(conf, argv[place], argv[place + 1]);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    char error[512];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (client == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, "bench", NULL);
    char *value = malloc(size);
    memset(value, 'x', size);
    /* The first messages wait for connections and metadata. */
    for (int number = 0; number < 10000; number++)
        rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL);
    rd_kafka_flush(client, 30000);
    delivered = failed = 0;
    double start = now();
    for (long number = 0; number < count; number++) {
        while (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL) != 0)
            rd_kafka_poll(client, 5);
        if (number % 1024 == 0)
            rd_kafka_poll(client, 0);
    }
    while (delivered < count)
        rd_kafka_poll(client, 10);
    double seconds = now() - start;
    printf("%.0f messages/s, %.1f MB/s, %ld failed\n", count / seconds, count / seconds * size / 1e6, failed);
    return failed != 0;
}
