// franz-go: exactly once from one topic to another, by two members of a group. Usage: go run ./transactions BOOTSTRAP
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tidelog/clients/must"
)

const (
	source, target = "franz-source", "franz-target"
	group          = "franz-movers"
	records        = 2000
)

var (
	bootstrap = kgo.SeedBrokers(os.Args[1])
	// Transactions that were committed, and those that were given up on purpose.
	commits, aborts atomic.Int64
	moved           atomic.Int64
)

func create(ctx context.Context) {
	client, err := kgo.NewClient(bootstrap, kgo.DefaultProduceTopic(source))
	must.Succeed(err)
	defer client.Close()
	create := kmsg.NewPtrCreateTopicsRequest()
	for _, topic := range []string{source, target} {
		wanted := kmsg.NewCreateTopicsRequestTopic()
		wanted.Topic, wanted.NumPartitions, wanted.ReplicationFactor = topic, 4, 1
		create.Topics = append(create.Topics, wanted)
	}
	created, err := create.RequestWith(ctx, client)
	must.Succeed(err)
	for _, topic := range created.Topics {
		must.Succeed(kerr.ErrorForCode(topic.ErrorCode))
	}
	for number := range records {
		record := &kgo.Record{Key: fmt.Append(nil, number%50), Value: fmt.Append(nil, number)}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) { must.Succeed(err) })
	}
	must.Succeed(client.Flush(ctx))
}

// Moves what comes until everything has been moved by all together; every third transaction is given up.
func move(ctx context.Context, name string) {
	session, err := kgo.NewGroupTransactSession(bootstrap, kgo.TransactionalID(name),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(source), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets())
	must.Succeed(err)
	defer session.Close()
	for round := 0; moved.Load() < records; {
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		fetches := session.PollRecords(short, 50)
		cancel()
		must.Succeed(ctx.Err())
		if fetches.NumRecords() == 0 {
			continue
		}
		round++
		must.Succeed(session.Begin())
		produced := kgo.AbortingFirstErrPromise(session.Client())
		fetches.EachRecord(func(record *kgo.Record) {
			moved := &kgo.Record{Topic: target, Key: record.Key, Value: record.Value}
			session.Produce(ctx, moved, produced.Promise())
		})
		wanted := kgo.TransactionEndTry(produced.Err() == nil && round%3 != 0)
		committed, err := session.End(ctx, wanted)
		must.Succeed(err)
		if committed {
			commits.Add(1)
			moved.Add(int64(fetches.NumRecords()))
		} else if wanted == kgo.TryAbort {
			aborts.Add(1)
		}
	}
}

// How often each value of the target is seen up to the end.
func read(ctx context.Context, level kgo.IsolationLevel) map[string]int {
	client, err := kgo.NewClient(bootstrap, kgo.ConsumeTopics(target), kgo.FetchIsolationLevel(level),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	must.Succeed(err)
	defer client.Close()
	list := kmsg.NewPtrListOffsetsRequest()
	list.IsolationLevel = 0
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = target
	for number := range int32(4) {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp = number, -1
		topic.Partitions = append(topic.Partitions, partition)
	}
	list.Topics = append(list.Topics, topic)
	ends, err := list.RequestWith(ctx, client)
	must.Succeed(err)
	missing := 0
	last := map[int32]int64{}
	for _, partition := range ends.Topics[0].Partitions {
		must.Succeed(kerr.ErrorForCode(partition.ErrorCode))
		last[partition.Partition] = partition.Offset - 1
		if partition.Offset > 0 {
			missing++
		}
	}
	seen := map[string]int{}
	for missing > 0 {
		fetches := client.PollFetches(ctx)
		must.Succeed(ctx.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			if !record.Attrs.IsControl() {
				seen[string(record.Value)]++
			}
			if record.Offset == last[record.Partition] {
				missing--
			}
		})
	}
	return seen
}

func fence(ctx context.Context) {
	transactional := func() *kgo.Client {
		client, err := kgo.NewClient(bootstrap, kgo.TransactionalID("franz-fenced"), kgo.DefaultProduceTopic(target))
		must.Succeed(err)
		return client
	}
	produce := func(client *kgo.Client, value string) error {
		if err := client.BeginTransaction(); err != nil {
			return err
		}
		return client.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr()
	}
	old, current := transactional(), transactional()
	defer old.Close()
	defer current.Close()
	must.Succeed(produce(old, "old"))
	// The first time this ends the transaction of the other one and is told to come again, which franz-go leaves to us.
	err := produce(current, "new")
	for errors.Is(err, kerr.ConcurrentTransactions) {
		err = produce(current, "new")
	}
	must.Succeed(err)
	must.Succeed(current.EndTransaction(ctx, kgo.TryCommit))
	err = old.EndTransaction(ctx, kgo.TryCommit)
	if !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced) {
		must.Succeed(fmt.Errorf("a fenced producer has ended its transaction with %v", err))
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	create(ctx)
	var members sync.WaitGroup
	for number := range 2 {
		members.Add(1)
		go func() {
			defer members.Done()
			move(ctx, fmt.Sprintf("franz-mover-%d", number))
		}()
	}
	members.Wait()
	committed := read(ctx, kgo.ReadCommitted())
	for number := range records {
		if times := committed[fmt.Sprint(number)]; times != 1 {
			must.Succeed(fmt.Errorf("%d is there %d times", number, times))
		}
	}
	total := 0
	for _, times := range read(ctx, kgo.ReadUncommitted()) {
		total += times
	}
	if commits.Load() == 0 || aborts.Load() == 0 || total <= records {
		must.Succeed(fmt.Errorf("%d commits, %d aborts, %d records", commits.Load(), aborts.Load(), total))
	}
	fence(ctx)
	if seen := read(ctx, kgo.ReadCommitted()); seen["old"] != 0 || seen["new"] != 1 {
		must.Succeed(fmt.Errorf("%d of old, %d of new", seen["old"], seen["new"]))
	}
	fmt.Println("ok")
}
