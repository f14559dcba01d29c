"""Files that were damaged, or made to do harm, are refused with an error that names them.

The fuzz tests count the files that they tried; pytest prints the counts at its end.
"""

import copy
import gzip
import hashlib
import io
import json
import os
import shutil
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gans_jax.data import IDX, DataError, ImageFolder
from gans_jax.metrics import pretrained
from gans_jax.runs import folder
from gans_jax.runs.metrics_file import read_metrics
from gans_jax.training import CheckpointError, ConfigError, load, resume
from gans_jax.weights import WeightsError, read_tensors
from tests.data.test_idx import encode
from tests.support.tiny import fuzz

# Of a refused step, tensorstore's threads may still read other leaves when orbax gives up.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture
def run(finished, tmp_path):
    """A complete run that a test may damage."""
    return shutil.copytree(finished[0], tmp_path / "run")


VALUES = (None, True, -1, 0, 1e308, float("nan"), 10**400, "", "../../etc/passwd", "x" * 1000, [])
NODES = (
    *([[[[]]]], [10**9, 10**9], {}, {"type": 3}, {"type": "Experiment", "with": {}}),
    {"type": "os.system", "with": {"a": 1}},
    {"type": "Digits", "with": {"split": "test", "size": 28}},
)
HOSTILE = st.sampled_from((*VALUES, *NODES))


def seal(run):
    """Makes the digest of `config.json` fit, as whoever changes it to do harm would."""
    if not (run / "config.json").is_file():
        return
    try:
        node = json.loads((run / "config.json").read_text())
        identity = json.loads((run / "data.json").read_text()).get("run")
    except (OSError, ValueError, RecursionError, AttributeError):
        return
    if isinstance(node, dict):
        node.pop("sha256", None)
        (run / "config.json").write_text(folder.sealed(json.dumps(node), identity))


def refusal(errors, read, *arguments):
    """What the error says that reading ends with; "" if it ends with none."""
    try:
        read(*arguments)
    except errors as error:
        return str(error)
    return ""


@st.composite
def altered(draw, tree):
    """JSON with one value replaced, removed or put under another name."""
    tree = copy.deepcopy(tree)
    places, nodes = [], [tree]
    while nodes:
        node = nodes.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                nodes.append(node[key])
    node, key = draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    kind = draw(st.sampled_from(["replace", "replace", "remove", "rename"]))
    value = node.pop(key) if kind != "replace" else None
    if kind == "replace":
        node[key] = draw(HOSTILE)
    elif kind == "rename" and isinstance(node, dict):
        node[draw(st.sampled_from(["", "../../x", "type", "with", "parent"]))] = value
    return tree


