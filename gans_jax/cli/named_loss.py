"""The options that name a loss, such as `--method.loss hinge`."""

import dataclasses
import difflib
import re
from collections.abc import Sequence
from typing import Any

from gans_jax import losses
from gans_jax.runs import ConfigError, Experiment

_ALL = [c for c in vars(losses).values() if isinstance(c, type) and dataclasses.is_dataclass(c)]
LOSSES = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "-", loss.__name__).lower(): loss
    for loss in _ALL
    if issubclass(loss, losses.AdversarialLoss)
}


def with_named_losses(
    experiment: Experiment, arguments: Sequence[str]
) -> tuple[Experiment, list[str]]:
    """Returns the experiment with the losses that arguments name, and the other arguments.

    Raises:
      ConfigError: if there is no loss of a name, or it has fields without a default.
    """
    rest, words = [], iter([part for word in arguments for part in _split(experiment, word)])
    for word in words:
        if not _is_loss(experiment, word):
            rest.append(word)
            continue
        experiment = _replaced(experiment, _path(word), _loss(word, next(words, "")))
    return experiment, rest


def _split(experiment: Experiment, word: str) -> list[str]:
    """Splits `--method.loss=hinge` in two."""
    option, equals, value = word.partition("=")
    return [option, value] if equals and _is_loss(experiment, option) else [word]


def _path(word: str) -> list[str]:
    return word.removeprefix("--").replace("-", "_").split(".")


def _is_loss(experiment: Experiment, word: str) -> bool:
    """Returns whether a word is the option of a field that holds a loss."""
    value: Any = experiment
    for name in _path(word):
        value = getattr(value, name, None)
    return word.startswith("--") and isinstance(value, losses.AdversarialLoss)


def _loss(option: str, name: str) -> losses.AdversarialLoss:
    wanted = name.lower().replace("_", "-")
    if wanted not in LOSSES:
        close = difflib.get_close_matches(wanted, LOSSES)
        remedy = f"did you mean {' or '.join(close)}?" if close else f"take {', '.join(LOSSES)}"
        raise ConfigError(f"{option} cannot be {name!r}: {remedy}")
    try:
        return LOSSES[wanted]()
    except TypeError as error:
        raise ConfigError(
            f"{option} {name} has fields to set: assign it in the experiment's file"
        ) from error


def _replaced(value: Any, path: Sequence[str], new: Any) -> Any:
    """Returns a dataclass in which the field at a path is another."""
    name, *inner = path
    new = _replaced(getattr(value, name), inner, new) if inner else new
    return dataclasses.replace(value, **{name: new})
