/* Engines that are opened by themselves: kept, listening, telling figures. */
#include "check.h"

static void an_engine_stays_while_clients_come_and_go(void) {
    char why[512];
    tl_conf_t *conf = conf_of("tidelog::memory:kept");
    tl_engine_t *engine = tl_engine_open(conf, why, sizeof why);
    CHECK(engine != NULL);
    CHECK_TEXT(tl_engine_bootstrap_servers(engine), "tidelog::memory:kept");
    tl_t *producer = client_of(TL_PRODUCER, conf_of(tl_engine_bootstrap_servers(engine)));
    produce_text(producer, "t", "k", "v");
    tl_destroy(producer);
    tl_t *consumer = client_of(TL_CONSUMER, conf_of("tidelog::memory:kept"));
    assign_one(consumer, "t", 0, TL_OFFSET_BEGINNING);
    tl_message_t *message = tl_consumer_poll(consumer, 10000);
    CHECK_OK(tl_message_err(message));
    tl_message_destroy(message);
    tl_destroy(consumer);
    char *figures = tl_engine_stats(engine);
    CHECK(strstr(figures, "tidelog_") != NULL && strstr(figures, "topic=\"t\"") != NULL);
    tl_mem_free(NULL, figures);
    tl_engine_close(engine);
    tl_engine_close(engine);
    CHECK(tl_engine_bootstrap_servers(engine) == NULL && tl_engine_stats(engine) == NULL);
    set(conf, "bootstrap.servers", "tidelog::memory:");
    CHECK(tl_engine_open(conf, why, sizeof why) == NULL && strstr(why, "needs a name") != NULL);
    set(conf, "bootstrap.servers", "");
    CHECK(tl_engine_open(conf, why, sizeof why) == NULL && strstr(why, "must name an engine") != NULL);
    tl_conf_destroy(conf);
    CHECK(tl_engine_open(conf, why, sizeof why) == NULL);
}

static void an_engine_listens(void) {
    char why[512];
    tl_conf_t *conf = conf_of("tidelog::memory:listening");
    tl_engine_t *engine = tl_engine_open(conf, why, sizeof why);
    const char *anywhere[] = {"0.0.0.0:0"}, *here[] = {"127.0.0.1:0"}, *nowhere[] = {"no address"};
    CHECK_ERR(code_of(tl_engine_listen(engine, anywhere, 1, NULL, 0)), TL_RESP_ERR__CRIT_SYS_RESOURCE);
    CHECK_ERR(code_of(tl_engine_listen(engine, nowhere, 1, NULL, 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_engine_listen(engine, here, 0, NULL, 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK_ERR(code_of(tl_engine_listen(engine, here, 1, "no port", 0)), TL_RESP_ERR__INVALID_ARG);
    CHECK(tl_engine_address(engine, 0) == NULL);
    CHECK(code_of(tl_engine_listen(engine, here, 1, NULL, 0)) == 0);
    CHECK(strncmp(tl_engine_address(engine, 0), "127.0.0.1:", 10) == 0 && tl_engine_address(engine, 1) == NULL);
    CHECK_ERR(code_of(tl_engine_listen(engine, here, 1, NULL, 0)), TL_RESP_ERR__CRIT_SYS_RESOURCE);
    char *figures = tl_engine_stats(engine);
    CHECK(strstr(figures, "connection_count") != NULL);
    tl_mem_free(NULL, figures);
    tl_engine_close(engine);
    tl_conf_destroy(conf);
}

int main(void) {
    an_engine_stays_while_clients_come_and_go();
    an_engine_listens();
    return 0;
}
