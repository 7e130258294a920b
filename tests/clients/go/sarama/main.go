// Sarama against a server. Usage: go run ./sarama BOOTSTRAP VERSION
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"tidelog/clients/must"
)

const (
	topic   = "sarama"
	copied  = "sarama-copied"
	records = 2000
)

func settings(version sarama.KafkaVersion) *sarama.Config {
	config := sarama.NewConfig()
	config.Version = version
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Group.Rebalance.Timeout = 5 * time.Second
	return config
}

// All codecs, by an idempotent producer; headers come back.
func produce(bootstrap []string, version sarama.KafkaVersion) {
	codecs := []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD}
	for at, codec := range codecs {
		config := settings(version)
		config.Producer.Compression = codec
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
		producer, err := sarama.NewSyncProducer(bootstrap, config)
		must.Succeed(err)
		var messages []*sarama.ProducerMessage
		for number := at; number < records; number += len(codecs) {
			messages = append(messages, &sarama.ProducerMessage{Topic: topic,
				Key: sarama.StringEncoder(fmt.Sprint(number % 50)), Value: sarama.StringEncoder(fmt.Sprint(number)),
				Headers: []sarama.RecordHeader{{Key: []byte("codec"), Value: []byte(codec.String())}}})
		}
		must.Succeed(producer.SendMessages(messages))
		must.Succeed(producer.Close())
	}
}

// A member of a group that notes what it sees, and commits it.
type member struct {
	lock sync.Mutex
	seen map[string]int
	done chan struct{}
	want int
}

func (*member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (member *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			member.lock.Lock()
			member.seen[string(message.Value)]++
			if len(member.seen) == member.want {
				close(member.done)
				member.want = -1
			}
			member.lock.Unlock()
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

// Several members share what is in a topic.
func consume(bootstrap []string, version sarama.KafkaVersion, name string, strategy sarama.BalanceStrategy) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	shared := &member{seen: map[string]int{}, done: make(chan struct{}), want: records}
	var running sync.WaitGroup
	var groups []sarama.ConsumerGroup
	for range 2 {
		config := settings(version)
		config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
		config.Consumer.IsolationLevel = sarama.ReadCommitted
		group, err := sarama.NewConsumerGroup(bootstrap, name, config)
		must.Succeed(err)
		groups = append(groups, group)
		running.Add(1)
		go func() {
			defer running.Done()
			for ctx.Err() == nil {
				if err := group.Consume(ctx, []string{topic}, shared); err != nil && !errors.Is(err, sarama.ErrClosedConsumerGroup) {
					must.Succeed(err)
				}
			}
		}()
	}
	select {
	case <-shared.done:
	case <-ctx.Done():
		must.Succeed(fmt.Errorf("%s saw %d of %d", name, len(shared.seen), records))
	}
	cancel()
	running.Wait()
	for _, group := range groups {
		must.Succeed(group.Close())
	}
}

func administrate(bootstrap []string, version sarama.KafkaVersion) {
	admin, err := sarama.NewClusterAdmin(bootstrap, settings(version))
	must.Succeed(err)
	retention := "3600000"
	detail := &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &retention}}
	must.Succeed(admin.CreateTopic(topic, detail, false))
	err = admin.CreateTopic(topic, detail, false)
	must.Hold(errors.Is(err, sarama.ErrTopicAlreadyExists), "creating it again: %v", err)
	must.Succeed(admin.CreatePartitions(topic, 4, nil, false))
	topics, err := admin.ListTopics()
	must.Succeed(err)
	must.Hold(topics[topic].NumPartitions == 4, "topics: %v", topics)
	described, err := admin.DescribeTopics([]string{topic})
	must.Succeed(err)
	must.Hold(len(described) == 1 && len(described[0].Partitions) == 4, "described: %v", described)
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	must.Succeed(err)
	must.Hold(len(entries) == 1 && entries[0].Value == retention, "settings: %v", entries)
	more := "7200000"
	if version.IsAtLeast(sarama.V2_3_0_0) {
		must.Succeed(admin.IncrementalAlterConfig(sarama.TopicResource, topic,
			map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &more}}, false))
	} else {
		must.Succeed(admin.AlterConfig(sarama.TopicResource, topic, map[string]*string{"retention.ms": &more}, false))
	}
	brokers, controller, err := admin.DescribeCluster()
	must.Succeed(err)
	must.Hold(len(brokers) == 1 && brokers[0].ID() == controller, "cluster: %v %v", brokers, controller)
	dirs, err := admin.DescribeLogDirs([]int32{controller})
	must.Succeed(err)
	must.Hold(len(dirs) == 1, "log dirs: %v", dirs)
	must.Succeed(admin.Close())
}

