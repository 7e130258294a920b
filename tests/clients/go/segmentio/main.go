// segmentio's kafka-go against a server. Usage: go run ./segmentio BOOTSTRAP
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"tidelog/clients/must"
)

const (
	topic   = "segmentio"
	records = 2000
)

// All codecs; headers come back.
func produce(ctx context.Context, bootstrap string) {
	codecs := []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd}
	for at, codec := range codecs {
		writer := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Balancer: &kafka.Hash{}, Compression: codec,
			RequiredAcks: kafka.RequireAll, BatchTimeout: 5 * time.Millisecond}
		var messages []kafka.Message
		for number := at; number < records; number += len(codecs) {
			messages = append(messages, kafka.Message{Key: fmt.Append(nil, number%50), Value: fmt.Append(nil, number),
				Headers: []kafka.Header{{Key: "codec", Value: []byte(codec.String())}}})
		}
		must.Succeed(writer.WriteMessages(ctx, messages...))
		must.Succeed(writer.Close())
	}
}

// Two members share what is in the topic and commit it.
func consume(ctx context.Context, bootstrap, group string) {
	found := make(chan string, records)
	var readers []*kafka.Reader
	for range 2 {
		reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, GroupID: group, Topic: topic,
			MaxWait: 100 * time.Millisecond, StartOffset: kafka.FirstOffset, IsolationLevel: kafka.ReadCommitted})
		readers = append(readers, reader)
		go func() {
			for {
				message, err := reader.ReadMessage(ctx)
				if err != nil {
					return
				}
				must.Hold(len(message.Headers) == 1 && message.Headers[0].Key == "codec", "headers: %v", message.Headers)
				found <- string(message.Value)
			}
		}()
	}
	seen := map[string]bool{}
	for len(seen) < records {
		select {
		case value := <-found:
			seen[value] = true
		case <-ctx.Done():
			must.Succeed(fmt.Errorf("only %d messages", len(seen)))
		}
	}
	for _, reader := range readers {
		must.Succeed(reader.Close())
	}
}

func administrate(ctx context.Context, client *kafka.Client) {
	wanted := kafka.TopicConfig{Topic: topic, NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "3600000"}}}
	created, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	must.Succeed(err)
	must.Succeed(created.Errors[topic])
	again, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	must.Succeed(err)
	must.Hold(errors.Is(again.Errors[topic], kafka.TopicAlreadyExists), "creating it again: %v", again.Errors[topic])
	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	must.Succeed(err)
	must.Hold(len(metadata.Brokers) == 1 && len(metadata.Topics[0].Partitions) == 3, "metadata: %v", metadata)
	settings, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"retention.ms"}}}})
	must.Succeed(err)
	must.Hold(settings.Resources[0].ConfigEntries[0].ConfigValue == "3600000", "settings: %v", settings.Resources)
	grown, err := client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: 4}}})
	must.Succeed(err)
	must.Succeed(grown.Errors[topic])
}

func look(ctx context.Context, client *kafka.Client, group string) {
	listed, err := client.ListGroups(ctx, &kafka.ListGroupsRequest{})
	must.Succeed(err)
	must.Succeed(listed.Error)
	described, err := client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	must.Succeed(err)
	must.Succeed(described.Groups[0].Error)
	offsets, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0, 1, 2, 3}}})
	must.Succeed(err)
	var sum int64
	for _, partition := range offsets.Topics[topic] {
		sum += max(partition.CommittedOffset, 0)
	}
	must.Hold(sum == records, "committed: %d", sum)
	ends, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(0), kafka.FirstOffsetOf(0)}}})
	must.Succeed(err)
	must.Hold(ends.Topics[topic][0].LastOffset > 0 && ends.Topics[topic][0].FirstOffset == 0, "ends: %v", ends.Topics)
	for {
		deleted, err := client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{group}})
		must.Succeed(err)
		if !errors.Is(deleted.Errors[group], kafka.NonEmptyGroup) {
			must.Succeed(deleted.Errors[group])
			break
		}
		must.Succeed(ctx.Err())
	}
}

// The calls that a producer of transactions is made of.
func transact(ctx context.Context, client *kafka.Client) {
	identity, err := client.InitProducerID(ctx, &kafka.InitProducerIDRequest{TransactionalID: "mover", TransactionTimeoutMs: 10000})
	must.Succeed(err)
	must.Succeed(identity.Error)
	must.Hold(identity.Producer.ProducerID >= 0 && identity.Producer.ProducerEpoch >= 0, "identity: %v", identity.Producer)
	session := kafka.AddPartitionsToTxnRequest{TransactionalID: "mover", ProducerID: identity.Producer.ProducerID,
		ProducerEpoch: identity.Producer.ProducerEpoch, Topics: map[string][]kafka.AddPartitionToTxn{topic: {{Partition: 0}}}}
	added, err := client.AddPartitionsToTxn(ctx, &session)
	must.Succeed(err)
	must.Succeed(added.Topics[topic][0].Error)
	ended, err := client.EndTxn(ctx, &kafka.EndTxnRequest{TransactionalID: "mover", ProducerID: identity.Producer.ProducerID,
		ProducerEpoch: identity.Producer.ProducerEpoch, Committed: true})
	must.Succeed(err)
	must.Succeed(ended.Error)
}

// The older interface, which speaks to one partition.
func converse(ctx context.Context, bootstrap string) {
	conn, err := kafka.DialLeader(ctx, "tcp", bootstrap, topic, 0)
	must.Succeed(err)
	before, err := conn.ReadLastOffset()
	must.Succeed(err)
	_, err = conn.WriteMessages(kafka.Message{Value: []byte(strings.Repeat("x", 1000))})
	must.Succeed(err)
	_, err = conn.Seek(before, kafka.SeekAbsolute)
	must.Succeed(err)
	message, err := conn.ReadMessage(10_000)
	must.Succeed(err)
	must.Hold(len(message.Value) == 1000, "message: %v", message)
	must.Succeed(conn.Close())
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := &kafka.Client{Addr: kafka.TCP(os.Args[1])}
	administrate(ctx, client)
	produce(ctx, os.Args[1])
	consume(ctx, os.Args[1], "sharing")
	look(ctx, client, "sharing")
	transact(ctx, client)
	converse(ctx, os.Args[1])
	fmt.Println("ok")
}
