"""Percentages, intervals and votes, against ones that are worked out by hand."""

import csv
import json

import pytest

from gans_jax.cli import main
from gans_jax.data import DataError
from gans_jax.tools.study.answers import Answer, read
from gans_jax.tools.study.score import as_text, score


def answer(rater, image, chosen, roles=("real", "fake"), **changes):
    left, right = roles
    found = {"study": "s", "rater": rater, "trial": image + 1, "trials": 4, "practice": False}
    found |= {"left": left, "left_file": f"{image}.png", "right": right}
    found |= {"right_file": f"{image}.png", "answer": ("left", "right")[roles.index(chosen)]}
    return Answer(**found | {"shown_ms": 1000.0, "response_ms": 1.0} | changes)


def of(rater, *chosen, **changes):
    return [answer(rater, image, each, **changes) for image, each in enumerate(chosen)]


def test_percentage_and_votes():
    answers = of("Ann", "fake", "fake", "real", "real") + of("Bo", "fake", "real", "real", "real")
    answers += [answer("Ann", 8, "fake", practice=True)]
    found = score(answers)
    assert (found.raters, found.unfinished, found.has_real) == (2, (), True)
    (share,) = found.shares
    assert (share.name, share.percent, share.trials) == ("fake", 37.5, 8)
    assert 0 <= share.low < 37.5 < share.high <= 100
    (votes,) = found.votes
    assert (votes.won, votes.tied, votes.lost) == (1, 1, 2)


def test_the_interval_of_one_rater_is_that_of_a_binomial():
    """Of 100 trials with 30 chosen: the 2.5 and 97.5 % quantiles of B(100, 0.3), 21 and 39."""
    found = score(of("Ann", *["fake"] * 30, *["real"] * 70))
    (share,) = found.shares
    assert (share.low, share.high) == (21, 39)
    assert "one rater" in as_text([("a.csv", found)])


def test_raters_who_differ_widen_the_interval():
    """Two raters, always and never fooled: a quarter of the draws has the one, one the other."""
    alike = score(of("Ann", *["fake", "real"] * 20) + of("Bo", *["fake", "real"] * 20))
    apart = score(of("Ann", *["fake"] * 40) + of("Bo", *["real"] * 40))
    assert alike.shares[0].percent == apart.shares[0].percent == 50
    assert (apart.shares[0].low, apart.shares[0].high) == (0, 100)
    assert 35 < alike.shares[0].low < 45
    assert 55 < alike.shares[0].high < 65


def test_the_seed_decides_the_interval():
    answers = of("Ann", *["fake"] * 13, *["real"] * 14)
    few = [score(answers, seed, resamples=20).shares for seed in (0, 0, 1)]
    assert few[0] == few[1] != few[2]


def test_two_methods_against_real_images():
    answers = of("Ann", "fake", "real", "fake", "fake")
    answers += [
        answer("Ann", image, chosen, ("against", "real"), trial=image + 5, trials=8)
        for image, chosen in enumerate(["against", "real", "real", "real"])
    ]
    found = score(answers)
    assert [(s.name, s.percent, s.trials) for s in found.shares] == [
        ("fake", 75, 4),
        ("against", 25, 4),
        ("fake - against", 50, 8),
    ]
    assert "50.0 points (" in as_text([("a.csv", found)])
    assert [(v.name, v.won, v.tied, v.lost) for v in found.votes] == [
        ("fake", 3, 0, 1),
        ("against", 1, 0, 3),
    ]


def test_method_against_method_counts_what_was_preferred():
    roles = ("against", "fake")
    found = score(of("Ann", "fake", "fake", "against", "fake", roles=roles))
    assert not found.has_real
    assert [(s.name, s.percent) for s in found.shares] == [("fake", 75)]
    assert "75.0 % preferred" in as_text([("a.csv", found)])


def test_a_session_that_was_left_counts_and_is_named():
    found = score(of("Ann", "fake", "real"))
    assert found.unfinished == ("Ann",)
    assert "not finished, but counted: Ann" in as_text([("a.csv", found)])


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], "no trial that counts"),
        (of("Ann", "fake", practice=True), "no trial that counts"),
        (of("Ann", "fake") + of("Bo", "fake", study="t"), "belong to 2 studies"),
        (of("Ann", "fake") * 2, "trial 1 of Ann is answered 2 times"),
    ],
)
def test_answers_that_cannot_be_scored(answers, words):
    with pytest.raises(DataError, match=words):
        score(answers)


def fooled(rater, trial):
    wanted = "fake" if rater == "Ann" else "real"
    return "left" if trial.left.role == wanted else "right"


def test_the_command(answered, tmp_path, capsys):
    first, second, other = (tmp_path / f"{name}.csv" for name in "abc")
    answered(first, ["Ann"], fooled)
    answered(second, ["Bo"], fooled)
    answered(other, ["Ann"], fooled, "fake", "against", practice=0)
    out, chart = tmp_path / "scores.json", tmp_path / "votes.png"
    files = map(str, (first, second, other))
    assert main(["study", "--score", *files, "--json", str(out), "--chart", str(chart)]) == 0
    text = capsys.readouterr().out
    assert f"{first}, {second}\n" in text
    assert "50.0 % taken for real" in text
    assert "100.0 % preferred" in text
    pooled, alone = json.loads(out.read_text())["scores"]
    assert pooled["votes"] == [{"name": "fake", "won": 0, "tied": 6, "lost": 0}]
    assert (pooled["raters"], alone["raters"]) == (2, 1)
    assert (alone["shares"][0]["low"], alone["shares"][0]["high"]) == (100, 100)
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_files_that_hold_no_answers(answered, tmp_path, capsys):
    path = tmp_path / "a.csv"
    answered(path, ["Ann"], fooled)
    assert len(read(path)) == 8
    good = path.read_text()
    rows = list(csv.reader(good.splitlines()))
    bad = {
        "does not have the columns": good.replace("rater", "name"),
        "last line of": good[:-1],
        "line 3 of": good.replace(",2,8,yes", ",2,8,maybe"),
        "line 4 of": good.replace(",".join(rows[3]), ",".join(rows[3][:-1])),
        "is not an answer (middle of": good.replace(",left,1000", ",middle,1000").replace(
            ",right,1000", ",middle,1000"
        ),
        "no answers yet": good.splitlines()[0] + "\n",
        "columns study,rater": "",
    }
    for words, text in bad.items():
        path.write_text(text)
        assert main(["study", "--score", str(path)]) == 1
        assert words in capsys.readouterr().err
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    assert main(["study", "--score", str(path)]) == 1
    assert "columns" in capsys.readouterr().err
    assert main(["study", "--score", str(tmp_path / "none.csv")]) == 1
