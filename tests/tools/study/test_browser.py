"""The page of a study in a real browser: what is seen for how long, and which keys count."""

import os

import pytest

from gans_jax.tools.study.answers import read
from gans_jax.tools.study.score import score
from tests.support import devtools

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not devtools.executable(), reason="needs Chromium or Chrome on the PATH"),
]

EXPOSURE = 0.3
PROMPT = "document.querySelector('#prompt').textContent"
PROGRESS = "document.querySelector('#progress').textContent"
ASKED = "/^Which one .*[?]$/.test(document.querySelector('#prompt').textContent)"
FOCUSED = "document.activeElement === document.querySelector('#rater')"
# What was said, how long the images were visible and the first red value of each, as the document
# itself had it: a look from outside may come too late. An arrow key is pressed while they are seen.
WATCH = """
window.said = []; window.visible = []; window.red = [];
new MutationObserver(() => {
  said.push(['#progress', '#prompt'].map((id) => document.querySelector(id).textContent));
}).observe(document.querySelector('#prompt'), { childList: true });
const firstRed = (id) => {
  const canvas = document.createElement('canvas').getContext('2d');
  canvas.drawImage(document.querySelector(id), 0, 0);
  return canvas.getImageData(0, 0, 1, 1).data[0];
};
let since;
new MutationObserver(() => {
  const shown = getComputedStyle(document.querySelector('#left')).visibility === 'visible';
  if (shown && since === undefined) {
    since = performance.now();
    red.push(['#left', '#right'].map(firstRed));
    dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft' }));
  }
  if (!shown && since !== undefined) { visible.push(performance.now() - since); since = undefined; }
}).observe(document.querySelector('#stage'), { attributes: true });
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    page = devtools.Page(tmp_path_factory.mktemp("browser"))
    yield page
    page.close()


def begin(page, server, rater):
    page.open(server.address)
    page.value(WATCH)
    page.wait(FOCUSED)
    page.write(rater)
    page.press("Enter")


def look(page, trial):
    """Sees a pair and its end; the arrow key that was pressed too early does not count."""
    page.wait(ASKED)
    # 0 to 110 of real ones, more of the others
    real = [value < 120 for value in page.value("red").pop()]
    assert real == [trial.left.role == "real", trial.right.role == "real"]
    for side in ("left", "right"):
        image = f"document.querySelector('#{side}')"
        assert page.value(f"getComputedStyle({image}).visibility") == "hidden"
        assert not page.value(f"{image}.hasAttribute('src')")


def test_a_session(page, prepare, serve, tmp_path):
    study = prepare(trials=5, practice=2, exposure=EXPOSURE)
    begin(page, serve(study), " Ann <b>")
    pressed = []
    for number, trial in enumerate(study.session("Ann b")):
        if number == study.practice:
            page.wait(f"{PROMPT}.startsWith('The practice is over.')")
            page.press(" ")
        look(page, trial)
        real = "left" if trial.left.role == "real" else "right"
        fake = {"left": "right", "right": "left"}[real]
        pressed.append(fake if number in (1, 2, 5) else real)
        page.press("ArrowLeft" if pressed[-1] == "left" else "ArrowRight")
        if trial.practice:
            told = page.wait(f"{PROMPT}.includes('the real one was') && {PROMPT}")
            verdict = ("Correct", "Wrong")[number]
            assert told.startswith(f"{verdict}: the real one was on the {real}.")
            page.press(" ")
    page.wait("document.body.dataset.state === 'done'")
    said = page.value("said")
    told = [place for place, text in said if "the real one was" in text]
    assert told == ["Practice 1 of 2", "Practice 2 of 2"]
    assert {text for place, text in said if place.startswith("Trial")} == {
        "",
        "Which one was real?",
    }
    answers = read(tmp_path / "answers.csv")
    assert [answer.answer for answer in answers] == pressed
    assert {answer.rater for answer in answers} == {"Ann b"}
    seen = page.value("visible")
    assert 1000 * EXPOSURE - 20 < min(seen) < 1000 * EXPOSURE + 500
    for answer, visible in zip(answers, seen, strict=True):
        assert 1000 * EXPOSURE - 20 < answer.shown_ms < visible + 50
    assert score(answers).shares[0].percent == 40


def test_a_page_that_is_loaded_again_goes_on(page, prepare, serve, tmp_path):
    study = prepare(trials=2, practice=1, exposure=0.05)
    server = serve(study)
    begin(page, server, "Bo")
    page.wait(ASKED)
    page.press("ArrowRight")
    page.wait(f"{PROMPT}.includes('the real one was')")
    begin(page, server, "Bo")
    page.wait(f"{PROMPT}.startsWith('The practice is over.')")
    page.press(" ")
    for number in (1, 2):
        page.wait(f"{PROGRESS} === 'Trial {number} of 2' && {ASKED}")
        page.press("ArrowLeft")
    page.wait("document.body.dataset.state === 'done'")
    assert [answer.trial for answer in read(tmp_path / "answers.csv")] == [1, 2, 3]
    begin(page, server, "Bo")
    refused = "document.querySelector('#refused').textContent"
    assert "one session each" in page.wait(refused)


def test_method_against_method_has_no_feedback(page, prepare, serve, tmp_path):
    begin(page, serve(prepare("fake", "against", trials=2, practice=0, exposure=0.05)), "Cy")
    page.wait(f"{PROMPT}.startsWith('From here on')")
    page.press(" ")
    for number in (1, 2):
        page.wait(f"{PROGRESS} === 'Trial {number} of 2' && {ASKED}")
        assert page.value(PROMPT).startswith("Which one looked more real?")
        page.press("ArrowLeft")
    page.wait("document.body.dataset.state === 'done'")
    assert not any("real one was" in text for _, text in page.value("said"))
    assert len(read(tmp_path / "answers.csv")) == 2


def test_an_answer_that_was_not_kept_is_sent_again(page, prepare, serve, tmp_path, monkeypatch):
    begin(page, serve(prepare("fake", "against", trials=1, practice=0, exposure=0.05)), "Di")
    page.wait(f"{PROMPT}.startsWith('From here on')")
    page.press(" ")
    page.wait(ASKED)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        page.press("ArrowRight")
        told = page.wait(f"{PROMPT}.includes('Try again?') && {PROMPT}")
    assert told.startswith("The answer cannot be written (No space left on device).")
    assert read(tmp_path / "answers.csv") == []
    page.press(" ")
    page.wait("document.body.dataset.state === 'done'")
    assert [answer.answer for answer in read(tmp_path / "answers.csv")] == ["right"]


def test_a_phone_needs_no_keyboard(page, prepare, serve, tmp_path):
    tap = "[...document.querySelectorAll('#choices button')].at({}).click()"
    begin(page, serve(prepare(trials=2, practice=1, exposure=0.05)), "Eve")
    for number, choice in enumerate((0, 1, 0)):
        if number == 1:
            page.wait(f"{PROMPT}.startsWith('The practice is over.')")
            page.value(tap.format(0))
        page.wait(ASKED)
        assert page.value("document.querySelectorAll('#choices button').length") == 2
        page.value(tap.format(choice))
        if number == 0:
            page.wait(f"{PROMPT}.includes('the real one was')")
            page.value(tap.format(0))
    page.wait("document.body.dataset.state === 'done'")
    answers = read(tmp_path / "answers.csv")
    assert [answer.answer for answer in answers] == ["left", "right", "left"]
    assert page.value("document.querySelectorAll('#choices button').length") == 0
