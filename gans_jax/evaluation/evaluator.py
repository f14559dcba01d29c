"""Metrics of generated examples against real ones."""

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gans_jax import pictures
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
from gans_jax.evaluation.measures import Inputs, Value, check_finite
from gans_jax.evaluation.result import Note, Result
from gans_jax.evaluation.sets import Examples


class Evaluator:
    """Compares any number of sets with the same real examples, which it reads once.

    Args:
      real: the examples to compare with.
      training: the examples that the fakes learned from, for the metrics that look for copies.
      weights: the file of Inception's weights, for the metrics that need it.
      sha256: the hash that this file must have.
      notes: warnings that belong to every result, as `noted` collects them.
    """

    def __init__(
        self,
        real: Examples,
        *,
        training: Examples | None = None,
        weights: Path | None = None,
        sha256: str | None = None,
        notes: Sequence[Note] = (),
    ) -> None:
        self.real, self._training, self._notes = real, training, tuple(notes)
        self._load: dict[str, Callable[[], Network]] = {
            "digits": feature_networks.digits,
            "efficientnet": feature_networks.efficientnet,
            "inception": lambda: feature_networks.inception(weights, sha256),
        }
        self._networks: dict[str, Network] = {}
        self._collected: dict[tuple[int, tuple[str, ...]], Collected] = {}

    def __call__(
        self, fake: Examples, names: Sequence[str] | None = None, picture: Path | None = None
    ) -> list[Result]:
        """Computes the named metrics of a set of examples.

        Args:
          fake: the set to compare with the real examples.
          names: the metrics; by default all that apply without a download.
          picture: a PNG file for the metric that makes a picture.

        Raises:
          EvaluationError: if the sets have different shapes, a name is unknown, or a metric cannot
            be computed of these examples.
          WeightsError: if a network's weights are missing, or have another hash.
          DataError: if examples cannot be read.
        """
        self._check_shape(fake, "generated")
        if self._training is not None:
            self._check_shape(self._training, "training")
        names = catalogue.chosen(names, catalogue.Task(self.real, fake, self._training))
        if not names:
            raise EvaluationError(
                f"no metric applies to examples of shape {fake.shape} without a download: name one"
            )
        for network in [METRICS[name].network for name in names]:
            if network is not None and network not in self._networks:
                self._networks[network] = self._load[network]()
        real, made, training = self._once(self.real, names), self._collect(fake, names), None
        if self._training is not None and "neighbours" in names:
            training = self._once(self._training, ["neighbours"])
        results = []
        for name in names:
            results += self._results(name, real, made, training, picture)
        return results

    def _check_shape(self, other: Examples, kind: str) -> None:
        if other.shape != self.real.shape:
            raise EvaluationError(
                f"the {kind} examples ({other.what}) have the shape {other.shape} and the real "
                f"ones ({self.real.what}) {self.real.shape}: make them equal, folders by "
                "--size and --channels"
            )

    def _once(self, examples: Examples, names: Sequence[str]) -> Collected:
        key = id(examples), tuple(names)
        if key not in self._collected:
            self._collected[key] = self._collect(examples, names)
        return self._collected[key]

    def _collect(self, examples: Examples, names: Sequence[str]) -> Collected:
        metrics = [METRICS[name] for name in names]
        try:
            return collect(
                examples,
                networks={m.network: self._networks[m.network] for m in metrics if m.network},
                whole={m.network for m in metrics if m.network and m.whole},
                pixels=any(m.pixels for m in metrics),
            )
        except EvaluationError:
            raise
        except ValueError as error:
            raise EvaluationError(f"{examples.what}: {error}") from error

    def _results(
        self,
        name: str,
        real: Collected,
        fake: Collected,
        training: Collected | None,
        picture: Path | None,
    ) -> list[Result]:
        metric = METRICS[name]
        network = self._networks[metric.network] if metric.network else None
        suffix = network.suffix if network else ""
        with noted() as notes:
            _warn(real, fake, network)
            try:
                inputs = Inputs(real, fake, training, metric.network or "", suffix)
                values = list(metric.compute(inputs))
            except EvaluationError:
                raise
            except ValueError as error:
                raise EvaluationError(f"{name}: {error}") from error
        results = []
        for value in values:
            check_finite(value)
            result = self._result(value, fake.examples, network, notes)
            if value.picture is not None and picture is not None:
                pictures.save(picture, value.picture)
                result = dataclasses.replace(result, picture=picture.name)
            results.append(result)
        return results

    def _result(
        self, value: Value, fake: Examples, network: Network | None, notes: Sequence[Note]
    ) -> Result:
        resizes = [self.real.resize, network.resize if network else None]
        different_notes = {tuple(note.items()): note for note in (*self._notes, *notes)}
        return Result(
            metric=value.metric,
            value=value.value,
            std=value.std,
            better=value.better,
            settings=value.settings,
            real=self.real.count if value.real is None else value.real,
            fake=fake.count if value.fake is None else value.fake,
            split=self.real.split,
            real_images=self.real.what,
            fake_images=fake.what,
            resize=", then ".join(filter(None, resizes)) or "none",
            network=network.name if network else None,
            sha256=network.sha256 if network else None,
            warnings=tuple(different_notes.values()),
        )


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
