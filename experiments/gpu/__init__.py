"""Measures the package on a machine with a GPU, in one command; docs/gpu.md describes it."""
