"""Runs on one page of HTML that needs no network."""

from gans_jax.report.page import write_page

__all__ = ["write_page"]
