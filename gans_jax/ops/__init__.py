"""Convolutions with PyTorch's geometry that are fast on every backend, and the allocator."""

from gans_jax.ops.allocator import keep_freed_memory
from gans_jax.ops.convolution import conv, conv_transpose, use_convolutions

__all__ = ["conv", "conv_transpose", "keep_freed_memory", "use_convolutions"]
