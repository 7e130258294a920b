/* Clients that fail for good: what is told of it, and what is possible afterwards. */
#include "check.h"

#define ENGINE "tidelog::memory:failing"

static int told;

static void on_error(tl_t *client, int err, const char *reason, void *opaque) {
    (void)opaque;
    CHECK(client != NULL && err == TL_RESP_ERR__FATAL && strlen(reason) > 0);
    told++;
}

static void a_producer_refuses_messages_and_tells_why(void) {
    char why[256];
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "linger.ms", "60000");
    tl_conf_set_error_cb(conf, on_error);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    CHECK_OK(tl_producev(producer, TL_V_TOPIC("t"), TL_V_VALUE("lingers", 7), TL_V_END));
    CHECK_OK(tl_fatal_error(producer, NULL, 0));
    CHECK_ERR(tl_test_fatal_error(producer, TL_RESP_ERR_NO_ERROR, "none"), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_test_fatal_error(producer, (tl_resp_err_t)12345, "none"), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(tl_test_fatal_error(producer, TL_RESP_ERR__FENCED, NULL), TL_RESP_ERR__INVALID_ARG);
    CHECK_OK(tl_test_fatal_error(producer, TL_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a gap"));
    CHECK_ERR(tl_test_fatal_error(producer, TL_RESP_ERR__FENCED, "later"), TL_RESP_ERR__PREV_IN_PROGRESS);
    CHECK_ERR(tl_fatal_error(producer, why, sizeof why), TL_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    CHECK_TEXT(why, "test_fatal_error: a gap");
    CHECK(told == 0 && tl_poll(producer, 10000) > 0 && told == 1);
    CHECK_ERR(tl_producev(producer, TL_V_TOPIC("t"), TL_V_VALUE("v", 1), TL_V_END), TL_RESP_ERR__FATAL);
    CHECK_OK(tl_flush(producer, 10000));
    CHECK(tl_outq_len(producer) == 0 && told == 1);
    tl_destroy(producer);
    CHECK_ERR(tl_test_fatal_error(NULL, TL_RESP_ERR__FENCED, "nobody"), TL_RESP_ERR__INVALID_ARG);
}

static tl_t *member_of(const char *protocol, const char *group) {
    tl_conf_t *conf = conf_of(ENGINE);
    set(conf, "group.protocol", protocol);
    set(conf, "group.id", group);
    set(conf, "group.instance.id", "one");
    set(conf, "auto.offset.reset", "earliest");
    if (strcmp(protocol, "classic") == 0)
        set(conf, "heartbeat.interval.ms", "20");
    tl_t *member = client_of(TL_CONSUMER, conf);
    subscribe_one(member, "read");
    return member;
}

static int assigned_count(tl_t *member) {
    tl_topic_partition_list_t *list;
    CHECK_OK(tl_assignment(member, &list));
    int count = tl_topic_partition_list_cnt(list);
    tl_topic_partition_list_destroy(list);
    return count;
}

static tl_message_t *next_of(tl_t *member) {
    tl_message_t *message = tl_consumer_poll(member, 20000);
    CHECK(message != NULL);
    return message;
}

/* It has been told that it is of no use any more. */
static void expect_fatal(tl_t *member, tl_resp_err_t expected) {
    char why[256], text[512];
    tl_message_t *message = next_of(member);
    CHECK_ERR(tl_message_err(message), TL_RESP_ERR__FATAL);
    CHECK_ERR(tl_fatal_error(member, why, sizeof why), expected);
    snprintf(text, sizeof text, "Fatal error: %s: %s", tl_err2str(expected), why);
    CHECK_TEXT(tl_message_errstr(message), text);
    CHECK(tl_message_broker_id(message) == -1);
    tl_message_destroy(message);
    CHECK(tl_consumer_poll(member, 100) == NULL && assigned_count(member) == 0);
    assign_one(member, "read", 0, 0);
    CHECK(tl_consumer_poll(member, 100) == NULL && assigned_count(member) == 0);
    CHECK_ERR(tl_unsubscribe(member), TL_RESP_ERR__FATAL);
    CHECK_ERR(tl_commit(member, NULL, 0), TL_RESP_ERR__FATAL);
}

static void of_two_members_of_one_name_one_fails(const char *protocol, tl_resp_err_t expected) {
    tl_t *first = member_of(protocol, protocol);
    tl_message_t *message = next_of(first);
    CHECK_OK(tl_message_err(message));
    tl_message_destroy(message);
    tl_t *second = member_of(protocol, protocol);
    if (expected == TL_RESP_ERR_FENCED_INSTANCE_ID) {
        tl_message_destroy(next_of(second));
        expect_fatal(first, expected);
        CHECK(assigned_count(second) == 1);
    } else {
        expect_fatal(second, expected);
        CHECK(assigned_count(first) == 1);
    }
    tl_destroy(first);
    tl_destroy(second);
}

static void a_consumer_may_fail_for_a_test(void) {
    tl_t *member = member_of("classic", "test");
    tl_message_destroy(next_of(member));
    CHECK_OK(tl_test_fatal_error(member, TL_RESP_ERR_GROUP_MAX_SIZE_REACHED, "it is full"));
    CHECK_ERR(tl_test_fatal_error(member, TL_RESP_ERR_GROUP_MAX_SIZE_REACHED, ""), TL_RESP_ERR__PREV_IN_PROGRESS);
    expect_fatal(member, TL_RESP_ERR_GROUP_MAX_SIZE_REACHED);
    CHECK_OK(tl_consumer_close(member));
    CHECK_ERR(tl_test_fatal_error(member, TL_RESP_ERR__FENCED, "closed"), TL_RESP_ERR__STATE);
    tl_destroy(member);
}

static void the_error_may_come_as_an_event(void) {
    tl_conf_t *conf = conf_of(ENGINE);
    tl_conf_set_events(conf, TL_EVENT_ERROR);
    tl_t *producer = client_of(TL_PRODUCER, conf);
    tl_queue_t *main_queue = tl_queue_get_main(producer);
    CHECK_OK(tl_test_fatal_error(producer, TL_RESP_ERR__FENCED, "as if"));
    tl_event_t *event = tl_queue_poll(main_queue, 10000);
    CHECK(tl_event_type(event) == TL_EVENT_ERROR && tl_event_error_is_fatal(event));
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__FATAL);
    tl_event_destroy(event);
    tl_queue_destroy(main_queue);
    tl_destroy(producer);
    tl_t *member = member_of("classic", "event");
    tl_message_destroy(next_of(member));
    tl_queue_t *messages = tl_queue_get_consumer(member);
    CHECK_OK(tl_test_fatal_error(member, TL_RESP_ERR__FENCED, "as if"));
    event = tl_queue_poll(messages, 10000);
    CHECK(tl_event_type(event) == TL_EVENT_ERROR && tl_event_error_is_fatal(event));
    CHECK_ERR(tl_event_error(event), TL_RESP_ERR__FATAL);
    tl_event_destroy(event);
    tl_queue_destroy(messages);
    tl_destroy(member);
}

int main(void) {
    a_producer_refuses_messages_and_tells_why();
    tl_t *producer = client_of(TL_PRODUCER, conf_of(ENGINE));
    create_topic(producer, "read", 1);
    produce_text(producer, "read", NULL, "v");
    of_two_members_of_one_name_one_fails("classic", TL_RESP_ERR_FENCED_INSTANCE_ID);
    of_two_members_of_one_name_one_fails("consumer", TL_RESP_ERR_UNRELEASED_INSTANCE_ID);
    a_consumer_may_fail_for_a_test();
    the_error_may_come_as_an_event();
    tl_destroy(producer);
    return 0;
}
