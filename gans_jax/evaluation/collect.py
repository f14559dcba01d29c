"""One pass over a set of examples: all that the metrics need of it, a batch at a time."""

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.feature_networks import Network
from gans_jax.evaluation.sets import Examples
from gans_jax.metrics import FeatureStatistics, Gaussian

# Metrics of pixels make float64 of them, at most half a gigabyte.
_KEPT_VALUES = 2**26


class Seen(NamedTuple):
    """The Gaussian of a network's features; these and the logits where they were asked for."""

    gaussian: Gaussian
    features: np.ndarray | None
    logits: np.ndarray | None


class Collected(NamedTuple):
    """What is left of a set: by network what it saw, and the first examples as they are."""

    examples: Examples
    seen: dict[str, Seen]
    pixels: np.ndarray | None


def collect(
    examples: Examples,
    networks: Mapping[str, Network],
    whole: Collection[str] = (),
    pixels: bool = False,
) -> Collected:
    """Runs the networks on all examples, and keeps features and logits of those in `whole`.

    With `pixels` it keeps the examples themselves, as many as 64 million values allow.

    Raises:
      EvaluationError: if there are fewer than two examples.
      ValueError: if a network refuses the examples.
    """
    if examples.count < 2:
        raise EvaluationError(
            f"{examples.what} has {examples.count} examples, of which there are no statistics: "
            "give two or more"
        )
    room = max(2, _KEPT_VALUES // math.prod(examples.shape)) if pixels else 0
    statistics: dict[str, FeatureStatistics] = {}
    kept: dict[str, list] = {name: [] for name in (*whole, "pixels")}
    for batch in examples.batches():
        for name, network in networks.items():
            features, logits = network.run(batch)
            if name not in statistics:
                statistics[name] = FeatureStatistics(features.shape[1])
            statistics[name].update(features)
            if name in whole:
                kept[name].append((features, logits))
        if room > 0:
            kept["pixels"].append(batch[:room])
            room -= len(batch)
    seen = {}
    for name, found in statistics.items():
        parts = [np.concatenate(part) for part in zip(*kept.get(name, ()), strict=True)]
        seen[name] = Seen(found.gaussian(), *(parts or (None, None)))
    return Collected(examples, seen, np.concatenate(kept["pixels"]) if pixels else None)
