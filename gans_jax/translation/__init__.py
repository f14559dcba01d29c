"""Translation by a trained method: of images, and of folders of images."""

from gans_jax.translation.folders import Translated, translate_folder

__all__ = ["Translated", "translate_folder"]
