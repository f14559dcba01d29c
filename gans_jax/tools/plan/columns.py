"""Plans side by side, as a table that is also Markdown."""

from collections.abc import Sequence

from gans_jax.tools.plan.cost import Plan


def side_by_side(plans: Sequence[Plan]) -> str:
    """A table with one column per plan and one row per quantity."""
    columns = [_column(plan) for plan in plans]
    longest = max(columns, key=len)  # whose order the rows have
    names = dict.fromkeys([*longest, *(name for column in columns for name in column)])
    rows = [["per chip and iteration", *(plan.topology for plan in plans)]]
    rows += [[name, *(column.get(name, "0") for column in columns)] for name in names]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)


def _column(plan: Plan) -> dict[str, str]:
    """Returns the cells of a plan by the names of their rows."""
    seconds = {"compute": plan.compute_s, "HBM": plan.memory_s, "interconnect": plan.interconnect_s}
    bound = max(seconds, key=seconds.__getitem__)
    cells = {
        "chips": f"{plan.chips}",
        "examples of a minibatch": f"{plan.batch_per_chip}",
        "minibatches": f"{plan.minibatches}",
        "GFLOP": f"{plan.gflop_per_chip:.4g}",
        "GB moved": f"{plan.moved_bytes_per_chip / 1e9:.4g}",
        "MB of temporaries": f"{plan.temp_bytes_per_chip / 1e6:.4g}",
        "MB at the peak": f"{plan.peak_bytes_per_chip / 1e6:.4g}",
        "% of HBM": f"{100 * plan.peak_bytes_per_chip / plan.hbm_bytes_per_chip:.3g}",
    }
    for kind, total in plan.collectives.items():
        cells[f"{kind}: count, MB"] = f"{total['count']}, {total['bytes'] / 1e6:.4g}"
    for name, value in seconds.items():
        cells[f"ms of {name}"] = f"{1e3 * value:.3g}"
    if plan.loops:
        cells["loops counted once"] = ", ".join(map(str, plan.loops))
    cells["ms of the roofline"] = f"{1e3 * plan.iteration_s:.3g} ({bound})"
    cells["images per second at that, all chips"] = f"{plan.images_per_second:,.0f}"
    return cells | _input(plan)


def _input(plan: Plan) -> dict[str, str]:
    """Returns the cells about what the hosts feed."""
    cells = {
        "hosts": f"{plan.hosts}",
        "images per second to feed, each host": f"{plan.images_per_second_per_host:,.0f}",
        "MB per second to feed, each host": f"{plan.input_bytes_per_second_per_host / 1e6:,.4g}",
    }
    if plan.images_per_second_per_core is not None:
        cells["images per second of a core here"] = f"{plan.images_per_second_per_core:,.0f}"
        cells["such cores to feed, each host"] = f"{plan.cores_per_host:,}"
    if plan.set_bytes is not None:
        cells["MB of all examples"] = f"{plan.set_bytes / 1e6:,.4g}"
        cells["all examples on the chips"] = f"{plan.set_on_device}"
    return cells
