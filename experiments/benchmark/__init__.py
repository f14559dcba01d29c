"""The benchmark: gans_jax against PyTorch; README.md describes it."""
