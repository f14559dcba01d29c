"""Translation by a trained method: of images, and of folders of images."""

from gans_jax.translation.folders import Translated as Translated
from gans_jax.translation.folders import translate_folder as translate_folder
from gans_jax.translation.scores import evaluate_translations as evaluate_translations
from gans_jax.translation.scores import is_translating as is_translating
