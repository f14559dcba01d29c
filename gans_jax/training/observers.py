"""What is done every so many iterations: log metrics, evaluate, draw pictures, save states."""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jax
import numpy as np

from gans_jax import core, evaluation, parallel, pictures, wrappers
from gans_jax.pictures import sheets
from gans_jax.runs import best_checkpoint, folder, metrics_file, run_states
from gans_jax.runs.checkpoint import CheckpointError
from gans_jax.runs.config import ConfigError
from gans_jax.runs.event_file import EventFile
from gans_jax.training.background import Background, HostCopy, Repeated
from gans_jax.training.program import Program
from gans_jax.translation.compiled import CompiledTranslator

SHEET_ROWS = 8  # each is up to eight images wide
LONG_WAIT = 0.05  # the `input_wait` from which on it is worth while to give the data faster


class Observer:
    """Something that is done every so many iterations of a program, and after the last.

    `places` are the folders of the seeds. `interval` names the experiment's field for how often.
    """

    interval: str

    def __init__(self, program: Program, places: Sequence[Path]) -> None:
        self.program, self.places = program, places

    def due(self, done: int) -> bool:
        """Returns whether it is to be done after so many iterations."""
        every = getattr(self.program.experiment, self.interval)
        last = self.program.experiment.iterations
        return every is not None and (done % every == 0 or done == last)


