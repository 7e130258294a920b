"""Signals, forks, interpreters that end: each in a process of its own."""

import os
import random
import subprocess
import sys
import textwrap
import time

import pytest

# The long form, once a release: TIDELOG_TESTS=long
CHILDREN = 1000 if os.environ.get("TIDELOG_TESTS") == "long" else 20


def run(script, timeout=60):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize(
    "call",
    [
        "consumer.poll()",
        "consumer.poll(100)",
        "consumer.consume(10)",
        "consumer.consume_arrow(10)",
        "next(consumer)",
        "producer.poll()",
        "offline.flush()",
        "offline.list_topics()",
    ],
)
def test_ctrl_c_interrupts_a_call_that_waits(call):
    script = f"""
    import os, signal, threading, time, tidelog
    # What runs in the background of a script has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config = {{"bootstrap.servers": "tidelog::memory:x"}}
    producer = tidelog.Producer(config)
    offline = tidelog.Producer({{"log_level": 0}})
    offline.produce("t", "v")
    consumer = tidelog.Consumer({{**config, "group.id": "g"}})
    consumer.subscribe(["t"])
    consumer.poll(0.5)
    sent = []
    def interrupt():
        time.sleep(0.3)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    try:
        {call}
    except KeyboardInterrupt:
        print(time.monotonic() - sent[0])
    """
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.2 * 3, "200 ms, and some for a loaded machine"


def test_a_forked_child_is_told_so():
    script = """
    import os, tidelog
    config = {"bootstrap.servers": "tidelog::memory:x"}
    producer = tidelog.Producer(config)
    consumer = tidelog.Consumer({**config, "group.id": "g"})
    producer.produce("t", "v")
    child = os.fork()
    if child == 0:
        refused = 0
        for call in (lambda: producer.produce("t", "v"), lambda: consumer.poll(0)):
            try:
                call()
            except tidelog.KafkaException as error:
                refused += error.args[0].name() == "_STATE" and "forked" in error.args[0].str()
        os._exit(0 if refused == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert producer.flush(10) == 0
    consumer.close()
    """
    done = run(script)
    assert done.returncode == 0, done.stderr


def test_a_process_may_end_with_messages_in_its_queue():
    script = """
    import tidelog
    if __name__ == "__main__":
        producer = tidelog.Producer({"bootstrap.servers": "tidelog::memory:"})
        producer.produce("t", "v")
        print("ok")
    """
    done = run(script)
    assert done.stdout == "ok\n", done.stderr


