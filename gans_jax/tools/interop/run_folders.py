"""Makes run folders of networks that PyTorch code has trained, and files for that code."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import CycleGAN, Pix2Pix, core, data
from gans_jax.networks import TwoGenerators, UNetGenerator
from gans_jax.runs import Experiment, config, creation, folder, load, remote, run_states
from gans_jax.tools.interop.parts import PARTS, Part, places
from gans_jax.tools.interop.state_dicts import (
    DISCRIMINATORS,
    Imported,
    Variables,
    from_pytorch,
    to_pytorch,
)
from gans_jax.weights import WeightsError, read_tensors, write_tensors

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
    """Makes a run folder at iteration 0 from files of junyanz/pytorch-CycleGAN-and-pix2pix.

    With `a-to-b` alone (`latest_net_G.pth`, or one of CycleGAN's two generators) it is a run of
    `Pix2Pix`, which translates in that direction. With `b-to-a` too (`latest_net_G_A.pth` and
    `latest_net_G_B.pth`) it is a run of `CycleGAN`. A discriminator is named after the direction
    whose translations it judges, as in that code: `latest_net_D_A.pth` is `discriminator-a-to-b`,
    and judges images of domain b. Without a file, a discriminator gets new weights.

    Args:
      workdir: a folder that is empty or does not exist. If anything fails it stays as it is.
      files: of PyTorch or `.safetensors`, by part.
      network: the network of the generators, one of `state_dicts.GENERATORS`.
      discriminator: the network of the discriminators, one of `state_dicts.DISCRIMINATORS`.
      size: the side of the images in further training; None for the U-Net's size, or 256.
      path: the folder of images to train on further, for `data.PairedFolder`, or
        `data.UnpairedFolders` with two generators.
      evaluation: for one generator: whether to translate with the running statistics of batch norm
        and no dropout, as `test.py --eval` does in that code.

    Returns:
      The experiment of the run.

    Raises:
      WeightsError: if a file is missing, damaged or holds another network.
      ConfigError: if the folder holds anything, or the images' size does not fit.
      DataError: if the folder of images is missing, or holds no images.
    """
    with remote.opened(workdir, new=True) as place:
        return _imported(place.folder, files, network, discriminator, size, path, evaluation)


def _imported(
    workdir: Path,
    files: Mapping[Part, str | os.PathLike[str]],
    network: str,
    discriminator: str,
    size: int | None,
    path: str | None,
    evaluation: bool,
) -> Experiment:
    creation.refuse_name(workdir)
    if workdir.exists():
        creation.refuse_occupied(workdir)
    if "b-to-a" not in files and "discriminator-b-to-a" in files:
        raise WeightsError("discriminator-b-to-a opposes the generator b-to-a: give that, too")
    names = {part: network if part in PARTS[:2] else discriminator for part in PARTS}
    found = {p: from_pytorch(names[p], read_tensors(f), str(f)) for p, f in files.items()}
    generator = found["a-to-b"].network
    channels = found["a-to-b"].inputs, generator.channels
    side = size or (generator.size if isinstance(generator, UNetGenerator) else SIDE)
    fresh = DISCRIMINATORS[discriminator].clone(norm=generator.norm)
    method: CycleGAN | Pix2Pix
    if "b-to-a" in found:
        method = _cyclegan(found, channels, fresh)
    else:
        method = _pix2pix(found, channels, fresh, evaluation)
    images = _images(path, channels, side, paired="b-to-a" not in found)
    experiment = Experiment(method, images, iterations=1, batch_size=1, samples=4)
    batch = {
        name: jax.ShapeDtypeStruct((1, side, side, count), np.dtype("uint8"))
        for name, count in zip("ab", channels, strict=True)
    }
    examples = 0 if path is None else len(images)
    _write(workdir, experiment, batch, _state(method, batch, found), examples)
    return experiment


def _images(
    path: str | None, channels: tuple[int, int], side: int, paired: bool
) -> data.PairedFolder | data.UnpairedFolders:
    """Returns the source of the images to train on further."""
    if path and channels not in ((1, 1), (3, 3)):
        raise WeightsError(
            f"generators from {channels[0]} to {channels[1]} channels cannot train on {path}, "
            "whose images all have 1 or all have 3: import them without --data"
        )
    kind, shared = data.PairedFolder if paired else data.UnpairedFolders, channels == (1, 1)
    return kind(path or NO_DATA, channels=1 if shared else 3, size=side, augment=data.Augment())


def _pix2pix(
    found: Mapping[Part, Imported], channels: tuple[int, int], fresh: nn.Module, evaluation: bool
) -> Pix2Pix:
    judge, conditional = fresh, True
    if "discriminator-a-to-b" in found:
        judge = found["discriminator-a-to-b"].network
        inputs = found["discriminator-a-to-b"].inputs
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


def _cyclegan(
    found: Mapping[Part, Imported], channels: tuple[int, int], fresh: nn.Module
) -> CycleGAN:
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
                f"{wanted}: give the file with the same letter as the generator"
            )
    if judges[:1] != judges[-1:]:
        raise WeightsError(
            "the discriminators differ in norm, widths or layers: give the two of one CycleGAN"
        )
    translator = TwoGenerators(found["a-to-b"].network, back.network)
    # That code's default, `--lambda_identity 0.5`, is half of the cycle's weight. The identity loss
    # shows a generator images of its own target, which must have as many channels.
    weight = 5.0 if channels[0] == channels[1] else 0.0
    return CycleGAN(translator, judges[0] if judges else fresh, identity_weight=weight)


def export_part(
    workdir: str | os.PathLike[str],
    file: str | os.PathLike[str],
    part: Part = "a-to-b",
    extra: Sequence[Any] = (),
) -> None:
    """Writes a network of a run as a state dict for `load_state_dict` of the PyTorch code.

    Args:
      workdir: the run folder.
      file: the `.pth` or `.safetensors` file to write.
      part: which network.
      extra: classes and functions of the user's own that the run's experiment is made of.

    Raises:
      WeightsError: if the run does not have the part, the PyTorch code does not have the network,
        or the file cannot be written.
      ConfigError: if the folder holds no run.
      CheckpointError: if the run has no intact checkpoint.
    """
    experiment, state = load(workdir, extra)
    found = places(experiment.method)
    if part not in found:
        raise WeightsError(
            f"{workdir} is a run of {type(experiment.method).__name__}, which has no {part} for "
            f"the PyTorch code: choose --part of {', '.join(found) or 'another run'}"
        )
    network, name, key = found[part]
    player: core.Player = getattr(state, name)
    params, stats = _part(player.params, key), _part(player.batch_stats, key)
    write_tensors(file, to_pytorch(network, params, stats))


def _part(tree: Any, key: str | None) -> Variables:
    return tree if key is None else tree.get(key, {})


def _state(
    method: core.Method, batch: dict[str, jax.ShapeDtypeStruct], found: Mapping[Part, Imported]
) -> core.State:
    """Returns the state before iteration 0 with the weights that were found."""
    # `method.init` would draw all the weights that are replaced, which takes a minute.
    shapes = folder.state_shapes(method, batch)
    # Counts, histories and Adam's averages begin with 0.
    state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
    keys = dict(zip(PARTS, jax.random.split(jax.random.key(0), len(PARTS)), strict=True))
    for part, (network, name, key) in places(method).items():
        player: core.Player = getattr(state, name)
        if part in found:
            params, stats = found[part].params, found[part].batch_stats
        else:
            inputs = player.params["Conv_0"]["kernel"].shape[2]
            images = jnp.zeros((*batch["a"].shape[:3], inputs))
            variables = jax.jit(network.init)(keys[part], images)
            params, stats = variables["params"], variables.get("batch_stats", {})
        player = player._replace(
            params=_put(player.params, key, params),
            batch_stats=_put(player.batch_stats, key, stats),
        )
        state = state._replace(**{name: player})
    return state


def _put(tree: Any, key: str | None, value: Variables) -> Variables:
    """Returns the tree with a part, or the whole of it, replaced by the value."""
    if key is None:
        return value
    return {**tree, key: value} if value else tree


def _write(
    workdir: Path,
    experiment: Experiment,
    batch: dict[str, jax.ShapeDtypeStruct],
    state: core.State,
    examples: int,
) -> None:
    """Writes the run folder beside its place first, so that it is there whole or not at all."""
    beside = workdir.absolute().with_name(f".{workdir.absolute().name}.{os.getpid()}")
    try:
        beside.mkdir(parents=True)
        fingerprint = data.fingerprint(experiment.data) if examples else None
        creation.write(beside, config.to_json(experiment), examples, fingerprint, batch)
        run_states.save_all([beside], experiment.keep, 0, [state])
        beside.replace(workdir)
    except OSError as error:
        raise OSError(
            f"the run folder {workdir} cannot be written ({error.strerror}): "
            "choose another --workdir"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
