import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Produced;

/** Counts words with Kafka Streams. Usage: WordCount BOOTSTRAP STATE-DIRECTORY at_least_once|exactly_once_v2 */
public class WordCount {
    static final List<String> LINES = List.of("all streams lead to kafka", "hello kafka streams", "join kafka summit");
    static final Map<String, Long> EXPECTED = Map.of("kafka", 3L, "streams", 2L, "all", 1L, "summit", 1L);

    public static void main(String[] args) throws Exception {
        Map<String, Object> clients = Map.of("bootstrap.servers", args[0]);
        try (Admin admin = Admin.create(clients)) {
            admin.createTopics(List.of(new NewTopic("lines", 2, (short) 1), new NewTopic("counts", 2, (short) 1)))
                    .all().get();
        }
        try (var producer = new KafkaProducer<>(clients, new StringSerializer(), new StringSerializer())) {
            for (String line : LINES) {
                producer.send(new ProducerRecord<>("lines", line)).get();
            }
        }
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "word-count");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[1]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, args[2]);
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put("auto.offset.reset", "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        KTable<String, Long> counts = builder.<String, String>stream("lines")
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .groupBy((key, word) -> word)
                .count();
        counts.toStream().to("counts", Produced.with(Serdes.String(), Serdes.Long()));
        try (KafkaStreams streams = new KafkaStreams(builder.build(), settings)) {
            streams.start();
            await(args[0]);
        }
        System.out.println("ok");
    }

    static void await(String bootstrap) {
        Map<String, Object> settings =
                Map.of("bootstrap.servers", bootstrap, "group.id", "counts", "auto.offset.reset", "earliest");
        Map<String, Long> seen = new HashMap<>();
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new LongDeserializer())) {
            consumer.subscribe(List.of("counts"));
            while (!seen.entrySet().containsAll(EXPECTED.entrySet())) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("counted " + seen + ", expected " + EXPECTED);
                }
                consumer.poll(Duration.ofMillis(200)).forEach(record -> seen.put(record.key(), record.value()));
            }
        }
    }
}
