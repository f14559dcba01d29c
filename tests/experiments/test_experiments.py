"""Every experiment file builds; its configuration and its state are as a run would have them."""

from pathlib import Path

import jax
import numpy as np
import pytest

from gans_jax.cli import load_file
from gans_jax.data import TFDS, ImageFolder, PairedFolder, PastedObjects, Unaligned, Unpaired
from gans_jax.runs import config

ROOT = Path(__file__).parents[2] / "experiments"
FILES = [p for p in sorted(ROOT.glob("**/*.py")) if "experiment = " in p.read_text()]
# Full-size translators take seconds each to trace; of each kind a small one is not among them.
LONG = ("attention_gan", "cyclegan", "fused_cyclegan", "pix2pix")
# Sides and channels of the images that this test cannot read.
UNREAD = {"cifar10": (32, 3), "svhn_cropped": (32, 3), "lsun/church_outdoor": (64, 3),
          "lsun/bedroom": (64, 3)}  # fmt: skip
UNREAD |= dict.fromkeys(
    (
        "cycle_gan/monet2photo",
        "cycle_gan/summer2winter_yosemite",
        "cycle_gan/horse2zebra",
        "cycle_gan/apple2orange",
    ),
    (256, 3),
)


def shapes(source) -> dict[str, tuple[int, ...]]:
    """Of the images of an example, by name."""
    if isinstance(source, Unaligned):
        return shapes(source.source)
    if isinstance(source, PairedFolder):
        return dict.fromkeys("ab", (source.size, source.size, source.channels))
    if isinstance(source, Unpaired):
        channels = {shapes(domain)["image"][-1] for domain in (source.a, source.b)}
        return dict.fromkeys("ab", (source.size, source.size, *channels))
    if isinstance(source, PastedObjects):
        images = dict.fromkeys("ab", (source.size, source.size, 3))
        return images | dict.fromkeys(("mask_a", "mask_b"), (source.size, source.size, 1))
    if isinstance(source, TFDS):
        side, channels = UNREAD[source.name]
        return {"image": (side, side, channels)}
    if isinstance(source, ImageFolder):
        return {"image": (source.size, source.size, source.channels)}
    return {"image": source[0]["image"].shape}


def batch_of(experiment) -> dict[str, jax.ShapeDtypeStruct]:
    leading = (experiment.batch_size,)
    if experiment.method.batch_axis:
        leading = (len(experiment.method.minibatches(1)), *leading)
    kind = lambda shape: np.uint8 if len(shape) == 3 else np.float32
    found = shapes(experiment.data).items()
    batch = {name: jax.ShapeDtypeStruct((*leading, *shape), kind(shape)) for name, shape in found}
    if getattr(experiment.method, "labels", 0):
        batch["label"] = jax.ShapeDtypeStruct(leading, np.int32)
    return batch


def case(file):
    is_long = file.parent.name == "paper" and file.stem.startswith(LONG)
    marks = [pytest.mark.slow] if is_long else []
    return pytest.param(file, marks=marks, id=str(file.relative_to(ROOT)))


@pytest.mark.parametrize("file", [case(file) for file in FILES])
def test_experiment(file):
    experiment, _ = load_file(str(file))
    method, text = experiment.method, config.to_json(experiment)
    assert not config.differences(config.to_json(config.from_json(text)), text)
    batch, key = batch_of(experiment), jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(method.init, key, batch)
    after, _ = jax.eval_shape(method.step, state, batch, key)
    assert jax.tree.leaves(after) == jax.tree.leaves(state)
    if "a" in batch:
        images = jax.eval_shape(method.translate, state, batch["a"])
        assert images.shape == batch["b"].shape
    else:
        samples = jax.eval_shape(lambda s, k: method.sample(s, k, 2), state, key)
        assert samples.shape[1:] == shapes(experiment.data)["image"]


def test_each_file_states_its_command_and_nothing_undone():
    assert len(FILES) >= 31
    for file in FILES:
        text = file.read_text()
        assert f"python -m gans_jax train {file.relative_to(ROOT.parent)}" in text, file
        assert "TODO" not in text, file
