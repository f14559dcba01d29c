"""Any one file of a run may be damaged in any way: no wrong state is read, and no good one lost."""

import contextlib
import hashlib
import random
import shutil
import warnings

import jax
import pytest

from gans_jax.runs import config, folder
from gans_jax.training import CheckpointError, Checkpoints, ConfigError, load
from tests.support.tiny import leaves

pytestmark = [
    pytest.mark.slow,
    # Of a refused step, tensorstore's threads may still read other leaves when orbax gives up.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def digest(state):
    found = leaves(jax.device_get(state))
    content = [found[name].tobytes() for name in sorted(found)]
    return hashlib.sha256(b"".join(content)).hexdigest()


def flip(path, rng):
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path, rng):
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) or 1)])


def zero(path, rng):
    path.write_bytes(bytes(path.stat().st_size))


def scramble(path, rng):
    path.write_bytes(rng.randbytes(path.stat().st_size))


def extend(path, rng):
    path.write_bytes(path.read_bytes() + rng.randbytes(100))


def delete(path, rng):
    path.unlink()


def replace_by_a_folder(path, rng):
    path.unlink()
    path.mkdir()


DAMAGES = [flip, cut, zero, scramble, extend, delete, replace_by_a_folder]


def files_of(run):
    return sorted(path for path in run.rglob("*") if path.is_file())


def parts(run):
    """The files of a run that a state depends on."""
    wanted = [run / "config.json", run / "data.json", *files_of(run / "checkpoints")]
    return [path for path in wanted if path.is_file()]


def test_two_hundred_and_fifty_damaged_files(finished, tmp_path):
    whole, rng = finished[0], random.Random(0)
    experiment, _ = load(whole)
    written = config.to_json(experiment)
    shapes = folder.state_shapes(experiment.wrapped(), folder.batch_shapes(whole))
    with Checkpoints(whole / "checkpoints") as checkpoints:
        truth = {step: digest(checkpoints.restore(shapes, step)[1]) for step in checkpoints.steps()}
    newest = max(truth)
    fell_back = 0
    for trial in range(250):
        run = shutil.copytree(whole, tmp_path / f"run_{trial}")
        newest_only = [p for p in parts(run) if str(newest) in p.relative_to(run).parts]
        path = rng.choice(newest_only if trial % 3 else parts(run))
        step = next((int(p) for p in path.relative_to(run).parts if p.isdecimal()), None)
        damage = DAMAGES[trial % len(DAMAGES)]
        damage(path, rng)
        what = f"{damage.__name__} of {path.relative_to(run)}"
        with warnings.catch_warnings(), Checkpoints(run / "checkpoints") as checkpoints:
            warnings.simplefilter("ignore")
            with contextlib.suppress(ConfigError, CheckpointError):
                again, state = load(run)
                assert config.to_json(again) == written, what
                assert digest(state) in truth.values(), what
            found, read = checkpoints.restore(shapes)
        assert digest(read) == truth[found], what
        assert found == newest or step == newest, f"{what}: a good step is lost"
        bad = {p.name for p in run.glob("checkpoints/*.bad*")}
        assert bad <= {f"{step}.bad"}, f"{what}: a good step is called damaged"
        fell_back += found != newest
        shutil.rmtree(run)
    assert fell_back >= 20, "hardly a trial has damaged what is read"
