import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gans_jax.core import roll_call


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def meet(port, calls, seconds):
    """What each process of (count, number) is told."""

    def one(call):
        try:
            roll_call.answer(f"localhost:{port}", *call, seconds)
        except RuntimeError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_all_meet_and_the_port_is_free_again(port):
    for _ in range(2):
        assert meet(port, [(3, 2), (3, 0), (3, 1)], 30) == [None] * 3
    with socket.create_server(("", port)):
        pass


def test_a_cluster_of_one(port):
    assert meet(port, [(1, 0)], 30) == [None]


def test_a_number_that_is_missing(port):
    told = meet(port, [(4, 0), (4, 2)], 0.5)
    for words in told:
        assert words.startswith("of 4 processes number 1, 3 did not come: start each number once")


def test_a_number_that_comes_twice(port):
    told = meet(port, [(3, 0), (3, 1), (3, 1)], 30)
    assert set(told) == {
        "two processes have the number 1: start each number once, all with the same number of "
        "processes"
    }


def test_another_number_of_processes(port):
    told = meet(port, [(2, 0), (3, 1)], 30)
    assert told[0] == told[1]
    assert told[0].startswith("process 1 is one of 3 processes, but process 0 is one of 2: start")


def test_nobody_at_the_address(port):
    (told,) = meet(port, [(2, 1)], 0.3)
    assert told.startswith(f"process 0 did not answer at localhost:{port} in 0 s (Connection refus")
    assert told.endswith("or wait longer by a larger heartbeat")


def test_a_name_that_nobody_has():
    with pytest.raises(RuntimeError, match=r"did not answer at no-such-host.invalid:99 in 0 s \("):
        roll_call.answer("no-such-host.invalid:99", 2, 1, 0.3)


def test_something_else_at_the_address():
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]

        def speak():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request")

        threading.Thread(target=speak, daemon=True).start()
        (told,) = meet(port, [(2, 1)], 0.3)
        server.shutdown(socket.SHUT_RDWR)
    assert "another program answers there" in told or "reset" in told


def test_strangers_and_processes_that_left_do_no_harm(port):
    left = roll_call._CALL.pack(roll_call._GREETING, 3, 1)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(meet, port, [(3, 0)], 30)
        for content in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 99, left):
            visit(port, content).close()
        assert meet(port, [(3, 1), (3, 2)], 30) == [None, None]
        assert told.result() == [None]


def visit(port, content):
    """A connection to process 0, once it listens."""
    for _ in range(300):
        try:
            visitor = socket.create_connection(("localhost", port), timeout=30)
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        visitor.sendall(content)
        return visitor
    raise AssertionError("process 0 does not listen")


def test_port_in_use():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        (told,) = meet(port, [(2, 0)], 30)
    assert "cannot listen at port" in told
    assert "see whether another process has the number 0" in told


@pytest.mark.parametrize(
    ("coordinator", "num", "index", "words"),
    [
        ("localhost", 2, 0, "the coordinator is HOST:PORT, but is 'localhost': correct it"),
        ("localhost:port", 2, 0, "HOST:PORT"),
        ("localhost:99999", 2, 0, "HOST:PORT"),
        ("localhost:1", 2, 2, "2 processes have the numbers 0 to 1, but this one has 2: correct"),
    ],
)
def test_what_cannot_be_right(coordinator, num, index, words):
    with pytest.raises(ValueError, match=words):
        roll_call.answer(coordinator, num, index, 30)


def test_a_process_that_left_is_not_counted():
    (here, there), (gone, away) = socket.socketpair(), socket.socketpair()
    away.close()
    with here, there, gone:
        present = {1: gone, 2: here}
        assert not roll_call._all_wait(present, 2)
        assert present == {2: here}
        assert roll_call._all_wait(present, 1)
