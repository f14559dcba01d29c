"""The page about runs: it escapes every text, and loads nothing from elsewhere."""

import html
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.evaluation import Result
from gans_jax.pictures.theme import COLOURS
from gans_jax.runs import folder
from gans_jax.tools.report import figures
from gans_jax.tools.report.contents import Contents, read
from gans_jax.training.observers import LONG_WAIT

STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --faint: #666; --line: #e3e3e3;
  --alarm: #a33; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #181818; --faint: #9a9a9a;
  --line: #383838; --alarm: #f08a8a; } figure img { border-radius: 6px; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1400px; margin: 2em auto; padding: 0 1.2em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top;
  padding: .3em 1.2em .3em 0; border-bottom: 1px solid var(--line); }
td small, th small { color: var(--faint); font-weight: normal; display: block; }
.side { display: flex; flex-wrap: wrap; gap: 1.2em 2em; } .scroll { overflow-x: auto; }
figure { margin: 0; } figcaption, .note { color: var(--faint); font-size: .85em; }
.pixels { image-rendering: pixelated; max-width: 100%; } .grids img { width: 200px; }
.wide { min-width: min(320px, 100%); } figure img { max-width: 100%; }
.warning { color: var(--alarm); } pre { overflow-x: auto; font-size: .8em; }
.run { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MOST_CURVES = 40
WAIT_REMEDY = (
    "`pack` the data, use --data-on-device yes or --data-workers N, or give the process more cores"
)
ARROWS = {"lower": "lower is better", "higher": "higher is better", None: "neither is better"}


def write_page(workdirs: Sequence[Path], out: Path, extra: Sequence[Any] = ()) -> None:
    """Writes one HTML file that shows runs side by side.

    It has their curves, samples over time, interpolations, nearest training images, and the results
    of `evaluate` with their provenance. It opens from disk, without a network.

    Args:
      workdirs: the run folders. A folder with several seeds stands for all of their runs.
      out: the file to write.
      extra: classes and functions of the user's own that the experiments are made of.

    Raises:
      ConfigError: if a folder holds no run, or its experiment cannot be rebuilt.
      OSError: if the file cannot be written.
    """
    places = [place for workdir in workdirs for place in folder.runs(workdir)]
    labels = _distinct([place.resolve() for place in places])
    runs = [read(place, extra) for place in places]
    # A name on the disk need not be text; what is none becomes a question mark.
    files.write(out, _page(runs, labels).encode(errors="replace"))


def _distinct(places: Sequence[Path]) -> list[str]:
    """Returns the folders' names, with as many folders above them as tell them apart."""
    for parts in range(1, max(len(place.parts) for place in places) + 1):
        labels = ["/".join(place.parts[-parts:]) for place in places]
        if len(set(labels)) == len(labels):
            break
    return labels


def _page(runs: Sequence[Contents], labels: Sequence[str]) -> str:
    heads = [
        f'<span class="run" style="background:{COLOURS[i % len(COLOURS)]}"></span>{_text(label)}'
        for i, label in enumerate(labels)
    ]
    sections = [
        _section("Samples over time", _per_run(runs, heads, _grids)),
        _section("Runs", _summary(runs, heads)),
        _section("Metrics", _metrics(runs, heads)),
        _section("Curves", _curves(runs)),
        _section("Between two points of noise", _per_run(runs, heads, _interpolation)),
        _section("Nearest training images", _per_run(runs, heads, _neighbours)),
        _section("Configurations", _per_run(runs, heads, _configuration)),
    ]
    title = _text(", ".join(labels))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{''.join(sections)}</body></html>\n"
    )


def _text(value: Any) -> str:
    return html.escape(str(value))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_text(title)}</h2>\n{content}</section>\n" if content else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table of HTML cells. The first cell of each row is its head."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = ""
    for first, *others in rows:
        body += f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>\n"
    return f'<div class="scroll"><table><tr>{top}</tr>\n{body}</table></div>\n'


def _summary(runs: Sequence[Contents], heads: Sequence[str]) -> str:
    facts = {
        "method": lambda r: type(r.experiment.method).__name__,
        "data": lambda r: type(r.experiment.data).__name__,
        "iterations": lambda r: f"{r.done:,} of {r.experiment.iterations:,}",
        "batch size": lambda r: r.experiment.batch_size,
        "seed": lambda r: r.experiment.seed,
        "average (EMA)": lambda r: "none" if r.experiment.ema is None else r.experiment.ema,
        "best checkpoint": _best,
        "waited for data": _waited,
        "missing": lambda r: "; ".join(r.notes),
    }
    rows = [[_text(name), *[_text(fact(run)) for run in runs]] for name, fact in facts.items()]
    return _table(["", *heads], [row for row in rows if any(row[1:])])


def _best(run: Contents) -> str:
    if run.best is None:
        return ""
    return f"step {run.best['step']}: {run.best['label']}, which biases its {run.best['value']:.4g}"


