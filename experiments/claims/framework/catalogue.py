"""The claims that there are, by the names of their files."""

import functools
import importlib
import re
from pathlib import Path

from experiments.claims.framework.claim import Claim

FOLDER = Path(__file__).parents[1]
TOPICS = {
    "theory": "What the theorems say",
    "gaussians": "Toy densities, whose modes can be counted",
    "digits": "Images: the embedded digits",
    "translation": "Translation of images",
}


@functools.cache
def names() -> dict[str, str]:
    """Returns the topic of each claim by its name, in the order of the topics."""
    return {
        file.stem: topic
        for topic in TOPICS
        for file in sorted((FOLDER / topic).glob("*.py"))
        if re.search(r"^claim = ", file.read_text(), re.MULTILINE)
    }


def load(name: str) -> Claim:
    """Returns a claim.

    Raises:
      ValueError: if no claim has the name.
    """
    if name not in names():
        raise ValueError(f"no claim has the name {name}: choose from {', '.join(names())}")
    module = importlib.import_module(f"experiments.claims.{names()[name]}.{name}")
    claim: Claim = module.claim
    return claim
