"""What a run reads before it trains, and leaves behind while it does."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import jax

from gans_jax import core, wrappers
from gans_jax.data import DataError
from gans_jax.pictures.overview import write_report
from gans_jax.runs import folder, metrics_file, remote
from gans_jax.runs.config import ConfigError
from gans_jax.runs.event_file import EventFile
from gans_jax.runs.progress import Progress
from gans_jax.training.callback import Callback
from gans_jax.training.observers import LONG_WAIT, Evaluation, MetricsLog, Pictures, SavedStates
from gans_jax.training.opening import say_opening
from gans_jax.training.outcome import Outcome, check_finite
from gans_jax.training.program import Program
from gans_jax.training.signals import Interrupted, collected

# Stands among the numbers of signals, so that a state that cannot be saved ends all processes.
UNSAVED = 1000


class Recorder(contextlib.ExitStack):
    """Checks the metrics of each dispatch and does what is due after it; a context manager.

    `place` is the folder that the user gave, `places` are the folders of the seeds.
    """

    def __init__(
        self,
        program: Program,
        place: remote.Place,
        places: Sequence[Path],
        callbacks: Sequence[Callback] = (),
    ) -> None:
        super().__init__()
        if callbacks and program.layout.stacked:
            raise ConfigError("callbacks follow one run: train the seeds one after another")
        self.workdir, self.places, self._program = place.folder, places, program
        self._callbacks = callbacks if program.processes.is_first else ()
        self._evaluation, self._pictures = Evaluation(program, places), Pictures(program, places)
        self._states = SavedStates(program, places, place.publish)
        self._previous: tuple[Outcome | None, int] = (None, 0)

    def __exit__(self, *exception: Any) -> bool | None:
        # What an error has left unwritten cannot be written now, and must not hide that error.
        with contextlib.suppress(OSError) if exception[0] else contextlib.nullcontext():
            return super().__exit__(*exception)

    def signal(self) -> int:
        """Returns what ends the run: a signal to this process, or `UNSAVED`; 0 before."""
        return UNSAVED if self._states.failed else max(self._signals, default=0)

    def begin(self, title: str | None) -> tuple[int, core.State]:
        """Returns the first iteration and the state before it; opens files and collects signals.

        `title` stands beside the progress bar; None shows no progress.
        """
        self._start, state = self._states.restore()
        self._events: list[EventFile] = []  # none where this process follows process 0
        for place in self.places if self._program.processes.is_first else ():
            with folder.writing(place):
                (place / "samples").mkdir(exist_ok=True)
                metrics_file.keep_lines(place / "metrics.jsonl", self._start)
                self._events.append(EventFile(place, self._start + 1))
                self.callback(self._events[-1].close)
        self.callback(self._states.close)
        self._states.begin(self._start, state)
        self._newest = self._start, state
        # The last iteration whose state was given to be saved; None if that fails.
        self._saved: int | None = self._start
        if title is not None:
            say_opening(self._program, title)
        bar = Progress(title, self._program.experiment.iterations, self._start)
        self._bar, self._signals = self.enter_context(bar), self.enter_context(collected())
        self._metrics = MetricsLog(self._program, self.places)
        if self._start == 0:
            self._pictures.save(0, self._events, state)
        return self._start, state

    @contextlib.contextmanager
    def rescue(self) -> Iterator[None]:
        """Saves the newest state once if the block fails, and says so in its error.

        It never hides that error. A state is not saved that the run has started from, that is not
        finite, or that the step has taken already.
        """
        try:
            yield
        except (Exception, SystemExit) as error:
            note = self._rescued(error)
            if note and isinstance(error, DataError):
                raise DataError(f"{error}; {note}") from error
            if note:
                error.add_note(note)
            raise

    def _rescued(self, error: BaseException) -> str | None:
        """Saves the newest state after an error, if it may, and returns what became of it."""
        done, state = self._newest
        # Process 0 saves the state itself if it ends the others, whose error is this one.
        follows = isinstance(error, ConfigError) and not self._program.processes.is_first
        lost = isinstance(error, FloatingPointError) or self._saved is None
        if done == self._start or follows or lost:
            return None
        try:
            if self._saved == done:
                self._states.wait()
            elif not self._states.rescue(done, state):
                return None
        except Exception as failure:  # the first error says more
            return f"the state after iteration {done} cannot be saved: {failure}"
        resume = f"`python -m gans_jax resume {self.workdir}`"
        return f"the state after iteration {done} is saved: {resume}"

    def stop(self, number: int) -> NoReturn:
        """Saves the newest state without the other processes, and ends the run after a signal."""
        done, state = self._newest
        self._saved = None
        if done > self._start:
            self._states.rescue(done, state)
        if number == UNSAVED:
            self._states.wait()  # which raises the error
        raise Interrupted(number, done, self.workdir)

    def record(self, done: int, state: core.State, outcome: Outcome, waited: float) -> int:
        """Does what is due after `done` iterations, which waited so many seconds for data.

        Returns the number of the signal that ends the run here, the same on all processes, or 0;
        the error of a state that could not be saved is raised.
        """
        self._newest = done, state
        ready = self._wait(done, outcome)
        self._bar.update(self._program.experiment.repeat)
        self._metrics.advance(done, waited)
        evaluates, draws = self._evaluation.due(done), self._pictures.due(done)
        logs = evaluates or self._metrics.due(done)
        metrics = self._checked(done, outcome) if logs else []
        if logs:
            self._metrics.stop()
        if evaluates:
            numbers = self._evaluation.rate(done, state)
            metrics = [own | found for own, found in zip(metrics, numbers, strict=True)]
        if logs:
            speed = self._metrics.write(done, self._events, metrics)
            self._bar.show(_shown(metrics[0], speed))
        for callback in self._callbacks if logs else ():
            own = wrappers.unwrap(self._program.layout.local(state))
            callback.after(done, own, dict(metrics[0]))
        if draws:
            self._pictures.save(done, self._events, state)
        number = self._signal_at(done, ready)
        if number or self._states.due(done):
            if not logs:
                self._checked(done, outcome)  # a state that is lost must not push out a good one
            self._saved = None
            self._states.save(done, state, bool(number) or self._ends(done))
            self._saved = done
        return number

    def _signal_at(self, done: int, ready: Outcome | None) -> int:
        """Returns the signal that ends the run after `done` iterations, 0 for none."""
        if self._ends(done):
            return 0
        if self._program.processes.several:
            # All of them wait for the same dispatch, and so find the same number.
            return int(ready.signal) if ready else 0
        return self.signal()

    def _ends(self, done: int) -> bool:
        return done == self._program.experiment.iterations

    def report(self) -> None:
        """Draws every run on one page."""
        for place in self.places:
            with folder.writing(place):
                write_report(place, self._program.experiment)

    def _wait(self, done: int, outcome: Outcome) -> Outcome | None:
        """Waits for a dispatch, checks that it is finite, and returns its outcome.

        On a CPU it is the newest dispatch: a second in flight holds its temporaries, too, and gains
        next to nothing. Elsewhere it is the one before, if any, read while the newest runs.
        """
        newest = outcome, done
        ready, at = newest if jax.default_backend() == "cpu" else self._previous
        self._previous = newest
        if ready is not None and not is_finite(ready):
            self._checked(at, ready)
        return ready

    def _checked(self, done: int, outcome: Outcome) -> list[dict[str, float]]:
        """Returns the metrics of each seed as numbers, once they are known to be finite."""
        seeds, trees = self._program.layout.seeds, self._program.layout.on_host(outcome.metrics)
        metrics = [{name: float(value) for name, value in own.items()} for own in trees]
        experiment = self._program.experiment
        blamed = self._program.feed.blamed(range(done - experiment.repeat, done))
        for seed, values in zip(seeds, metrics, strict=True):
            run = f" of seed {seed}" if len(seeds) > 1 else ""
            check_finite(values, done, run, experiment.skip_nonfinite, blamed)
        return metrics


def is_finite(outcome: Outcome) -> bool:
    """Returns whether all metrics are finite, for which it waits."""
    return bool(outcome.finite)


def _shown(metrics: dict[str, float], speed: Mapping[str, float | None]) -> dict[str, float]:
    """Returns the numbers of the progress bar, under short names."""
    # A critic's loss is minus the estimate of the distance, up to a penalty.
    twice = "critic_loss" if "wasserstein" in metrics else None
    shown = {n: v for n, v in metrics.items() if n.endswith("_loss") and n != twice}
    shown = {name.removesuffix("_loss"): value for name, value in shown.items()}
    if "wasserstein" in metrics:
        shown["wasserstein"] = metrics["wasserstein"]
    if rate := speed["images_per_second"]:
        shown["images/s"] = rate
    if (wait := speed["input_wait"]) and wait > LONG_WAIT:
        shown["input_wait"] = wait
    return shown
