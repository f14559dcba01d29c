"""Images whose numbers no method takes end a run at its first batch, with the remedy."""

import dataclasses
import functools

import numpy as np
import pytest

import gans_jax
from gans_jax import networks, priors
from gans_jax.data import DataError
from gans_jax.data.source import InMemory
from gans_jax.training import Experiment, train


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """Images `[32, 4, 4, 1]` of a type, whose pixels rise from one number to another."""

    low: float
    high: float
    dtype: str = "float32"

    @functools.cached_property
    def arrays(self):
        values = np.linspace(self.low, self.high, 32 * 16).reshape(32, 4, 4, 1)
        return {"image": values.astype(self.dtype)}


def begin(source, workdir, repeat=1):
    method = gans_jax.GAN(
        networks.MLPGenerator((4, 4, 1), (4,)), networks.MLPDiscriminator((4,)), priors.Normal(2)
    )
    experiment = Experiment(
        method=method, data=source, batch_size=32, iterations=repeat, repeat=repeat
    )
    train(experiment, workdir, extra=[Images], progress=False)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Images(0, 1), "`image` has floats from 0 to 1 in the first batch"),
        (Images(0, 255), "`image` has floats from 0 to 255"),
        (Images(-3, 3), "`image` has floats from -3 to 3"),
        (Images(0, 255, "int32"), "`image` is of type int32: give images as uint8"),
        (Images(-1, 1, "int64"), "`image` is of type int64"),
        (Images(0, 1, "bool"), "`image` is of type bool"),
    ],
    ids=str,
)
def test_other_numbers_are_refused_before_a_folder_is_made(tmp_path, source, message):
    with pytest.raises(DataError, match=message):
        begin(source, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_several_iterations_in_a_program_are_checked_alike(tmp_path):
    with pytest.raises(DataError, match="`image` has floats from 0 to 1"):
        begin(Images(0, 1), tmp_path / "run", repeat=2)


@pytest.mark.parametrize("source", [Images(-1, 1), Images(0, 255, "uint8"), Images(-1, -0.2)])
def test_images_in_the_range_train(tmp_path, source):
    begin(source, tmp_path / "run")
    assert (tmp_path / "run/report.png").exists()
