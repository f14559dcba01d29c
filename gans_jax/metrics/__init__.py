"""Metrics of samples: pure functions of images, features and label maps, in float64."""

from gans_jax.metrics.activations import discriminator_features, strongest_responses
from gans_jax.metrics.classifier import DigitsClassifier, DigitsTraining, digits_classifier
from gans_jax.metrics.densities import energy_distance, mode_shares
from gans_jax.metrics.divergences import (
    histograms,
    jensen_shannon,
    kl_divergence,
    optimal_discriminator,
    pearson_chi2,
    total_variation,
)
from gans_jax.metrics.frechet import FewSamplesWarning, frechet_distance
from gans_jax.metrics.gaussian import FeatureStatistics, Gaussian, fit_gaussian
from gans_jax.metrics.images import adjacent_ms_ssim, ms_ssim, ms_ssim_name, psnr, ssim
from gans_jax.metrics.inception_score import inception_score
from gans_jax.metrics.kernel_distance import Estimate, kernel_distance
from gans_jax.metrics.lipschitz import clipped_lipschitz_bound, lipschitz_bound
from gans_jax.metrics.manifold import ManifoldScores, manifold_scores
from gans_jax.metrics.neighbours import Memorisation, Neighbours, memorisation, nearest_neighbours
from gans_jax.metrics.parzen import choose_bandwidth, parzen_log_likelihood
from gans_jax.metrics.pretrained import (
    FeatureNetwork,
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
from gans_jax.metrics.transport import Critic, Transport, c_transform, earth_mover, lipschitz_critic
from gans_jax.weights import WeightsError

__all__ = [
    "CITYSCAPES",
    "FACADES",
    "Critic",
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
    "Transport",
    "WeightsError",
    "adjacent_ms_ssim",
    "c_transform",
    "choose_bandwidth",
    "clipped_lipschitz_bound",
    "confusion_matrix",
    "convert_inception",
    "digits_classifier",
    "discriminator_features",
    "earth_mover",
    "energy_distance",
    "fit_gaussian",
    "frechet_distance",
    "histograms",
    "inception_score",
    "jensen_shannon",
    "kernel_distance",
    "kl_divergence",
    "label_map",
    "linear_svm",
    "lipschitz_bound",
    "lipschitz_critic",
    "load_efficientnet",
    "load_inception",
    "manifold_scores",
    "memorisation",
    "mode_shares",
    "ms_ssim",
    "ms_ssim_name",
    "nearest_neighbours",
    "optimal_discriminator",
    "parzen_log_likelihood",
    "pearson_chi2",
    "psnr",
    "segmentation_scores",
    "sliced_wasserstein",
    "ssim",
    "strongest_responses",
    "total_variation",
]
