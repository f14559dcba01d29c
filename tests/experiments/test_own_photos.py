"""What a person with photos types: one size, folders of any images, and a translation of one."""

import dataclasses
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.digits import wgan_digits
from experiments.translation import cyclegan_folders, pix2pix_folders
from gans_jax import priors
from gans_jax.cli import main, override
from gans_jax.training import load
from tests.support.pairs import noise, save

ROOT = Path(__file__).parents[2]
FEW = ("--iterations", "1", "--batch-size", "1", "--method.discriminator.features", "2")


def photos(folder, shapes):
    for index, shape in enumerate(shapes):
        save(folder / f"{index}.png", noise(index, *shape))


def test_networks_follow_the_size_of_the_data():
    changed = override(pix2pix_folders.experiment, ["--data.size", "128"], "train")
    assert changed.data.size == changed.method.generator.size == 128
    assert override(pix2pix_folders.experiment, [], "train") == pix2pix_folders.experiment
    arguments = ["--data.size", "128", "--method.generator.size", "32"]
    assert override(pix2pix_folders.experiment, arguments, "train").method.generator.size == 32
    digits = wgan_digits.experiment
    method = dataclasses.replace(digits.method, prior=priors.Normal(28))
    changed = override(dataclasses.replace(digits, method=method), ["--data.size", "32"], "train")
    assert (changed.method.generator.size, changed.method.prior) == (32, priors.Normal(28))
    changed = override(cyclegan_folders.experiment, ["--data.size", "128"], "train")
    assert changed.method == cyclegan_folders.experiment.method


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["beside", "apart"])
def test_pairs(tmp_path, layout):
    if layout == "beside":
        photos(tmp_path / "A", [(20, 40), (31, 60)])
        where = ["--data.path", str(tmp_path / "A")]
    else:
        photos(tmp_path / "A", [(20, 20), (31, 50)])
        photos(tmp_path / "B", [(20, 20), (31, 50)])
        where = ["--data.path", str(tmp_path / "A"), "--data.path-b", str(tmp_path / "B")]
    run = str(tmp_path / "run")
    file = "experiments/translation/pix2pix_folders.py"
    small = ("--method.generator.features", "2", "--data.size", "16")
    assert main(["train", file, *where, *FEW, *small, "--workdir", run]) == 0
    assert load(run)[0].method.generator.size == 16
    save(tmp_path / "photo.jpg", noise(9, 21, 37))
    arguments = ["--input", str(tmp_path / "photo.jpg"), "--output", str(tmp_path / "made.png")]
    assert main(["translate", run, *arguments]) == 0
    assert np.asarray(Image.open(tmp_path / "made.png")).shape == (21, 37, 3)


@pytest.mark.slow
def test_the_readmes_commands_as_they_are_typed(tmp_path, monkeypatch):
    """The commands train on few small photos; nothing else is changed."""
    photos(tmp_path / "photos/trainA", [(20, 30), (41, 18), (16, 16)])
    photos(tmp_path / "photos/trainB", [(25, 25), (18, 60)])
    photos(tmp_path / "photos/testA", [(17, 23)])
    photos(tmp_path / "pairs" / "train", [(20, 40), (31, 60)])
    save(tmp_path / "photo.jpg", noise(9, 21, 37))
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text().split("## Your own photos")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    commands = [shlex.split(line) for line in block.splitlines() if line]
    assert [words[:4] for words in commands] == [
        ["python", "-m", "gans_jax", name] for name in ("train", "translate") * 2
    ]
    for _, _, _, *words in commands:
        small = [*FEW, "--data.size", "16"] if words[0] == "train" else []
        if small and "cyclegan" in words[1]:
            small += [f"--method.translator.generator-{side}.blocks=1" for side in ("ab", "ba")]
        assert main([*words, *small]) == 0
    assert np.asarray(Image.open("translated/0.png")).shape == (17, 23, 3)
    assert np.asarray(Image.open("translated.png")).shape == (21, 37, 3)
