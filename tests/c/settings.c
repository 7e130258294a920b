/* Settings: librdkafka's names, values and words; who owns them. */
#include "check.h"

static void properties_are_librdkafkas(void) {
    char why[512] = "", value[64];
    size_t size = sizeof value;
    tl_conf_t *conf = tl_conf_new();
    CHECK(tl_conf_set(conf, "linger.ms", "12", why, sizeof why) == TL_CONF_OK);
    CHECK(tl_conf_get(conf, "queue.buffering.max.ms", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "12");
    CHECK(size == 3);
    CHECK(tl_conf_get(conf, "linger.ms", NULL, &size) == TL_CONF_OK && size == 3);
    CHECK(tl_conf_set(conf, "no.such", "1", why, sizeof why) == TL_CONF_UNKNOWN);
    CHECK_TEXT(why, "No such configuration property: \"no.such\"");
    CHECK(tl_conf_set(conf, "acks", "seven", why, sizeof why) == TL_CONF_INVALID);
    CHECK(tl_conf_set(conf, "acks", "seven", NULL, 0) == TL_CONF_INVALID);
    CHECK(tl_conf_set(conf, "no.such", "1", why, 8) == TL_CONF_UNKNOWN);
    CHECK_TEXT(why, "No such");
    CHECK(tl_conf_get(conf, "no.such", value, &size) == TL_CONF_UNKNOWN);
    set(conf, "tidelog.log.retention.hours", "2");
    CHECK(tl_conf_set(conf, "tidelog.num.partitions", "0", why, sizeof why) == TL_CONF_INVALID);
    CHECK_TEXT(why, "Invalid value 0 for configuration tidelog.num.partitions: Value must be at least 1");
    CHECK(tl_conf_set(conf, "tidelog.no.such", "1", why, sizeof why) == TL_CONF_UNKNOWN);
    tl_conf_t *copy = tl_conf_dup(conf);
    set(conf, "linger.ms", "7");
    size = sizeof value;
    CHECK(tl_conf_get(copy, "linger.ms", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "12");
    size_t count, found = 0;
    const char **all = tl_conf_dump(copy, &count);
    CHECK(all != NULL && count > 100 && count % 2 == 0);
    for (size_t place = 0; place < count; place += 2)
        found += (strcmp(all[place], "queue.buffering.max.ms") == 0 && strcmp(all[place + 1], "12") == 0) ||
                 (strcmp(all[place], "tidelog.log.retention.hours") == 0 && strcmp(all[place + 1], "2") == 0);
    CHECK(found == 2);
    tl_conf_dump_free(all, count);
    const char *prefixes[] = {"queue.buffering.max.ms", "topic."};
    set(copy, "client.id", "mine");
    tl_conf_t *filtered = tl_conf_dup_filter(copy, 2, prefixes);
    size = sizeof value;
    CHECK(tl_conf_get(filtered, "linger.ms", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "5");
    size = sizeof value;
    CHECK(tl_conf_get(filtered, "client.id", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "mine");
    prefixes[0] = NULL;
    CHECK(tl_conf_dup_filter(copy, 2, prefixes) == NULL && tl_conf_dup_filter(copy, 1, NULL) == NULL);
    CHECK(tl_conf_dup_filter(NULL, 0, NULL) == NULL);
    tl_conf_destroy(filtered);
    tl_conf_destroy(conf);
    tl_conf_destroy(copy);
}

static void settings_that_contradict_each_other_leave_the_settings_to_the_caller(void) {
    char why[512];
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "enable.idempotence", "true");
    set(conf, "acks", "1");
    CHECK(tl_new(TL_PRODUCER, conf, why, sizeof why) == NULL);
    CHECK_TEXT(why, "`acks` must be set to `all` when `enable.idempotence` is true");
    set(conf, "acks", "all");
    tl_t *producer = client_of(TL_PRODUCER, conf);
    /* The settings are the producer's now. */
    CHECK(tl_conf_set(conf, "acks", "1", why, sizeof why) == TL_CONF_INVALID);
    CHECK_TEXT(why, "the conf has been destroyed, or is not one");
    tl_conf_destroy(conf);
    CHECK(strstr(tl_name(producer), "#producer-") != NULL);
    CHECK(tl_type(producer) == TL_PRODUCER);
    tl_destroy(producer);
}

/* What a producer's settings must not say is nothing to a consumer. */
static void a_consumer_is_not_held_to_the_rules_of_producers(void) {
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "enable.idempotence", "true");
    set(conf, "acks", "1");
    set(conf, "group.id", "g");
    char events[16];
    snprintf(events, sizeof events, "%d", TL_EVENT_STATS);
    set(conf, "enabled_events", events);
    set(conf, "statistics.interval.ms", "10");
    tl_t *consumer = client_of(TL_CONSUMER, conf);
    tl_poll_set_consumer(consumer);
    tl_queue_t *queue = tl_queue_get_consumer(consumer);
    tl_event_t *event = tl_queue_poll(queue, 10000);
    CHECK(tl_event_type(event) == TL_EVENT_STATS);
    tl_event_destroy(event);
    tl_queue_destroy(queue);
    tl_destroy(consumer);
}

static void topics_have_their_own(void) {
    char why[512], value[64];
    size_t size = sizeof value;
    tl_topic_conf_t *own = tl_topic_conf_new();
    CHECK(tl_topic_conf_set(own, "acks", "0", why, sizeof why) == TL_CONF_OK);
    CHECK(tl_topic_conf_set(own, "linger.ms", "0", why, sizeof why) == TL_CONF_UNKNOWN);
    CHECK(tl_topic_conf_get(own, "request.required.acks", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "0");
    tl_topic_conf_t *copy = tl_topic_conf_dup(own);
    tl_conf_t *conf = conf_of("tidelog::memory:");
    tl_conf_set_default_topic_conf(conf, copy);
    size = sizeof value;
    CHECK(tl_conf_get(conf, "acks", value, &size) == TL_CONF_OK);
    CHECK_TEXT(value, "0");
    tl_conf_destroy(conf);
    tl_topic_conf_destroy(own);
}

static int lines;

static void on_log(const tl_t *client, int level, const char *facility, const char *text) {
    CHECK(client != NULL && level == 4);
    CHECK_TEXT(facility, "CONFWARN");
    CHECK(strstr(text, "group.id") != NULL);
    lines++;
}

static void warnings_are_logged(void) {
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "group.id", "of no use to a producer");
    tl_conf_set_log_cb(conf, on_log);
    tl_conf_t *queued = tl_conf_dup(conf);
    tl_destroy(client_of(TL_PRODUCER, conf));
    CHECK(lines == 1);
    set(queued, "log.queue", "true");
    tl_t *producer = client_of(TL_PRODUCER, queued);
    CHECK(lines == 1 && tl_poll(producer, 1000) == 1 && lines == 2);
    CHECK(tl_wait_destroyed(10) == -1);
    tl_destroy(producer);
    CHECK(tl_wait_destroyed(10) == 0);
}

static void log_lines_may_have_a_queue(void) {
    tl_conf_t *conf = conf_of("tidelog::memory:");
    set(conf, "group.id", "of no use to a producer");
    set(conf, "log.queue", "true");
    tl_t *producer = client_of(TL_PRODUCER, conf);
    tl_queue_t *queue = tl_queue_new(producer);
    CHECK_OK(tl_set_log_queue(producer, NULL));
    CHECK_OK(tl_set_log_queue(producer, queue));
    CHECK(tl_poll(producer, 0) == 0);
    tl_event_t *event = tl_queue_poll(queue, 1000);
    CHECK(tl_event_type(event) == TL_EVENT_LOG);
    tl_event_destroy(event);
    tl_queue_destroy(queue);
    tl_destroy(producer);
    producer = client_of(TL_PRODUCER, conf_of("tidelog::memory:"));
    CHECK_ERR(tl_set_log_queue(producer, NULL), TL_RESP_ERR__NOT_CONFIGURED);
    unsigned char *memory = tl_mem_calloc(producer, 3, 5);
    for (int place = 0; place < 15; place++)
        CHECK(memory[place] == 0);
    tl_mem_free(producer, memory);
    tl_mem_free(NULL, tl_mem_malloc(NULL, 1));
    CHECK(tl_mem_calloc(NULL, (size_t)-1, 2) == NULL);
    tl_destroy(producer);
}

static void there_are_tables_of_words_and_errors(void) {
    const char *words = tl_get_debug_contexts();
    CHECK(strncmp(words, "generic,broker,", 15) == 0 && strstr(words, ",all") != NULL);
    tl_conf_t *conf = tl_conf_new();
    set(conf, "debug", words);
    tl_conf_destroy(conf);
    const tl_err_desc_t *errors;
    size_t count;
    tl_get_err_descs(&errors, &count);
    CHECK(count > 100);
    for (size_t place = 0; place < count; place++) {
        CHECK_TEXT(errors[place].name, tl_err2name(errors[place].code));
        CHECK_TEXT(errors[place].desc, tl_err2str(errors[place].code));
    }
    tl_get_err_descs(NULL, &count);
    tl_get_err_descs(&errors, NULL);
}

int main(void) {
    there_are_tables_of_words_and_errors();
    properties_are_librdkafkas();
    settings_that_contradict_each_other_leave_the_settings_to_the_caller();
    a_consumer_is_not_held_to_the_rules_of_producers();
    topics_have_their_own();
    warnings_are_logged();
    log_lines_may_have_a_queue();
    CHECK_TEXT(tl_err2name(TL_RESP_ERR__TIMED_OUT), "_TIMED_OUT");
    CHECK_TEXT(tl_err2str(TL_RESP_ERR__TIMED_OUT), "Local: Timed out");
    CHECK_TEXT(tl_err2name(TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART), "UNKNOWN_TOPIC_OR_PART");
    CHECK(TL_RESP_ERR__TIMED_OUT == -185 && TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART == 3);
    CHECK(tl_version() > 0 && strchr(tl_version_str(), '.') != NULL);
    return 0;
}
