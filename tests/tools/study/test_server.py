"""What the server of a study shows, keeps and refuses."""

import contextlib
import csv
import http.client
import io
import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from gans_jax.data import DataError
from gans_jax.tools.study import server
from gans_jax.tools.study.answers import Answers, read
from gans_jax.tools.study.server import clean


class Client:
    """Speaks with a server as the page does."""

    def __init__(self, server):
        self.port = server.server_port
        self.host = f"127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        known = {"Host": self.host, "Content-Type": "application/json"}
        headers = known | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, content

    def post(self, path, **body):
        status, content = self.ask("POST", path, body)
        return status, json.loads(content)

    def begin(self, rater):
        status, session = self.post("/session", rater=rater)
        assert status == 200, session
        return session

    def answer(self, session, trial, answer="left", shown_ms=1000.0, response_ms=321.0):
        times = {"shown_ms": shown_ms, "response_ms": response_ms}
        return self.post("/answer", token=session["token"], trial=trial, answer=answer, **times)


@pytest.fixture
def start(serve):
    """A client of a new server of a study."""
    return lambda study: Client(serve(study))


def test_a_session(prepare, start, tmp_path):
    study = prepare()
    client = start(study)
    session = client.begin("Ann")
    assert {name: session[name] for name in ("trials", "practice", "next", "has_real")} == {
        "trials": 8,
        "practice": 2,
        "next": 0,
        "has_real": True,
    }
    for number, trial in enumerate(study.session("Ann")):
        status, reply = client.answer(session, number, "right")
        assert status == 200
        side = "left" if trial.left.role == "real" else "right"
        assert reply == {"next": number + 1} | ({"real": side} if number < 2 else {})
        assert len(read(tmp_path / "answers.csv")) == number + 1
    kept = read(tmp_path / "answers.csv")
    assert [answer.images for answer in kept] == [(t.left, t.right) for t in study.session("Ann")]
    assert [answer.practice for answer in kept] == [True] * 2 + [False] * 6
    last = kept[-1]
    assert (last.study, last.rater, last.trial, last.trials) == (study.name, "Ann", 8, 8)
    assert (last.answer, last.shown_ms, last.response_ms) == ("right", 1000.0, 321.0)
    assert client.post("/session", rater="Ann")[0] == 409
    assert client.answer(session, 8)[0] == 409


def test_nothing_that_is_sent_tells_which_image_is_real(prepare, start):
    study = prepare()
    client = start(study)
    session = client.begin("Ann")
    for side in ("left", "right"):
        status, data = client.ask("GET", f"/image/{session['token']}/0/{side}")
        assert status == 200
        assert data == study.pictures[getattr(study.session("Ann")[0], side)]
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (16, 16)
    sent = json.dumps(session)
    assert not any(word in sent for word in (*study.pairs[0].values(), "fake"))


def test_images_are_those_of_the_next_trial_alone(prepare, start):
    client = start(prepare())
    session = client.begin("Ann")
    token = session["token"]
    for path in (
        *(f"/image/{token}/1/left", f"/image/{token}/8/left", "/image/x/0/left"),
        *(f"/image/{token}/0/middle", f"/image/{token}/0/../0.png", "/fake/0.png", "/../0.png"),
    ):
        status, content = client.ask("GET", path)
        assert (status, list(json.loads(content))) == (404, ["error"])
    client.answer(session, 0)
    assert client.ask("GET", f"/image/{token}/0/left")[0] == 404
    assert client.ask("GET", f"/image/{token}/1/left")[0] == 200


def test_an_answer_sent_again_is_kept_once(prepare, start, tmp_path):
    client = start(prepare())
    session = client.begin("Ann")
    assert client.answer(session, 0) == client.answer(session, 0)
    assert len(read(tmp_path / "answers.csv")) == 1
    assert client.answer(session, 2)[0] == 409
    assert client.answer(session, 1)[0] == 200
    assert client.answer(session, 0)[0] == 409
    assert len(read(tmp_path / "answers.csv")) == 2


def test_a_session_goes_on_after_a_restart_beside_those_of_others(prepare, start, tmp_path):
    study = prepare()
    client = start(study)
    ann, bo = client.begin("Ann"), client.begin("Bo")
    for number in range(3):
        client.answer(ann, number)
        client.answer(bo, number)
    again = start(study)
    assert again.answer(ann, 3)[0] == 404
    assert again.begin("Ann")["next"] == 3
    assert again.begin("Cy")["next"] == 0
    kept = read(tmp_path / "answers.csv")
    assert [(a.rater, a.trial) for a in kept] == [(r, t) for t in (1, 2, 3) for r in ("Ann", "Bo")]


