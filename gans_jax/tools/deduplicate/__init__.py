"""Finds near-duplicates among images by semantic hashing, as DCGAN's authors cleaned their data."""

from gans_jax.tools.deduplicate.grouping import CORRELATION as CORRELATION
from gans_jax.tools.deduplicate.grouping import DETAILS as DETAILS
from gans_jax.tools.deduplicate.grouping import DISTANCE as DISTANCE
from gans_jax.tools.deduplicate.grouping import groups as groups
from gans_jax.tools.deduplicate.hashing import CODE as CODE
from gans_jax.tools.deduplicate.hashing import ITERATIONS as ITERATIONS
from gans_jax.tools.deduplicate.hashing import Encoder as Encoder
from gans_jax.tools.deduplicate.hashing import train as train
from gans_jax.tools.deduplicate.thumbnails import SIDE as SIDE
from gans_jax.tools.deduplicate.thumbnails import Thumbnails as Thumbnails
