"""What the papers prove, checked on the library's own losses, critics and distances."""

import os
import subprocess
import sys
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import norm

from gans_jax import GAN, losses, priors
from gans_jax.core import Player
from gans_jax.metrics import (
    earth_mover,
    jensen_shannon,
    kl_divergence,
    lipschitz_critic,
    optimal_discriminator,
    pearson_chi2,
    total_variation,
)
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from tests.support import tiny

KEY, RADIUS = jax.random.key(0), 0.05
LOG2, LOG3 = np.log([2.0, 3.0])


def distributions(seed: int, num: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(num), 2)


@pytest.mark.parametrize("seed", range(3))
def test_the_value_at_the_optimal_discriminator(seed):
    """C(G) = -log 4 + 2 JS, the maximum of the value, reached at p / (p + q)."""
    p, q = distributions(seed)
    loss = losses.Minimax()
    with jax.enable_x64(True):
        value = lambda logits: -(p @ loss.real(logits) + q @ loss.fake(logits))
        best = jax.scipy.special.logit(optimal_discriminator(p, q))
        np.testing.assert_allclose(jax.grad(value)(best), 0, atol=1e-12)
        assert value(best) == pytest.approx(-np.log(4) + 2 * jensen_shannon(p, q), rel=1e-12)
        for noise in np.random.default_rng(seed).standard_normal((5, len(p))):
            assert value(best + noise) < value(best)


@pytest.mark.parametrize(("a", "b", "c"), [(-1.0, 1.0, 0.0), (0.0, 2.0, 1.0)])
def test_least_squares_minimise_a_pearson_divergence(a, b, c):
    """chi^2(p + q || 2 q) at the best discriminator (Mao et al. 2017, equations 5 to 7)."""
    p, q = distributions(0)
    loss = losses.LeastSquares(a, b, c)
    best = (b * p + a * q) / (p + q)
    gradient = jax.grad(lambda logits: p @ loss.real(logits) + q @ loss.fake(logits))(best)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
    twice = 2 * (p + q) @ np.asarray(loss.fool(best))
    by_hand = (np.square(2 * q - (p + q)) / (p + q)).sum()
    assert twice == pytest.approx(by_hand, rel=1e-12)
    assert twice == pytest.approx(2 * pearson_chi2((p + q) / 2, q), rel=1e-12)


def test_least_squares_pull_from_afar_where_the_log_loss_lets_go():
    """The generator's slopes in the logit: t - c against -sigmoid(-t) (Mao et al. 2017, figure 2).

    Examples far on the right side of the boundary are left alone by the log loss; least squares
    pull them towards it the harder, the farther they are, and are flat at one point alone.
    """
    logits = jnp.linspace(-20, 20, 401)
    slopes = {
        type(loss): np.asarray(jax.vmap(jax.grad(loss.fool))(logits))
        for loss in (losses.LeastSquares(), losses.NonSaturating(), losses.Minimax())
    }
    np.testing.assert_allclose(slopes[losses.LeastSquares], logits - 1, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        slopes[losses.NonSaturating], -1 / (1 + np.exp(logits)), rtol=1e-4, atol=1e-9
    )
    flat = {loss: np.asarray(logits)[np.abs(found) < 1e-3] for loss, found in slopes.items()}
    np.testing.assert_allclose(flat[losses.LeastSquares], [1], atol=1e-5)
    assert flat[losses.NonSaturating].min() == pytest.approx(7, abs=0.11)
    assert flat[losses.Minimax].max() == pytest.approx(-7, abs=0.11)  # where training begins


class Same(nn.Module):
    """x `[n, 1]` itself, or its logits `[n]`."""

    flat: bool = False

    def __call__(self, x):
        return x[:, 0] if self.flat else x


def estimate(loss, real: list[float], fake: list[float]) -> dict:
    method = GAN(generator=Same(), discriminator=Same(flat=True), loss=loss, prior=priors.Normal(1))
    nobody = Player({}, {}, ())
    given = (jnp.array(x, jnp.float32)[:, None] for x in (real, fake))
    _, (_, metrics, _) = method.discriminator_loss(nobody, nobody, *given, KEY)
    return metrics


@pytest.mark.parametrize("loss", [losses.Minimax(), losses.NonSaturating()])
def test_the_estimate_of_the_jensen_shannon_divergence(loss):
    # D = 3/4 on real and 1/4 on fake: log 2 - (log 4/3 + log 4/3) / 2; D = 1/2 tells nothing.
    assert estimate(loss, [LOG3], [-LOG3])["js_estimate"] == pytest.approx(LOG2 - np.log(4 / 3))
    assert estimate(loss, [0, 0], [0, 0])["js_estimate"] == pytest.approx(0, abs=1e-7)
    assert estimate(loss, [50], [-50])["js_estimate"] == pytest.approx(LOG2)
    # The best logits for shares 3/4 and 1/4 of two outcomes give the divergence itself.
    exact = estimate(loss, [LOG3] * 3 + [-LOG3], [LOG3] + [-LOG3] * 3)["js_estimate"]
    assert exact == pytest.approx(jensen_shannon([0.75, 0.25], [0.25, 0.75]), rel=1e-6)


