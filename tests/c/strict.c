/* The header alone, as strictly as C99 goes: every macro and a call of each kind. */
#include <tidelog.h>

#include <string.h>

int main(void) {
    char why[128];
    tl_conf_t *conf = tl_conf_new();
    if (tl_conf_set(conf, "bootstrap.servers", "tidelog::memory:", why, sizeof why) != TL_CONF_OK)
        return 1;
    tl_t *producer = tl_new(TL_PRODUCER, conf, why, sizeof why);
    tl_topic_t *topic = tl_topic_new(producer, "t", NULL);
    tl_headers_t *headers = tl_headers_new(1);
    tl_header_add(headers, "h", -1, "x", 1);
    tl_resp_err_t first = tl_producev(producer, TL_V_RKT(topic), TL_V_PARTITION(0), TL_V_KEY("k", 1), TL_V_VALUE("v", 1),
                                      TL_V_OPAQUE(why), TL_V_MSGFLAGS(TL_MSG_F_COPY), TL_V_TIMESTAMP(1),
                                      TL_V_HEADERS(headers), TL_V_END);
    tl_resp_err_t second = tl_producev(producer, TL_V_TOPIC("t"), TL_V_HEADER("h", "x", -1), TL_V_END);
    tl_resp_err_t flushed = tl_flush(producer, 10000);
    int64_t tail = TL_OFFSET_TAIL(5);
    tl_topic_destroy(topic);
    tl_destroy(producer);
    return first || second || flushed || tail != -2005 || strlen(tl_version_str()) == 0;
}
