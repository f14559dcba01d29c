"""Checks of hyperparameters, which are part of a configuration and so come from a person."""

from collections.abc import Collection
from typing import Any


def positive(**values: Any) -> None:
    """Raises ValueError for the first number that is not above 0; None and traced values pass."""
    for name, value in values.items():
        if isinstance(value, int | float) and not value > 0:
            raise ValueError(f"{name} must be positive, but is {value}")


def whole(**values: Any) -> None:
    """Raises ValueError for the first value that is not a whole number above 0; None passes."""
    for name, value in values.items():
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__")):
            raise ValueError(f"{name} must be a whole number, but is {value!r}")
    positive(**values)


def not_negative(**values: Any) -> None:
    """Raises ValueError for the first number below 0; traced values pass."""
    for name, value in values.items():
        if isinstance(value, int | float) and not value >= 0:
            raise ValueError(f"{name} must be 0 or more, but is {value}")


def share(**values: Any) -> None:
    """Raises ValueError for the first number not between 0 and 1; traced values pass."""
    for name, value in values.items():
        if isinstance(value, int | float) and not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, but is {value}")


def one_of(options: Collection[str], **values: Any) -> None:
    """Raises ValueError for the first value that is not among the options."""
    for name, value in values.items():
        if value not in options:
            raise ValueError(f"{name} must be {' or '.join(options)}, but is {value!r}")


def factory(optimizer: object) -> None:
    """Raises ValueError unless an optimizer is a function of the learning rate."""
    if not callable(optimizer):
        raise ValueError(
            "optimizer must be a function of the learning rate, such as optax.adam or "
            "functools.partial(optax.adam, b1=0.5), but is an optimizer that was made already: "
            "give the function, and the rate as learning_rate"
        )


def used(weight: Any) -> bool:
    """Returns False for the number 0, whose term need not be computed; True for a traced weight."""
    return not isinstance(weight, int | float) or weight != 0


def noise_key(key: Any, deterministic: bool) -> None:
    """Raises ValueError if a translation that draws noise has no key for it."""
    if key is None and not deterministic:
        raise ValueError(
            "this translation draws noise: give a key, or deterministic=True to do without noise"
        )


def coupled(name: str, num: int) -> None:
    """Raises ValueError if a loss that couples the examples of a batch has only one of them."""
    if num < 2:
        raise ValueError(
            f"{name} couples the examples of a batch, of which {num} is too few: "
            "use a global batch of two or more"
        )
