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
)

const (
	topic   = "segmentio"
	records = 2000
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func expect(ok bool, format string, args ...any) {
	if !ok {
		check(fmt.Errorf(format, args...))
	}
}

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
		check(writer.WriteMessages(ctx, messages...))
		check(writer.Close())
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
				expect(len(message.Headers) == 1 && message.Headers[0].Key == "codec", "headers: %v", message.Headers)
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
			check(fmt.Errorf("only %d messages", len(seen)))
		}
	}
	for _, reader := range readers {
		check(reader.Close())
	}
}

func administrate(ctx context.Context, client *kafka.Client) {
	wanted := kafka.TopicConfig{Topic: topic, NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "3600000"}}}
	created, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	check(err)
	check(created.Errors[topic])
	again, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	check(err)
	expect(errors.Is(again.Errors[topic], kafka.TopicAlreadyExists), "creating it again: %v", again.Errors[topic])
	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	check(err)
	expect(len(metadata.Brokers) == 1 && len(metadata.Topics[0].Partitions) == 3, "metadata: %v", metadata)
	settings, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"retention.ms"}}}})
	check(err)
	expect(settings.Resources[0].ConfigEntries[0].ConfigValue == "3600000", "settings: %v", settings.Resources)
	grown, err := client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: 4}}})
	check(err)
	check(grown.Errors[topic])
}

func look(ctx context.Context, client *kafka.Client, group string) {
	listed, err := client.ListGroups(ctx, &kafka.ListGroupsRequest{})
	check(err)
	check(listed.Error)
	described, err := client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	check(err)
	check(described.Groups[0].Error)
	offsets, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0, 1, 2, 3}}})
	check(err)
	var sum int64
	for _, partition := range offsets.Topics[topic] {
		sum += max(partition.CommittedOffset, 0)
	}
	expect(sum == records, "committed: %d", sum)
	ends, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(0), kafka.FirstOffsetOf(0)}}})
	check(err)
	expect(ends.Topics[topic][0].LastOffset > 0 && ends.Topics[topic][0].FirstOffset == 0, "ends: %v", ends.Topics)
	for {
		deleted, err := client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{group}})
		check(err)
		if !errors.Is(deleted.Errors[group], kafka.NonEmptyGroup) {
			check(deleted.Errors[group])
			break
		}
		check(ctx.Err())
	}
}

// The calls that a producer of transactions is made of.
func transact(ctx context.Context, client *kafka.Client) {
	identity, err := client.InitProducerID(ctx, &kafka.InitProducerIDRequest{TransactionalID: "mover", TransactionTimeoutMs: 10000})
	check(err)
	check(identity.Error)
	expect(identity.Producer.ProducerID >= 0 && identity.Producer.ProducerEpoch >= 0, "identity: %v", identity.Producer)
	session := kafka.AddPartitionsToTxnRequest{TransactionalID: "mover", ProducerID: identity.Producer.ProducerID,
		ProducerEpoch: identity.Producer.ProducerEpoch, Topics: map[string][]kafka.AddPartitionToTxn{topic: {{Partition: 0}}}}
	added, err := client.AddPartitionsToTxn(ctx, &session)
	check(err)
	check(added.Topics[topic][0].Error)
	ended, err := client.EndTxn(ctx, &kafka.EndTxnRequest{TransactionalID: "mover", ProducerID: identity.Producer.ProducerID,
		ProducerEpoch: identity.Producer.ProducerEpoch, Committed: true})
	check(err)
	check(ended.Error)
}

// The older interface, which speaks to one partition.
func converse(ctx context.Context, bootstrap string) {
	conn, err := kafka.DialLeader(ctx, "tcp", bootstrap, topic, 0)
	check(err)
	before, err := conn.ReadLastOffset()
	check(err)
	_, err = conn.WriteMessages(kafka.Message{Value: []byte(strings.Repeat("x", 1000))})
	check(err)
	_, err = conn.Seek(before, kafka.SeekAbsolute)
	check(err)
	message, err := conn.ReadMessage(10_000)
	check(err)
	expect(len(message.Value) == 1000, "message: %v", message)
	check(conn.Close())
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
