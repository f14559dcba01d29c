"""The rule that decides a claim, the judges, the campaign that goes on, and the page."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import ndimage

from experiments.claims.framework import campaign, catalogue, judges, page, results
from experiments.claims.framework.claim import Claim, Condition, Shared, median
from gans_jax import data

LOW, HIGH = [1.0, 2, 3, 2, 1], [11.0, 12, 13, 12, 11]


def of(**arms):
    return {arm: {"score": np.array(values)} for arm, values in arms.items()}


def claim(*rule, **fields):
    arms = {"a": lambda seed: {"score": float(seed)}, "b": lambda seed: {"score": 10.0 + seed}}
    words = dict.fromkeys(("sentence", "source", "null", "setup"), "words")
    return Claim(**words, arms=arms, measures={"score": "a number"}, rule=rule, **fields)


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        (Condition("score", "a", "<", "b"), "holds"),
        (Condition("score", "b", "<", "a"), "opposite"),
        (Condition("score", "b", ">", "a"), "holds"),
        (Condition("score", "a", "<", "a"), "open"),
        (Condition("score", "a", "<", "b", times=0.5), "holds"),
        (Condition("score", "a", "<", "b", times=0.05), "opposite"),
        (Condition("score", "a", "<", 3.5), "holds"),
        (Condition("score", "a", "<", 2.5), "open"),
        (Condition("score", "a", ">", 3.5), "opposite"),
    ],
    ids=str,
)
def test_a_condition_holds_if_its_interval_is_on_its_side(condition, outcome):
    assert condition.outcome(of(a=LOW, b=HIGH)) == outcome


def test_intervals_are_of_medians_over_seeds():
    found = median(np.array(HIGH))
    assert (found.value, found.low, found.high) == (12, 11, 13)
    effect = Condition("score", "a", "<", "b").effect(of(a=LOW, b=HIGH))
    assert (effect.value, effect.low, effect.high) == (-10, -11, -9)


def test_a_verdict_follows_the_rule():
    right, wrong = Condition("score", "a", "<", "b"), Condition("score", "a", ">", "b")
    numbers = of(a=LOW, b=HIGH)
    assert claim(right, right).verdict(numbers) == "shows"
    assert claim(right, wrong).verdict(numbers) == "shows in part"
    assert claim(wrong).verdict(numbers) == "does not show"
    assert claim(right, reached=(right,)).verdict(numbers) == "shows"
    assert claim(right, reached=(wrong,)).verdict(numbers) == "not reached here"


def test_a_rule_names_arms_and_measures_that_there_are():
    with pytest.raises(ValueError, match="score: c < b: the arms are a, b"):
        claim(Condition("score", "c", "<", "b"))
    with pytest.raises(ValueError, match="score: a < c: the arms are a, b"):
        claim(Condition("score", "a", "<", "c"))
    with pytest.raises(ValueError, match="other: a < b: the measures are score"):
        claim(Condition("other", "a", "<", "b"))


@pytest.fixture
def two_claims(monkeypatch, tmp_path):
    """The claim `first`, and `second`, whose arm b is the first one's."""
    first = claim(Condition("score", "a", "<", "b"), seeds=2)
    second = dataclasses.replace(first, arms={"a": first.arms["a"], "b": Shared("first", "b")})
    claims = {"first": first, "second": second}
    monkeypatch.setattr(catalogue, "load", claims.__getitem__)
    monkeypatch.setattr(catalogue, "names", lambda: dict.fromkeys(claims, "digits"))
    monkeypatch.setattr(results, "file", lambda name: tmp_path / "results" / f"{name}.json")
    return claims


def made(job):
    numbers = catalogue.load(job.claim).arms[job.arm](job.seed)
    return results.Run(job.arm, job.seed, numbers, 30.0, "2026-11-29", "a machine", "jax", "0a1b")


def test_a_campaign_makes_each_missing_run_once(two_claims):
    jobs = list(campaign.missing(["first", "second"], None))
    assert len(jobs) == len(set(jobs)) == 6
    for job in jobs[:-1]:
        results.add(job.claim, made(job))
    assert list(campaign.missing(["first", "second"], None)) == jobs[-1:]
    later = list(campaign.missing(["second"], range(2, 4)))
    assert {(job.claim, job.arm) for job in later} == {("second", "a"), ("first", "b")}


@pytest.mark.slow
def test_a_run_that_fails_ends_no_other_one(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "file", lambda name: tmp_path / f"{name}.json")
    name = "distance_of_segments"
    arms = ("segments", 0), ("no arm", 0), ("segments", 1)
    jobs = [campaign.Job(name, arm, seed) for arm, seed in arms]
    failed = campaign.run(jobs, workers=2, minutes=5)
    assert failed == [f"{name}, no arm, seed 0: KeyError('no arm')"]
    done = results.read(name)
    assert [(run.arm, run.seed) for run in done] == [("segments", 0), ("segments", 1)]
    assert all(run.numbers["Earth-Mover"] > 0.9 and "jax" in run.versions for run in done)
    assert campaign.run(jobs[:1], workers=1, minutes=0) == []


