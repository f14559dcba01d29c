"""Takes the fixtures of `tests.support.digits_runs`."""

from tests.support.digits_runs import classifier, digits, run, write

__all__ = ["classifier", "digits", "run", "write"]
