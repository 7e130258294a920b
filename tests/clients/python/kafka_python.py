"""kafka-python against a server.

usage: kafka_python.py BOOTSTRAP
"""

import sys

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

BOOTSTRAP = sys.argv[1]
TOPIC = "kafka-python"
RECORDS = 3_000


def main():
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(TOPIC, 2, 1)])
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type="gzip")
    sent = [producer.send(TOPIC, key=b"%d" % number, value=b"v%d" % number) for number in range(RECORDS)]
    producer.flush()
    assert all(one.get(30).offset >= 0 for one in sent)
    settings = dict(group_id="kafka-python", auto_offset_reset="earliest", consumer_timeout_ms=30_000)
    consumer = KafkaConsumer(TOPIC, bootstrap_servers=BOOTSTRAP, **settings)
    values = set()
    for message in consumer:
        values.add(message.value)
        if len(values) == RECORDS:
            break
    assert values == {b"v%d" % number for number in range(RECORDS)}
    consumer.commit()
    assert sum(consumer.end_offsets(consumer.assignment()).values()) == RECORDS
    consumer.close()
    admin.delete_topics([TOPIC])
    admin.close()
    print("ok")


main()