def test_many_forked_children_end_while_the_parent_works(tmp_path):
    script = f"""
    import os, sys, threading, tidelog
    config = {{"bootstrap.servers": "tidelog:{tmp_path}/data"}}
    producer = tidelog.Producer(config)
    consumer = tidelog.Consumer({{**config, "group.id": "g", "auto.offset.reset": "earliest"}})
    consumer.subscribe(["t"])
    over = threading.Event()
    def poll():
        while not over.is_set():
            consumer.poll(0.01)
    threading.Thread(target=poll).start()
    for number in range({CHILDREN}):
        producer.produce("t", str(number))
        child = os.fork()
        if child == 0:
            # With all that runs at the end of an interpreter, or without, or in a call that is refused.
            if number % 3 == 0:
                os._exit(0)
            try:
                (producer if number % 3 == 1 else consumer).poll(1)
            except tidelog.KafkaException as error:
                assert error.args[0].name() == "_STATE", error
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0, number
    assert producer.flush(20) == 0
    over.set()
    """
    done = run(script, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_of_a_pool_work(method, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, tidelog

            def work(number):
                with tidelog.Producer({{"bootstrap.servers": "tidelog::memory:"}}) as producer:
                    producer.produce("t", str(number))
                    return producer.flush(10)

            if __name__ == "__main__":
                producer = tidelog.Producer({{"bootstrap.servers": "tidelog::memory:"}})
                # A process for each.
                with multiprocessing.get_context("{method}").Pool(4, maxtasksperchild=1) as pool:
                    print(sum(pool.map(work, range({CHILDREN}), chunksize=1)))
            """
        )
    )
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=1200)
    assert done.stdout == "0\n", done.stderr


IN_FLIGHT = [
    "consumer.poll()",
    "consumer.consume(10)",
    "consumer.consume_arrow(10)",
    "next(consumer)",
    "consumer.commit(asynchronous=False)",
    "producer.flush()",
    "[(producer.produce('t', 'v', on_delivery=lambda *_: None), producer.poll(0)) for _ in range(10**9)]",
    "admin.create_topics([NewTopic('a')])['a'].result()",
    "asyncio.run(wait())",
]


def test_an_interpreter_may_end_at_any_moment_of_any_call(tmp_path):
    script = """
    import asyncio, sys, threading, time, tidelog, tidelog.aio
    from tidelog.admin import AdminClient, NewTopic
    call, directory, moment = sys.argv[1:]
    config = {"bootstrap.servers": f"tidelog:{directory}"}
    producer = tidelog.Producer(config)
    consumer = tidelog.Consumer({**config, "group.id": "g"})
    consumer.subscribe(["t"])
    admin = AdminClient(config)
    async def wait():
        async with tidelog.aio.AIOConsumer({**config, "group.id": "h"}) as consumer:
            await consumer.subscribe(["t"])
            await consumer.poll(100)
    def work():
        try:
            eval(call)
        except tidelog.KafkaException:
            pass
    for _ in range(2):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(float(moment))
    print(time.monotonic())
    """
    chance, longest = random.Random(1), 0.0
    for number in range(max(CHILDREN, 5 * len(IN_FLIGHT))):
        call, moment = IN_FLIGHT[number % len(IN_FLIGHT)], str(chance.uniform(0, 0.05))
        command = [sys.executable, "-c", textwrap.dedent(script), call, str(tmp_path / "data"), moment]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{call} after {moment} s: {done.returncode}\n{done.stderr}"
        longest = max(longest, time.monotonic() - float(done.stdout))
    print(f"{number + 1} interpreters, the longest end took {longest:.2f} s")
    assert longest < 20, "2 s, and some for a loaded machine"


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "import os; os._exit(3)", "threading.Thread(target=consumer.poll, daemon=True).start()"])
def test_an_interpreter_that_ends_with_live_objects_neither_hangs_nor_crashes(end, tmp_path):
    script = f"""
    import threading, tidelog
    from tidelog.admin import AdminClient, NewTopic
    config = {{"bootstrap.servers": "tidelog:{tmp_path}/data"}}
    producer = tidelog.Producer(config)
    producer.produce("t", "v", on_delivery=lambda error, message: None)
    consumer = tidelog.Consumer({{**config, "group.id": "g"}})
    consumer.subscribe(["t"], on_assign=lambda *_: None)
    consumer.poll(0)
    admin = AdminClient(config)
    future = admin.create_topics([NewTopic("a")])["a"]
    engine = tidelog.Engine(listeners=["127.0.0.1:0"])
    cycle = [producer]
    cycle.append(cycle)
    {end}
    """
    start = time.monotonic()
    done = run(script)
    assert done.returncode == (3 if "3" in end else 0), done.stderr
    assert time.monotonic() - start < 30


def test_a_subinterpreter_is_refused():
    script = """
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        import _interpreters as interpreters
    import tidelog
    other = interpreters.create()
    try:
        failed = interpreters.run_string(other, "import tidelog")
    except Exception as error:
        failed = error
    assert failed is not None
    print("refused")
    """
    done = run(script)
    assert done.stdout == "refused\n", done.stderr


def test_acknowledged_messages_are_there_after_a_crash(tmp_path):
    script = f"""
    import os, tidelog
    producer = tidelog.Producer({{"bootstrap.servers": "tidelog:{tmp_path}/data"}})
    for number in range(100):
        producer.produce("t", str(number))
    assert producer.flush(20) == 0
    os.kill(os.getpid(), 9)
    """
    assert run(script).returncode == -9
    import tidelog

    settings = {"bootstrap.servers": f"tidelog:{tmp_path}/data", "group.id": "g", "auto.offset.reset": "earliest"}
    with tidelog.Consumer(settings) as consumer:
        consumer.subscribe(["t"])
        assert [int(message.value()) for message in consumer.consume(100, 20)] == list(range(100))


def test_what_was_acknowledged_survives_kill_9_at_any_moment_once_and_in_order(tmp_path):
    script = f"""
    import os, sys, threading, tidelog
    config = {{"bootstrap.servers": "tidelog:{tmp_path}/data", "enable.idempotence": True, "linger.ms": 1}}
    def on_delivery(error, message):
        assert error is None, error
        os.write(1, f"{{message.offset()}} {{message.value().decode()}}\\n".encode())
    producer = tidelog.Producer(config)
    def work(thread):
        for number in range(10**9):
            try:
                producer.produce("t", f"{{sys.argv[1]}}-{{thread}}-{{number}}", on_delivery=on_delivery)
            except BufferError:
                pass
            producer.poll(0)
    for thread in range(3):
        threading.Thread(target=work, args=(thread,)).start()
    """
    import tidelog

    acknowledged = {}
    for cycle in range(5):
        command = [sys.executable, "-c", textwrap.dedent(script), str(cycle)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            first = process.stdout.readline()
            time.sleep(0.02 + 0.05 * cycle)
            process.kill()
            lines = (first + process.stdout.read()).split("\n")[:-1]
        acknowledged |= {int(offset): value for offset, value in map(str.split, lines)}
        found = []
        settings = {"bootstrap.servers": f"tidelog:{tmp_path}/data", "group.id": "g", "enable.partition.eof": True}
        with tidelog.Consumer(settings) as consumer:
            consumer.assign([tidelog.TopicPartition("t", 0, tidelog.OFFSET_BEGINNING)])
            while (message := consumer.poll(20)).error() is None:
                assert message.offset() == len(found), "a gap or a repeat"
                found.append(message.value().decode())
        assert len(set(found)) == len(found), "there twice"
        assert all(found[offset] == value for offset, value in acknowledged.items()), "lost"
        for producer in {value.rsplit("-", 1)[0] for value in found}:
            numbers = [int(value.rsplit("-", 1)[1]) for value in found if value.startswith(producer + "-")]
            assert numbers == sorted(numbers), "out of order"
    assert len(acknowledged) > 100, "it tests something"
