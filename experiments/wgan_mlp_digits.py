"""WGAN with fully connected networks and no batch norm (Arjovsky et al. 2017, section 4.3).

Claim: WGAN trains where the architecture has no batch norm and a constant number of units, a
4-layer ReLU MLP with 512 units in each hidden layer.

    python -m gans_jax train experiments/wgan_mlp_digits.py

TODO measured
"""

from gans_jax import WGAN, data
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGAN(
        generator=MLPGenerator((28, 28, 1), features=(512, 512, 512)),
        critic=MLPDiscriminator(features=(512, 512, 512), activation="leaky_relu"),
        learning_rate=2e-4,
        clip=0.03,
    ),
    data=data.Digits(),
    iterations=4000,
    sample_every=1000,
    checkpoint_every=1000,
)
