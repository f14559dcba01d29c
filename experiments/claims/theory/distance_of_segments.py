"""Only the Earth-Mover distance tells how far apart two segments are."""

import numpy as np
from scipy.stats import spearmanr

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.theory.theory_parallel_lines import over_all_points
from gans_jax.metrics import earth_mover, jensen_shannon


def correlation(seed: int) -> Numbers:
    """Returns the rank correlation of two distances with theta, over 20 thetas and 50 points."""
    rng = np.random.default_rng(seed)
    thetas, found = rng.uniform(0.05, 1, 20), []
    for theta in thetas:
        real, fake = (np.stack([np.full(50, x), rng.random(50)], axis=1) for x in (0, theta))
        divergence = jensen_shannon(*over_all_points(real, fake))
        found.append((earth_mover(real, fake).distance, divergence))
    distances, divergences = np.array(found).T
    same = np.ptp(divergences) < 1e-9
    return {
        "Earth-Mover": float(spearmanr(thetas, distances).statistic),
        "Jensen-Shannon": 0.0 if same else float(spearmanr(thetas, divergences).statistic),
    }


claim = Claim(
    sentence="Between two parallel segments the Earth-Mover distance falls as they come nearer; "
    "the Jensen-Shannon divergence is log 2 at any distance.",
    source="Wasserstein GAN, example 1 and figure 1",
    null="both, or neither, tell which of two distances is larger",
    setup="50 random points on each of two segments, 20 distances between 0.05 and 1",
    arms={"segments": correlation},
    measures={
        "Earth-Mover": "rank correlation of the Earth-Mover distance with the segments' distance",
        "Jensen-Shannon": "the same of the Jensen-Shannon divergence, 0 if it is constant",
    },
    rule=(
        Condition("Earth-Mover", "segments", ">", 0.9),
        Condition("Jensen-Shannon", "segments", "<", 0.1),
    ),
    seeds=10,
    picture="theory_parallel_lines.png",
    remark="the second condition cannot fail, because two samples without a common point have a "
    "Jensen-Shannon divergence of log 2 at any distance.",
)