def test_many_raters_at_the_same_time(prepare, start, tmp_path):
    client = start(prepare())

    def rate(name):
        session = client.begin(name)
        for number in range(8):
            client.answer(session, number)

    threads = [threading.Thread(target=rate, args=(f"rater {i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read(tmp_path / "answers.csv")) == 48


@pytest.mark.parametrize(
    "change",
    [
        *({"answer": "middle"}, {"trial": "0"}, {"trial": -1}, {"trial": True}, {"token": 3}),
        *({"shown_ms": None}, {"shown_ms": -1}, {"response_ms": float("nan")}),
        {"response_ms": 10**400},
    ],
)
def test_what_is_no_answer(prepare, start, tmp_path, change):
    client = start(prepare())
    session = client.begin("Ann")
    body = {"token": session["token"], "trial": 0, "answer": "left"}
    body |= {"shown_ms": 1000, "response_ms": 1} | change
    status, reply = client.post("/answer", **body)
    assert status in (400, 404)
    assert "reload the page" in reply["error"]
    assert read(tmp_path / "answers.csv") == []


def test_other_sites_and_broken_requests_are_refused(prepare, start):
    client = start(prepare())
    assert client.ask("GET", "/", Host="evil.example")[0] == 403
    assert client.ask("GET", "/", Host=f"localhost:{client.port}")[0] == 200
    for origin in ("http://evil.example", "null", f"https://{client.host}", "http://127.0.0.1"):
        assert client.ask("POST", "/session", {"rater": "Ann"}, Origin=origin)[0] == 403
        assert client.ask("GET", "/", Origin=origin)[0] == 403
    for host in (client.host, f"localhost:{client.port}"):
        own = {"Host": host, "Origin": f"http://{host}"}
        assert client.ask("POST", "/session", {"rater": "Ann"}, **own)[0] == 200
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert client.ask("POST", "/session", {"rater": "Ann"}, **form)[0] == 400
    assert client.ask("POST", "/session", b"{")[0] == 400
    assert client.ask("POST", "/session", b"[]")[0] == 400
    assert client.ask("POST", "/session", b"[" * 9_000)[0] == 400
    assert client.ask("POST", "/session", b"{}", Content_Length="20000")[0] == 413
    assert client.ask("POST", "/other", {})[0] == 404


def test_a_silent_connection_is_closed(prepare, start, monkeypatch, capsys):
    """Whether it says nothing at all, half of its head, or half of its body."""
    monkeypatch.setattr(server._Handler, "timeout", 0.2)
    client = start(prepare())
    half = f"POST /session HTTP/1.1\r\nHost: {client.host}\r\n"
    body = half + "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    for sent in ("", half, body):
        with socket.create_connection(("127.0.0.1", client.port), timeout=20) as connection:
            connection.sendall(sent.encode())
            assert connection.recv(1) == b""
    assert client.begin("Ann")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("error", "said"), [(BrokenPipeError, False), (KeyError, True)])
def test_a_connection_that_breaks_is_no_error_of_the_program(prepare, serve, capsys, error, said):
    running = serve(prepare())
    try:
        raise error
    except error:
        running.handle_error(None, ("127.0.0.1", 1))
    assert (error.__name__ in capsys.readouterr().err) == said


def test_connections_are_limited(prepare, start, monkeypatch):
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)
    client = start(prepare())
    address = "127.0.0.1", client.port
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(address, timeout=20))
        extra = stack.enter_context(socket.create_connection(address, timeout=20))
        assert extra.recv(1) == b""
    for _ in range(100):  # until the server has noticed that they are gone
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert client.begin("Ann")
            return
        time.sleep(0.1)
    raise AssertionError("no connection was set free")


@pytest.mark.parametrize("start_of_name", ["=", "+", "-", "@", "\t", "\r", "'=", "''@", "'", ""])
def test_no_name_is_a_formula(prepare, folders, tmp_path, start_of_name):
    """A spreadsheet runs a cell that begins like one."""
    for role in ("real", "fake"):
        for path in Path(folders[role]).iterdir():
            path.rename(path.with_name(f"{start_of_name}cmd()!{path.name}"))
    study, path = prepare(), tmp_path / "answers.csv"
    answers = Answers(path, study)
    for number in range(8):
        assert answers.add("Ann", number, "left", 1000.0, 1.0)
    with path.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    kept = [answer.images for answer in read(path)]
    assert kept == [(trial.left, trial.right) for trial in study.session("Ann")]
    assert Answers(path, study).given["Ann"] == 8


def test_the_page_holds_all_it_needs(prepare, start):
    status, page = start(prepare()).ask("GET", "/")
    assert status == 200
    assert b"http" not in page
    assert b" src=" not in page
    assert b"<link" not in page


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Ann", "Ann"),
        ("  Ann\t Lee \n", "Ann Lee"),
        ("Žofie-2", "Žofie-2"),
        ("=HYPERLINK(1)", "HYPERLINK1"),
        ("-+@=", ""),
        ("<b>x</b>", "bxb"),
        ("a" * 60, "a" * 40),
    ],
)
def test_names(given, name):
    assert clean(given) == name


def test_a_name_is_needed(prepare, start):
    client = start(prepare())
    for rater in ("", "!!", 3.5, None):
        status, reply = client.post("/session", rater=rater)
        assert (status, reply) == (400, {"error": "Give a name with a letter or a digit in it"})


def test_a_full_disk_leaves_no_part_of_an_answer(prepare, start, tmp_path, monkeypatch):
    client = start(prepare())
    session = client.begin("Ann")
    client.answer(session, 0)
    before = (tmp_path / "answers.csv").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        status, reply = client.answer(session, 1)
    assert status == 500
    assert reply == {"error": "The answer cannot be written (No space left on device)"}
    assert (tmp_path / "answers.csv").read_bytes() == before
    assert client.answer(session, 1)[0] == 200
    assert len(read(tmp_path / "answers.csv")) == 2


def test_answers_of_another_study_are_not_mixed(prepare, answered, tmp_path):
    path = tmp_path / "answers.csv"
    answered(path, ["Ann"], lambda *_: "left")
    kept = path.read_bytes()
    for other in (prepare(seed=1), prepare("fake", "against"), prepare(exposure=2.0)):
        with pytest.raises(DataError, match="name another --out"):
            Answers(path, other)
    assert Answers(path, prepare()).given["Ann"] == 8
    assert path.read_bytes() == kept
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="does not have the columns"):
        Answers(path, prepare())
    path.write_bytes(kept.replace(b",Ann,3,", b",Ann,4,"))
    with pytest.raises(DataError, match="trial 4 of Ann after 2"):
        Answers(path, prepare())
