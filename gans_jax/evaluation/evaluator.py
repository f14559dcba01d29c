"""Metrics of generated examples against real ones."""

import contextlib
import dataclasses
import functools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from gans_jax.evaluation import catalogue, feature_networks
from gans_jax.evaluation.catalogue import METRICS
from gans_jax.evaluation.collect import Collected, collect
from gans_jax.evaluation.errors import (
    EvaluationError,
    FewerImagesWarning,
    LossyFilesWarning,
    UnverifiedWeightsWarning,
)
from gans_jax.evaluation.feature_networks import Network
from gans_jax.evaluation.measures import Inputs
from gans_jax.evaluation.result import Note, Result
from gans_jax.evaluation.sets import Examples
from gans_jax.evaluation.settings import DEFAULTS, Settings
from gans_jax.runs.progress import Progress


class Evaluator:
    """Compares any number of sets with the same real examples, which it reads once.

    Args:
      real: the examples to compare with.
      training: the examples that the fakes learned from, for the metrics that look for copies.
      weights: the file of Inception's weights, for the metrics that need it.
      sha256: the hash that this file must have.
      notes: warnings that belong to every result, as `noted` collects them.
      settings: what the user has chosen of the metrics.
      progress: whether to show how many examples and metrics are done.
    """

    def __init__(
        self,
        real: Examples,
        *,
        training: Examples | None = None,
        weights: Path | None = None,
        sha256: str | None = None,
        notes: Sequence[Note] = (),
        settings: Settings = DEFAULTS,
        progress: bool = False,
    ) -> None:
        self._settings, self._progress = settings, progress
        self.real, self._training, self._notes = real, training, tuple(notes)
        self._network = functools.cache(lambda name: feature_networks.load(name, weights, sha256))
        self._once = functools.cache(self._collect)

    def __call__(
        self, fake: Examples, names: Sequence[str] | None = None, picture: Path | None = None
    ) -> list[Result]:
        """Computes the named metrics of a set of examples.

        Args:
          fake: the set to compare with the real examples.
          names: the metrics; by default all that apply without a download. Of these a
            `LeftOutWarning` names the ones that cannot be had of these examples.
          picture: a PNG file for the metric that makes a picture.

        Raises:
          EvaluationError: if the sets have different shapes, a name is unknown, or a metric cannot
            be computed of these examples.
          WeightsError: if a network's weights are missing, or have another hash.
          DataError: if examples cannot be read.
        """
        for kind, other in (("generated", fake), ("training", self._training)):
            if other is not None and other.shape != self.real.shape:
                side = min(other.shape[0], self.real.shape[0])
                remedy = f"resize the images in folders, such as by --size {side}"
                if not (other.are_images and self.real.are_images):
                    remedy = "compare images with images, and points with points"
                raise EvaluationError(
                    f"the {kind} examples ({other.what}) have the shape {other.shape} and the real "
                    f"ones ({self.real.what}) {self.real.shape}: {remedy}"
                )
        task = catalogue.Task(self.real, fake, self._training, self._settings)
        chosen = tuple(catalogue.chosen(names, task))
        if not chosen:
            raise EvaluationError(
                f"no metric applies to {fake.count} examples of shape {fake.shape} without a "
                "download: name one"
            )
        real, made, training = self._once(self.real, chosen), self._collect(fake, chosen), None
        if self._training is not None and "neighbours" in chosen:
            training = self._once(self._training, ("neighbours",))
        results = []
        with Progress("metrics" if self._progress else None, len(chosen)) as bar:
            for name in chosen:
                network = METRICS[name].network
                loaded = self._network(network) if network else None
                inputs = Inputs(
                    real, made, training, network or "", loaded, picture, self._settings
                )
                try:
                    results += self._results(name, inputs)
                except EvaluationError as error:
                    last_hope = not results and name == chosen[-1]
                    if names is not None or last_hope:
                        raise
                    catalogue.leave_out(name, error)
                bar.update()
        return results

    def _collect(self, examples: Examples, names: tuple[str, ...]) -> Collected:
        metrics = [METRICS[name] for name in names]
        networks = {m.network: self._network(m.network) for m in metrics if m.network}
        whole = {m.network for m in metrics if m.network and m.whole}
        pixels = any(m.network is None for m in metrics)
        with _named(examples.what):
            return collect(examples, networks, whole, pixels, self._progress)

    def _results(self, name: str, inputs: Inputs) -> list[Result]:
        with noted() as notes, _named(name):
            _warn(inputs.real, inputs.fake, inputs.network)
            results = list(METRICS[name].compute(inputs))
        different_notes = {tuple(note.items()): note for note in (*self._notes, *notes)}
        warned = tuple(different_notes.values())
        return [dataclasses.replace(result, warnings=warned) for result in results]


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Turns a ValueError into an EvaluationError whose message begins with a name."""
    try:
        yield
    except EvaluationError:
        raise
    except ValueError as error:
        raise EvaluationError(f"{name}: {error}") from error


def _warn(real: Collected, fake: Collected, network: Network | None) -> None:
    """Warns of what makes a number of these two sets less than it looks."""
    if network is not None and not network.verified:
        warnings.warn(
            f"no sha256 was given to compare with the hash of Inception's weights, "
            f"{network.sha256}, so that this is not called FID: give it with --inception-sha256",
            UnverifiedWeightsWarning,
            stacklevel=2,
        )
    if real.examples.lossy != fake.examples.lossy:
        lossy = real.examples if real.examples.lossy else fake.examples
        warnings.warn(
            f"{lossy.what} holds JPEG or WebP files and the other set does not, and metrics "
            "see the difference: write PNG files",
            LossyFilesWarning,
            stacklevel=2,
        )
    for each in (real, fake):
        if network is None and len(each.pixels) < each.examples.count:
            warnings.warn(
                f"only {len(each.pixels)} of the {each.examples.count} examples of "
                f"{each.examples.what} fit into memory: the number is of these",
                FewerImagesWarning,
                stacklevel=2,
            )


@contextlib.contextmanager
def noted() -> Iterator[list[Note]]:
    """Collects the warnings for users that are raised within the block, instead of showing them.

    Warnings for developers, such as of deprecations, are shown as ever.
    """
    notes: list[Note] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield notes
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            notes.append({"name": warning.category.__name__, "message": str(warning.message)})
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
