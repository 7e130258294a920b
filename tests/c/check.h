/* What the tests in C share: saying where something is not as it should be. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tidelog.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition,          \
                    tl_err2name(tl_last_error()));                                                           \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define CHECK_ERR(actual, expected)                                                                          \
    do {                                                                                                     \
        tl_resp_err_t is_ = (actual);                                                                        \
        if (is_ != (expected)) {                                                                             \
            fprintf(stderr, "%s:%d: %s is %s, not %s\n", __FILE__, __LINE__, #actual, tl_err2name(is_),      \
                    tl_err2name(expected));                                                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define CHECK_OK(actual) CHECK_ERR(actual, TL_RESP_ERR_NO_ERROR)

#define CHECK_TEXT(actual, expected)                                                                         \
    do {                                                                                                     \
        const char *is_ = (actual);                                                                          \
        if (is_ == NULL || strcmp(is_, (expected)) != 0) {                                                   \
            fprintf(stderr, "%s:%d: %s is \"%s\"\n", __FILE__, __LINE__, #actual, is_ ? is_ : "(NULL)");     \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* The code of an error object, which is gone then. */
static inline tl_resp_err_t code_of(tl_error_t *error) {
    tl_resp_err_t code = tl_error_code(error);
    tl_error_destroy(error);
    return code;
}

static inline void set(tl_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (tl_conf_set(conf, name, value, why, sizeof why) != TL_CONF_OK) {
        fprintf(stderr, "%s=%s: %s\n", name, value, why);
        exit(1);
    }
}

/* Settings of a client of the engine in memory of this name. */
static inline tl_conf_t *conf_of(const char *engine) {
    tl_conf_t *conf = tl_conf_new();
    set(conf, "bootstrap.servers", engine);
    return conf;
}

static inline tl_t *client_of(tl_type_t type, tl_conf_t *conf) {
    char why[512] = "";
    tl_t *client = tl_new(type, conf, why, sizeof why);
    if (client == NULL) {
        fprintf(stderr, "no client: %s\n", why);
        exit(1);
    }
    return client;
}

/* Has a consumer read a partition from an offset. */
static inline void assign_one(tl_t *consumer, const char *topic, int32_t partition, int64_t offset) {
    tl_topic_partition_list_t *list = tl_topic_partition_list_new(1);
    tl_topic_partition_set_offset(tl_topic_partition_list_add(list, topic, partition), offset);
    CHECK_OK(tl_assign(consumer, list));
    tl_topic_partition_list_destroy(list);
}

/* Has a consumer take part in its group for one topic. */
static inline void subscribe_one(tl_t *consumer, const char *topic) {
    tl_topic_partition_list_t *topics = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(topics, topic, TL_PARTITION_UA);
    CHECK_OK(tl_subscribe(consumer, topics));
    tl_topic_partition_list_destroy(topics);
}

/* Creates a topic and waits for it. */
static inline void create_topic(tl_t *client, const char *name, int partitions) {
    char why[256];
    tl_queue_t *queue = tl_queue_new(client);
    tl_NewTopic_t *topic = tl_NewTopic_new(name, partitions, 1, why, sizeof why);
    tl_CreateTopics(client, &topic, 1, NULL, queue);
    tl_event_t *event = tl_queue_poll(queue, 10000);
    CHECK_OK(tl_event_error(event));
    tl_event_destroy(event);
    tl_NewTopic_destroy(topic);
    tl_queue_destroy(queue);
}

/* Produces a text and waits for it. */
static inline void produce_text(tl_t *producer, const char *topic, const char *key, const char *value) {
    CHECK_OK(tl_producev(producer, TL_V_TOPIC(topic), TL_V_KEY(key, key ? strlen(key) : 0),
                         TL_V_VALUE(value, strlen(value)), TL_V_END));
    CHECK_OK(tl_flush(producer, 10000));
}

#endif
