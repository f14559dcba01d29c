"""Measures the package on a GPU, within ten minutes and without a network.

    python -m experiments.gpu --json gpu.json

It runs the tests of all methods and the comparisons with PyTorch on the GPU, the benchmark in
float32 and in bfloat16, and a configuration of a paper for as long as is left. docs/gpu.md
describes the file.
"""

import argparse
import datetime
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments.gpu import plan, process, report, surroundings
from experiments.gpu.results import Results

_EVERY = {device: [part.name for part in plan.parts(device)] for device in ("gpu", "cpu")}


def main() -> None:
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _arguments()
    chosen = [part for part in plan.parts(arguments.device) if part.name in arguments.parts]
    environment = plan.environment(arguments.device)
    results = Results(arguments.json)
    results |= _found(arguments, environment)
    results.save()
    for package, why in results["unfit_packages"].items():
        print(f"{package} {why}", flush=True)
    try:
        for part, mark in zip(chosen, plan.marks(chosen, arguments.budget), strict=True):
            _measure(part, start, mark, environment, results)
            if results["parts"][part.name]["status"] == "interrupted":
                raise KeyboardInterrupt
        results["finished"] = True
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        results["seconds"] = round(time.monotonic() - start, 1)
        results.save()
    print(f"{arguments.json} has all figures", flush=True)
    failed = [name for name, part in results["parts"].items() if part["status"] == "failed"]
    if failed:
        sys.exit(f"{', '.join(failed)} failed: the file has the end of each one's output")


def _found(arguments: argparse.Namespace, environment: dict[str, str]) -> dict[str, Any]:
    """Returns what the file says before the first part; ends the program without the device."""
    libraries = {name: surroundings.framework(name, environment) for name in ("jax", "torch")}
    card = surroundings.card(plan.card()) if arguments.device == "gpu" else {"error": "not asked"}
    if libraries["jax"].get("platform") != arguments.device:
        sys.exit(_no_device(arguments.device, libraries, card))
    return {
        "began": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": arguments.device,
        "budget_s": arguments.budget,
        "seconds": None,
        "finished": False,
        "host": surroundings.host(),
        "card": card,
        **libraries,
        "unfit_packages": surroundings.unfit(),
        "packages": surroundings.packages(),
        "parts": {},
    }


def _measure(
    part: plan.Part, start: float, mark: float, common: dict[str, str], results: Results
) -> None:
    """Runs a part until its mark, and saves what it found."""
    environment = plan.environment_of(part, common, results["jax"])
    device, seconds = results["device"], max(1.0, start + mark - time.monotonic())
    options = ["--device", device, "--seconds", f"{seconds:.1f}", "--subject", part.name]
    watched = plan.card() if device == "gpu" else None
    with tempfile.TemporaryDirectory() as folder:
        command = [part.module, *options]
        found = process.run(command, environment, Path(folder), seconds, watched)
    names = ("JAX_PLATFORMS", "XLA_FLAGS", "NVIDIA_TF32_OVERRIDE", "JAX_DEFAULT_MATMUL_PRECISION")
    found["environment"] = {name: environment[name] for name in names if name in environment}
    results["parts"][part.name] = found
    results["peaks"] = report.peaks(results["jax"]["device"], results["parts"])
    report.add_utilisation(results["parts"], results["peaks"])
    results.save()
    print(report.line(part.name, found), flush=True)


def _no_device(device: str, libraries: dict[str, dict[str, Any]], card: dict[str, Any]) -> str:
    """Returns the sentence about a machine without the device."""
    if device == "cpu":
        return f"jax does not run on the CPU of {sys.executable}: {libraries['jax'].get('error')}"
    found = [f"{name} {_seen(facts)}" for name, facts in libraries.items()]
    found.append(f"the driver {_seen(card)}")
    return (
        f"looked for a GPU with the jax and the PyTorch of {sys.executable}, but "
        f"{', '.join(found)}: choose the Python whose jax sees one (make gpu PYTHON=...), after "
        '`pip install "jax[cuda13]"` if it has none (docs/gpu.md), or try the script itself with '
        "python3 -m experiments.gpu --device cpu"
    )


def _seen(facts: dict[str, Any]) -> str:
    if "error" in facts:
        return f"says «{facts['error']}»"
    said = f" and says «{facts['said']}»" if "said" in facts else ""
    seen = facts.get("device") or facts.get("name") or "no GPU"
    return f"{facts.get('version', '')} sees {seen}{said}".strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="the file of figures")
    parser.add_argument(
        "--budget", type=float, default=600.0, metavar="SECONDS", help="of it all (default 600)"
    )
    parser.add_argument(
        "--device",
        choices=("gpu", "cpu"),
        default="gpu",
        help="cpu tries the script itself, on small work (default gpu)",
    )
    parser.add_argument(
        "--parts", metavar="NAME,NAME", help=f"of {','.join(_EVERY['gpu'])} (default: all)"
    )
    arguments = parser.parse_args()
    known = _EVERY[arguments.device]
    arguments.parts = arguments.parts.split(",") if arguments.parts else known
    if unknown := [name for name in arguments.parts if name not in known]:
        parser.error(f"there is no part {unknown[0]!r}: choose from {', '.join(known)}")
    if arguments.budget <= 0:
        parser.error(f"--budget must be positive, but is {arguments.budget}")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    return arguments


if __name__ == "__main__":
    main()
