"""The measurements of a workload, as a line of the table and as a plot."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gans_jax import pictures
from gans_jax.pictures import theme


@dataclasses.dataclass(frozen=True)
class Result:
    """The measurements of a workload; README.md beside this file explains each of them.

    Times are medians over rounds.
    """

    workload: str
    jax_ms: float
    torch_eager_ms: float
    torch_best_ms: float
    torch_best: str
    ratio: float
    ratio_min: float
    ratio_max: float
    eager_ratio: float
    compile_s: float
    jax_mb: float
    jax_first_mb: float
    torch_mb: float
    gflop: float
    limit_ms: float
    loss_difference: float
    device: str
    threads: int


HEADER = (
    f"{'workload':14}{'jax ms':>8}{'eager ms':>10}{'best ms':>9}{'limit':>8}{'eager/jax':>11}"
    f"{'best/jax':>10}  {'range':14}{'compile s':>9}{'jax MB':>8}{'first':>7}{'torch MB':>10}"
    "  PyTorch's best"
)


def line(result: Result) -> str:
    """Returns the line of the table."""
    spread = f"{result.ratio_min:.2f} to {result.ratio_max:.2f}"
    return (
        f"{result.workload:14}{result.jax_ms:8.1f}{result.torch_eager_ms:10.1f}"
        f"{result.torch_best_ms:9.1f}{result.limit_ms:8.1f}{result.eager_ratio:11.2f}"
        f"{result.ratio:10.2f}  {spread:14}{result.compile_s:9.1f}{result.jax_mb:8.0f}"
        f"{result.jax_first_mb:7.0f}{result.torch_mb:10.0f}  {result.torch_best}"
    )


def plot(results: Sequence[Result], file: Path) -> None:
    """Draws how many times as fast as PyTorch's best each workload is, with its range."""
    with theme.figure(7, 1 + 0.45 * len(results), dpi=150) as figure:
        axes = figure.add_subplot()
        theme.style(axes, fontsize=8)
        names = [f"{r.workload}\n{r.jax_ms:.1f} ms, {r.torch_best_ms:.1f} ms" for r in results]
        ratios = [r.ratio for r in results]
        spread = [
            [r.ratio - r.ratio_min for r in results],
            [r.ratio_max - r.ratio for r in results],
        ]
        axes.barh(names, ratios, xerr=spread, height=0.6, color=theme.COLOURS[0], capsize=3)
        axes.axvline(1, color="black", linewidth=1)
        axes.invert_yaxis()
        axes.set_xlabel(
            "PyTorch's best / gans_jax, time per iteration (above 1, gans_jax is faster)"
        )
        pictures.save(file, theme.to_array(figure))
