/* A producer or a consumer in C: librdkafka's against a server or its own mock broker, and, compiled with -DTIDELOG,
 * tidelog's on an engine in the process. The source is the same: porting is a rename.
 *
 * build: cc -O2 -pthread -o librdkafka-bench benches/c/bench.c -lrdkafka      (Debian: librdkafka-dev)
 *        cc -O2 -pthread -DTIDELOG -o tidelog-bench benches/c/bench.c $(pkg-config --cflags --libs tidelog)
 * usage: ... SERVER|mock|tidelog:PATH WORKLOAD ACKS SIZE COUNT [PROPERTY VALUE]...
 *        WORKLOAD: produce (a callback for each delivery), flushed (none: delivered is what flush() says), produce2 and
 *        flushed2 (two threads, a partition each), single (one message in flight), consume (tidelog only)
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef TIDELOG
#include <tidelog.h>
#define rd_kafka_t tl_t
#define rd_kafka_topic_t tl_topic_t
#define rd_kafka_conf_t tl_conf_t
#define rd_kafka_message_t tl_message_t
#define rd_kafka_conf_new tl_conf_new
#define rd_kafka_conf_set tl_conf_set
#define rd_kafka_conf_set_dr_msg_cb tl_conf_set_dr_msg_cb
#define rd_kafka_new tl_new
#define rd_kafka_topic_new tl_topic_new
#define rd_kafka_produce tl_produce
#define rd_kafka_poll tl_poll
#define rd_kafka_flush tl_flush
#define rd_kafka_topic_destroy tl_topic_destroy
#define rd_kafka_destroy tl_destroy
#define RD_KAFKA_CONF_OK TL_CONF_OK
#define RD_KAFKA_PRODUCER TL_PRODUCER
#define RD_KAFKA_MSG_F_COPY TL_MSG_F_COPY
#define ERROR_OF(message) tl_message_err(message)
#define PARTITION_OF(message) tl_message_partition(message)
#else
#include <librdkafka/rdkafka.h>
#define ERROR_OF(message) ((message)->err)
#define PARTITION_OF(message) ((message)->partition)
#endif

static long failed, count;
/* By partition, far enough apart that two threads do not slow each other down. */
static struct {
    long count, unused[15];
} delivered[2];
static size_t size;
static char *value;
static rd_kafka_t *client;

static void on_delivery(rd_kafka_t *of, const rd_kafka_message_t *message, void *opaque) {
    (void)of, (void)opaque;
    if (ERROR_OF(message) != 0)
        failed++;
    __atomic_add_fetch(&delivered[PARTITION_OF(message) & 1].count, 1, __ATOMIC_RELAXED);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *text) {
    char error[512];
    if (rd_kafka_conf_set(conf, name, text, error, sizeof error) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
}

static rd_kafka_topic_t *topic;

static void *produce(void *partition) {
    for (long number = 0; number < count; number++) {
        while (rd_kafka_produce(topic, (int32_t)(size_t)partition, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL) != 0)
            rd_kafka_poll(client, 5);
        if (number % 1024 == 0)
            rd_kafka_poll(client, 0);
    }
    return NULL;
}

static void await(long wanted) {
    while (__atomic_load_n(&delivered[0].count, __ATOMIC_RELAXED) + __atomic_load_n(&delivered[1].count, __ATOMIC_RELAXED) < wanted)
        rd_kafka_poll(client, 10);
}

static int order(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void single(void) {
    double *waits = calloc((size_t)count, sizeof *waits);
    for (long number = 0; number < count; number++) {
        double start = now();
        rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL);
        await(number + 1);
        waits[number] = now() - start;
    }
    qsort(waits, (size_t)count, sizeof *waits, order);
    printf("%.2f us p50, %.2f us p99, %ld failed\n", waits[count / 2] * 1e6, waits[count * 99 / 100] * 1e6, failed);
    free(waits);
}

#ifdef TIDELOG
static void consume(const char *engine) {
    tl_conf_t *conf = tl_conf_new();
    set(conf, "bootstrap.servers", engine);
    set(conf, "check.crcs", "true");
    tl_t *consumer = tl_new(TL_CONSUMER, conf, NULL, 0);
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(list, "bench", 0), TL_OFFSET_BEGINNING);
    /* The second time memory is warm. */
    for (int round = 0; round < 2; round++) {
        tl_assign(consumer, list);
        size_t bytes = 0;
        long read = 0;
        double start = now();
        while (read < count) {
            tl_batch_view_t *view = tl_consume_batch_view(consumer, 1000);
            tl_record_t records[256];
            ssize_t got;
            while ((got = tl_batch_view_read(view, records, 256)) > 0) {
                for (ssize_t place = 0; place < got; place++)
                    bytes += records[place].len + (((const char *)records[place].payload)[0] == 'x');
                read += got;
            }
            tl_batch_view_destroy(view);
        }
        double seconds = now() - start;
        if (round == 1)
            printf("%.0f messages/s, %zu bytes\n", (double)read / seconds, bytes);
    }
    tl_topic_partition_list_destroy(list);
    tl_destroy(consumer);
}
#endif

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: %s SERVER|mock|tidelog:PATH WORKLOAD ACKS SIZE COUNT [PROPERTY VALUE]...\n", argv[0]);
        return 2;
    }
    const char *workload = argv[2];
    size = strtoul(argv[4], NULL, 10);
    count = strtol(argv[5], NULL, 10);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (strcmp(argv[1], "mock") == 0)
        set(conf, "test.mock.num.brokers", "1");
    else
        set(conf, "bootstrap.servers", argv[1]);
    set(conf, "acks", argv[3]);
    set(conf, "queue.buffering.max.messages", "1000000");
    set(conf, "queue.buffering.max.kbytes", "1000000");
    if (strcmp(workload, "single") == 0)
        set(conf, "linger.ms", "0");
#ifdef TIDELOG
    set(conf, "tidelog.num.partitions", workload[strlen(workload) - 1] == '2' ? "2" : "1");
#endif
    for (int place = 6; place + 1 < argc; place += 2)
        set(conf, argv[place], argv[place + 1]);
    int is_silent = strncmp(workload, "flushed", 7) == 0;
    if (!is_silent)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    char error[512];
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (client == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    topic = rd_kafka_topic_new(client, "bench", NULL);
    value = malloc(size + 1);
    memset(value, 'x', size + 1);
    /* The first messages wait for connections and metadata, and for memory to be warm. */
    for (int number = 0; number < 500000; number++)
        rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL);
    while (rd_kafka_flush(client, 30000) != 0) {
    }
    delivered[0].count = delivered[1].count = failed = 0;
    double start = now();
    if (strcmp(workload, "single") == 0) {
        single();
    } else {
        int threads = workload[strlen(workload) - 1] == '2' ? 2 : 1;
        pthread_t other;
        if (threads == 2)
            pthread_create(&other, NULL, produce, (void *)1);
        produce((void *)0);
        if (!is_silent)
            await(threads * count);
        if (threads == 2)
            pthread_join(other, NULL);
        while (rd_kafka_flush(client, 30000) != 0) {
        }
        double seconds = now() - start;
        if (strcmp(workload, "consume") != 0)
            printf("%.0f messages/s, %ld failed\n", (double)(threads * count) / seconds, failed);
    }
#ifdef TIDELOG
    if (strcmp(workload, "consume") == 0)
        consume(argv[1]);
#endif
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    free(value);
    return failed != 0;
}
