"""Every experiment of every file can be built, saved, initialised and stepped, in shapes."""

import functools
import importlib
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from gans_jax import AdversarialAutoencoder
from gans_jax.cli import load_file
from gans_jax.data import (
    TFDS,
    ImageFolder,
    PairedFolder,
    PastedObjects,
    Side,
    Unaligned,
    Unpaired,
    UnpairedFolders,
)
from gans_jax.data.tasks import Task
from gans_jax.runs import config

ROOT = Path(__file__).parents[2] / "experiments"
FILES = [
    file
    for file in sorted(ROOT.glob("**/*.py"))
    if re.search(r"^experiments? = ", file.read_text(), re.MULTILINE)
]
# Translators of the papers' sizes take seconds each to trace, as do slopes of slopes; PUGAN's many
# experiments are alike. The small ones are no slow tests.
LONG = ("attention_gan", "cyclegan", "fused_cyclegan", "pix2pix", "pugan", "smooth_gan")
# Sides of the images of data sets that are not here, which are RGB unless GREY.
GREY = ("fashion_mnist", "mnist")
SIDES = {
    "cifar10": 32,
    "mnist": 28,
    "svhn_cropped": 32,
    "lsun/church_outdoor": 64,
    "lsun/bedroom": 64,
    "cycle_gan/monet2photo": 256,
    "cycle_gan/summer2winter_yosemite": 256,
    "cycle_gan/horse2zebra": 256,
    "cycle_gan/apple2orange": 256,
    "cycle_gan/iphone2dslr_flower": 256,
}


def shapes(source) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the images of an example by their names."""
    if isinstance(source, Unaligned):
        return shapes(source.source)
    if isinstance(source, Side):
        return {"image": shapes(source.source)[source.name]}
    if isinstance(source, UnpairedFolders):
        return source.shapes()
    if isinstance(source, Task):
        return dict.fromkeys("ab", (source.size, source.size, source.source.channels))
    if isinstance(source, PairedFolder):
        return dict.fromkeys("ab", (source.size, source.size, source.channels))
    if isinstance(source, Unpaired):
        channels = {shapes(domain)["image"][-1] for domain in (source.a, source.b)}
        return dict.fromkeys("ab", (source.size, source.size, *channels))
    if isinstance(source, PastedObjects):
        images = dict.fromkeys("ab", (source.size, source.size, 3))
        return images | dict.fromkeys(("mask_a", "mask_b"), (source.size, source.size, 1))
    if isinstance(source, TFDS):
        side, channels = source.size or SIDES[source.name], 1 if source.name in GREY else 3
        return {"image": (side, side, channels)}
    if isinstance(source, ImageFolder):
        return {"image": (source.size, source.size, source.channels)}
    return {name: x.shape for name, x in source[0].items() if name in ("image", "a", "b")}


def batch_of(experiment) -> dict[str, jax.ShapeDtypeStruct]:
    leading = (experiment.batch_size,)
    if experiment.method.batch_axis:
        leading = (len(experiment.method.minibatches(1)), *leading)
    batch = {}
    for name, shape in shapes(experiment.data).items():
        dtype = np.uint8 if len(shape) == 3 else np.float32
        batch[name] = jax.ShapeDtypeStruct((*leading, *shape), dtype)
    method = experiment.method
    if method.classes or (isinstance(method, AdversarialAutoencoder) and method.labels):
        batch["label"] = jax.ShapeDtypeStruct(leading, np.int32)
    return batch


def names_of(file):
    """Returns the names of a file's experiments, among them "" for the one without a name."""
    path = file.relative_to(ROOT.parent).with_suffix("")
    module = importlib.import_module(".".join(path.parts))
    unnamed = [""] if hasattr(module, "experiment") else []
    return [*unnamed, *getattr(module, "experiments", {})]


def cases():
    for file in FILES:
        is_long = file.parent.name == "paper" and file.stem.startswith(LONG)
        for name in names_of(file):
            where = f"{file}:{name}" if name else str(file)
            marks = [pytest.mark.slow] if is_long else []
            yield pytest.param(where, marks=marks, id=where.removeprefix(f"{ROOT}/"))


@pytest.mark.parametrize("where", list(cases()))
def test_experiment(where):
    experiment, own = load_file(where)
    method, text = experiment.method, config.to_json(experiment, own)
    assert not config.differences(config.to_json(config.from_json(text, own), own), text)
    batch, key = batch_of(experiment), jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(method.init, key, batch)
    after, _ = jax.eval_shape(method.step, state, batch, key)
    assert jax.tree.leaves(after) == jax.tree.leaves(state)
    if "a" in batch:
        a, b = (jax.ShapeDtypeStruct(batch[x].shape[method.batch_axis :], np.uint8) for x in "ab")
        translate = functools.partial(method.translate, deterministic=True)
        assert jax.eval_shape(translate, state, a).shape == b.shape
    else:
        samples = jax.eval_shape(lambda s, k: method.sample(s, k, 2), state, key)
        assert samples.shape[1:] == shapes(experiment.data)["image"]


def test_each_file_states_its_commands():
    for file in FILES:
        text, path, names = file.read_text(), file.relative_to(ROOT.parent), names_of(file)
        assert names, file
        places = [str(path)] if "" in names else [f"{path}:{name}" for name in names]
        for place in places:
            assert f"python -m gans_jax train {place} " in text.replace("\n", " "), place


def test_each_program_states_its_command():
    for file in sorted(ROOT.glob("**/*.py")):
        text, path = file.read_text(), file.relative_to(ROOT.parent).with_suffix("")
        if 'if __name__ == "__main__":' in text:
            module = ".".join(path.parts).removesuffix(".__main__")
            assert f"python -m {module} " in text.replace("\n", " "), file


def test_nothing_is_left_undone():
    for file in sorted(ROOT.glob("**/*.py")):
        assert "TODO" not in file.read_text(), file
