"""A web server that shows a study to this machine alone, and keeps the answers."""

import http.server
import json
import re
import secrets
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gans_jax.tools.study.answers import SIDES, Answers

HOST = "127.0.0.1"
PAGE = Path(__file__).with_name("page.html")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'"
)
LONGEST_BODY, LONGEST_NAME, LONGEST_TIME = 10_000, 40, 1e9
MOST_CONNECTIONS, LONGEST_SILENCE = 64, 30.0  # seconds


class Refused(Exception):
    """A request cannot be served; the reply is this message with this status."""

    def __init__(self, status: HTTPStatus, message: str):
        super().__init__(message)
        self.status = status


class StudyServer(http.server.ThreadingHTTPServer):
    """A server of a study, for browsers on this machine alone; `serve_forever` starts it.

    It keeps the sessions that pages have begun. A random token stands for the rater of each. A
    connection that is silent for half a minute is closed, and so is one beyond 64 at a time.

    Args:
      answers: the file of the study's answers.
      port: the port of the address; 0 takes a free one.

    Raises:
      OSError: if the port is taken.
    """

    def __init__(self, answers: Answers, port: int = 0):
        super().__init__((HOST, port), _Handler)
        self.answers, self.study = answers, answers.study
        self._raters: dict[str, str] = {}
        self._free = threading.Semaphore(MOST_CONNECTIONS)

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return f"http://{HOST}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # which says that the other side is gone
            super().handle_error(request, client_address)

    def begin(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begins the session of a rater, or goes on with it after the last answer."""
        given = body.get("rater")
        rater = clean(given) if isinstance(given, str) else ""
        if not rater:
            raise Refused(HTTPStatus.BAD_REQUEST, "Give a name with a letter or a digit in it")
        trials, done = len(self.study.pairs), self.answers.given[rater]
        if done == trials:
            raise Refused(HTTPStatus.CONFLICT, f"{rater} has answered all trials: one session each")
        token = secrets.token_urlsafe(16)
        self._raters[token] = rater
        return {
            "token": token,
            "rater": rater,
            "trials": trials,
            "practice": self.study.practice,
            "next": done,
            "exposure_ms": 1000 * self.study.exposure,
            "size": self.study.size,
            "has_real": self.study.has_real,
        }

    def image(self, token: str, number: int, side: str) -> bytes:
        """Returns one side of the rater's next trial as a PNG file; other trials are refused."""
        rater = self._rater(token)
        if number != self.answers.given[rater] or number >= len(self.study.pairs):
            raise Refused(HTTPStatus.NOT_FOUND, "This is not the next trial: reload the page")
        trial = self.study.session(rater)[number]
        return self.study.pictures[trial.left if side == "left" else trial.right]

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keeps an answer; the reply to a practice trial says which side was real."""
        rater = self._rater(body.get("token"))
        side: Any = body.get("answer")
        number: Any = body.get("trial")
        shown: Any = body.get("shown_ms")
        response: Any = body.get("response_ms")
        known = side in SIDES and type(number) is int and number >= 0
        if not (known and _is_time(shown) and _is_time(response)):
            raise Refused(HTTPStatus.BAD_REQUEST, "This is not an answer: reload the page")
        try:
            added = self.answers.add(rater, number, side, shown, response)
        except OSError as error:
            text = f"The answer cannot be written ({error.strerror})"
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, text) from error
        # The reply to the last answer may have been lost; then the page sends that answer again.
        if not added and number != self.answers.given[rater] - 1:
            raise Refused(HTTPStatus.CONFLICT, "This is not the next trial: reload the page")
        trial = self.study.session(rater)[number]
        reply: dict[str, Any] = {"next": number + 1}
        if trial.practice and self.study.has_real:
            reply["real"] = "left" if trial.left.role == "real" else "right"
        return reply

    def _rater(self, token: Any) -> str:
        if not isinstance(token, str) or token not in self._raters:
            raise Refused(HTTPStatus.NOT_FOUND, "The server was started anew: reload the page")
        return self._raters[token]


def clean(name: str) -> str:
    """Keeps the letters, digits, spaces and `._-` of a name, from the first letter or digit on."""
    kept = re.sub(r"[^\w .-]", "", " ".join(name.split()))
    return re.sub(r"^[\W_]+", "", kept)[:LONGEST_NAME].strip()


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < LONGEST_TIME


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_SILENCE
    server: StudyServer

    def do_GET(self) -> None:
        self._reply(self._get)

    def do_POST(self) -> None:
        self._reply(self._post)

    def log_message(self, *_: Any) -> None:
        """Prints nothing about requests."""

    def _reply(self, find: Callable[[], tuple[str, bytes]]) -> None:
        try:
            self._refuse_other_sites()
            status, (kind, content) = HTTPStatus.OK, find()
        except Refused as refused:
            status, kind = refused.status, "application/json"
            content = json.dumps({"error": str(refused)}).encode()
            self.close_connection = True  # the body may not have been read
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _refuse_other_sites(self) -> None:
        """Raises Refused for a request that a page of another site has sent.

        That site could also let its own name point here, and its pages then read the answers.
        """
        hosts = [f"{name}:{self.server.server_port}" for name in (HOST, "localhost")]
        origins = [None, *(f"http://{host}" for host in hosts)]
        if self.headers.get("Host") not in hosts or self.headers.get("Origin") not in origins:
            raise Refused(HTTPStatus.FORBIDDEN, f"Open {self.server.address} instead")

    def _get(self) -> tuple[str, bytes]:
        if self.path == "/":
            return "text/html; charset=utf-8", PAGE.read_bytes()
        found = re.fullmatch(r"/image/([\w-]+)/([0-9]{1,6})/(left|right)", self.path)
        if not found:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such page")
        token, number, side = found.groups()
        return "image/png", self.server.image(token, int(number), side)

    def _post(self) -> tuple[str, bytes]:
        body = self._body()
        actions = {"/session": self.server.begin, "/answer": self.server.answer}
        if self.path not in actions:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such page")
        return "application/json", json.dumps(actions[self.path](body)).encode()

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"Send at most {LONGEST_BODY} bytes, with their length",
            )
        sent = self.rfile.read(int(length))
        # Pages of other sites can send forms to this address, but no JSON.
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.BAD_REQUEST, "Send JSON")
        try:
            body = json.loads(sent)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "Send a JSON object")
        return body
