"""A page in a Chromium without a window, driven by its DevTools protocol."""

import base64
import http.client
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KEYS = {  # code, number and text
    " ": ("Space", 32, " "),
    "Enter": ("Enter", 13, "\r"),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
}
DEADLINE = 60.0  # seconds for anything at all, on a machine that does much else


def executable() -> str | None:
    """The browser on this machine, None without one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def until(found, what: str):
    """The first value of `found()` that is true."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.01)
    raise TimeoutError(what)


class Failed(Exception):
    """A command that the browser could not carry out, or an expression with an error."""


class Socket:
    """The client of a WebSocket (RFC 6455) that carries texts."""

    def __init__(self, port: int, path: str):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b" 101 " in self.file.readline()
        while self.file.readline() != b"\r\n":
            pass

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        short = len(data) < 126
        length = bytes([0x80 | len(data)]) if short else struct.pack("!BH", 0x80 | 126, len(data))
        masked = bytes(byte ^ each for byte, each in zip(data, itertools.cycle(mask), strict=False))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self) -> str:
        parts, last = [], False
        while not last:
            first, length = self.file.read(2)
            if length > 125:
                size, code = (2, "!H") if length == 126 else (8, "!Q")
                (length,) = struct.unpack(code, self.file.read(size))
            data = self.file.read(length)
            if first & 0x0F in (0, 1):  # not a ping
                parts.append(data)
                last = bool(first & 0x80)
        return b"".join(parts).decode()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Page:
    """The page of a browser of its own, whose files are put into `folder`."""

    def __init__(self, folder: Path):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        options += [
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--window-size=900,700",
            f"--user-data-dir={folder}",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([executable(), *options, "about:blank"], **quiet)
        self.numbers = itertools.count(1)
        try:
            file = folder / "DevToolsActivePort"
            lines = until(lambda: file.exists() and file.read_text().splitlines(), "no browser")
            self.socket = Socket(int(lines[0]), self._target(int(lines[0])))
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    @staticmethod
    def _target(port: int) -> str:
        def found():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
            connection.request("GET", "/json/list")
            targets = json.loads(connection.getresponse().read())
            connection.close()
            return [each for each in targets if each["type"] == "page"]

        address = until(found, "no page")[0]["webSocketDebuggerUrl"]
        return "/" + address.split("/", 3)[3]

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(DEADLINE)

    def call(self, method: str, **parameters):
        """The result of a command; events on the way are left out."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            reply = json.loads(self.socket.receive())
            if reply.get("id") == number:
                if "error" in reply:
                    raise Failed(reply["error"])
                return reply["result"]

    def open(self, address: str) -> None:
        """Loads a page, anew if it is there already."""
        for place in ("about:blank", address):
            self.call("Page.navigate", url=place)
            until(lambda: self._is_at(place), place)  # noqa: B023

    def _is_at(self, address: str) -> bool:
        try:
            return self.value("document.readyState + location.href") == "complete" + address
        except Failed:  # between two documents
            return False

    def value(self, expression: str):
        """What a JavaScript expression gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise Failed(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, expression: str):
        return until(lambda: self.value(expression), expression)

    def press(self, key: str) -> None:
        code, number, text = KEYS[key]
        pressed = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