func groups(bootstrap []string, version sarama.KafkaVersion, name string) {
	admin, err := sarama.NewClusterAdmin(bootstrap, settings(version))
	must.Succeed(err)
	all, err := admin.ListConsumerGroups()
	must.Succeed(err)
	must.Hold(all[name] == "consumer", "groups: %v", all)
	described, err := admin.DescribeConsumerGroups([]string{name})
	must.Succeed(err)
	must.Hold(described[0].State == "Empty", "group: %v", described[0])
	offsets, err := admin.ListConsumerGroupOffsets(name, map[string][]int32{topic: {0, 1, 2, 3}})
	must.Succeed(err)
	var sum int64
	for partition := range int32(4) {
		sum += offsets.GetBlock(topic, partition).Offset
	}
	must.Hold(sum == records, "committed: %d", sum)
	if version.IsAtLeast(sarama.V2_4_0_0) {
		must.Succeed(admin.DeleteConsumerGroupOffset(name, topic, 0))
	}
	must.Succeed(admin.DeleteConsumerGroup(name))
	must.Succeed(admin.DeleteRecords(topic, map[int32]int64{0: 1}))
	client, err := sarama.NewClient(bootstrap, settings(version))
	must.Succeed(err)
	oldest, err := client.GetOffset(topic, 0, sarama.OffsetOldest)
	must.Succeed(err)
	must.Hold(oldest == 1, "oldest: %d", oldest)
	must.Succeed(client.Close())
	must.Succeed(admin.Close())
}

// One transaction is committed, one is not.
func transact(bootstrap []string, version sarama.KafkaVersion) {
	config := settings(version)
	config.Producer.Idempotent = true
	config.Producer.Transaction.ID = "mover"
	config.Net.MaxOpenRequests = 1
	producer, err := sarama.NewAsyncProducer(bootstrap, config)
	must.Succeed(err)
	for _, commits := range []bool{true, false, true} {
		must.Succeed(producer.BeginTxn())
		for number := range 10 {
			producer.Input() <- &sarama.ProducerMessage{Topic: copied, Partition: 0, Value: sarama.StringEncoder(fmt.Sprint(commits, number))}
		}
		for range 10 {
			select {
			case <-producer.Successes():
			case err := <-producer.Errors():
				must.Succeed(err)
			}
		}
		place := map[string][]*sarama.PartitionOffsetMetadata{topic: {{Partition: 1, Offset: 7}}}
		must.Succeed(producer.AddOffsetsToTxn(place, "moved"))
		if commits {
			must.Succeed(producer.CommitTxn())
		} else {
			must.Succeed(producer.AbortTxn())
		}
	}
	must.Succeed(producer.Close())
	reading := settings(version)
	reading.Consumer.IsolationLevel = sarama.ReadCommitted
	consumer, err := sarama.NewConsumer(bootstrap, reading)
	must.Succeed(err)
	partition, err := consumer.ConsumePartition(copied, 0, sarama.OffsetOldest)
	must.Succeed(err)
	for count := range 20 {
		select {
		case message := <-partition.Messages():
			must.Hold(string(message.Value) == fmt.Sprint(true, count%10), "message %d: %s", count, message.Value)
		case <-time.After(20 * time.Second):
			must.Succeed(fmt.Errorf("only %d messages of transactions", count))
		}
	}
	must.Succeed(partition.Close())
	must.Succeed(consumer.Close())
}

func main() {
	bootstrap := os.Args[1:2]
	version, err := sarama.ParseKafkaVersion(os.Args[2])
	must.Succeed(err)
	administrate(bootstrap, version)
	produce(bootstrap, version)
	consume(bootstrap, version, "range", sarama.NewBalanceStrategyRange())
	consume(bootstrap, version, "sticky", sarama.NewBalanceStrategySticky())
	groups(bootstrap, version, "range")
	transact(bootstrap, version)
	fmt.Println("ok")
}
