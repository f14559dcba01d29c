"""A source whose examples have arrays of every type that a batch may have."""

import dataclasses

import ml_dtypes
import numpy as np

from gans_jax.data.source import InMemory


@dataclasses.dataclass(frozen=True)
class Every(InMemory):
    """37 examples, with zeros of both signs."""

    @property
    def arrays(self):
        rng = np.random.default_rng(0)
        signs = np.where(rng.random((37, 4)) < 0.5, -0.0, rng.normal(size=(37, 4)))
        return {
            "image": rng.integers(0, 256, (37, 5, 3, 1), dtype=np.uint8),
            "points": signs.astype(np.float32),
            "halves": rng.normal(size=(37, 3)).astype(ml_dtypes.bfloat16),
            "mask": rng.random((37, 5)) < 0.5,
            "label": rng.integers(0, 9, 37),
            "double": rng.normal(size=(37, 2)),
        }
