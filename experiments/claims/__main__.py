"""Runs the claims, and writes docs/claims.md.

python -m experiments.claims [--only NAME ...] [--seeds 5] [--budget MINUTES]

A run whose result is in experiments/claims/results is not made again, so that a campaign that was
stopped goes on. `--seeds 5-9` runs other seeds than a claim's own, to see if its verdict stays.
"""

import argparse

from experiments.claims.framework import campaign, catalogue, page
from experiments.common import command_line
from gans_jax.core import files


def seeds(text: str) -> range:
    """Returns the seeds 0 to n - 1 for "n", and a to b for "a-b"."""
    first, dash, last = text.partition("-")
    try:
        return range(int(first), int(last) + 1) if dash else range(int(first))
    except ValueError:
        message = f"{text} are no seeds: give a number, or a range such as 5-9"
        raise argparse.ArgumentTypeError(message) from None


def main() -> int:
    names = list(catalogue.names())
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "--only", choices=names, metavar="NAME", nargs="+", default=names, help="some claims alone"
    )
    parser.add_argument("--seeds", type=seeds, help="5 for 0 to 4, or 5-9 (default: the claim's)")
    parser.add_argument(
        "--budget", type=float, default=600, help="minutes after which no run begins (default: 600)"
    )
    workers = len(campaign.available_cores())
    parser.add_argument(
        "--workers", type=int, default=workers, help="runs at a time (default: one a core)"
    )
    options = parser.parse_args()
    jobs = list(campaign.missing(options.only, options.seeds))
    print(f"{len(jobs)} runs are missing of {len(options.only)} claims", flush=True)
    failed = campaign.run(jobs, options.workers, options.budget)
    files.write(page.PAGE, page.page())
    print("\n".join(page.verdicts(options.only)))
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
