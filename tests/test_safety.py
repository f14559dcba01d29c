"""Nothing that is read is run: the syntax trees of the package hold no call that would do so."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("gans_jax/**/*.py"), *ROOT.glob("experiments/**/*.py")])
PICKLES = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
RUNS_CODE = ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "execfile")
# What reads only data, if it is told so.
CONDITIONS = {"np.load": ("allow_pickle", False), "torch.load": ("weights_only", True)}
# The user's own experiment is a program, and is run as one.
ALLOWED = {("gans_jax/cli", "runpy.run_path")}


def name_of(node: ast.expr) -> str:
    """`a.b.c` for such an expression, and its end for others."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_told(call: ast.Call, keyword: str, value: bool) -> bool:
    given = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
    return given.get(keyword) is value


def dangers(text: str) -> list[str]:
    """The calls and imports in a program that could run what a file holds."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            found += [f"import {module}" for module in modules if module.split(".")[0] in PICKLES]
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        flags = {keyword.arg for keyword in node.keywords}
        if name in CONDITIONS:
            safe = is_told(node, *CONDITIONS[name])
        else:
            unknown = name.split(".")[0] in (*PICKLES, "runpy") or name in RUNS_CODE
            unknown |= name.startswith("yaml.") and "safe" not in name
            pickles = "allow_pickle" in flags and not is_told(node, "allow_pickle", False)
            safe = not (unknown or pickles or "shell" in flags)
        found += [] if safe else [name]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_call_runs_what_it_reads(file):
    path = str(file.relative_to(ROOT))
    found = [
        d
        for d in dangers(file.read_text())
        if not any(path.startswith(place) and d == what for place, what in ALLOWED)
    ]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from dill import loads",
        "eval('1')",
        "exec(text)",
        "yaml.load(file)",
        "np.load(file)",
        "np.load(file, allow_pickle=True)",
        "np.load(file, allow_pickle=flag)",
        "torch.load(file)",
        "runpy.run_path(file)",
        "__import__(name)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_each_danger_is_seen(text):
    assert dangers(text)
