"""Adversarial autoencoders on MNIST (Makhzani et al. 2015, figures 2 and 4, appendix A).

    python -m gans_jax train experiments/paper/adversarial_autoencoder.py:mnist --data.data-dir DIR
    python -m gans_jax train experiments/paper/adversarial_autoencoder.py:mnist_mixture \\
        --data.data-dir DIR
    python -m gans_jax train experiments/paper/adversarial_autoencoder.py:mnist_swiss_roll \\
        --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `mnist` with tfds in the array_record format.

Encoder, decoder and discriminator have two ReLU layers of 1,000 units and the code has two; batches
of 100, 1,000 epochs, Adam 1e-3 with b1 0.9 and the standard deviation 5 of the Gaussian come from a
public replica of appendix A.1. The mixture and the swiss roll have ten pieces, and the
discriminator sees which of them a label stands for; the paper does not state their sizes. Pixels
end in tanh, in [-1, 1], instead of in a sigmoid.
"""

from typing import Any

from gans_jax import AdversarialAutoencoder, data, priors
from gans_jax.networks import EncoderDecoder, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment


def adversarial_autoencoder(prior: Any, labels: int = 0) -> Experiment:
    """Returns the experiment with a prior, whose components belong to so many labels."""
    return Experiment(
        method=AdversarialAutoencoder(
            autoencoder=EncoderDecoder(
                encoder=MLPGenerator((2,), (1000, 1000), output="linear"),
                decoder=MLPGenerator((28, 28, 1), (1000, 1000)),
            ),
            discriminator=MLPDiscriminator((1000, 1000)),
            prior=prior,
            labels=labels,
        ),
        data=data.TFDS("mnist"),
        batch_size=100,
        iterations=1000 * 600,
        log_every=100,
        sample_every=6000,
        checkpoint_every=30_000,
    )


experiments = {
    # Figure 2.
    "mnist": adversarial_autoencoder(priors.Normal(2, std=5.0)),
    # Figure 4, left.
    "mnist_mixture": adversarial_autoencoder(priors.GaussianMixture(10), labels=10),
    # Figure 4, right.
    "mnist_swiss_roll": adversarial_autoencoder(priors.SwissRoll(10), labels=10),
}
