"""Whether the critic's loss tells how good the samples are, unlike the discriminator's loss.

Claim (Arjovsky et al. 2017, arXiv:1701.07875, section 4.2, figures 3 and 4): WGAN's estimate of the
distance falls as the samples get better, for a fully connected generator and for DCGAN's. A GAN of
the same networks estimates the Jensen-Shannon divergence, and its estimate does not fall. The paper
judges samples by eye; this program judges them by FD-digits.

    python -m experiments.tables.wgan_loss_correlates \\
        --out docs/experiments/wgan_loss_correlates.png

As in the paper, the critic or discriminator is DCGAN's in all four runs (here with 16 features),
and the fully connected generator has three hidden layers of 512 units. The WGAN is taken from
`wgan_digits`, with a learning rate between the two that are measured there, and the GAN from
`dcgan_digits`. FD-digits compares 2,000 samples with as many training digits (`evaluate_by`), 20
times a run. With each distance goes the mean of the ten estimates that were logged since the
distance before. Spearman's rank correlation is computed over these 20 pairs. If they were
independent, chance would exceed 0.45 once in 40 times; but they come from one run, in which any two
curves with a trend correlate. The four runs are in the folder `--runs`, where a run that was
stopped goes on.

Measured on one core of an AMD EPYC with AVX-512, jax 0.10.2, Python 3.11.7, 2026-11-30, seed 0, 269
s in all (picture: docs/experiments/wgan_loss_correlates.png). The claim shows. WGAN: rank
correlation 0.83 with the fully connected generator (FD-digits 1,237 to 275) and 0.99 with DCGAN's
(1,477 to 159); where the estimate still rises, in the first 100 to 300 iterations, the critic is
not trained yet. GAN: -0.20 (1,905 to 1,206) and -0.25 (1,888 to 1,950, it has not learned here):
the estimate of the divergence rises, whether the samples get better or not. On another machine
(2026-11-22) the GANs gave 0.18 (1,918 to 1,421) and 0.46 (1,889 to 548), and the WGANs the same.
"""

import dataclasses
from pathlib import Path

from scipy.stats import spearmanr

from experiments.common import command_line, plots
from experiments.digits import dcgan_digits, wgan_digits
from gans_jax import GAN, WGAN, data, training
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPGenerator
from gans_jax.runs.metrics_file import read_metrics

FEATURES, LEARNING_RATE = 16, 2e-4
CHECKS, LOGGED, NUM = 20, 10, 2000
GENERATORS = {
    "MLP": MLPGenerator((28, 28, 1), features=(512, 512, 512)),
    "DCGAN": DCGANGenerator(size=28, channels=1, features=FEATURES),
}
CRITIC = DCGANDiscriminator(features=FEATURES)
ESTIMATES = {
    "wasserstein": "Wasserstein distance, estimated",
    "js_estimate": "JS divergence, estimated",
}


def methods() -> dict[str, WGAN | GAN]:
    """Returns the methods of the four runs by their titles."""
    wgan = dataclasses.replace(
        wgan_digits.experiment.method, critic=CRITIC, learning_rate=LEARNING_RATE
    )
    gan = dataclasses.replace(dcgan_digits.experiment.method, discriminator=CRITIC)
    return {
        f"{kind} {name}": dataclasses.replace(method, generator=generator)
        for kind, method in (("WGAN", wgan), ("GAN", gan))
        for name, generator in GENERATORS.items()
    }


def train(method: WGAN | GAN, workdir: Path, iterations: int) -> list[dict[str, float]]:
    """Returns the lines of metrics of a run, which is continued if its folder is there."""
    every = max(1, iterations // CHECKS)
    settings = training.Experiment(
        method=method,
        data=data.Digits(),
        iterations=iterations,
        log_every=max(1, every // LOGGED),
        sample_every=iterations,
        checkpoint_every=iterations,
        evaluate_every=every,
        evaluate_by="fd-digits",
        evaluate_num=NUM,
    )
    if workdir.exists():
        training.resume(workdir, settings, progress=False)
    else:
        training.train(settings, workdir, progress=False)
    return read_metrics(workdir / "metrics.jsonl")


def pairs(lines: list[dict[str, float]], name: str) -> list[tuple[int, float, float]]:
    """Returns the iteration, the mean estimate and the FD-digits of every evaluation.

    The mean is over the estimates since the evaluation before; `name` is their key in the lines.
    """
    found, since = [], []
    for line in lines:
        since.append(line[name])
        if "FD-digits" in line:
            found.append((line["step"], sum(since) / len(since), line["FD-digits"]))
            since = []
    return found


def main(out: Path, runs: Path, iterations: int) -> None:
    with plots.figure(out, 4, "Does the estimate fall as the samples get better?") as axes:
        for ax, (title, method) in zip(axes, methods().items(), strict=True):
            name = "wasserstein" if isinstance(method, WGAN) else "js_estimate"
            lines = train(method, runs / title.replace(" ", "_"), iterations)
            steps, estimates, distances = zip(*pairs(lines, name), strict=True)
            correlation = spearmanr(estimates, distances).statistic
            print(
                f"{title}: rank correlation {correlation:.2f}, estimate {estimates[0]:.4g} to "
                f"{estimates[-1]:.4g}, FD-digits {distances[0]:.1f} to {distances[-1]:.1f}",
                flush=True,
            )
            ax.plot(steps, estimates, "o-", color=plots.REAL, markersize=4)
            ax.set_ylabel(ESTIMATES[name], color=plots.REAL)
            other = ax.twinx()
            other.plot(steps, distances, "s--", color=plots.GENERATED, markersize=4)
            other.set_yscale("log")
            other.yaxis.set_major_formatter("{x:.0f}")
            other.yaxis.set_minor_formatter("{x:.0f}")
            other.set_ylabel("FD-digits", color=plots.GENERATED)
            ax.set(title=f"{title}: rank correlation {correlation:.2f}", xlabel="iteration")


if __name__ == "__main__":
    name = "wgan_loss_correlates"
    options = command_line.picture_options(
        __doc__, f"{name}.png", runs=Path("runs", name), iterations=1200
    )
    main(options.out, options.runs, options.iterations)
