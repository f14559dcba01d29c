"""Files of tensors by name: PyTorch's own, read without PyTorch, safetensors and npz."""

from gans_jax.weights.tensor_file import WeightsError, file_sha256, read_tensors, write_tensors

__all__ = ["WeightsError", "file_sha256", "read_tensors", "write_tensors"]
