"""Run folders of networks that PyTorch code has trained, and files for that code."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import CycleGAN, Pix2Pix, data
from gans_jax.networks import TwoGenerators
from gans_jax.runs import Experiment, config, folder, load
from gans_jax.runs.checkpoint import Checkpoints
from gans_jax.tools.interop.state_dicts import DISCRIMINATORS, Imported, from_pytorch, to_pytorch
from gans_jax.weights import WeightsError, read_tensors, write_tensors

Part = Literal["a-to-b", "b-to-a", "discriminator-a-to-b", "discriminator-b-to-a"]
PARTS: tuple[Part, ...] = ("a-to-b", "b-to-a", "discriminator-a-to-b", "discriminator-b-to-a")
NO_DATA = "(imported without --data)"
SIDE = 256


def import_run(
    workdir: str | os.PathLike[str],
    files: Mapping[Part, str | os.PathLike[str]],
    network: str,
    *,
    discriminator: str = "basic",
    size: int | None = None,
    path: str | None = None,
    evaluation: bool = False,
) -> Experiment:
    """A run folder at iteration 0 from files of junyanz/pytorch-CycleGAN-and-pix2pix.

    With `a-to-b` alone (`latest_net_G.pth`, or one of CycleGAN's two generators) it is a run of
    `Pix2Pix`, which translates in that direction; with `b-to-a` too (`latest_net_G_A.pth` and
    `latest_net_G_B.pth`) one of `CycleGAN`. Discriminators go with the direction whose translations
    they judge, as they are named there: `latest_net_D_A.pth` is `discriminator-a-to-b`, and judges
    images of domain b. Those that are not given are new.

    Args:
      workdir: a folder that is empty or does not exist; it is there whole or not at all.
      files: of PyTorch or `.safetensors`, by part.
      network: of the generators, one of `state_dicts.GENERATORS`.
      discriminator: one of `state_dicts.DISCRIMINATORS`.
      size: side of the images, which matters for further training; the U-Net's own or 256.
      path: the folder of images to train on further, for `data.PairedFolder`, or
        `data.UnpairedFolders` with two generators.
      evaluation: translate with the running statistics of batch norm and no dropout, as `test.py
        --eval` does there, instead of the batch's statistics and dropout; for one generator.

    Raises:
      WeightsError: if a file is missing, damaged or of another network.
      ConfigError: if the folder holds anything, or the images' size does not fit.
      DataError: if there is no such data.
    """
    workdir = Path(workdir)
    if workdir.exists():
        folder.refuse_occupied(workdir)
    if "b-to-a" not in files and "discriminator-b-to-a" in files:
        raise WeightsError("discriminator-b-to-a opposes the generator b-to-a: give that, too")
    names = {part: network if part in PARTS[:2] else discriminator for part in PARTS}
    found = {p: from_pytorch(names[p], read_tensors(f), str(f)) for p, f in files.items()}
    generator = found["a-to-b"].network
    channels, side = (found["a-to-b"].inputs, generator.channels), size or _side(generator)
    fresh = DISCRIMINATORS[discriminator].clone(norm=generator.norm)
    if "b-to-a" in found:
        method: Any = _cyclegan(found, channels, fresh)
    else:
        method = _pix2pix(found, channels, fresh, evaluation)
    source = data.UnpairedFolders if "b-to-a" in found else data.PairedFolder
    options = {"channels": _shared(channels, path), "size": side, "augment": data.Augment()}
    images = source(NO_DATA if path is None else path, **options)
    experiment = Experiment(method, images, iterations=1, batch_size=1, samples=4)
    batch = {
        name: jax.ShapeDtypeStruct((1, side, side, count), np.dtype("uint8"))
        for name, count in zip("ab", channels, strict=True)
    }
    examples = 0 if path is None else len(images)
    _write(workdir, experiment, batch, _state(method, batch, found), examples)
    return experiment


def _side(generator: Any) -> int:
    return getattr(generator, "size", SIDE)


def _shared(channels: tuple[int, int], path: str | None) -> Literal[1, 3]:
    if channels in ((1, 1), (3, 3)):
        return channels[0]
    if path:
        raise WeightsError(
            f"generators from {channels[0]} to {channels[1]} channels cannot train on {path}, "
            "whose images all have 1 or all have 3: import them without --data"
        )
    return 3


def _pix2pix(
    found: Mapping[Part, Imported], channels: tuple[int, int], fresh: Any, evaluation: bool
) -> Pix2Pix:
    judge, conditional = fresh, True
    if "discriminator-a-to-b" in found:
        judge, *_, inputs = found["discriminator-a-to-b"]
        if inputs not in (sum(channels), channels[1]):
            raise WeightsError(
                f"the discriminator takes {inputs} channels, but the generator's pairs have "
                f"{sum(channels)} and its images {channels[1]}: give the one trained with it"
            )
        conditional = inputs == sum(channels)
    return Pix2Pix(
        found["a-to-b"].network,
        judge,
        conditional=conditional,
        test_dropout=not evaluation,
        test_batch_statistics=not evaluation,
    )


def _cyclegan(found: Mapping[Part, Imported], channels: tuple[int, int], fresh: Any) -> CycleGAN:
    back = found["b-to-a"]
    if (back.inputs, back.network.channels) != channels[::-1]:
        raise WeightsError(
            f"one generator makes {channels[1]} channels of {channels[0]} and the other "
            f"{back.network.channels} of {back.inputs}: give the two of one CycleGAN"
        )
    judges = [found[part].network for part in PARTS[2:] if part in found]
    for part, wanted in zip(PARTS[2:], channels[::-1], strict=True):
        if part in found and found[part].inputs != wanted:
            raise WeightsError(
                f"the {part} takes {found[part].inputs} channels, but is to judge images of "
                f"{wanted}: give the one of the same letter as the generator"
            )
    if judges[:1] != judges[-1:]:
        raise WeightsError(
            "the discriminators differ in norm, widths or layers: give the two of one CycleGAN"
        )
    translator = TwoGenerators(found["a-to-b"].network, back.network)
    # The identity loss shows a generator images of its own target.
    options = {} if channels[0] == channels[1] else {"identity_weight": 0.0}
    return CycleGAN(translator, judges[0] if judges else fresh, **options)


def export_part(
    workdir: str | os.PathLike[str],
    file: str | os.PathLike[str],
    part: Part = "a-to-b",
    extra: Sequence[Any] = (),
) -> None:
    """Writes a network of a run as a state dict for `load_state_dict` of that code.

    `extra` are classes and functions of the user's own that the run's experiment is made of.

    Raises:
      WeightsError: if the run has no such part, that code has no such network, or the file cannot
        be written.
      ConfigError, CheckpointError: if there is no run, or no state that is intact.
    """
    experiment, state = load(workdir, extra)
    places = {p: at for p, at in _places(experiment.method).items() if hasattr(state, at.player)}
    if part not in places:
        raise WeightsError(
            f"{workdir} is a run of {type(experiment.method).__name__}, in which no {part} of that "
            f"code can be: choose --part of {', '.join(places) or 'another run'}"
        )
    network, name, key = places[part]
    player = getattr(state, name)
    params, stats = (
        tree if key is None else tree.get(key, {}) for tree in (player.params, player.batch_stats)
    )
    write_tensors(file, to_pytorch(network, params, stats))


class _Place(NamedTuple):
    """A network, the player of the state that has its variables, and where in them."""

    network: Any
    player: str
    key: str | None = None


def _places(method: Any) -> dict[Part, _Place]:
    if isinstance(method, Pix2Pix):
        return {
            "a-to-b": _Place(method.generator, "generator"),
            "discriminator-a-to-b": _Place(method.discriminator, "discriminator"),
        }
    if not isinstance(translator := getattr(method, "translator", None), TwoGenerators):
        return {}
    return {
        "a-to-b": _Place(translator.generator_ab, "translator", "ab"),
        "b-to-a": _Place(translator.generator_ba, "translator", "ba"),
        # Named there after the generator that each opposes, here after the domain that it judges.
        "discriminator-a-to-b": _Place(method.discriminator, "discriminator_b"),
        "discriminator-b-to-a": _Place(method.discriminator, "discriminator_a"),
    }


def _state(method: Any, batch: Mapping[str, Any], found: Mapping[Part, Imported]) -> Any:
    """The state before iteration 0 on the weights that were found.

    `method.init` would draw all the weights that are replaced, which takes a minute.
    """
    shapes = folder.state_shapes(method, batch)
    # Counts, histories, and the averages of Adam begin with 0.
    state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
    keys = dict(zip(PARTS, jax.random.split(jax.random.key(0), len(PARTS)), strict=True))
    for part, (network, name, key) in _places(method).items():
        player = getattr(state, name)
        params, stats = (
            found[part][1:3] if part in found else _new(network, player.params, batch, keys[part])
        )
        params, stats = _put(player.params, key, params), _put(player.batch_stats, key, stats)
        state = state._replace(**{name: player._replace(params=params, batch_stats=stats)})
    return state


def _new(network: Any, shapes: Any, batch: Mapping[str, Any], key: jax.Array) -> tuple[Any, Any]:
    """Parameters and statistics of a discriminator that was not given."""
    images = jnp.zeros((*batch["a"].shape[:3], shapes["Conv_0"]["kernel"].shape[2]))
    variables = jax.jit(network.init)(key, images)
    return variables["params"], variables.get("batch_stats", {})


def _put(tree: Any, key: str | None, value: Any) -> Any:
    return value if key is None else {**tree, key: value} if value else tree


def _write(
    workdir: Path, experiment: Experiment, batch: Mapping[str, Any], state: Any, examples: int
) -> None:
    """The whole folder or none of it: it is made beside its place."""
    beside = workdir.absolute().with_name(f".{workdir.absolute().name}.{os.getpid()}")
    try:
        beside.mkdir(parents=True)
        folder.write(beside, config.to_json(experiment), examples, batch)
        with Checkpoints(beside / "checkpoints") as checkpoints:
            checkpoints.save(0, state)
        beside.replace(workdir)
    except OSError as error:
        raise OSError(
            f"the run folder {workdir} cannot be written ({error.strerror}): "
            "choose another --workdir"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
