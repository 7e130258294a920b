"""What test_differential.py runs with either package: prints one line for each call, what came of it."""

import importlib
import json
import sys

name = sys.argv[1]
kafka = importlib.import_module(name)
admin = importlib.import_module(f"{name}.admin")
K, E, M, T = kafka.KafkaError, kafka.KafkaException, kafka.Message, kafka.TopicPartition
MOCK = {"test.mock.num.brokers": 1, "log_level": 0}


def show(value):
    if isinstance(value, (list, tuple)):
        return [show(one) for one in value]
    if isinstance(value, (type(None), bool, int, float, str)):
        return value
    if isinstance(value, (bytes, T, K)):
        return repr(value)
    return type(value).__name__


def outcome(call):
    try:
        return ["returns", show(call())]
    except TypeError:
        return ["raises", "TypeError"]  # the texts are the interpreter's
    except E as error:
        return ["raises", "KafkaException", repr(error.args[0])]
    except Exception as error:
        return ["raises", type(error).__name__, str(error)]


def configs(make, base):
    for settings in [
        {"foo": 1},
        {"linger.ms": "x"},
        {"linger.ms": 1e8},
        {"linger.ms": None},
        {"linger.ms": True},
        {"client.id": None},
        {"acks": "all"},
        {"acks": 5000},
        {"compression.type": "foo"},
        {"enable.idempotence": "x"},
        {"enable.idempotence": True, "acks": 1},
        {"enable.idempotence": True, "max.in.flight": 6},
        {"transactional.id": "x", "enable.idempotence": False},
        {"message.timeout.ms": 1, "linger.ms": 5},
        {"partitioner": "murmur"},
        {"dr_cb": "x"},
        {"security.protocol": "foo"},
        {"session.timeout.ms": 900000},
        {"partition.assignment.strategy": "foo"},
        {"auto.offset.reset": "foo"},
        {"fetch.max.bytes": 1, "message.max.bytes": 2000},
        {"default.topic.config": {"acks": "x"}},
        {"default.topic.config": {"foo": "x"}},
        {"on_delivery": 5},
        {"on_commit": 5},
        {"error_cb": None},
        {"stats_cb": 5},
        {"throttle_cb": 5},
        {"delivery.report.only.error": 1},
        {5: 5},
        {b"a": b"b"},
    ]:
        yield f"{make.__name__}({settings})", lambda settings=settings: make({**base, "log_level": 0, **settings}) and "made"


def values():
    for call in [
        "K(0)", "K(3)", "K(-185)", "K(12345)", "K(12345).name()", "K(3, 'why', True, True, True)", "K()", "K('x')", "K(3, 5)",
        "K(3).code()", "K(3).str()", "K(3).fatal()", "K(3) == 3", "K(3) < K(4)", "3 == K(3)", "hash(K(3))", "bool(K(0))",
        "M().timestamp()", "M().partition()", "M().offset()", "M().latency()", "len(M())", "M(topic='t').topic()",
        "M(value='abc').value()", "M(offset=-5).offset()", "M(timestamp=(1, 5)).timestamp()", "M(latency=0.5).latency()",
        "hash(M())", "M() < M()", "M() == 5", "M() != 5", "M() == M()", "M(key=b'a') == M(key=b'b')", "M(1).topic()",
        "M(delivery_count=5).delivery_count()", "M(leader_epoch=-1).leader_epoch()", "len(M(value=b'abc'))",
        "T('a')", "T()", "T(1)", "T('a', 'b')", "T('a', 1, 2, 'm', 3)", "T('a', metadata=None)", "T('a', offset=None)",
        "hash(T('a', 1)) == hash('a') ^ 1", "T('a', 1) < T('a', 2)", "T('a', 1) == T('a', 1, 5)", "T('a', leader_epoch=-1).leader_epoch",
        "T('a', 1, 2, 'm').metadata", "T('a').error", "sorted([T('b'), T('a', 2), T('a', 1)])",
        "str(kafka.Uuid(1, 2))", "kafka.Uuid()", "kafka.Uuid(-1, 5).get_most_significant_bits()",
        "kafka.murmur2(b'x', 10)", "kafka.consistent(b'x', 10)", "kafka.fnv1a(b'x', 10)", "kafka.murmur2(b'x', 0)", "kafka.murmur2('x', 1)",
        "kafka.OFFSET_BEGINNING, kafka.OFFSET_END, kafka.OFFSET_STORED, kafka.OFFSET_INVALID",
        "admin.NewTopic('a')", "admin.NewTopic('a', 3)", "admin.NewTopic('a', 'x')", "admin.NewTopic('a', config=None)",
        "admin.NewTopic('a', 3) == admin.NewTopic('a', 3)", "admin.NewPartitions('a', 5)", "admin.NewPartitions('a')",
        "admin.ConfigResource('topic', 'a')", "admin.ConfigResource('foo', 'a')", "admin.ConfigResource('topic', None)",
        "admin.ConfigResource('topic', 'a') == admin.ConfigResource(2, 'a')", "str(admin.ConfigEntry('a', 'b'))",
    ]:  # fmt: skip
        yield call, lambda call=call: repr(eval(call)) if call.startswith(("admin.", "K(", "T(")) else eval(call)