def test_other_losses_estimate_no_jensen_shannon_divergence():
    assert "js_estimate" not in estimate(losses.LeastSquares(), [1], [0])


def parallel(theta: float, num: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points on two segments and two distributions over all of them (example 1)."""
    z = np.linspace(0, 1, num)
    x, y = (np.stack([np.full(num, at), z], axis=1) for at in (0.0, theta))
    real = np.repeat([1 / num, 0], num)
    return x, y, real, real[::-1] if theta else real


@pytest.mark.parametrize("theta", [-0.7, 0.0, 1e-3, 2.0])
def test_parallel_lines(theta):
    x, y, p, q = parallel(theta)
    assert earth_mover(x, y).distance == pytest.approx(abs(theta), abs=1e-9)
    apart = float(theta != 0)
    assert jensen_shannon(p, q) == pytest.approx(LOG2 * apart, rel=1e-12)
    assert total_variation(p, q) == pytest.approx(apart)
    assert kl_divergence(p, q) == kl_divergence(q, p) == (np.inf if theta else 0)


@pytest.mark.parametrize("seed", range(10))
def test_the_inequalities_behind_the_order(seed):
    """TV^2 <= KL / 2 (Pinsker), TV^2 / 2 <= JS <= log 2 TV, and W <= diameter * TV."""
    p, q = distributions(seed)
    points = np.random.default_rng(seed).random((len(p), 2))
    tv, js = total_variation(p, q), jensen_shannon(p, q)
    assert tv**2 <= min(kl_divergence(p, q), kl_divergence(q, p)) / 2
    assert tv**2 / 2 <= js <= LOG2 * tv
    assert earth_mover(points, points, p, q).distance <= cdist(points, points).max() * tv + 1e-9


def test_no_arrow_of_the_order_turns_round():
    cells = np.arange(33)[:, None] / 16
    whole = np.repeat([1 / 16, 0], [16, 17])
    shifted = np.roll(whole, 1)  # uniform on [1/16, 17/16], against [0, 1]
    assert kl_divergence(shifted, whole) == kl_divergence(whole, shifted) == np.inf
    assert total_variation(shifted, whole) == pytest.approx(1 / 16)
    assert jensen_shannon(shifted, whole) == pytest.approx(LOG2 / 16)
    assert earth_mover(cells, cells, shifted, whole).distance == pytest.approx(1 / 16)
    x, y, p, q = parallel(1 / 16)
    assert earth_mover(x, y).distance == pytest.approx(1 / 16)
    assert jensen_shannon(p, q) == pytest.approx(LOG2)


def test_between_two_gaussians_the_discriminator_is_flat_and_the_critic_linear():
    """Figure 2: their slopes at the generated examples, N(4, 1/4) against N(0, 1/4)."""
    at = 4 + 0.5 * norm.ppf((np.arange(40) + 0.5) / 40)
    p, q = norm.pdf(at, 0, 0.5), norm.pdf(at, 4, 0.5)
    best = optimal_discriminator(p, q)
    slope = best * (1 - best) * -16  # the logit, 8 (4 - 2 x) at variance 1/4, falls by 16
    saturating = slope / (1 - best)  # of -log(1 - D), the generator's way down
    assert np.abs(saturating).max() < 1e-3
    critic = lipschitz_critic(at[:, None] - 4, at[:, None])
    np.testing.assert_allclose(np.diff(critic.on_y) / np.diff(at), -1, rtol=1e-6)
    assert critic.value == pytest.approx(4)


def test_the_gradient_of_the_distance():
    """Theorem 3, d W / d theta = -E [d f(g_theta(z)) / d theta], for a small network."""
    rng = np.random.default_rng(0)
    x, z, theta = rng.random((8, 2)) + 1, rng.standard_normal((8, 3)), rng.standard_normal(22)

    def generate(theta):
        hidden = jnp.tanh(z @ theta[:12].reshape(3, 4) + 0.1)
        return hidden @ theta[12:20].reshape(4, 2) + theta[20:]

    with jax.enable_x64(True):
        y = np.asarray(generate(theta))
        # The mean of solutions is one, without the kinks of each; weights near 1/8 have the same.
        weights = [1 / 8 + 1e-4 * (w - w.mean()) for w in rng.random((30, 8))]
        f = np.mean([lipschitz_critic(x, y, w).on_x for w in weights], axis=0)

        def critic(y):  # the largest 1-Lipschitz function below f, which keeps f on x
            return jnp.max(f[:, None] - jnp.linalg.norm(x[:, None] - y, axis=-1), axis=0)

        distance = lambda theta: earth_mover(x, generate(theta)).distance
        assert f.mean() - critic(y).mean() == pytest.approx(distance(theta), rel=1e-7)
        gradient = -jax.grad(lambda theta: critic(generate(theta)).mean())(theta)
        steps = 1e-5 * np.eye(len(theta))
        differences = [(distance(theta + s) - distance(theta - s)) / 2e-5 for s in steps]
    assert np.linalg.norm(gradient) > 0.1
    np.testing.assert_allclose(differences, gradient, atol=1e-6)


@pytest.fixture(scope="module")
def smooth():
    """A generator of two noises, its critic, z, and a grid over the ball of RADIUS around z."""
    generator, critic = MLPGenerator((3,), features=(8, 8)), MLPDiscriminator((8,))
    z = jnp.array([0.3, -0.2])
    params = generator.init(KEY, z[None]), critic.init(KEY, jnp.zeros((1, 3)))
    ticks = jnp.linspace(-RADIUS, RADIUS, 41)
    grid = jnp.stack(jnp.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    ball = z + grid[jnp.linalg.norm(grid, axis=1) <= RADIUS]
    return (
        lambda z: generator.apply(params[0], z[None])[0],
        lambda x: critic.apply(params[1], x[None])[0],
        z,
        ball,
    )


def norms(gradients: jax.Array) -> jax.Array:
    """The spectral norms of matrices `[n, a, b]`."""
    return jnp.linalg.norm(gradients, ord=2, axis=(-2, -1))


def directions(q: float = 2, num: int = 200) -> jax.Array:
    moves = jax.random.normal(KEY, (num, 2))
    return moves / jnp.linalg.norm(moves, ord=q, axis=1, keepdims=True)


@pytest.mark.parametrize(("p", "q"), [(2, 2), (1, np.inf), (np.inf, 1)])
def test_a_tolerable_perturbation_leaves_a_pixel_as_it_is(smooth, p, q):
    """Smooth GAN (Guo et al. 2019, AAAI), theorem 1 with 1/p + 1/q = 1.

    |G_i(z + d) - G_i(z)| < e for all |d|_q < e / max |grad G_i|_p over the ball, and not far below.
    """
    generate, _, z, ball = smooth
    jacobians = tiny.jit(jax.vmap(jax.jacobian(generate)))(ball)
    steepest = jnp.linalg.norm(jacobians, ord=p, axis=-1).max(axis=0)
    epsilon = 0.6 * RADIUS * steepest
    moved = tiny.jit(jax.vmap(lambda d: jnp.abs(generate(z + d) - generate(z))))
    changes = moved(0.999 * 0.6 * RADIUS * directions(q))
    assert (changes < epsilon).all()
    assert (changes.max(axis=0) > 0.25 * epsilon).all()


def test_a_tolerable_perturbation_leaves_the_critic_as_it_is(smooth):
    """The same paper's theorem 2: |D(G(z + d)) - D(G(z))| < e for all
    |d| < e / max |grad D| |grad G| over the ball."""
    generate, judge, z, ball = smooth
    of_generator = norms(tiny.jit(jax.vmap(jax.jacobian(generate)))(ball))
    gradients = tiny.jit(jax.vmap(lambda z: jax.grad(judge)(generate(z))))(ball)
    of_critic = jnp.linalg.norm(gradients, axis=1)
    steepest = (of_critic * of_generator).max()
    epsilon = 0.6 * RADIUS * steepest
    moved = tiny.jit(jax.vmap(lambda d: jnp.abs(judge(generate(z + d)) - judge(generate(z)))))
    changes = moved(0.999 * 0.6 * RADIUS * directions())
    assert 0.1 * epsilon < changes.max() < epsilon


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("theory_parallel_lines", "theta 0.1: Earth-Mover 0.1, Jensen-Shannon 0.693147"),
        ("theory_convergence", "'Jensen-Shannon': 0.6931, 'total variation': 1.0"),
        ("theory_two_gaussians", "exact W 4"),
    ],
)
def test_the_pictures_are_made(name, said, tmp_path):
    """The experiments that take seconds; `theory_vanishing_gradient` and the collapse take more."""
    out = tmp_path / "folder" / "picture.png"
    command = [sys.executable, "-m", f"experiments.theory.{name}", "--out", str(out)]
    root = Path(__file__).parent.parent
    ran = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert said in ran.stdout
    assert out.read_bytes().startswith(b"\x89PNG")
