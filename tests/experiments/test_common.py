"""What the experiments share: training loops, rows in files, options of the command line."""

import argparse
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.common import command_line, fit, saved_rows


def test_fit_takes_one_step_of_the_optimizer_for_each_batch():
    x = np.random.default_rng(0).standard_normal((3, 5, 2)).astype(np.float32)
    optimizer = optax.adam(0.1)

    def loss(params, batch):
        return jnp.square(batch @ params["w"] - 1).mean()

    found = fit.fit(loss, {"w": jnp.ones(2)}, optimizer, x)
    params = {"w": jnp.ones(2)}
    opt_state = optimizer.init(params)
    for batch in x:
        updates, opt_state = optimizer.update(jax.grad(loss)(params, batch), opt_state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(found["w"], params["w"], rtol=1e-6)


def test_iterate_reads_its_inputs_in_turn_and_returns_the_last_metrics():
    def step(state, x, y):
        return 2 * state + x, {"product": x * y}

    inputs = jnp.array([1.0, 2.0, 3.0]), iter(jnp.array([4.0, 5.0, 6.0]))
    state, metrics, seconds = fit.iterate(step, jnp.zeros(()), *inputs)
    assert (state, metrics["product"]) == (11, 18)
    assert 0 < seconds < 10


def test_training_in_memory_ends_in_the_state_of_a_run(finished):
    _, experiment, wanted = finished
    arguments = experiment.method, experiment.data, experiment.batch_size, experiment.iterations
    found, _ = fit.train(*arguments)
    for x, y in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


def test_training_in_memory_refuses_metrics_that_are_not_finite(tiny):
    experiment = tiny(method={"learning_rate": np.inf})
    arguments = experiment.method, experiment.data, experiment.batch_size, experiment.iterations
    with pytest.raises(FloatingPointError, match="not finite after 12 iterations: "):
        fit.train(*arguments)


def test_rows_with_a_file_are_not_computed_again(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps({"score": 1}))
    saved_rows.compute(["a", "b"], tmp_path, lambda name: {"score": len(name) + 1})
    assert capsys.readouterr().out == "b done\n"
    found = saved_rows.read(["b", "c", "a"], tmp_path)
    assert list(found) == [("b", {"score": 2}), ("a", {"score": 1})]


def test_rows_are_chosen_by_name(tmp_path, capsys):
    parser = saved_rows.parser("Title", ["a", "b", "c"], str(tmp_path))
    assert parser.parse_args([]).rows == ["a", "b", "c"]
    assert parser.parse_args(["--rows", "c,a"]).rows == ["c", "a"]
    with pytest.raises(SystemExit):
        parser.parse_args(["--rows", "a,d"])
    assert "there is no row d: choose from a, b, c" in capsys.readouterr().err


def test_options_have_the_types_of_their_defaults(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["program", "--iterations", "7", "--runs", str(tmp_path)])
    defaults = {"iterations": 3, "runs": tmp_path / "other"}
    options = command_line.picture_options("Title", "a.png", **defaults)
    assert isinstance(options, argparse.Namespace)
    assert (options.iterations, options.runs, str(options.out)) == (7, tmp_path, "a.png")


def test_a_report_is_made_of_every_run(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["program", "a", str(tmp_path)])
    found = []
    command_line.for_each_run("Title", lambda workdir: found.append(str(workdir)))
    assert found == ["a", str(tmp_path)]
