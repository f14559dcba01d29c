"""Metrics of generated examples against real ones."""

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gans_jax import pictures
from gans_jax.evaluation import catalogue as table
from gans_jax.evaluation import feature_networks as networks
from gans_jax.evaluation.catalogue import METRICS, Task
from gans_jax.evaluation.collect import Collected, collect
from gans_jax.evaluation.errors import (
    EvaluationError,
    FewerImagesWarning,
    LossyFilesWarning,
    UnverifiedWeightsWarning,
)
from gans_jax.evaluation.feature_networks import Network
from gans_jax.evaluation.measures import Inputs, Value, check_finite
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples

Note = dict[str, str]


class Evaluator:
    """Compares any number of sets with the same real examples, which it reads once.

    `training` are the examples that the fakes learned from, for the metrics that look for copies;
    `weights` and `sha256` are for those of Inception. `notes` are warnings, as `noted` collects
    them, that belong to every result.
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
            "digits": networks.digits,
            "efficientnet": networks.efficientnet,
            "inception": lambda: networks.inception(weights, sha256),
        }
        self._networks: dict[str, Network] = {}
        self._collected: dict[tuple, Collected] = {}

    def __call__(
        self, fake: Examples, names: Sequence[str] | None = None, picture: Path | None = None
    ) -> list[Result]:
        """The results of the named metrics, by default of all that apply without a download.

        A metric that makes a picture writes it to `picture`, if given.

        Raises:
          EvaluationError: if the sets have different shapes, a name is unknown, or a metric cannot
            be computed of these examples.
          WeightsError: if a network's weights are missing or other ones.
          DataError: if examples cannot be read.
        """
        self._check(fake)
        names = table.chosen(names, Task(self.real, fake, self._training))
        if not names:
            raise EvaluationError(
                f"no metric applies to examples of shape {fake.shape} without a download: name one"
            )
        needed = dict.fromkeys(METRICS[name].network for name in names)
        for network in needed:
            if network and network not in self._networks:
                self._networks[network] = self._load[network]()
        real, made = self._once(self.real, names), self._collect(fake, names)
        training = None
        if "neighbours" in names:
            training = self._once(self._training, ["neighbours"])
        return [
            result
            for name in names
            for result in self._results(name, (real, made, training), picture)
        ]

    def _check(self, fake: Examples) -> None:
        for other, what in ((fake, "generated"), (self._training, "training")):
            if other is not None and other.shape != self.real.shape:
                raise EvaluationError(
                    f"the {what} examples ({other.what}) have the shape {other.shape} and the real "
                    f"ones ({self.real.what}) {self.real.shape}: make them equal, folders by "
                    "--size and --channels"
                )

    def _once(self, examples: Examples, names: Sequence[str]) -> Collected:
        key = (id(examples), *names)
        if key not in self._collected:
            self._collected[key] = self._collect(examples, names)
        return self._collected[key]

    def _collect(self, examples: Examples, names: Sequence[str]) -> Collected:
        wanted = [METRICS[name] for name in names]
        used = {m.network: self._networks[m.network] for m in wanted if m.network}
        whole = {m.network for m in wanted if m.whole}
        try:
            return collect(examples, used, whole, any(m.pixels for m in wanted))
        except EvaluationError:
            raise
        except ValueError as error:
            raise EvaluationError(f"{examples.what}: {error}") from error

    def _results(
        self,
        name: str,
        sets: tuple[Collected, Collected, Collected | None],
        picture: Path | None,
    ) -> Iterator[Result]:
        metric = METRICS[name]
        network = self._networks.get(metric.network)
        suffix = network.suffix if network else ""
        with noted() as notes:
            self._warn(sets, network)
            try:
                values = metric.compute(Inputs(*sets, metric.network, suffix))
            except EvaluationError:
                raise
            except ValueError as error:
                raise EvaluationError(f"{name}: {error}") from error
        for value in values:
            check_finite(value)
            if value.picture is not None and picture:
                pictures.save(picture, value.picture)
            shown = picture.name if value.picture is not None and picture else None
            yield self._result(value, sets[1].examples, network, shown, notes)

    def _warn(self, sets: tuple[Collected, ...], network: Network | None) -> None:
        real, fake, _ = sets
        if network is not None and not network.verified:
            warnings.warn(
                f"the sha256 of Inception's weights, {network.sha256}, was compared with none, so "
                "that this is not called FID: give it with --inception-sha256",
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
                    f"{len(each.pixels)} of the {each.examples.count} examples of "
                    f"{each.examples.what} fit into memory",
                    FewerImagesWarning,
                    stacklevel=2,
                )

    def _result(
        self,
        value: Value,
        fake: Examples,
        network: Network | None,
        picture: str | None,
        notes: Sequence[Note],
    ) -> Result:
        described = {}
        if network is not None:
            described = {"network": network.name, "sha256": network.sha256}
        steps = [self.real.resize, network.resize if network else None]
        return Result(
            **{n: getattr(value, n) for n in ("metric", "value", "std", "better", "settings")},
            real=self.real.count if value.real is None else value.real,
            fake=fake.count if value.fake is None else value.fake,
            split=self.real.split,
            real_images=self.real.what,
            fake_images=fake.what,
            resize=", then ".join(filter(None, steps)) or "none",
            picture=picture,
            warnings=tuple({tuple(n.items()): n for n in (*self._notes, *notes)}.values()),
            **described,
        )


@contextlib.contextmanager
def noted() -> Iterator[list[Note]]:
    """Collects the warnings of its block as `name` and `message`, and lets none out.

    Those that speak to developers, such as of deprecations, stay as they are.
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


def described(results: Sequence[Result], **fields: object) -> list[Result]:
    """The results with more of their provenance, such as the step."""
    return [dataclasses.replace(result, **fields) for result in results]
