"""The file of figures: utilisation added to them, and lines that say what was found."""

from typing import Any

from experiments.gpu import cards


def peaks(card: str | None, parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns by type the rate that utilisation is relative to, and where it comes from.

    Args:
      card: the card's name, None without one.
      parts: what the parts found so far.
    """
    measured = {}
    for figures in parts.get("products", {}).get("figures", {}).values():
        if isinstance(figures, dict):
            measured[figures["dtype"]] = max(figures["tflops"].values())
    return {
        dtype: dict(zip(("tflops", "source"), cards.peak(card, dtype, rate), strict=True))
        for dtype in ("float32", "bfloat16")
        for rate in (measured.get(dtype),)
    }


def add_utilisation(parts: dict[str, Any], peaks: dict[str, dict[str, Any]]) -> None:
    """Adds the share of the peak that each framework reaches to the figures of all workloads."""
    for part in parts.values():
        for found in part["figures"].values():
            if isinstance(found, dict) and "jax_tflops" in found:
                peak = peaks[found["dtype"]]["tflops"]
                for framework in ("jax", "torch"):
                    rate = found[f"{framework}_tflops"]
                    found[f"{framework}_utilisation"] = rate / peak if peak else None


def line(name: str, part: dict[str, Any]) -> str:
    """Returns what a part found, as a line of text."""
    start = f"{name}: {part['status']} after {part['seconds']:.0f} s"
    found = _found(part["figures"])
    if "reason" in part:
        found = [*found, part["reason"].partition("\n")[0]]
    return "; ".join([start, *found])


def _found(figures: dict[str, Any]) -> list[str]:
    if "passed" in figures:
        counts = ", ".join(f"{figures[name]} {name}" for name in ("passed", "failed", "skipped"))
        return [f"{counts} of {figures['collected']}"]
    if "iterations" in figures:
        rate = figures.get("images_per_second")
        speed = f", {rate:.0f} images a second" if rate else ""
        return [f"{figures['iterations']} iterations{speed}"]
    return [f"{name}: {_speed(found)}" for name, found in figures.items() if _is_speed(found)]


def _is_speed(found: Any) -> bool:
    return isinstance(found, dict) and ("jax_ms" in found or "tflops" in found)


def _speed(found: dict[str, Any]) -> str:
    if "tflops" in found:
        return ", ".join(f"{name} {rate:.1f} TFLOPS" for name, rate in found["tflops"].items())
    share = found.get("jax_utilisation")
    used = f", {share:.1%} of the peak" if share else ""
    return (
        f"{found['jax_ms']:.2f} ms, PyTorch {found['torch_best_ms']:.2f} "
        f"(ratio {found['ratio']:.2f}){used}"
    )
