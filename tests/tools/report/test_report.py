"""The page about runs: what is on it, and that nothing in a run can break out of it."""

import base64
import html.parser
import io
import json
import os
import shutil

import pytest
from PIL import Image

from gans_jax.cli import main
from gans_jax.pictures.overview import write_report
from gans_jax.runs import folder
from gans_jax.tools.report import figures
from gans_jax.tools.report.contents import read

EVIL = "<script>alert('x')</script>\"&$x_"
VOID = {"meta", "img", "br"}


class Page(html.parser.HTMLParser):
    """Tags, texts and pictures of a page, whose elements must close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts, self.pictures = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            assert name not in ("href", "srcset", "action")
            if name == "src":
                self.pictures.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def page(*arguments):
    assert main(["report", *map(str, arguments)]) == 0
    out = arguments[-1] if "--out" in arguments else arguments[0] / "report.html"
    return Page(out.read_text("utf-8"))


@pytest.fixture(scope="module")
def evaluated(run, tmp_path_factory):
    """A copy of the run, with results of two metrics."""
    workdir = tmp_path_factory.mktemp("report") / "first"
    shutil.copytree(run, workdir)
    names = ["fd-digits", "sliced-wasserstein"]
    assert main(["evaluate", str(workdir), "--metrics", *names, "--num", "40"]) == 0
    return workdir


def test_one_run(evaluated):
    found = page(evaluated)
    text = " ".join(found.texts)
    for words in ("GAN", "Digits", "6 of 6", "FD-digits", "40 real (test), 40 fake"):
        assert words in text
    assert "FewSamplesWarning" in text
    assert "sha256" in text
    assert "script" not in found.tags
    assert all(uri.startswith("data:image/") for uri in found.pictures)
    pngs = [uri for uri in found.pictures if uri.startswith("data:image/png")]
    assert len(pngs) == 2 + 2  # samples first and last, interpolation, neighbours
    sizes = []
    for uri in pngs:
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
            sizes.append(image.size)
    assert sizes == [(58, 58), (58, 58), (298, 178), (178, 178)]


@pytest.mark.slow
def test_several_runs_side_by_side(evaluated, run, tmp_path):
    out = tmp_path / "all.html"
    found = page(evaluated, run, "--out", out)
    text = " ".join(found.texts)
    assert "first" in text
    assert "digits" in text
    curves = [uri for uri in found.pictures if "svg" in uri]
    assert len(curves) == len(figures.names([read(run)]))
    assert len(found.pictures) == len(curves) + 8


def test_nothing_in_a_run_is_taken_for_html(evaluated, tmp_path):
    workdir = tmp_path / EVIL.replace("/", "_")
    shutil.copytree(evaluated, workdir)
    results = json.loads((workdir / "evaluations.json").read_text())
    for result in results["results"]:
        result |= dict.fromkeys(("metric", "split", "real_images", "network", "sha256"), EVIL)
        result |= {"resize": EVIL, "settings": {EVIL: EVIL}, "checkpoint": EVIL, "seed": EVIL}
        result |= {"warnings": [{"name": EVIL, "message": EVIL}], "better": EVIL, "step": EVIL}
    (workdir / "evaluations.json").write_text(json.dumps(results))
    found = {"step": 1, "metric": EVIL, "value": 1.0, "evaluations": 1, "label": EVIL}
    (workdir / "best.json").write_text(json.dumps(found))
    lines = [
        json.loads(line) | {EVIL: 1.0}
        for line in (workdir / "metrics.jsonl").read_text().splitlines()
    ]
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "page.html"
    found = page(workdir, "--out", out)
    assert "script" not in found.tags
    assert "<script" not in out.read_text()
    assert sum(EVIL in text for text in found.texts) >= 10


def test_what_cannot_be_read_is_said(evaluated, tmp_path):
    workdir = tmp_path / "broken"
    shutil.copytree(evaluated, workdir)
    shutil.rmtree(workdir / "checkpoints")
    (workdir / "evaluations.json").write_text("{")
    (workdir / "samples" / "00000006.png").write_bytes(b"no picture")
    (workdir / "metrics.jsonl").write_text('{"step": 1, "loss": null}\n[3]\n{"step"')
    text = " ".join(page(workdir).texts)
    assert "has saved a checkpoint" in text
    assert "holds no results of `evaluate`" in text
    assert "cannot be read" in text
    assert "1 of 6" in text


def test_a_folder_need_not_have_a_name_that_is_text(evaluated, tmp_path):
    workdir = tmp_path / os.fsdecode(b"run \xff $a$")
    shutil.copytree(evaluated, workdir, ignore=shutil.ignore_patterns("checkpoints"))
    write_report(workdir, folder.read_experiment(workdir))
    found = page(workdir)
    assert "run ? $a$" in found.texts
    assert (workdir / "report.png").stat().st_size > 10_000


def test_of_thousands_of_metrics_the_losses_are_drawn(evaluated, tmp_path, monkeypatch):
    workdir = tmp_path / "wide"
    shutil.copytree(evaluated, workdir)
    monkeypatch.setattr("gans_jax.tools.report.page.MOST_CURVES", 3)
    many = {f"part_{i}": float(i) for i in range(3000)}
    texts = (workdir / "metrics.jsonl").read_text().splitlines()
    lines = [json.loads(text) | many for text in texts]
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = page(workdir)
    named = figures.names([read(workdir)])
    assert len([uri for uri in found.pictures if "svg" in uri]) == 3
    assert f"{len(named) - 3:,} more metrics are only in metrics.jsonl." in found.texts
    assert named[:2] == ["discriminator_loss", "generator_loss"]


@pytest.mark.parametrize(
    ("shares", "shown"),
    [
        ((0.25, None, 0.75), "50% of the time: `pack` the data, use --data-on-device yes"),
        ((0.01, 0.03, 0.02), "2% of the time"),
        ((None, None, None), None),
    ],
)
def test_how_long_a_run_waited_for_data(evaluated, tmp_path, shares, shown):
    workdir = tmp_path / "waited"
    shutil.copytree(evaluated, workdir)
    found = [{"step": step, "input_wait": share} for step, share in enumerate(shares, 1)]
    found.append({"step": 6})  # of a version without it
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in found))
    texts = page(workdir).texts
    assert ("waited for data" in texts) == (shown is not None)
    if shown:
        (said,) = [text for text in texts if "of the time" in text]
        assert said.startswith(shown)
        assert ("pack" in said) == ("pack" in shown)


def test_errors(evaluated, tmp_path, capsys):
    assert main(["report", str(evaluated), str(evaluated)]) == 1
    assert "2 runs share one page: name it with --out HTML" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 1
    assert "holds no run" in capsys.readouterr().err
