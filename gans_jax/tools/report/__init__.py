"""Runs side by side on one HTML page that needs no network."""

from gans_jax.tools.report.page import write_page

__all__ = ["write_page"]
