/* Produces the lines of standard input: producer DIRECTORY TOPIC */
#include <stdio.h>
#include <string.h>
#include <tidelog.h>

static void on_delivery(tl_t *producer, const tl_message_t *message, void *opaque) {
    (void)producer, (void)opaque;
    if (tl_message_err(message))
        fprintf(stderr, "not delivered: %s\n", tl_message_errstr(message));
    else
        printf("%s-%d at %lld\n", tl_message_topic_name(message), (int)tl_message_partition(message),
               (long long)tl_message_offset(message));
}

int main(int argc, char **argv) {
    char directory[4096], why[512], line[65536];
    if (argc != 3)
        return fprintf(stderr, "usage: %s DIRECTORY TOPIC\n", argv[0]), 2;
    tl_conf_t *conf = tl_conf_new();
    snprintf(directory, sizeof directory, "tidelog:%s", argv[1]);
    tl_conf_set(conf, "bootstrap.servers", directory, NULL, 0);
    tl_conf_set_dr_msg_cb(conf, on_delivery);
    tl_t *producer = tl_new(TL_PRODUCER, conf, why, sizeof why);
    if (producer == NULL)
        return fprintf(stderr, "%s\n", why), 1;
    tl_topic_t *topic = tl_topic_new(producer, argv[2], NULL);
    while (fgets(line, sizeof line, stdin)) {
        size_t size = strcspn(line, "\n");
        while (tl_produce(topic, TL_PARTITION_UA, TL_MSG_F_COPY, line, size, NULL, 0, NULL) != 0) {
            if (tl_last_error() != TL_RESP_ERR__QUEUE_FULL)
                return fprintf(stderr, "%s\n", tl_err2str(tl_last_error())), 1;
            tl_poll(producer, 100);
        }
        tl_poll(producer, 0);
    }
    tl_flush(producer, -1);
    tl_topic_destroy(topic);
    tl_destroy(producer);
    return 0;
}
