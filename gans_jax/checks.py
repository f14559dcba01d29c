"""Checks of hyperparameters, which are part of a configuration and so come from a person."""

from typing import Any


def positive(**values: Any) -> None:
    """ValueError that names the first number not above 0; None and traced values pass."""
    for name, value in values.items():
        if isinstance(value, int | float) and not value > 0:
            raise ValueError(f"{name} must be positive, but is {value}")
