"""The conformance suite, and the comparisons with PyTorch in float64, on the device."""

import importlib
import os
from typing import Any

import pytest

from experiments.gpu import surroundings
from experiments.gpu.part import Task
from experiments.gpu.results import Results

# Only tests that compute on the device: PyTorch, which the others are about, is the reference.
FILES = {
    "conformance": ["tests/methods/test_methods.py"],
    "parity": [
        f"tests/pytorch/test_{name}.py"
        for name in ("gan", "wgan", "translators", "optimizers", "dcgan", "translation_networks")
    ],
}
# On the CPU the script is tried, and these tests stand for all.
TRIAL = {"conformance": "minimax", "parity": "optimizers"}
# Tests in so many processes at once: they wait for XLA's compiler, which needs cores of the host.
MOST_PROCESSES, CORES_OF_A_PROCESS = 4, 2


class Outcomes:
    """Counts the outcomes of tests in the results as they come."""

    def __init__(self, results: Results) -> None:
        self._results = results
        results |= {"collected": None, "passed": 0, "failed": 0, "skipped": 0, "failures": {}}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self._collected(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and report.when != "call":
            return
        self._results[report.outcome] += 1
        if report.failed:
            self._results["failures"][report.nodeid] = str(report.longrepr)[-2000:]
        self._results.save()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._results["failures"][report.nodeid] = str(report.longrepr)[-2000:]
            self._results.save()

    def _collected(self, num: int) -> None:
        if num:
            self._results["collected"] = num


def run(results: Results, task: Task) -> None:
    """Runs the tests; a failing one makes the part fail."""
    # A package that is missing is named here, where pytest would show a traceback for each file.
    for module in ("tests.support.cases", *["torch"] * (task.subject == "parity")):
        importlib.import_module(module)
    arguments = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "experiments.gpu.slow_last"]
    if task.device == "cpu":
        arguments += ["-k", TRIAL[task.subject]]
    results["processes"] = processes()
    if results["processes"] > 1:
        arguments += ["-n", str(results["processes"])]
    code = pytest.main([*arguments, *FILES[task.subject]], plugins=[Outcomes(results)])
    if code != pytest.ExitCode.OK:
        failures = len(results["failures"])
        raise RuntimeError(f"pytest ended with {code!r} and {failures} failures")


def processes() -> int:
    """Returns how many processes the tests share, which is 1 without pytest-xdist."""
    if surroundings.version("pytest-xdist") is None:
        return 1
    return max(1, min(MOST_PROCESSES, (os.cpu_count() or 1) // CORES_OF_A_PROCESS))
