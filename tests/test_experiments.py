"""Every experiment file builds; its configuration and its state are as a run would have them."""

from pathlib import Path

import jax
import numpy as np
import pytest

from gans_jax.cli import load_file
from gans_jax.data import TFDS, ImageFolder
from gans_jax.training import config

ROOT = Path(__file__).parent.parent / "experiments"
FILES = [p for p in sorted(ROOT.glob("**/*.py")) if "experiment = " in p.read_text()]
# Sides and channels of the images that this test cannot read.
UNREAD = {"cifar10": (32, 3), "svhn_cropped": (32, 3), "lsun/church_outdoor": (64, 3),
          "lsun/bedroom": (64, 3)}  # fmt: skip


def image_shape(source) -> tuple[int, ...]:
    if isinstance(source, TFDS):
        side, channels = UNREAD[source.name]
        return side, side, channels
    if isinstance(source, ImageFolder):
        return source.size, source.size, source.channels
    return source[0]["image"].shape


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_experiment(file):
    experiment, _ = load_file(str(file))
    method, text = experiment.method, config.to_json(experiment)
    assert not config.differences(config.to_json(config.from_json(text)), text)
    minibatches = (method.critic_iterations(1),) if method.batch_axis else ()
    shape = (*minibatches, experiment.batch_size, *image_shape(experiment.data))
    kind = np.uint8 if len(image_shape(experiment.data)) == 3 else np.float32
    batch = {"image": jax.ShapeDtypeStruct(shape, kind)}
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(method.init, key, batch)
    after, _ = jax.eval_shape(method.step, state, batch, key)
    assert jax.tree.leaves(after) == jax.tree.leaves(state)
    samples = jax.eval_shape(lambda s, k: method.sample(s, k, 2), state, key)
    assert samples.shape[1:] == image_shape(experiment.data)


def test_each_file_states_its_command_and_nothing_undone():
    assert len(FILES) >= 17
    for file in FILES:
        text = file.read_text()
        assert f"python -m gans_jax train {file.relative_to(ROOT.parent)}" in text, file
        assert "TODO" not in text, file
