"""The processes of a cluster meet before jax joins them.

jax aborts a process that cannot join a cluster, with a trace of its own machinery. Here process 0
listens where jax's coordinator is about to, and every other process tells it its number.
"""

import contextlib
import socket
import struct
import time

_GREETING = b"gans_jax"
_CALL = struct.Struct("!8sII")  # the greeting, the number of processes, and the process's own
_PAUSE = 0.2  # seconds between two attempts to reach process 0


def answer(coordinator: str, num_processes: int, process_id: int, seconds: float) -> None:
    """Returns once all processes have met.

    Args:
      coordinator: the `host:port` of process 0.
      num_processes: how many processes there are.
      process_id: the number of this process, from 0.
      seconds: how long to wait for the others.

    Raises:
      ValueError: if the address or the number cannot be right.
      RuntimeError: on all that have come, if one is missing, comes twice, or counts differently.
    """
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ValueError(f"the coordinator is HOST:PORT, but is {coordinator!r}: correct it")
    if not 0 <= process_id < num_processes:
        raise ValueError(
            f"{num_processes} processes have the numbers 0 to {num_processes - 1}, but this one "
            f"has {process_id}: correct it"
        )
    deadline = time.monotonic() + seconds
    if process_id == 0:
        refusal = _listen(int(port), num_processes, deadline)
    else:
        address = host.strip("[]"), int(port)
        refusal = _call(address, _CALL.pack(_GREETING, num_processes, process_id), deadline)
    if refusal:
        raise RuntimeError(refusal)


def _listen(port: int, num: int, deadline: float) -> str:
    """Waits for the others, and returns and tells them why they cannot meet, "" if they can."""
    present: dict[int, socket.socket] = {}
    refusal = ""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(_server(port))
        except OSError as error:
            return (
                f"process 0 cannot listen at port {port} ({error.strerror}): see whether another "
                "process has the number 0, or choose another port"
            )
        while not refusal and not _all_wait(present, num - 1):
            server.settimeout(max(_PAUSE, deadline - time.monotonic()))
            try:
                connection = stack.enter_context(server.accept()[0])
                refusal = _admit(connection, present, num)
            except TimeoutError:
                absent = ", ".join(str(i) for i in range(1, num) if i not in present)
                refusal = (
                    f"of {num} processes number {absent} did not come: start each number once, "
                    "with the address of process 0, or wait longer by a larger heartbeat"
                )
        for connection in present.values():
            _reply(connection, refusal)
    return refusal


def _all_wait(present: dict[int, socket.socket], num: int) -> bool:
    """Returns whether so many processes wait, once all have come; drops those that have left."""
    if len(present) == num:
        for index in [i for i, connection in present.items() if not _waits(connection)]:
            del present[index]
    return len(present) == num


def _server(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _admit(connection: socket.socket, present: dict[int, socket.socket], num: int) -> str:
    """Adds a process to the ones that are present, and returns why it cannot be one of them."""
    connection.settimeout(1)
    try:
        call = connection.recv(_CALL.size, socket.MSG_WAITALL)
    except OSError:
        return ""
    if len(call) != _CALL.size or not call.startswith(_GREETING):
        return ""  # a stranger
    _, count, index = _CALL.unpack(call)
    refusal = ""
    if count != num:
        refusal = f"process {index} is one of {count} processes, but process 0 is one of {num}"
    elif index in present and _waits(present[index]):
        refusal = f"two processes have the number {index}"
    if refusal:
        refusal = f"{refusal}: start each number once, all with the same number of processes"
        _reply(connection, refusal)
        return refusal
    present[index] = connection
    return ""


def _waits(connection: socket.socket) -> bool:
    """Returns whether the process at the other end still waits for the reply."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _reply(connection: socket.socket, refusal: str) -> None:
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        connection.sendall(_GREETING + refusal.encode())


def _call(address: tuple[str, int], call: bytes, deadline: float) -> str:
    """Calls process 0, and returns why the processes cannot meet, "" if they can."""
    reason, began = "", time.monotonic()
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection(address, timeout=left) as connection:
                connection.sendall(call)
                connection.settimeout(max(left, 0) + 1)  # process 0 knows first who is missing
                reply = connection.recv(4096, socket.MSG_WAITALL)
            if reply.startswith(_GREETING):
                return reply.removeprefix(_GREETING).decode()
            reason = "another program answers there, or the cluster is complete already"
        except OSError as error:
            reason = error.strerror or str(error)
        time.sleep(_PAUSE)
    return (
        f"process 0 did not answer at {address[0]}:{address[1]} in {deadline - began:.0f} s "
        f"({reason}): correct the address, start process 0, or wait longer by a larger heartbeat"
    )
