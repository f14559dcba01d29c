"""Files of tensors: PyTorch's own, read without PyTorch, and safetensors."""

from gans_jax.weights.torch_file import WeightsError, read_tensors, write_tensors

__all__ = ["WeightsError", "read_tensors", "write_tensors"]
