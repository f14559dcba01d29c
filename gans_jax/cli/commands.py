"""The names of all commands, which are told without loading what runs them."""

from typing import NamedTuple


class Command(NamedTuple):
    """A command: the module of this package that has it, and one line about it."""

    module: str
    about: str


COMMANDS = {
    "train": Command("train", "run an experiment"),
    "resume": Command("train", "continue a run"),
    "list": Command("list_", "list the experiments that `train` can run"),
    "plan": Command("plan", "say what an experiment will cost on TPU slices"),
    "sample": Command("sample", "draw generated examples into a PNG file"),
    "interpolate": Command("sample", "draw images between two points of noise, in rows or moving"),
    "arithmetic": Command("arithmetic", "draw A - B + C of averaged noise"),
    "translate": Command("translate", "translate an image, or those in a folder"),
    "evaluate": Command("evaluate", "compare samples with real examples by metrics"),
    "study": Command("study", "ask people which image is real"),
    "report": Command("report", "show runs side by side on one HTML page"),
    "export": Command(
        "export", "write the sampler, or a translator's network, for use without this package"
    ),
    "import": Command("import_", "make a run folder of networks that PyTorch has trained"),
    "pack": Command("pack", "write the examples of a source once, decoded, for fast reading"),
    "deduplicate": Command("deduplicate", "list near-duplicates among images"),
}
