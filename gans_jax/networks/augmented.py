"""A discriminator that sees augmented images."""

from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.augmentations import Change, recoloured, window
from gans_jax.networks.layers import run_part

Augmentation = Literal["color", "translation", "cutout"]


class Augmented(nn.Module):
    """A discriminator of images that are augmented in training, `[n, h, w, c] -> logits`.

    Differentiable augmentation (Zhao et al. 2020, arXiv:2006.10738): the discriminator sees real
    and generated images changed alike, in its own updates and in the generator's, whose gradient
    passes through the changes, so that the generator does not learn them. The changes are as in the
    authors' code, and drawn for each example: `color` adds a brightness of -0.5 to 0.5, multiplies
    the saturation by 0 to 2 and the contrast by 0.5 to 1.5; `translation` shifts by up to 1/8 of
    height and width; `cutout` covers half of height and width anywhere. What is shifted in or
    covered is 0, a middle gray. Outside of training images pass unchanged.

    A gradient penalty takes the gradient by the image before its changes.

    Attributes:
      discriminator: any network of images, and of labels after them.
      policy: the changes, in the order in which they are made.
      images: how many images lie side by side in the channels, 2 for the pairs of pix2pix. They are
        changed alike, each about its own means.

    Raises:
      ValueError: if examples are not images.
    """

    discriminator: nn.Module
    policy: tuple[Augmentation, ...] = ("color", "translation", "cutout")
    images: int = 1

    @property
    def classes(self) -> int:
        """How many classes the labels have that the discriminator takes; 0 if it takes none."""
        return int(getattr(self.discriminator, "classes", 0))

    @nn.compact
    def __call__(self, x: Array, label: Array | None = None, train: bool = False) -> Array:
        if x.ndim != 4 or x.shape[-1] % self.images:
            raise ValueError(
                f"augmentation changes {self.images} image(s) [n, h, w, c] an example, but these "
                f"examples have the shape {x.shape[1:]}: take the discriminator without Augmented"
            )
        if train:
            keys = core.example_keys(self.make_rng("dropout"), x.shape[0])
            changed = jax.vmap(self._change)(x.reshape(*x.shape[:-1], self.images, -1), keys)
            x = changed.reshape(x.shape)
        return run_part(self.discriminator, x, train, *([] if label is None else [label]))

    def _change(self, x: Array, key: Array) -> Array:
        """Changes the images `[h, w, images, c]` of an example."""
        change: dict[str, Change] = {
            "color": recoloured,
            "translation": _translation,
            "cutout": _cutout,
        }
        for name, own_key in zip(self.policy, jax.random.split(key, len(self.policy)), strict=True):
            x = change[name](x, own_key)
        return x


def _translation(x: Array, key: Array) -> Array:
    largest = [int(side / 8 + 0.5) for side in x.shape[:2]]
    padded = jnp.pad(x, (*((s, s) for s in largest), (0, 0), (0, 0)))
    return window(padded, key, *x.shape[:2])


def _cutout(x: Array, key: Array) -> Array:
    row_key, column_key = jax.random.split(key)
    rows, columns = _covered(row_key, x.shape[0]), _covered(column_key, x.shape[1])
    return jnp.where((rows[:, None] & columns)[:, :, None, None], 0, x)


def _covered(key: Array, side: int) -> Array:
    """Draws which half of a side is covered, `[side]`; its middle is anywhere within."""
    size = int(side / 2 + 0.5)
    middle = jax.random.randint(key, (), 0, side + 1 - size % 2)
    place = jnp.arange(side) - (middle - size // 2)
    return (place >= 0) & (place < size)
