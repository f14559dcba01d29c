"""The command `study`."""

import argparse
import json
import math
import webbrowser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import command, count, new_file, path, png, seed, whole
from gans_jax.core import files
from gans_jax.data import DataError
from gans_jax.runs import ConfigError
from gans_jax.tools.study.answers import Answer, Answers, read
from gans_jax.tools.study.chart import write_chart
from gans_jax.tools.study.score import as_text, score
from gans_jax.tools.study.server import StudyServer
from gans_jax.tools.study.trials import ROLES, prepare

STUDY = """\
Asks people which of two images is real. It serves a page to browsers on this machine alone, which
shows the images and writes each answer to a CSV file at once, until Ctrl-C ends it:

  study --real FOLDER --fake FOLDER --out CSV                     how often do fakes fool people?
  study --real FOLDER --fake FOLDER --against FOLDER --out CSV    which of two methods fools more?
  study --fake FOLDER --against FOLDER --out CSV                  which method looks more real?
  study --score CSV ...                                           score the answers

The protocol is the one of pix2pix and CycleGAN. A trial shows two images for one second, and then
waits for an arrow key. A session has 10 trials for practice, after which the page tells the right
answer, and 40 that count. In these papers a session shows a single method, so leave --against out
to repeat them. Each rater gives a name and has one session, which goes on where it stopped. All
raters see the same pairs, in different orders.

Images whose names agree, whatever their suffixes, are shown as a pair. Where no names agree, or
with --unpaired, pairs are drawn at random, as pix2pix did for maps. All images are resized alike.

--score prints in how many percent of the trials the fake was taken for real, with a 95 % bootstrap
interval over raters and trials. It also counts the images that fooled most raters, half of them,
and fewer. Without --real the percentage says how often the method was preferred."""


def add(commands: Any) -> None:
    parser = command(commands, study, STUDY)
    parser.add_argument("--real", metavar="FOLDER", help="a folder of real images")
    parser.add_argument("--fake", metavar="FOLDER", help="a folder of generated images")
    text = "a folder of generated images of another method"
    parser.add_argument("--against", metavar="FOLDER", help=text)
    text = "the file of answers; an old one grows"
    parser.add_argument("--out", type=new_file, metavar="CSV", help=text)
    text = "how many trials of a session count (default: 40)"
    parser.add_argument("--trials", type=count, default=40, metavar="N", help=text)
    text = "how many trials for practice come before (default: 10, or 0 without --real)"
    parser.add_argument("--practice", type=_natural, metavar="N", help=text)
    text = "how long the images are visible (default: 1)"
    parser.add_argument("--exposure", type=_seconds, default=1.0, metavar="SECONDS", help=text)
    text = "draw pairs at random, even where names agree"
    parser.add_argument("--unpaired", action="store_true", help=text)
    text = "cut all images square and resize them to this side (default: 256)"
    parser.add_argument("--size", type=count, default=256, metavar="PIXELS", help=text)
    text = "seed of the pairs, their order and sides, and of the bootstrap (default: 0)"
    parser.add_argument("--seed", type=seed, default=0, help=text)
    text = "the port of the page's address (default: a free one)"
    parser.add_argument("--port", type=_port, default=0, metavar="N", help=text)
    text = "print the address of the page, without opening it in a browser"
    parser.add_argument("--no-browser", action="store_true", help=text)
    text = "score these files; the answers to one study count together"
    parser.add_argument("--score", type=path, nargs="+", metavar="CSV", help=text)
    text = "write the scores to FILE"
    parser.add_argument("--json", type=new_file, metavar="FILE", help=text)
    text = "draw how many images fooled most raters as stacked bars"
    parser.add_argument("--chart", type=png, metavar="PNG", help=text)


def study(options: argparse.Namespace, _: list[str]) -> None:
    if options.score:
        _score(options)
    else:
        _ask(options)


def _ask(options: argparse.Namespace) -> None:
    given = vars(options)
    folders = {role: given[role] for role in ROLES if given[role] is not None}
    if "fake" not in folders or len(folders) < 2:
        raise ConfigError("nothing to compare: give --fake FOLDER, and --real or --against FOLDER")
    if options.out is None:
        raise ConfigError("the answers need a file: name it with --out CSV")
    if options.json or options.chart:
        raise ConfigError("--json and --chart show a score: give --score CSV with them")
    if options.practice and "real" not in folders:
        raise ConfigError(
            "practice tells which image is real: give --real FOLDER, or no --practice"
        )
    practice = 10 if "real" in folders else 0
    prepared = prepare(
        folders,
        trials=options.trials,
        practice=practice if options.practice is None else options.practice,
        exposure=options.exposure,
        seed=options.seed,
        unpaired=options.unpaired,
        size=options.size,
    )
    _serve(Answers(options.out, prepared), options)


def _serve(answers: Answers, options: argparse.Namespace) -> None:
    try:
        server = StudyServer(answers, options.port)
    except OSError as error:
        raise ConfigError(
            f"port {options.port}: {error.strerror}; choose another --port"
        ) from error
    with server:
        print(f"{server.address} asks, {options.out} keeps the answers; Ctrl-C ends", flush=True)
        if not options.no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"\n{options.out}: answers of {', '.join(answers.given) or 'nobody yet'}")


def _score(options: argparse.Namespace) -> None:
    if options.real or options.fake or options.against or options.out:
        raise ConfigError("--score reads answers alone: leave the folders and --out out")
    studies: dict[str, list[tuple[Path, Answer]]] = {}
    for file in dict.fromkeys(options.score):
        found = read(file)
        if not found:
            raise DataError(f"{file} has no answers yet: leave it out")
        for answer in found:
            studies.setdefault(answer.study, []).append((file, answer))
    scored = []
    for answers in studies.values():
        paths = list(dict.fromkeys(file for file, _ in answers))
        scored.append((paths, score([answer for _, answer in answers], options.seed)))
    print(as_text([(", ".join(map(str, paths)), each) for paths, each in scored]))
    if options.json:
        listed = [{"files": [*map(str, paths)], **asdict(each)} for paths, each in scored]
        files.write(options.json, json.dumps({"scores": listed}, indent=2) + "\n")
        print(f"written to {options.json}")
    if options.chart:
        named = [(", ".join(file.stem for file in paths), each) for paths, each in scored]
        write_chart(named, options.chart)
        print(f"written to {options.chart}")


def _natural(text: str) -> int:
    return 0 if text == "0" else count(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of seconds above 0")
    return value


def _port(text: str) -> int:
    return whole(text, 0, 65535, "a port from 0 to 65535")
