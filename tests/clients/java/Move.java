// Kafka's own clients (Java): move messages from topic a to topic b exactly once, in transactions, until their input ends.
//
// usage: Move.java BOOTSTRAP NOTES NAME PARTITIONS
//
// As clients/python/move.py does with librdkafka: now and then it aborts a transaction and goes back. Whoever kills it, its
// successor of the same name goes on where the group's committed offsets say. Topic b is there already, or somebody makes it.

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Move implements ConsumerRebalanceListener {
    static final double ABORTS = 0.25;
    static final Duration TURN = Duration.ofMillis(100);

    final Map<String, Object> settings;
    final Random random = new Random();
    final KafkaConsumer<byte[], byte[]> consumer;
    KafkaProducer<byte[], byte[]> producer;
    boolean changed = false;

    Move(Map<String, Object> common, String name) {
        settings = new HashMap<>(common);
        settings.put("transactional.id", "mover-" + name);
        settings.put("transaction.timeout.ms", 30_000);
        settings.put("linger.ms", 1);
        settings.put("max.block.ms", 10_000);
        newProducer();
        Map<String, Object> reading = new HashMap<>(common);
        reading.put("group.id", "movers");
        reading.put("session.timeout.ms", 1000);
        reading.put("heartbeat.interval.ms", 100);
        reading.put("auto.offset.reset", "earliest");
        reading.put("fetch.max.wait.ms", 50);
        reading.put("enable.auto.commit", false);
        reading.put("isolation.level", "read_committed");
        // One assignor that librdkafka's members have, too.
        reading.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
        consumer = new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("a"), this);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        changed = true;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        changed = true;
    }

    /** Makes a call again as long as its time is over first: the server may be away. */
    static void untilDone(Runnable call) {
        while (true) {
            try {
                call.run();
                return;
            } catch (TimeoutException away) {
                // Again.
            }
        }
    }

    void newProducer() {
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
        producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        untilDone(producer::initTransactions);
    }

    void turn() {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(TURN);
        if (changed) {
            // What was read before the change may be somebody else's now.
            changed = false;
            goBack();
        } else if (!records.isEmpty()) {
            move(records);
        }
    }

    void move(ConsumerRecords<byte[], byte[]> records) {
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        try {
            producer.beginTransaction();
            for (ConsumerRecord<byte[], byte[]> one : records) {
                byte[] key = Long.toString(one.offset()).getBytes();
                producer.send(new ProducerRecord<>("b", one.partition(), key, one.value()));
                TopicPartition place = new TopicPartition(one.topic(), one.partition());
                positions.put(place, new OffsetAndMetadata(one.offset() + 1));
            }
            untilDone(() -> producer.sendOffsetsToTransaction(positions, consumer.groupMetadata()));
            if (random.nextDouble() < ABORTS) {
                giveUp();
            } else {
                untilDone(producer::commitTransaction);
            }
        } catch (KafkaException error) {
            giveUp();
        }
    }

    void giveUp() {
        try {
            untilDone(producer::abortTransaction);
        } catch (KafkaException fatal) {
            newProducer();
        }
        goBack();
    }

    /** To what has been committed, of the partitions that are its own. */
    void goBack() {
        untilDone(() -> {
            Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(new HashSet<>(consumer.assignment()));
            committed.forEach((place, offset) -> consumer.seek(place, offset == null ? 0 : offset.offset()));
        });
    }

    static void createTarget(Map<String, Object> common, int partitions) throws InterruptedException {
        try (Admin admin = Admin.create(common)) {
            while (true) {
                try {
                    admin.createTopics(List.of(new NewTopic("b", partitions, (short) 1))).all().get();
                    return;
                } catch (ExecutionException error) {
                    if (error.getCause() instanceof TopicExistsException) {
                        return;
                    }
                }
            }
        }
    }

    /** A flag that is set once this process's input has ended. */
    static AtomicBoolean inputEnded() {
        AtomicBoolean ended = new AtomicBoolean();
        Thread listening = new Thread(() -> {
            try {
                System.in.readAllBytes();
            } catch (IOException broken) {
                // It has ended, too.
            }
            ended.set(true);
        });
        listening.setDaemon(true);
        listening.start();
        return ended;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> common = new HashMap<>();
        common.put("bootstrap.servers", arguments[0]);
        common.put("reconnect.backoff.ms", 5);
        common.put("reconnect.backoff.max.ms", 20);
        common.put("retry.backoff.ms", 5);
        AtomicBoolean ended = inputEnded();
        createTarget(common, Integer.parseInt(arguments[3]));
        Move mover = new Move(common, arguments[2]);
        while (!ended.get()) {
            mover.turn();
        }
        mover.consumer.close();
        mover.producer.close();
        System.out.println("ok");
    }
}
