// kafkajs against a server. Usage: node kafkajs.js BOOTSTRAP
const { CompressionTypes, Kafka, logLevel } = require('kafkajs');

const TOPIC = 'kafkajs';
const RECORDS = 2000;

async function main() {
  const kafka = new Kafka({ clientId: 'test', brokers: [process.argv[2]], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 2 }] });

  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const messages = [...Array(RECORDS).keys()].map((n) => ({ key: `${n % 10}`, value: `${n}` }));
  await producer.send({ topic: TOPIC, messages, compression: CompressionTypes.GZIP });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: 'kafkajs' });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const seen = new Set();
  const timer = setTimeout(() => {
    console.error(`only ${seen.size} of ${RECORDS} records came`);
    process.exit(1);
  }, 60_000);
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        seen.add(message.value.toString());
        if (seen.size === RECORDS) resolve();
      },
    });
  });
  clearTimeout(timer);
  await consumer.disconnect();

  const offsets = await admin.fetchTopicOffsets(TOPIC);
  const total = offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
  if (total !== RECORDS) throw new Error(`${total} records are in the log`);
  await admin.deleteTopics({ topics: [TOPIC] });
  await admin.disconnect();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
