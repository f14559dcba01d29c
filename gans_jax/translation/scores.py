"""Scores of what a translator makes of images that it was not trained on."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gans_jax import core
from gans_jax.core import Direction
from gans_jax.data.source import Source
from gans_jax.evaluation.catalogue import METRICS, leave_out
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.evaluator import Evaluator, noted
from gans_jax.evaluation.pairs import PAIR_METRICS
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import checked
from gans_jax.metrics import FACADES, confusion_matrix, label_map, segmentation_scores
from gans_jax.metrics.segmentation import CITYSCAPES, Palette
from gans_jax.runs import best_checkpoint, folder, load
from gans_jax.runs.progress import Progress
from gans_jax.translation.compiled import CompiledTranslator
from gans_jax.translation.held_out import Held, held_out

DRAWS, DRAWN = 10, 16  # translations of an image whose noise differs, of so many images
PALETTES = {"facades": FACADES, "cityscapes": CITYSCAPES}


def evaluate_translations(
    workdir: Path,
    names: Sequence[str] | None = None,
    *,
    num: int = 10_000,
    seed: int = 0,
    split: str = "test",
    real_folder: str | None = None,
    use_best: bool = False,
    palette: str | None = None,
    progress: bool = False,
    extra: Sequence[Any] = (),
    data: Source | None = None,
    **options: Any,
) -> list[Result]:
    """Compares the translations of a run with their truths, or with the other domain.

    Each image is translated as `translate` does it. Where the examples are pairs, the metrics are
    by default those of `PAIR_METRICS`. Where they are two domains without partners, they are those
    of `evaluate_run`, of the translations against the real images of the domain. If the
    translations have noise, the standard deviation over ten of them is added.

    Args:
      workdir: the run folder.
      names: the metrics, of either kind.
      num: how many examples at most.
      seed: of the noise.
      split: the split of the run's data.
      real_folder: the `path` of other examples in the form of the run's data.
      use_best: whether to take the state that the evaluations during training rated best.
      palette: "facades" or "cityscapes" to read the translations as label maps, too.
      progress: whether to show how many examples are done.
      extra: classes and functions of the user's own that the experiment is made of.
      data: the run's data, where they were in memory and the folder does not hold them.
      options: what else `evaluate_run` takes: weights, sha256, picture, settings.

    Raises:
      EvaluationError: if a metric does not apply, or the data are not read from a folder.
      Exception: whatever `evaluate_run` raises.
    """
    experiment, state = load(workdir, extra, best=use_best)
    method, (key, noise_key) = experiment.method, jax.random.split(jax.random.key(seed))
    translator = CompiledTranslator(method)
    with noted() as notes:
        held = held_out(data or experiment.data, split, real_folder, num)
    paired = getattr(held.source, "has_truth", False)
    checkpoint = best_checkpoint.read_best(workdir)["label"] if use_best else "newest checkpoint"
    results = []
    for direction in method.directions:
        made = functools.partial(_translations, translator, state, held, direction, key)
        scored = _Scored(held, direction, made, type(method).__name__, progress)
        pair_names, others = _chosen(names, paired)
        found = scored.of_pairs(pair_names, names is not None) if pair_names else []
        if palette is not None and paired:
            found += scored.as_labels(PALETTES[palette])
        if others is None or others:
            real = held.images(direction[-1])
            fake = dataclasses.replace(real, what=scored.what, batches=made, split=None)
            evaluator = Evaluator(
                real,
                notes=notes,
                progress=progress,
                **{n: options[n] for n in ("weights", "sha256", "settings") if n in options},
            )
            found += evaluator(fake, others, options.get("picture"))
        if method.translates_with_noise:
            found.append(scored.spread(translator, state, noise_key))
        results += [
            dataclasses.replace(
                result,
                metric=f"{result.metric}, {direction}",
                seed=seed,
                step=int(state.step),
                checkpoint=checkpoint,
                warnings=tuple({tuple(n.items()): n for n in (*notes, *result.warnings)}.values()),
            )
            for result in found
        ]
    return results


def _chosen(
    names: Sequence[str] | None, paired: bool
) -> tuple[Sequence[str], Sequence[str] | None]:
    """Returns the metrics of pairs and those of sets; None for the default of the latter."""
    if names is None:
        return (tuple(PAIR_METRICS), ()) if paired else ((), None)
    of_pairs = [name for name in names if name in PAIR_METRICS]
    if of_pairs and not paired:
        raise EvaluationError(
            f"{of_pairs[0]} cannot be computed here: the images of the two domains are no pairs"
        )
    return of_pairs, [name for name in names if name in METRICS]


def _translations(
    translator: CompiledTranslator, state: Any, held: Held, direction: Direction, key: jax.Array
) -> Iterator[np.ndarray]:
    """Yields the translations of all examples as uint8, a batch at a time."""
    for number, batch in enumerate(held.batches()):
        images = batch[direction[0]]
        keys = jax.random.split(jax.random.fold_in(key, number), len(images))
        yield checked(np.asarray(translator.translate(state, images, direction, keys)))


@dataclasses.dataclass(frozen=True)
class _Scored:
    """The translations in one direction, which `made` yields batch by batch, and their truths."""

    held: Held
    direction: Direction
    made: Callable[[], Iterator[np.ndarray]]
    method: str
    progress: bool

    @property
    def what(self) -> str:
        return f"{self.method}, {self.direction}"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.held.source[0][self.direction[-1]].shape

    def result(self, name: str, values: np.ndarray, better: str | None, **settings: Any) -> Result:
        return Result(
            name,
            float(values.mean()),
            float(values.std()) if values.size > 1 else None,
            better,
            real=self.held.count,
            fake=self.held.count,
            split=self.held.split,
            real_images=type(self.held.source).__name__,
            fake_images=self.what,
            settings=settings,
        )

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields batches of translations and of their truths, uint8."""
        with Progress(self.what if self.progress else None, self.held.count) as bar:
            for made, batch in zip(self.made(), self.held.batches(), strict=True):
                yield made, checked(batch[self.direction[-1]])
                bar.update(len(made))

    def of_pairs(self, names: Sequence[str], named: bool) -> list[Result]:
        """Returns the means and deviations of metrics over all pairs."""
        reasons = {name: PAIR_METRICS[name].refuse(self.shape) for name in names}
        for name, reason in reasons.items():
            if reason and named:
                raise EvaluationError(f"{name} cannot be computed here: {reason}")
        applying = [name for name in names if not reasons[name]]
        values: dict[str, list[np.ndarray]] = {name: [] for name in applying}
        for made, truth in self.pairs():
            for name in applying:
                values[name].append(PAIR_METRICS[name].compute(made, truth))
        results = []
        for name in applying:
            numbers, metric = np.concatenate(values[name]), PAIR_METRICS[name]
            if not np.isfinite(numbers).all():
                leave_out(name, "some translations are equal to their truths")
                continue
            title = metric.title(name, self.shape)
            results.append(self.result(title, numbers, metric.better, std="between images"))
        return results

    def as_labels(self, palette: Palette) -> list[Result]:
        """Returns the scores of the classes that the nearest colours tell, over all pixels."""
        classes = len(palette.names)
        counts = np.zeros((classes, classes), np.int64)
        for made, truth in self.pairs():
            read = label_map(truth, palette, ignore=True), label_map(made, palette, ignore=False)
            counts += confusion_matrix(*read, classes)
        return [
            self.result(name.replace("_", " "), np.array([value]), "higher", classes=classes)
            for name, value in segmentation_scores(counts).items()
        ]

    def spread(self, translator: CompiledTranslator, state: Any, key: jax.Array) -> Result:
        """Returns the standard deviation over translations of an image with different noise."""
        count = min(DRAWN, self.held.count)
        few = dataclasses.replace(self.held, count=count)
        draws = []
        for draw in jax.random.split(key, DRAWS):
            made = _translations(translator, state, few, self.direction, draw)
            draws.append(np.concatenate(list(made)) / 127.5)
        deviations = np.std(draws, axis=0).mean(axis=(1, 2, 3))
        name = "deviation over noise (of [-1, 1])"
        found = self.result(name, deviations, None, draws=DRAWS, std="between images")
        return dataclasses.replace(found, real=0, fake=count * DRAWS)


def is_translating(workdir: Path, extra: Sequence[Any] = ()) -> bool:
    """Returns whether a run makes images from images."""
    return not core.is_sampler(folder.read_experiment(workdir, extra).method)
