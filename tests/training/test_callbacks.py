"""What a callback is told, and what becomes of a run whose callback fails."""

import json

import jax
import numpy as np
import pytest

from gans_jax.training import ConfigError, load, resume, train


class Kept:
    """Keeps what it is told, and fails after so many iterations."""

    def __init__(self, fails_at=None):
        self.fails_at, self.told = fails_at, []

    def after(self, done, state, metrics):
        self.told.append((done, jax.tree.map(np.array, state), metrics))
        if done == self.fails_at:
            raise RuntimeError("no connection")


def test_a_callback_sees_every_line_of_the_log(tiny, tmp_path):
    kept = Kept()
    final = train(tiny(ema=0.5), tmp_path / "run", progress=False, callbacks=[kept])
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [done for done, *_ in kept.told] == [line["step"] for line in lines]
    for (_, _, metrics), line in zip(kept.told, lines, strict=True):
        assert metrics.items() <= line.items()
        assert "generator_loss" in metrics
    done, state, _ = kept.told[-1]
    assert done == 12
    jax.tree.map(np.testing.assert_array_equal, state, jax.tree.map(np.array, final))


def test_a_callback_that_fails_ends_the_run_with_its_state(tiny, tmp_path):
    with pytest.raises(RuntimeError, match="no connection") as caught:
        train(tiny(), tmp_path / "run", progress=False, callbacks=[Kept(fails_at=10)])
    assert "the state after iteration 10 is saved" in caught.value.__notes__[-1]
    kept = Kept()
    resume(tmp_path / "run", progress=False, callbacks=[kept])
    assert [done for done, *_ in kept.told] == [12]
    assert int(load(tmp_path / "run")[1].step) == 12


def test_several_seeds_have_no_callback(tiny, tmp_path):
    with pytest.raises(ConfigError, match="callbacks follow one run"):
        train(tiny(), tmp_path / "run", progress=False, seeds=2, callbacks=[Kept()])
    assert not (tmp_path / "run").exists()