def producer():
    p = kafka.Producer(MOCK)
    errors = []
    yield "produce", lambda: p.produce("t", "v", "k", headers={"a": "b"}, on_delivery=lambda e, m: errors.append([show(e), m.value(), m.headers()]))
    yield "flush", lambda: p.flush(20)
    yield "report", lambda: repr(errors)
    for arguments in ["", "5", "'t', 5", "'t', key=5", "'t', 'v', partition=None", "'t', 'v', timestamp=None", "'t', 'v', headers=5",
                      "'t', 'v', headers=[('a',)]", "'t', 'v', headers=[('a', 5)]", "'t', 'v', headers=[]", "'t', 'v', headers={'a': None}",
                      "'t\\0', 'v'", "'t', '\\udc80'", "'t', b'x' * 2000000", "'t', 'v', foo=1", "'t', 'v', partition=99"]:  # fmt: skip
        yield f"produce({arguments})", lambda arguments=arguments: eval(f"p.produce({arguments})", {"p": p})
    yield "flush", lambda: p.flush(20)
    yield "flush(None)", lambda: p.flush(None)
    yield "poll('x')", lambda: p.poll("x")
    yield "poll", lambda: p.poll(0)
    yield "len", lambda: len(p)
    yield "bool", lambda: bool(p)
    for messages in ["5", "({},)", "[5]", "[]", "[{'value': 5}]", "[{'value': b'x'}, {'key': 'k'}]"]:
        yield f"produce_batch({messages})", lambda messages=messages: p.produce_batch("t", eval(messages))
    yield "flush", lambda: p.flush(20)
    yield "begin_transaction", p.begin_transaction
    yield "init_transactions", p.init_transactions
    yield "send_offsets_to_transaction", lambda: p.send_offsets_to_transaction([], None)
    yield "set_sasl_credentials", lambda: p.set_sasl_credentials("a", None)
    yield "list_topics", lambda: [p.list_topics("nope", 5).topics["nope"].error, p.list_topics(5)]
    yield "purge", p.purge
    yield "close", p.close
    yield "close", p.close
    for method in ["poll", "flush", "purge", "list_topics", "cluster_id", "init_transactions", "begin_transaction"]:
        yield f"closed {method}", getattr(p, method)
    yield "closed produce", lambda: p.produce("t")
    yield "closed len", lambda: len(p)
    transactional = kafka.Producer({**MOCK, "transactional.id": "x"})
    for method in ["begin_transaction", "commit_transaction", "abort_transaction"]:
        yield f"transactional {method}", getattr(transactional, method)
    yield "transactional produce", lambda: transactional.produce("t", "v")
    reports = []
    note = lambda e, m: reports.append([show(e), m.value()])  # noqa: E731
    record = lambda value: transactional.produce("tx", value, on_delivery=note)  # noqa: E731
    group = kafka.Consumer({**MOCK, "group.id": "g"}).consumer_group_metadata()
    offsets = lambda *places: lambda: transactional.send_offsets_to_transaction(list(places), group, 20)  # noqa: E731
    for what, call in [
        ("init", lambda: transactional.init_transactions(20)),
        ("init again", lambda: transactional.init_transactions(20)),
        ("commit", transactional.commit_transaction),
        ("produce", lambda: record("early")),
        ("begin", transactional.begin_transaction),
        ("begin again", transactional.begin_transaction),
        ("commit of nothing", lambda: transactional.commit_transaction(20)),
        ("begin", transactional.begin_transaction),
        ("abort of nothing", lambda: transactional.abort_transaction(20)),
        ("begin", transactional.begin_transaction),
        ("produce", lambda: record("committed")),
        ("offsets", offsets()),
        ("offsets", offsets(T("tx", 0))),
        ("offsets", offsets(T("tx", 0, 5))),
        ("commit", lambda: transactional.commit_transaction(20)),
        ("commit again", lambda: transactional.commit_transaction(20)),
        ("begin", transactional.begin_transaction),
        ("produce", lambda: record("aborted")),
        ("abort", lambda: transactional.abort_transaction(20)),
        ("abort again", lambda: transactional.abort_transaction(20)),
        ("metadata", lambda: transactional.send_offsets_to_transaction([], "text")),
        ("begin", transactional.begin_transaction),
        ("produce", lambda: record("open")),
        ("reports", lambda: repr(reports[:1])),
        ("close", transactional.close),
        ("reports", lambda: len(reports)),
        ("closed commit", transactional.commit_transaction),
    ]:
        yield f"transactional {what}", call


