"""The share of the time that a run waits for data: what is logged of it, and shown."""

import itertools
import json
import time
from types import SimpleNamespace

import pytest

from gans_jax.runs import metrics_file
from gans_jax.training import feed, observers, resume, train

SPEED = {"images_per_second", "input_wait"}


def clock(seconds):
    """A `time` module whose performance counter shows these seconds in turn."""
    return SimpleNamespace(perf_counter=iter(seconds).__next__, monotonic=time.monotonic)


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def test_the_first_dispatch_and_what_follows_the_stop_do_not_count(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(observers, "time", clock([0, 10, 14, 20, 28, 30]))
    log = observers.MetricsLog(SimpleNamespace(experiment=tiny()), [tmp_path])
    events = [SimpleNamespace(scalars=lambda step, values: found.append((step, values)))]
    found = []
    log.advance(1, 9.0)  # of the first dispatch, which compiles: 9 seconds of waiting
    log.advance(2, 10.0)
    log.stop()
    speed = log.write(2, events, [{}])
    assert speed == {"images_per_second": 16 / 4, "input_wait": 0.25}
    log.advance(3, 12.0)
    log.stop()
    assert log.write(3, events, [{}])["input_wait"] == 0.25
    assert [line["input_wait"] for line in lines(tmp_path)] == [0.25, 0.25]
    assert [(step, values["input_wait"]) for step, values in found] == [(2, 0.25), (3, 0.25)]


@pytest.mark.parametrize(("step", "share"), [(1000.0, 1.0), (0.0, 0.0)])
def test_a_run_logs_and_shows_how_long_it_waited(tiny, tmp_path, monkeypatch, capsys, step, share):
    monkeypatch.setattr(feed, "time", clock(itertools.count(0.0, step)))
    train(tiny(log_every=4), tmp_path / "run")
    logged = lines(tmp_path / "run")
    assert [line["input_wait"] for line in logged] == [share] * 3
    assert ("input_wait" in capsys.readouterr().err) == bool(share)


def test_a_run_from_before_the_metric_goes_on(tiny, tmp_path):
    workdir, experiment = tmp_path / "run", tiny(iterations=8, log_every=4)
    train(experiment, workdir, progress=False)
    before = [{n: v for n, v in line.items() if n not in SPEED} for line in lines(workdir)]
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in before))
    resume(workdir, tiny(log_every=4), progress=False)
    read = metrics_file.read_metrics(workdir / "metrics.jsonl")
    assert ["input_wait" in line for line in read] == [False, False, True]
    assert metrics_file.read_sample(workdir / "metrics.jsonl") == read
