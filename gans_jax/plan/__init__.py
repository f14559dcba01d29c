"""What an iteration costs on a TPU slice, told by compiling it for that slice without a TPU."""

from gans_jax.plan.audit import compare, plan, versions
from gans_jax.plan.chips import CHIPS, Chip, PlanError, Slice, parse_slices
from gans_jax.plan.result import DoesNotFit, Plan
from gans_jax.plan.table import table

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
    "table",
    "versions",
]
