// The same from C++, with objects that destroy what they hold, and lambdas as callbacks.
#include <tidelog.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct Destroy {
    void operator()(tl_t *client) const { tl_destroy(client); }
    void operator()(tl_message_t *message) const { tl_message_destroy(message); }
    void operator()(tl_topic_partition_list_t *list) const { tl_topic_partition_list_destroy(list); }
};

using Client = std::unique_ptr<tl_t, Destroy>;
using Message = std::unique_ptr<tl_message_t, Destroy>;
using List = std::unique_ptr<tl_topic_partition_list_t, Destroy>;

static Client client_of(tl_type_t type, std::atomic<int> *delivered) {
    tl_conf_t *conf = tl_conf_new();
    tl_conf_set(conf, "bootstrap.servers", "tidelog::memory:cpp", nullptr, 0);
    tl_conf_set_opaque(conf, delivered);
    tl_conf_set_dr_msg_cb(conf, [](tl_t *, const tl_message_t *message, void *opaque) {
        *static_cast<std::atomic<int> *>(opaque) += tl_message_err(message) == TL_RESP_ERR_NO_ERROR;
    });
    return Client(tl_new(type, conf, nullptr, 0));
}

int main() {
    std::atomic<int> delivered{0};
    Client producer = client_of(TL_PRODUCER, &delivered);
    if (!producer)
        return 1;
    std::vector<std::thread> threads;
    for (int number = 0; number < 3; number++)
        threads.emplace_back([&] {
            std::string value = "from a thread";
            tl_producev(producer.get(), TL_V_TOPIC("t"), TL_V_PARTITION(0), TL_V_KEY("k", 1),
                        TL_V_VALUE(value.data(), value.size()), TL_V_OPAQUE(nullptr), TL_V_MSGFLAGS(0),
                        TL_V_TIMESTAMP(1), TL_V_HEADER("h", "x", 1), TL_V_END);
        });
    for (auto &thread : threads)
        thread.join();
    tl_topic_t *topic = tl_topic_new(producer.get(), "t", nullptr);
    if (tl_producev(producer.get(), TL_V_RKT(topic), TL_V_HEADERS(tl_headers_new(0)), TL_V_END))
        return 2;
    tl_topic_destroy(topic);
    if (tl_flush(producer.get(), 10000) || delivered != 4)
        return 3;
    Client consumer = client_of(TL_CONSUMER, &delivered);
    List list(tl_topic_partition_list_new(1));
    tl_topic_partition_set_offset(tl_topic_partition_list_add(list.get(), "t", 0), TL_OFFSET_BEGINNING);
    if (tl_assign(consumer.get(), list.get()))
        return 4;
    for (int number = 0; number < 4; number++) {
        Message message(tl_consumer_poll(consumer.get(), 10000));
        if (!message || tl_message_err(message.get()))
            return 5;
    }
    return 0;
}