def _waited(run: Contents) -> str:
    """Returns how long the run waited for its data, with the remedy where that was long."""
    share = run.input_wait
    if share is None:
        return ""
    text = f"{share:.0%} of the time"
    return text if share <= LONG_WAIT else f"{text}: {WAIT_REMEDY}"


def _metrics(runs: Sequence[Contents], heads: Sequence[str]) -> str:
    """Puts numbers into one row if they can be compared: of one metric, split and count."""
    rows: dict[tuple[Any, ...], list[list[Result]]] = {}
    for index, run in enumerate(runs):
        for r in run.results:
            key = (r.metric, r.better, r.split, r.real, r.fake, r.sha256, r.resize)
            rows.setdefault(key, [[] for _ in runs])[index].append(r)
    if not rows:
        return '<p class="note">None yet: run <code>python -m gans_jax evaluate RUN</code>.</p>'
    order = list(dict.fromkeys(key[0] for key in rows))  # rows of one metric below each other
    keys = sorted(rows, key=lambda key: order.index(key[0]))
    listed = [[_metric(key), *map(_values, rows[key])] for key in keys]
    return _table(["", *heads], listed) + _provenance(runs)


def _metric(key: tuple[Any, ...]) -> str:
    metric, better, split, real, fake, _, _ = key
    counts = f"{real:,} real ({split}), {fake:,} fake" if real else f"{fake:,} fake"
    return f"{_text(metric)}<small>{ARROWS.get(better, '')}; {_text(counts)}</small>"


def _values(results: Sequence[Result]) -> str:
    cells = []
    for r in results:
        spread = "" if r.std is None else f" ± {r.std:.2g}"
        cells.append(f"{r.value:.5g}{spread}<small>{_text(f'{r.checkpoint}, step {r.step}')}")
        cells.append(f"{_text(f', seed {r.seed}')}</small>")
        names = dict.fromkeys(warning["name"] for warning in r.warnings)
        cells += [f'<small class="warning">{_text(name)}</small>' for name in names]
    return "".join(cells)


def _provenance(runs: Sequence[Contents]) -> str:
    """Lists the provenance of all numbers, each fact once with the metrics that share it."""
    shared: dict[str, dict[str, None]] = {}
    for r in (result for run in runs for result in run.results):
        facts = [f"{w['name']}: {w['message']}" for w in r.warnings]
        if r.network:
            facts.append(f"features of {r.network}, sha256 {r.sha256}, resize {r.resize}")
        if r.settings:
            facts.append(", ".join(f"{name} {value}" for name, value in r.settings.items()))
        for fact in facts:
            shared.setdefault(fact, {})[r.metric] = None
    lines = [f"{', '.join(names)}: {fact}" for fact, names in shared.items()]
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<details><summary>What the numbers depend on</summary><ul>{items}</ul></details>"


def _curves(runs: Sequence[Contents]) -> str:
    names = figures.names(runs)
    shown = ""
    for name in names[:MOST_CURVES]:
        shown += f'<figure><img src="{figures.curves(runs, name)}" alt="{_text(name)}"></figure>'
    left = len(names) - MOST_CURVES
    note = (
        f'<p class="note">{left:,} more metrics are only in metrics.jsonl.</p>' if left > 0 else ""
    )
    return f'<div class="side">{shown}</div>\n{note}'


def _per_run(
    runs: Sequence[Contents], heads: Sequence[str], show: Callable[[Contents], str]
) -> str:
    parts = ""
    for head, run in zip(heads, runs, strict=True):
        if content := show(run):
            parts += f'<div class="wide"><p>{head}</p>{content}</div>'
    return f'<div class="side">{parts}</div>\n' if parts else ""


def _grids(run: Contents) -> str:
    cells = ""
    for step, path in run.grids.items():
        uri = figures.png_file(path)
        picture = _image(uri, f"samples after {step}") if uri else "cannot be read"
        cells += f"<figure>{picture}<figcaption>iteration {step:,}</figcaption></figure>"
    return f'<div class="side grids">{cells}</div>' if cells else ""


def _interpolation(run: Contents) -> str:
    picture = run.interpolation
    return "" if picture is None else _image(figures.png(picture), "interpolations")


def _neighbours(run: Contents) -> str:
    if run.neighbours is None:
        return ""
    text = "the first of each row is a sample, the others the training images nearest in pixels"
    picture = _image(figures.png(run.neighbours), "neighbours")
    return f"<figure>{picture}<figcaption>{text}</figcaption></figure>"


def _image(uri: str, alt: str) -> str:
    return f'<img class="pixels" src="{uri}" alt="{_text(alt)}">'


def _configuration(run: Contents) -> str:
    return f"<details><summary>config.json</summary><pre>{_text(run.config)}</pre></details>"
