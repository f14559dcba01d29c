"""What the machine has: packages, the GPU as jax, PyTorch and the driver see it, the host.

This needs nothing but Python. jax and PyTorch are asked in processes of their own, because a
library that does not fit the driver may end its process.
"""

import configparser
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What is used of setup.cfg's extra `test` here: the others check the source or other tests.
FOR_TESTS = ("pytest", "pytest-xdist", "hypothesis")
PATIENCE = 120  # seconds that a library may take to find the GPU

_PROBES = {
    "jax": """
import jax
found = jax.devices()[0]
facts = {"version": jax.__version__, "platform": found.platform, "device": found.device_kind}
runtime = getattr(getattr(found, "client", None), "platform_version", "unknown")
facts |= {"devices": len(jax.devices()), "runtime": runtime}
""",
    "torch": """
import torch
facts = {"version": torch.__version__, "platform": "cpu", "device": None}
if torch.cuda.is_available():
    major, minor = torch.cuda.get_device_capability()
    facts |= {"platform": "gpu", "device": torch.cuda.get_device_name()}
    facts |= {"capability": f"{major}.{minor}", "devices": torch.cuda.device_count()}
facts |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
""",
}


def framework(name: str, environment: dict[str, str]) -> dict[str, Any]:
    """Returns what `jax` or `torch` says of itself and its device, or an `error`."""
    code = f"{_PROBES[name]}\nimport json\nprint(json.dumps(facts))"
    how = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    try:
        done = subprocess.run([sys.executable, "-c", code], timeout=PATIENCE, check=False, **how)
    except subprocess.TimeoutExpired:
        return {"error": f"it has not found its device within {PATIENCE} seconds"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]}
    facts = json.loads(done.stdout.splitlines()[-1])
    # A library that finds no GPU says there why, if it knows.
    said = done.stderr.strip().splitlines()
    return facts | ({"said": said[-1]} if said and facts["platform"] == "cpu" else {})


def required() -> dict[str, str]:
    """Returns the packages that the library and its tests need, with their oldest versions."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    tests = setup["options.extras_require"]["test"].split()
    lines = setup["options"]["install_requires"].split()
    lines += [line for line in tests if line.partition(">=")[0] in FOR_TESTS]
    return dict(line.split(">=") for line in lines)


def version(package: str) -> str | None:
    """Returns the version of an installed package, None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def unfit() -> dict[str, str]:
    """Returns the packages that are missing or too old, each with what is wrong."""
    found = {}
    for package, oldest in required().items():
        installed = version(package)
        if installed is None:
            found[package] = f"is not installed; {oldest} or newer is needed"
        elif _numbers(installed) < _numbers(oldest):
            found[package] = f"is {installed}; {oldest} or newer is needed"
    return found


def packages() -> dict[str, str | None]:
    """Returns the versions of what the library needs, of PyTorch, and of CUDA's packages."""
    cuda = {
        name
        for found in importlib.metadata.distributions()
        if re.match(r"jax|nvidia[-_]|triton$", name := found.metadata["Name"] or "")
    }
    names = [*required(), "torch", "torchvision", *sorted(cuda)]
    return {name: version(name) for name in dict.fromkeys(names)}


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def host() -> dict[str, Any]:
    """Returns the Python, the system, the processor and the revision of the source."""
    processor = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        match = re.search(r"^model name\s*: (.*)$", cpuinfo.read_text(), re.MULTILINE)
        processor = match[1] if match else processor
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(),
        "processor": processor,
        "cores": os.cpu_count(),
        "revision": _output(["git", "rev-parse", "HEAD"]),
    }


def card(index: str) -> dict[str, Any]:
    """Returns what the driver says of the card, or why it says nothing."""
    module = Path("/proc/driver/nvidia/version")  # is there without nvidia-smi, too
    known = {"kernel_module": module.read_text().splitlines()[0]} if module.exists() else {}
    fields = ["name", "driver_version", "memory.total", "power.limit", "clocks.max.sm"]
    if shutil.which("nvidia-smi") is None:
        return known | {"error": "nvidia-smi is not installed"}
    query = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader", "-i", index]
    line = _output(query)
    if line is None or line.count(",") != len(fields) - 1:
        return known | {"error": f"nvidia-smi does not answer for card {index}"}
    return known | dict(zip(fields, (value.strip() for value in line.split(",")), strict=True))


def _output(command: list[str]) -> str | None:
    """Returns the first line that a command prints, None if it fails."""
    try:
        how = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 20}
        done = subprocess.run(command, check=True, **how)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.splitlines() or [None])[0]
