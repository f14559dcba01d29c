"""Tells what an iteration costs on a TPU slice, by compiling it for that slice without a TPU."""
