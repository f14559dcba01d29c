"""Errors of networks, methods and data that do not fit together, each as one sentence."""

import contextlib
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from flax.errors import FlaxError

from gans_jax.runs.config import ConfigError

UNFIT = (
    *(ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError),
    FlaxError,
)
REMEDY = "change the networks, the method's fields or the batch size to fit each other"
_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
_PACKAGE = str(Path(__file__).parents[1])


@contextlib.contextmanager
def refused(what: str) -> Iterator[None]:
    """Turns what the block raises, if it comes of parts that do not fit, into a ConfigError.

    The message is `what`, the first line of the error, and where in the user's own files it arose.
    The error itself is the cause.
    """
    try:
        yield
    except ConfigError:
        raise
    except UNFIT as error:
        raise ConfigError(f"{what}: {_sentence(error)}") from error


def _sentence(error: BaseException) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    words = re.sub(r"( \(https?://\S+\))?\.?$", "", first)
    words = f"{words} is missing" if isinstance(error, KeyError) else words
    frames = traceback.extract_tb(error.__traceback__)
    others = (*_INSTALLED, _PACKAGE, "<")
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    # Who raises an error by hand, unlike jax, has said what to do.
    explained = (frames[-1].line or "").startswith("raise ")
    return words + place + ("" if explained else f"; {REMEDY}")
