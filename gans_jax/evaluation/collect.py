"""One pass over a set of examples, which keeps all that the metrics read."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.feature_networks import Network
from gans_jax.evaluation.sets import Examples
from gans_jax.metrics import FeatureStatistics, Gaussian
from gans_jax.runs.progress import Progress

# The metrics of pixels convert them to float64, which then takes half a gigabyte at most.
_KEPT_VALUES = 2**26


@dataclasses.dataclass(frozen=True)
class Collected:
    """The part of a set of examples that one pass has kept.

    Attributes:
      examples: the set itself.
      gaussians: mean and covariance of the features of all examples, by the name of the network.
      features: the features `[n, d]` of all examples, for the networks in `whole` alone.
      logits: the logits `[n, classes]` of all examples, for the same networks.
      pixels: the first examples as they are, `[m, ...]`; m is 0 unless they were asked for.
    """

    examples: Examples
    gaussians: Mapping[str, Gaussian]
    features: Mapping[str, np.ndarray]
    logits: Mapping[str, np.ndarray]
    pixels: np.ndarray


def collect(
    examples: Examples,
    networks: Mapping[str, Network],
    whole: Collection[str] = (),
    pixels: bool = False,
    progress: bool = False,
) -> Collected:
    """Reads all examples once, and runs the feature networks on each batch of them.

    Args:
      examples: the set to read.
      networks: the feature networks by name. The Gaussian of their features is always kept.
      whole: the names of the networks whose features and logits are kept for each example.
      pixels: whether the examples themselves are kept, as many as 64 million values allow.
      progress: whether to show how many examples are done.

    Raises:
      EvaluationError: if there are fewer than two examples.
      ValueError: if a network refuses the examples.
    """
    if examples.count < 2:
        raise EvaluationError(
            f"{examples.what} has {examples.count} examples, which is too few for statistics: "
            "give two or more"
        )
    statistics: dict[str, FeatureStatistics] = {}
    features: dict[str, list[np.ndarray]] = defaultdict(list)
    logits: dict[str, list[np.ndarray]] = defaultdict(list)
    kept = [np.empty((0, *examples.shape), np.uint8 if examples.are_images else np.float32)]
    room = max(2, _KEPT_VALUES // math.prod(examples.shape)) if pixels else 0
    with Progress(examples.what if progress else None, examples.count) as bar:
        for batch in examples.batches():
            for name, network in networks.items():
                batch_features, batch_logits = network.run(batch)
                if name not in statistics:
                    statistics[name] = FeatureStatistics(batch_features.shape[1])
                statistics[name].update(batch_features)
                if name in whole:
                    features[name].append(batch_features)
                    logits[name].append(batch_logits)
            if room > 0:
                kept.append(batch[:room])
                room -= len(batch)
            bar.update(len(batch))
    return Collected(
        examples,
        {name: found.gaussian() for name, found in statistics.items()},
        {name: np.concatenate(parts) for name, parts in features.items()},
        {name: np.concatenate(parts) for name, parts in logits.items()},
        np.concatenate(kept),
    )
