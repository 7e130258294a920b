// kafkajs: exactly once from one topic to another. Usage: node transactions.js BOOTSTRAP
const assert = require('node:assert');
const { Kafka, logLevel } = require('kafkajs');

const [SOURCE, TARGET, GROUP] = ['kafkajs-source', 'kafkajs-target', 'kafkajs-movers'];
const RECORDS = 300;

const kafka = new Kafka({ clientId: 'test', brokers: [process.argv[2]], logLevel: logLevel.ERROR });

async function create() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [SOURCE, TARGET].map((topic) => ({ topic, numPartitions: 2 })) });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const messages = [...Array(RECORDS).keys()].map((n) => ({ key: `${n % 10}`, value: `${n}` }));
  await producer.send({ topic: SOURCE, messages });
  await producer.disconnect();
}

async function transactional(transactionalId) {
  const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  return producer;
}

// Gives what arrives to `take`, until that says that it is enough.
async function consume(settings, topic, take) {
  const consumer = kafka.consumer(settings);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${topic} is not read to its end`)), 60_000).unref();
    const eachBatch = async (arrived) => {
      if (await take(arrived)) resolve();
    };
    consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
}

// Moves everything, 20 records a transaction; every third one is given up and done again.
async function move() {
  const mover = await transactional('kafkajs-mover');
  let [moved, rounds] = [0, 0];
  await consume({ groupId: GROUP }, SOURCE, async ({ batch, resolveOffset, heartbeat }) => {
    for (let at = 0; at < batch.messages.length; rounds += 1) {
      const messages = batch.messages.slice(at, at + 20);
      const next = `${BigInt(messages.at(-1).offset) + 1n}`;
      const transaction = await mover.transaction();
      await transaction.send({ topic: TARGET, messages: messages.map(({ key, value }) => ({ key, value })) });
      const topics = [{ topic: SOURCE, partitions: [{ partition: batch.partition, offset: next }] }];
      await transaction.sendOffsets({ consumerGroupId: GROUP, topics });
      if (rounds % 3 === 2) {
        await transaction.abort();
        continue;
      }
      await transaction.commit();
      resolveOffset(messages.at(-1).offset);
      await heartbeat();
      [at, moved] = [at + messages.length, moved + messages.length];
    }
    return moved === RECORDS;
  });
  await mover.disconnect();
}

// Values of the target that come before `last`, which ends both of its partitions.
async function read(groupId, readUncommitted, last) {
  const values = [];
  let ends = 0;
  await consume({ groupId, readUncommitted }, TARGET, async ({ batch, resolveOffset }) => {
    for (const { value, offset } of batch.messages) {
      if (value.toString() === last) ends += 1;
      else values.push(Number(value));
      resolveOffset(offset);
    }
    return ends === 2;
  });
  return values.sort((one, other) => one - other);
}

async function end(producer, last) {
  const messages = [0, 1].map((partition) => ({ partition, value: last }));
  const transaction = await producer.transaction();
  await transaction.send({ topic: TARGET, messages });
  await transaction.commit();
}

async function fence() {
  const old = await transactional('kafkajs-fenced');
  const stale = await old.transaction();
  await stale.send({ topic: TARGET, messages: [{ value: '-1' }] });
  const current = await transactional('kafkajs-fenced');
  await end(current, 'end of all');
  await assert.rejects(stale.commit(), /epoch|fenced/i);
  await current.disconnect();
  await old.disconnect();
}

async function main() {
  await create();
  await move();
  const marker = await transactional('kafkajs-marker');
  await end(marker, 'moved');
  await marker.disconnect();
  const all = [...Array(RECORDS).keys()];
  assert.deepStrictEqual(await read('committed', false, 'moved'), all);
  assert.ok((await read('uncommitted', true, 'moved')).length > RECORDS);
  const admin = kafka.admin();
  await admin.connect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId: GROUP, topics: [SOURCE] });
  assert.strictEqual(partitions.reduce((sum, { offset }) => sum + Number(offset), 0), RECORDS);
  await admin.disconnect();
  await fence();
  const committed = await read('again', false, 'end of all');
  assert.ok(!committed.includes(-1));
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
