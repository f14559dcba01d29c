import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

_CACHE = os.environ.get("JAX_COMPILATION_CACHE_DIR", os.path.expanduser("~/.cache/gans_jax/xla"))
jax.config.update("jax_compilation_cache_dir", _CACHE)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)

# The tests of these files share runs that one process makes once.
TOGETHER = {
    "tests/cli/test_cli.py",
    "tests/evaluation/test_evaluate.py",
    "tests/test_parallel.py",
    "tests/training/test_devices.py",
    "tests/training/test_seeds.py",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Gives each test to whichever worker is free, and the files of `TOGETHER` whole."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

    return Scheduling(config, log)


@pytest.fixture
def cases(record_property):
    """Counts the cases of a fuzz test."""
    count = []
    yield count
    record_property("cases", len(count))
    assert len(count) >= 20


def pytest_terminal_summary(terminalreporter):
    """Prints how many cases each fuzz test tried."""
    for report in terminalreporter.getreports("passed"):
        for name, count in report.user_properties:
            if name == "cases" and report.when == "teardown":
                terminalreporter.write_line(f"{report.nodeid}: {count} cases")


@pytest.fixture(scope="session")
def tiny():
    """Makes an experiment on the ring whose iterations take a millisecond."""

    import gans_jax
    from gans_jax import data, networks, priors
    from gans_jax.training import Experiment

    def make(method=(), **changes):
        fields = {
            "generator": networks.MLPGenerator((2,), (8,), output="linear"),
            "discriminator": networks.MLPDiscriminator((8,)),
            "prior": priors.Normal(4),
        }
        settings = {
            "method": gans_jax.GAN(**fields | dict(method)),
            "data": data.GaussianRing(num=200),
            "iterations": 12,
            "batch_size": 16,
            "log_every": 5,
            "sample_every": 8,
            "checkpoint_every": 4,
            "keep": 2,
            "samples": 9,
        }
        return Experiment(**settings | changes)

    return make


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory):
    """A complete run: its folder, its experiment and the state that `train` returned."""
    from gans_jax.training import train

    workdir, experiment = tmp_path_factory.mktemp("runs") / "ring", tiny()
    return workdir, experiment, train(experiment, workdir, progress=False)