class MetricsLog(Observer):
    """Logs the metrics of an iteration, the learning rates that it had, and the speed.

    The speed is the images that a second gave, and `input_wait`, the share of the time, from 0 to
    1, in which this process waited for data. On an accelerator the step before may run meanwhile,
    so that less time may be lost. The speed leaves out the first dispatch, which compiles, and all
    between `stop` and `write`.
    """

    interval = "log_every"

    def __init__(self, program: Program, places: Sequence[Path]) -> None:
        super().__init__(program, places)
        self._began = self._since = self._until = time.perf_counter()
        self._images: int | None = None
        self._waited = self._waited_before = 0.0

    def advance(self, done: int, waited: float) -> None:
        """Counts the real images that the dispatch up to iteration `done` has read.

        `waited` is for how many seconds the run has waited for data until then.
        """
        self._waited = waited
        if self._images is None:
            self._restart()
            return
        run = self.program.experiment
        taken = [len(run.method.minibatches(t)) for t in range(done - run.repeat, done)]
        self._images += run.batch_size * sum(taken)

    def _restart(self) -> None:
        self._images, self._waited_before = 0, self._waited
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Stops the clock until `write`."""
        self._until = time.perf_counter()

    def write(
        self, done: int, events: Sequence[EventFile], metrics: Sequence[dict[str, float]]
    ) -> dict[str, float | None]:
        """Writes one line a run, and returns the speed; None if nothing was timed."""
        speed: dict[str, float | None] = {"images_per_second": None, "input_wait": None}
        if self._images:
            seconds = self._until - self._since
            speed["images_per_second"] = self._images / seconds
            speed["input_wait"] = min(1.0, (self._waited - self._waited_before) / seconds)
        rates = self.program.experiment.method.learning_rates(done - 1)
        line = {"step": done, "seconds": round(self._until - self._began, 3)} | speed | rates
        for place, file, values in zip(self.places, events, metrics, strict=False):
            with folder.writing(place):
                metrics_file.append(place / "metrics.jsonl", line | values)
                file.scalars(done, speed | rates | values)
        self._restart()
        return speed


class Evaluation(Observer):
    """Rates the states, and keeps the best one of each run."""

    interval = "evaluate_every"

    def __init__(self, program: Program, places: Sequence[Path]) -> None:
        super().__init__(program, places)
        if program.experiment.evaluate_every is not None:
            try:
                self._monitor = evaluation.Monitor(program.experiment)
            except evaluation.EvaluationError as error:
                raise ConfigError(str(error)) from error

    def rate(self, done: int, state: core.State) -> list[dict[str, float]]:
        """Returns the number of each run under its name, nothing on processes that follow."""
        found = self.program.processes.on_first(functools.partial(self._rate, done, state))
        return found or [{} for _ in self.places]

    def _rate(self, done: int, state: core.State) -> list[dict[str, float]]:
        found = []
        for place, own in zip(self.places, self.program.layout.on_host(state), strict=True):
            result = self._monitor(wrappers.unwrap(own), done)
            with folder.writing(place):
                best_checkpoint.offer(place, done, own, result)
            found.append({result.metric: result.value})
        return found


class Pictures(Observer):
    """Draws samples from the same noise, or what a translator makes of the same examples."""

    interval = "sample_every"

    def save(self, done: int, events: Sequence[EventFile], state: core.State) -> None:
        """Writes a picture a run."""
        for place, file, picture in zip(self.places, events, self.draw(state), strict=False):
            with folder.writing(place):
                pictures.save(place / f"samples/{done:08d}.png", picture)
                file.picture(done, picture)

    def draw(self, state: core.State) -> Iterator[np.ndarray]:
        """Yields a uint8 picture a seed, which is drawn when it is asked for."""
        experiment, layout = self.program.experiment, self.program.layout
        state, (_, _, same_keys) = layout.local(state), self.program.keys_by_use
        keys = [jax.random.clone(key) for key in same_keys]
        if not core.is_sampler(experiment.method):
            for own, key in zip(layout.each(state), keys, strict=True):
                inner = wrappers.unwrap(own)
                rows = [
                    self._translator.row(inner, e, jax.random.clone(key)) for e in self.examples
                ]
                # The columns keep their order, which jax.device_get would sort.
                yield sheets.sheet([{n: np.asarray(v) for n, v in row.items()} for row in rows])
            return
        labels, columns = pictures.label_columns(experiment.method, experiment.samples)
        given = () if labels is None else (labels,)
        samples = self._sample(state, layout.join(keys), experiment.samples, *given)
        for images in layout.each(jax.device_get(samples)):
            yield pictures.draw(images, experiment.data, columns)

    @functools.cached_property
    def _sample(self) -> Callable[..., jax.Array]:
        method = self.program.layout.wrap(self.program.experiment.wrapped())
        return jax.jit(method.sample, static_argnums=2)

    @functools.cached_property
    def _translator(self) -> CompiledTranslator:
        return CompiledTranslator(self.program.experiment.method)

    @functools.cached_property
    def examples(self) -> list[dict[str, np.ndarray]]:
        """The examples in a sheet of translations, from all over the source."""
        source = self.program.experiment.data
        num = min(self.program.experiment.samples, len(source), SHEET_ROWS)
        return [source[index * len(source) // num] for index in range(num)]


class SavedStates(Observer):
    """The checkpoints of the runs, which a thread writes beside the loop, one after another.

    Another thread copies them to a store, so that a store that does not answer delays no state.
    """

    interval = "checkpoint_every"

    def __init__(
        self, program: Program, places: Sequence[Path], publish: Callable[[], None]
    ) -> None:
        super().__init__(program, places)
        self._background, self._publishing = Background(), Repeated(publish)

    def restore(self) -> tuple[int, core.State]:
        """Returns the first iteration and the state before it, which process 0 has read."""
        shapes, run = self.program.state_shapes, self.program.experiment
        processes = self.program.processes
        read = functools.partial(run_states.restore_all, self.places, run.keep, shapes)
        found = processes.on_first(read)
        start, states = found or (0, [])
        numbers = np.array([start, len(states)])
        start, count = processes.share(numbers, numbers).tolist()
        if not count:
            return 0, self.program.init()
        logged = start - start % run.log_every
        processes.on_first(lambda: run_states.check_metrics(self.places, logged))
        return start, self.program.layout.place(processes.share(states, [shapes]))

    def begin(self, start: int, state: core.State) -> None:
        """Prepares memory for copies of a state like this one, unless only the last is saved."""
        run = self.program.experiment
        first = start - start % run.checkpoint_every + run.checkpoint_every
        if self.program.processes.is_first and first < run.iterations:
            shapes = jax.eval_shape(lambda leaves: leaves, self.program.layout.local(state))
            self._copy = self._background.begin(HostCopy, shapes)

    @property
    def failed(self) -> bool:
        """Whether a state could not be saved, of which the next save raises the error."""
        return self._background.failed or self._publishing.failed

    def save(self, done: int, state: core.State, last: bool) -> None:
        """Saves the state after the one before is written, beside the loop if it is not the last.

        This returns when the last one is in the store, too.

        Raises:
          CheckpointError: if the state differs between devices, or this or the state before is not
            finite or cannot be written.
        """
        mesh = self.program.layout.mesh
        if mesh is not None and (differing := parallel.diverged(mesh, state)):
            raise CheckpointError(
                f"state{differing[0]}, one of {len(differing)} leaves, differs between the devices "
                f"after iteration {done} and is not saved: resume from the checkpoint before it, "
                "and replace a device where this happens again"
            )
        self.program.processes.on_first(functools.partial(self._save, done, state, last))

    def rescue(self, done: int, state: core.State) -> bool:
        """Saves the state without the other processes, and returns whether the folders are there.

        The others wait for this process in the next iteration, and write nothing.
        """
        if not all((place / "config.json").exists() for place in self.places):
            return False
        self._background.wait()
        self._write(done, self.program.layout.local(state))
        return True

    def wait(self) -> None:
        """Waits until the state before is saved, and raises the error if it cannot be saved."""
        self._background.wait()
        self._publishing.wait()

    def close(self) -> None:
        """Waits until nothing is written any more."""
        self._background.close()
        self._publishing.close()

    def _save(self, done: int, state: core.State, last: bool) -> None:
        local = self.program.layout.local(state)
        self._background.wait()
        failed = self._publishing.failed
        if last or failed:
            self._write(done, local)
            if not failed:
                self._publishing.ask()
            self._publishing.wait()
        else:
            self._background.begin(self._write_and_ask, done, self._copy.result().take(local))

    def _write_and_ask(self, done: int, local: core.State) -> None:
        self._write(done, local)
        self._publishing.ask()

    def _write(self, done: int, local: core.State) -> None:
        states = self.program.layout.each(jax.device_get(local))
        run_states.save_all(self.places, self.program.experiment.keep, done, states)
