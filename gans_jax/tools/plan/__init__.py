"""Tells what an iteration costs on a TPU slice, by compiling it for that slice without a TPU."""

from gans_jax.tools.plan.audit import compare, plan, versions
from gans_jax.tools.plan.chips import CHIPS, Chip, PlanError, Slice, parse_slices
from gans_jax.tools.plan.columns import side_by_side
from gans_jax.tools.plan.cost import DoesNotFit, Plan

__all__ = [
    "CHIPS",
    "Chip",
    "DoesNotFit",
    "Plan",
    "PlanError",
    "Slice",
    "compare",
    "parse_slices",
    "plan",
    "side_by_side",
    "versions",
]
