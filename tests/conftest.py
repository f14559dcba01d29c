import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest

_CACHE = os.environ.get("JAX_COMPILATION_CACHE_DIR", os.path.expanduser("~/.cache/gans_jax/xla"))
jax.config.update("jax_compilation_cache_dir", _CACHE)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


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
