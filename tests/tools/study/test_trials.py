"""Which images a study shows, in which order and on which side."""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import DataError
from gans_jax.tools.study.trials import pairs

NAMES = {"real": [f"{i}.jpg" for i in range(8)], "fake": [f"{i}.png" for i in range(10)]}


def test_names_that_agree_are_paired_whatever_their_suffix():
    found = pairs(NAMES, 8, seed=0)
    assert sorted(pair["real"] for pair in found) == NAMES["real"]
    assert all(pair["real"][0] == pair["fake"][0] for pair in found)
    assert found != pairs(NAMES, 8, seed=1)
    assert found == pairs(NAMES, 8, seed=0)


@pytest.mark.parametrize("seed", range(5))
def test_unpaired_names_never_meet_themselves(seed):
    found = pairs(NAMES, 8, seed=seed, unpaired=True)
    assert all(pair["real"][0] != pair["fake"][0] for pair in found)
    for role in NAMES:
        assert len({pair[role] for pair in found}) == 8


def test_where_no_names_agree_pairs_are_drawn_at_random():
    files = {"real": ["a.png", "b.png", "c.png"], "fake": ["x.png", "y.png", "z.png"]}
    met = {(pair["real"], pair["fake"]) for seed in range(40) for pair in pairs(files, 3, seed)}
    assert len(met) == 9


@pytest.mark.parametrize(
    ("files", "unpaired", "words"),
    [
        (
            NAMES,
            False,
            "only 8 names that are in all folders",
        ),
        (NAMES, True, "only 8 images in the real folder"),
        (
            {"real": ["a.png"], "fake": ["b.png"] * 20},
            False,
            "only 1 images in the real folder",
        ),
    ],
)
def test_too_few_images(files, unpaired, words):
    with pytest.raises(DataError, match=words):
        pairs(files, 9, 0, unpaired)


def test_a_session_has_each_pair_once_and_practice_first(prepare):
    study = prepare()
    session = study.session("Ann")
    assert [trial.practice for trial in session] == [True] * 2 + [False] * 6
    shown = [{image.role: image.file for image in (t.left, t.right)} for t in session]
    assert Counter(map(str, map(sorted, (s.items() for s in shown)))) == Counter(
        str(sorted(pair.items())) for pair in study.pairs
    )
    assert {t["real"] for t in shown[:2]} == {pair["real"] for pair in study.pairs[:2]}


def test_raters_have_orders_and_sides_of_their_own(prepare):
    study = prepare()
    sessions = [study.session(name) for name in ("Ann", "Bo", "Cy", "Di")]
    assert len(set(sessions)) == 4
    assert study.session("Ann") == sessions[0]
    left = [trial.left.role for name in range(100) for trial in study.session(str(name))]
    assert 0.42 < left.count("real") / len(left) < 0.58


def test_two_methods_take_turns_against_the_same_real_images(prepare):
    study = prepare("real", "fake", "against")
    met = Counter()
    for name in "abcdefgh":
        session = study.session(name)
        for trials in (session[:2], session[2:]):
            methods = Counter(
                {t.left.role, t.right.role}.difference({"real"}).pop() for t in trials
            )
            assert methods["fake"] == methods["against"]
        files = [image.file for trial in session for image in (trial.left, trial.right)]
        assert len(set(files)) == 8  # those of a trial have the same name
        met.update(frozenset((t.left, t.right)) for t in session)
    assert len(met) > 8  # each real image meets both methods


def test_method_against_method(prepare):
    for trial in prepare("fake", "against", practice=0).session("Ann"):
        assert {trial.left.role, trial.right.role} == {"fake", "against"}


def test_all_pictures_have_one_size_and_no_name(prepare, folders):
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(f"{folders['real']}/0.png")
    study = prepare(trials=10)
    assert len(study.pictures) == 24
    for data in study.pictures.values():
        with Image.open(io.BytesIO(data)) as image:
            assert (image.size, image.mode, image.info) == ((16, 16), "RGB", {})


def test_the_name_is_of_the_images_and_the_settings(prepare, folders):
    study = prepare()
    assert prepare().name == study.name
    names = {study.name, prepare(seed=1).name, prepare(exposure=0.5).name, prepare(trials=5).name}
    names |= {prepare(size=8).name, prepare("fake", "against").name, prepare(practice=3).name}
    Image.new("RGB", (8, 8), "red").save(f"{folders['fake']}/{study.pairs[0]['fake']}")
    assert len(names | {prepare().name}) == 8


def test_bad_folders(prepare, folders, tmp_path):
    (tmp_path / "fake" / "3.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"3\.png cannot be read"):
        prepare(trials=10)
    folders["fake"] = str(tmp_path / "empty")
    with pytest.raises(DataError, match="is missing: check the path"):
        prepare()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no image"):
        prepare()