@st.composite
def damaged(draw, content):
    """Bytes with some of them changed, cut off, put in or put twice."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(found) - 1, 0)))
        kind = draw(st.sampled_from(["set", "set", "cut", "insert", "double"]))
        if kind == "set" and found:
            found[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del found[at:]
        elif kind == "insert":
            found[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            found += found[at:]
    return bytes(found)


def test_fuzz_configuration(run, cases):
    tree = json.loads((run / "config.json").read_text())

    @fuzz(200)
    @given(altered(tree))
    def refused_or_read(node):
        cases.append(node)
        (run / "config.json").write_text(json.dumps(node))
        seal(run)
        said = refusal(ConfigError, folder.read_experiment, run)
        assert "\n" not in said
        assert len(said) < 2000

    refused_or_read()


@pytest.mark.slow
def test_fuzz_load(run, cases):
    tree = {name: json.loads((run / name).read_text()) for name in ("config.json", "data.json")}

    @fuzz(40)
    @given(altered(tree["config.json"]), altered(tree["data.json"]), st.booleans())
    def refused_or_loaded(experiment, found, first):
        cases.append(found)
        changed = {"config.json": experiment} if first else {"data.json": found}
        for name, node in (tree | changed).items():
            (run / name).write_text(json.dumps(node))
        seal(run)
        said = refusal((ConfigError, CheckpointError), load, run)
        assert "\n" not in said.split(" cannot be built for these data: ")[0]

    refused_or_loaded()


@pytest.mark.slow
def test_fuzz_checkpoint_record(run, finished, cases):
    """Also where whoever altered the record has made its own digest fit."""
    shutil.rmtree(run / "checkpoints/8")
    file = run / "checkpoints/12/leaves/metadata"
    item = json.loads(file.read_text())

    @fuzz(60)
    @given(altered(item), st.booleans())
    def refused_or_restored(node, fit):
        cases.append(node)
        if fit:
            fields = {name: value for name, value in node.items() if name != "sha256"}
            text = json.dumps(fields, sort_keys=True)
            node["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        file.write_text(json.dumps(node))
        assert str(run) in (refusal(CheckpointError, load, run) or str(run))

    refused_or_restored()


def test_fuzz_metrics(run, cases):
    file = run / "metrics.jsonl"
    content = file.read_bytes()

    @fuzz(200)
    @given(damaged(content))
    def refused_or_read(content):
        cases.append(content)
        file.write_bytes(content)
        said = refusal(ConfigError, lambda: [line["step"] + 1 for line in read_metrics(file)])
        assert str(file) in (said or str(file))

    refused_or_read()


def test_fuzz_npz(tmp_path, cases):
    content = io.BytesIO()
    np.savez_compressed(content, a=np.arange(50.0), b=np.ones((3, 4), np.float32))

    @fuzz(200)
    @given(damaged(content.getvalue()))
    def refused_or_read(content):
        cases.append(content)
        (tmp_path / "weights.npz").write_bytes(content)
        said = refusal(WeightsError, read_tensors, tmp_path / "weights.npz")
        assert "weights.npz is damaged" in (said or "weights.npz is damaged")

    refused_or_read()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_fuzz_idx(tmp_path, cases, compress):
    path = str(tmp_path / "images")
    content = compress(encode(np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)))

    @fuzz(200)
    @given(damaged(content))
    def refused_or_read(content):
        cases.append(content)
        (tmp_path / "images").write_bytes(content)
        said = refusal(DataError, lambda: IDX(path).arrays["image"].sum())
        assert path in (said or path)

    refused_or_read()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_fuzz_images(tmp_path, cases, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    Image.fromarray(pixels).save(content := io.BytesIO(), kind)

    @fuzz(100)
    @given(damaged(content.getvalue()))
    def refused_or_read(content):
        cases.append(content)
        (tmp_path / "image.png").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what it repairs
            said = refusal(DataError, lambda: ImageFolder(str(tmp_path), size=8)[0]["image"].sum())
        assert "image.png" in (said or "image.png")

    refused_or_read()


def replace(name, *changes):
    """Replaces texts in a file of the run."""

    def change(run):
        text = (run / name).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (run / name).write_text(text)

    return change


def write(name, content):
    return lambda run: (run / name).write_text(content)


def pipe(name):
    def change(run):
        (run / name).unlink()
        os.mkfifo(run / name)

    return change


def endless(name):
    def change(run):
        (run / name).unlink()
        (run / name).symlink_to("/dev/zero")

    return change


HOSTILE_RUNS = {
    "type is a path": (
        replace("config.json", ('"GAN"', '"../../GAN"')),
        "unknown type '../../GAN'",
    ),
    "type is a module": (replace("config.json", ('"GAN"', '"os.system"')), "type 'os.system'"),
    "huge configuration": (write("config.json", " " * 5_000_000), "more than 4000000 bytes"),
    "deep configuration": (write("config.json", DEEP), "nested too deep"),
    "configuration is no object": (write("config.json", "[1, 2]"), "is not as the run wrote it"),
    "configuration is a pipe": (pipe("config.json"), "config.json is damaged (it is no"),
    "configuration never ends": (endless("config.json"), "config.json is damaged (it is no"),
    "huge data": (write("data.json", " " * 5_000_000), "more than 4000000 bytes"),
    "deep data": (write("data.json", DEEP), "data.json is damaged"),
    "data is no object": (write("data.json", "[1]"), "data.json is damaged"),
    "no number of examples": (  # the run's random identity may have a 200 in it, too
        replace("data.json", ('"examples": 200', '"examples": "200"')),
        "examples is not a number",
    ),
    "sides that are texts": (replace("data.json", ("[[", '[["../x", ')), "is not a shape"),
    "objects": (replace("data.json", ("float64", "object")), "'object' is not a type of numbers"),
    "deep metrics": (
        write("metrics.jsonl", f'{{"step": 1}}\n{DEEP}\n'),
        "metrics.jsonl is damaged before its byte",
    ),
    "text as a metric": (
        write("metrics.jsonl", '{"step": 2}\n{"step": 1, "a_loss": "../x"}\n'),
        "'a_loss' is not a number",
    ),
    "metrics are a pipe": (pipe("metrics.jsonl"), "metrics.jsonl"),
    "metrics never end": (endless("metrics.jsonl"), "metrics.jsonl"),
    "a metric without its step": (write("metrics.jsonl", '{"step": 2}\n{}\n'), "with a step"),
}


@pytest.mark.parametrize(("change", "words"), HOSTILE_RUNS.values(), ids=HOSTILE_RUNS)
def test_hostile_run_folder(run, change, words):
    if words == "'object' is not a type of numbers":
        dtype = json.loads((run / "data.json").read_text())["batch"]["image"][1]
        change = replace("data.json", (dtype, "object"))
    change(run)
    seal(run)
    before = sorted(path.name for path in run.parent.iterdir())
    with pytest.raises((ConfigError, CheckpointError, OSError)) as caught:
        resume(run, progress=False)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert sorted(path.name for path in run.parent.iterdir()) == before


def test_names_in_a_run_folder_reach_nothing_outside(run, tmp_path):
    """What a folder should not hold is neither read nor followed."""
    (tmp_path / "outside").mkdir()
    (run / "samples/..png").touch()
    (run / "samples/evil.png").symlink_to("/etc/passwd")
    (run / "checkpoints/99999").write_text("not a folder")
    (run / "checkpoints/-5").mkdir()
    (run / "seed_..").mkdir()
    (run / "seed_007").mkdir()
    assert resume(run, progress=False).step == 12
    assert not list((tmp_path / "outside").iterdir())


def test_weights_that_are_no_numbers(tmp_path):
    like = {"layer": {"kernel": np.zeros((2, 3), np.float32)}}
    np.savez(tmp_path / "texts.npz", **{"layer/kernel": np.full((2, 3), "x")})
    np.savez(tmp_path / "objects.npz", **{"layer/kernel": np.full((2, 3), None)})
    with pytest.raises(WeightsError, match="holds another network"):
        pretrained._load(tmp_path / "texts.npz", like, None)
    with pytest.raises(WeightsError, match=r"is damaged .*allow_pickle"):
        pretrained._load(tmp_path / "objects.npz", like, None)
