"""The argument SOURCE: a source of images in a word, or the data of an experiment."""

import os

from gans_jax.cli.experiment_file import load_file, override
from gans_jax.cli.paths import installed
from gans_jax.data import IDX, TFDS, ImageFolder
from gans_jax.data.source import Source
from gans_jax.runs import ConfigError


def named_source(text: str, overrides: list[str], command: str, size: int) -> Source:
    """Returns the source that the argument SOURCE of a command means.

    Args:
      text: a folder, an IDX file, `tfds:NAME[:SPLIT]`, or the file of an experiment, or the name of
        one that is installed with the package.
      overrides: options of an experiment's fields.
      command: the name of the command, for its help.
      size: the side of the images of a folder.

    Raises:
      ConfigError: if there are overrides, and the source is not the data of an experiment.
    """
    file = text.rpartition(":")[0] or text
    is_known = not os.path.exists(text) and installed(file) is not None
    if is_known or (not os.path.isdir(text) and (text.endswith(".py") or file.endswith(".py"))):
        experiment, _ = load_file(text)
        return override(experiment, overrides, f"{command} {text}").data
    if overrides:
        raise ConfigError(
            f"{' '.join(overrides)}: only the data of an experiment have such options"
        )
    if text.startswith("tfds:"):
        name, _, split = text.removeprefix("tfds:").partition(":")
        return TFDS(name, split or "train")
    if os.path.isfile(text):
        return IDX(text)
    return ImageFolder(text, size=size)
