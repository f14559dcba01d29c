"""Writes the examples of a source once, decoded, for `data.Packed`."""

from gans_jax.tools.pack.writing import pack as pack