def test_the_page_has_complete_claims_with_their_numbers(two_claims):
    for job in campaign.missing(["first"], None):
        results.add(job.claim, made(job))
    text = page.page()
    assert "### `first`" in text
    assert "### `second`" not in text
    assert "score: a < b: holds, difference -10 [-11, -9]" in text
    assert "| b | 10.5 [10, 11] |" in text
    assert page.verdicts(["first", "second"]) == ["first: shows", "second: 2 of 4 runs"]
    for job in campaign.missing(["second"], range(2, 4)):
        results.add(job.claim, made(job))
    for job in campaign.missing(["first"], range(2, 4)):
        results.add(job.claim, made(job))
    assert "With seeds 2 to 3 the verdict is: shows." in page.page()


def test_results_are_whole_and_in_order(two_claims):
    for job in reversed(list(campaign.missing(["first"], None))):
        results.add("first", made(job))
    lines = json.loads(results.file("first").read_text())
    assert [(line["arm"], line["seed"]) for line in lines] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        ("b", 1),
    ]


def test_the_claims_are_well_formed():
    for name in catalogue.names():
        found = catalogue.load(name)
        for shared in found.arms.values():
            if isinstance(shared, Shared):
                assert callable(catalogue.load(shared.claim).arms[shared.arm]), name
        assert found.rule, name
        assert found.seeds in (5, 10), name
        recorded = {run.arm for run in results.read(name)}
        assert recorded <= set(found.arms), name


def test_the_page_is_what_the_results_make():
    assert page.PAGE.read_text() == page.page()
    readme = (page.PAGE.parents[1] / "README.md").read_text()
    assert page.count().rstrip(".") in " ".join(readme.split())


def damaged(images):
    """Returns the images, and ways in which they are no samples of the data, all in [-1, 1]."""
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(images.reshape(len(images), -1), axis=1).reshape(images.shape)
    return {
        "blurred": ndimage.gaussian_filter(images, (0, 2, 2, 0)),
        "noised": np.clip(images + rng.normal(0, 0.5, images.shape), -1, 1),
        "shuffled": shuffled,
        "one image": np.repeat(images[:1], len(images), axis=0),
    }


@pytest.mark.slow
def test_the_judge_of_digits_ranks_real_ones_first():
    """With an interval: five sets of 800 training digits against each damage of them."""
    real = np.float32(data.Digits().arrays["image"]) / 127.5 - 1
    real = np.random.default_rng(1).permutation(real)
    sets = real.reshape(5, 800, 28, 28, 1)
    truth = [judges.digits(images) for images in sets]
    for name in damaged(sets[0]):
        worse = [judges.digits(damaged(images)[name]) for images in sets]
        compared = of(
            real=[numbers["FD-digits"] for numbers in truth],
            damaged=[numbers["FD-digits"] for numbers in worse],
        )
        assert Condition("score", "real", "<", "damaged").outcome(compared) == "holds", name
        if name != "one image":  # whose digit may be clear
            sure = of(real=[n["sure"] for n in truth], damaged=[n["sure"] for n in worse])
            assert Condition("score", "real", ">", "damaged").outcome(sure) == "holds", name
        else:
            assert max(numbers["entropy"] for numbers in worse) < 0.1


@pytest.mark.slow
def test_the_judge_of_translations_ranks_the_truth_first():
    truth = np.float32(data.Digits("test", size=32).arrays["image"]) / 127.5 - 1
    right = judges.translations(truth, truth)
    assert right["accuracy"] > 0.95
    assert (right["fine"], right["variety"]) == (0, 1)
    found = {name: judges.translations(made, truth) for name, made in damaged(truth).items()}
    for name, numbers in found.items():
        assert numbers["accuracy"] < right["accuracy"] - 0.02, name
        assert numbers["PSNR"] < 20, name
    assert found["blurred"]["fine"] < -1
    assert found["noised"]["fine"] > 0.1
    assert found["one image"]["variety"] < 1e-6


def test_the_judge_of_points_counts_modes():
    source = data.GaussianRing(modes=8, radius=2.0, std=0.05)
    points = source.arrays["image"]
    assert judges.points(points, source) == {"modes": 8, "inside": pytest.approx(0.99, abs=0.01)}
    one = points[np.hypot(*(points - source.centers[0]).T) < 0.5]
    assert judges.points(one, source)["modes"] == 1
    noised = points + np.random.default_rng(0).normal(0, 0.5, points.shape)
    assert judges.points(noised, source)["inside"] < 0.3
