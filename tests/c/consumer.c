/* Prints a topic's messages as a member of a group, up to the end: consumer DIRECTORY GROUP TOPIC */
#include <stdio.h>
#include <tidelog.h>

int main(int argc, char **argv) {
    char directory[4096], why[512];
    if (argc != 4)
        return fprintf(stderr, "usage: %s DIRECTORY GROUP TOPIC\n", argv[0]), 2;
    tl_conf_t *conf = tl_conf_new();
    snprintf(directory, sizeof directory, "tidelog:%s", argv[1]);
    tl_conf_set(conf, "bootstrap.servers", directory, NULL, 0);
    tl_conf_set(conf, "group.id", argv[2], NULL, 0);
    tl_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    tl_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
    tl_t *consumer = tl_new(TL_CONSUMER, conf, why, sizeof why);
    if (consumer == NULL)
        return fprintf(stderr, "%s\n", why), 1;
    tl_topic_partition_list_t *topics = tl_topic_partition_list_new(1);
    tl_topic_partition_list_add(topics, argv[3], TL_PARTITION_UA);
    tl_resp_err_t err = tl_subscribe(consumer, topics);
    tl_topic_partition_list_destroy(topics);
    for (int at_end = 0; !err && !at_end;) {
        tl_message_t *message = tl_consumer_poll(consumer, 1000);
        if (message == NULL)
            continue;
        size_t size;
        const char *value = tl_message_payload(message, &size);
        if (tl_message_err(message) == TL_RESP_ERR__PARTITION_EOF)
            at_end = 1;
        else if (tl_message_err(message))
            err = tl_message_err(message);
        else
            printf("%lld: %.*s\n", (long long)tl_message_offset(message), (int)size, value);
        tl_message_destroy(message);
    }
    if (err)
        fprintf(stderr, "%s\n", tl_err2str(err));
    tl_consumer_close(consumer);
    tl_destroy(consumer);
    return err != 0;
}
