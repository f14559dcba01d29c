"""The query time of pix2pix's own U-Net, on a processor's core."""

import functools
import time

import jax
import numpy as np

from experiments.claims.framework.claim import Claim, Condition, Numbers
from gans_jax.networks import UNetGenerator

NETWORK = UNetGenerator(256)


def seconds(seed: int) -> Numbers:
    """Returns the median time of ten translations of an image, compiled before."""
    x = jax.random.uniform(jax.random.key(seed), (1, 256, 256, 3), minval=-1)
    variables = jax.jit(NETWORK.init)(jax.random.key(seed), x)
    translate = jax.jit(functools.partial(NETWORK.apply, mutable=["batch_stats"]))
    times = []
    for _ in range(11):
        start = time.perf_counter()
        made, _ = translate(variables, x)
        jax.block_until_ready(made)
        times.append(time.perf_counter() - start)
    return {"seconds": float(np.median(times[1:]))}


claim = Claim(
    sentence="A translation by pix2pix takes well under a second.",
    source='Isola et al. 2017, pix2pix, section 4, "Data requirements and speed" (on a Titan X)',
    null="it takes a second or more",
    setup="the paper's U-Net with 54 million parameters, one image of 256x256, one core of a "
    "processor instead of a GPU",
    arms={"U-Net": seconds},
    measures={"seconds": "median of ten translations; lower is better"},
    rule=(Condition("seconds", "U-Net", "<", 1),),
    seeds=10,
    minutes=1,
)
