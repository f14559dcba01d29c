"""Takes the fixtures of `tests.support.digits_runs`."""

from tests.support.digits_runs import digits, run, write

__all__ = ["digits", "run", "write"]
