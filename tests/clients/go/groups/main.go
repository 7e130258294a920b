// franz-go against a server. Usage: go run ./groups BOOTSTRAP
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tidelog/clients/must"
)

const (
	topic   = "franz"
	records = 5000
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	bootstrap := kgo.SeedBrokers(os.Args[1])
	client, err := kgo.NewClient(bootstrap, kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	must.Succeed(err)
	create := kmsg.NewPtrCreateTopicsRequest()
	wanted := kmsg.NewCreateTopicsRequestTopic()
	wanted.Topic, wanted.NumPartitions, wanted.ReplicationFactor = topic, 3, 1
	create.Topics = append(create.Topics, wanted)
	created, err := create.RequestWith(ctx, client)
	must.Succeed(err)
	if code := created.Topics[0].ErrorCode; code != 0 {
		must.Succeed(fmt.Errorf("creating the topic: error %d", code))
	}
	for number := range records {
		record := &kgo.Record{Key: fmt.Append(nil, number%50), Value: fmt.Append(nil, number)}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) { must.Succeed(err) })
	}
	must.Succeed(client.Flush(ctx))
	client.Close()

	// Two members share the group.
	seen := map[string]bool{}
	var members []*kgo.Client
	for range 2 {
		member, err := kgo.NewClient(bootstrap, kgo.ConsumerGroup("franz"), kgo.ConsumeTopics(topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
		must.Succeed(err)
		members = append(members, member)
	}
	for len(seen) < records {
		for _, member := range members {
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			fetches := member.PollFetches(short)
			cancel()
			must.Succeed(ctx.Err())
			fetches.EachRecord(func(record *kgo.Record) { seen[string(record.Value)] = true })
		}
	}
	for _, member := range members {
		must.Succeed(member.CommitUncommittedOffsets(ctx))
		member.Close()
	}
	fmt.Println("ok")
}