def consumer():
    a = [T("a", 0)]
    for settings in [{}, {"on_commit": 5, "group.id": "g"}]:
        yield f"Consumer({settings})", lambda settings=settings: kafka.Consumer(settings)
    c = kafka.Consumer({**MOCK, "group.id": "g", "auto.offset.reset": "earliest", "enable.partition.eof": True})
    for call in ["subscribe()", "subscribe('x')", "subscribe(('x',))", "subscribe([5])", "subscribe(['a'], on_assign=None)", "subscribe(['a'], on_lost=5)",
                 "unsubscribe()", "unassign([])", "unassign()", "poll('x')", "poll(None)", "consume(-1, 0)", "consume(1000001, 0)", "consume(0, 0)", "consume(1, 0)",
                 "assign()", "assign('x')", "assign((1,))", "assign(['x'])", "assign([])", "assignment()", "incremental_assign(5)",
                 "commit()", "commit(asynchronous=False)", "commit(message=5)", "commit(offsets=5)", "commit(offsets=[5])", "commit(message=M(), offsets=[])",
                 "commit(message=M(), asynchronous=False)", "commit(message=M(error=K(3)))", "commit(**{'async': False})", "commit(foo=1)",
                 "store_offsets()", "store_offsets(message=5)", "store_offsets(offsets=a)", "store_offsets(message=M(), offsets=[])",
                 "committed(5)", "position(a)", "position(5)", "pause(a)", "resume(a)", "pause(5)", "seek(T('a', 0, 5))", "seek(5)",
                 "get_watermark_offsets(a[0], 5)", "get_watermark_offsets(a[0], cached=True)", "get_watermark_offsets(5)", "offsets_for_times(5)",
                 "consumer_group_metadata()", "memberid()", "set_sasl_credentials('a', 'b')"]:  # fmt: skip
        yield call, lambda call=call: eval(f"c.{call}", {"c": c, "M": M, "K": K, "T": T, "a": a})
    yield "close", c.close
    yield "close", c.close
    for call in ["poll()", "consume()", "subscribe(['a'])", "assign([])", "unassign()", "assignment()", "commit()", "committed([])", "position([])", "pause([])",
                 "seek(T('a', 0, 0))", "memberid()", "list_topics()", "cluster_id()", "set_sasl_credentials('a', 'b')", "store_offsets()"]:  # fmt: skip
        yield f"closed {call}", lambda call=call: eval(f"c.{call}", {"c": c, "T": T})


def admins():
    a = admin.AdminClient({**MOCK, "socket.timeout.ms": 300})
    for call in ["create_topics([])", "create_topics('x')", "create_topics(None)", "create_topics([admin.NewTopic('a')], foo=5)",
                 "create_topics([admin.NewTopic('a')], operation_timeout='x')", "create_topics([admin.NewTopic('a')], validate_only=5)",
                 "create_topics([admin.NewTopic('a')], request_timeout=-5)", "delete_topics([])", "delete_topics('x')", "create_partitions([])",
                 "create_partitions([admin.NewTopic('a', 5)])", "describe_configs([])", "describe_configs(['x'])", "incremental_alter_configs([])",
                 "incremental_alter_configs(['x'])", "incremental_alter_configs([admin.ConfigResource('topic', 'a')])", "describe_consumer_groups([])",
                 "describe_consumer_groups('x')", "delete_consumer_groups([])", "list_consumer_groups(states=5)", "list_consumer_group_offsets(None)",
                 "list_consumer_group_offsets([])", "list_consumer_group_offsets([kafka.ConsumerGroupTopicPartitions('')])",
                 "alter_consumer_group_offsets([kafka.ConsumerGroupTopicPartitions('g')])", "list_offsets([])", "list_offsets({T('a', -1): admin.OffsetSpec.latest()})",
                 "delete_records(5)", "delete_records([T('a', -1)])", "elect_leaders(5)", "create_acls([])", "delete_acls([])", "describe_topics(5)",
                 "describe_topics(kafka.TopicCollection(['']))", "alter_user_scram_credentials([])", "describe_user_scram_credentials([''])", "poll()", "poll(0)"]:  # fmt: skip
        yield call, lambda call=call: eval(f"a.{call}", {"a": a, "admin": admin, "kafka": kafka, "T": T})
    with a:
        pass
    yield "closed list_topics", a.list_topics
    yield "closed describe_cluster", a.describe_cluster
    yield "closed poll", lambda: a.poll(0)


for part in [configs(kafka.Producer, {}), configs(kafka.Consumer, {"group.id": "g"}), values(), producer(), consumer(), admins()]:
    for what, call in part:
        print(json.dumps([what, outcome(call)]), flush=True)
