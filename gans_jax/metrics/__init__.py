"""Measures of samples: pure functions of images, features and label maps, in float64."""

from gans_jax.metrics.activations import discriminator_features, strongest_responses
from gans_jax.metrics.classifier import DigitsClassifier, DigitsTraining, digits_classifier
from gans_jax.metrics.densities import energy_distance, mode_shares
from gans_jax.metrics.frechet import FewSamplesWarning, frechet_distance
from gans_jax.metrics.gaussian import FeatureStatistics, Gaussian, fit_gaussian
from gans_jax.metrics.images import adjacent_ms_ssim, ms_ssim, ms_ssim_name, psnr, ssim
from gans_jax.metrics.inception_score import inception_score
from gans_jax.metrics.kernel import Estimate, kernel_distance
from gans_jax.metrics.manifold import ManifoldScores, manifold_scores
from gans_jax.metrics.neighbours import Memorisation, Neighbours, memorisation, nearest_neighbours
from gans_jax.metrics.parzen import choose_bandwidth, parzen_log_likelihood
from gans_jax.metrics.pretrained import (
    FeatureNetwork,
    WeightsError,
    convert_inception,
    load_efficientnet,
    load_inception,
)
from gans_jax.metrics.segmentation import (
    CITYSCAPES,
    FACADES,
    Palette,
    confusion_matrix,
    label_map,
    segmentation_scores,
)
from gans_jax.metrics.sliced import sliced_wasserstein
from gans_jax.metrics.svm import SVMScores, linear_svm

__all__ = [
    "CITYSCAPES",
    "FACADES",
    "DigitsClassifier",
    "DigitsTraining",
    "Estimate",
    "FeatureNetwork",
    "FeatureStatistics",
    "FewSamplesWarning",
    "Gaussian",
    "ManifoldScores",
    "Memorisation",
    "Neighbours",
    "Palette",
    "SVMScores",
    "WeightsError",
    "adjacent_ms_ssim",
    "choose_bandwidth",
    "confusion_matrix",
    "convert_inception",
    "digits_classifier",
    "discriminator_features",
    "energy_distance",
    "fit_gaussian",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "label_map",
    "linear_svm",
    "load_efficientnet",
    "load_inception",
    "manifold_scores",
    "memorisation",
    "mode_shares",
    "ms_ssim",
    "ms_ssim_name",
    "nearest_neighbours",
    "parzen_log_likelihood",
    "psnr",
    "segmentation_scores",
    "sliced_wasserstein",
    "ssim",
    "strongest_responses",
]
