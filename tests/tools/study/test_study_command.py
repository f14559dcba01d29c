"""The command `study` as it asks; how it scores is in test_score.py."""

import webbrowser

import pytest

from gans_jax.cli import main
from gans_jax.tools.study.server import StudyServer


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to compare"),
        (["--real", "real"], "nothing to compare"),
        (["--real", "real", "--fake", "fake"], "--out CSV"),
        (["--fake", "fake", "--against", "against", "--practice", "3"], "practice tells"),
        (["--real", "real", "--fake", "fake", "--json", "x.json"], "show a score"),
        (
            ["--real", "real", "--fake", "fake", "--trials", "11"],
            "only 12 names that are",
        ),
        (["--real", "none", "--fake", "fake"], "the folder none is missing"),
        (["--score", "a.csv", "--real", "real"], "leave the folders"),
    ],
)
def test_wrong_use(folders, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    out = [] if words == "--out CSV" or "--score" in arguments else ["--out", "answers.csv"]
    assert main(["study", *arguments, *out, "--no-browser"]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "answers.csv").exists()


@pytest.mark.parametrize("more", [[], ["--no-browser"]])
def test_the_command(folders, tmp_path, monkeypatch, capsys, more):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    def rate(server, *_):
        answers = server.answers
        assert len(answers.study.session("Ann")) == 5
        assert answers.study.exposure == 0.25
        assert answers.add("Ann", 0, "left", 250.0, 1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(StudyServer, "serve_forever", rate)
    out = str(tmp_path / "answers.csv")
    arguments = ["study", "--real", folders["real"], "--fake", folders["fake"], "--out", out]
    arguments += ["--trials", "3", "--practice", "2", "--exposure", "0.25", *more]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("http://127.0.0.1:")
    assert text.endswith(f"{out}: answers of Ann\n")
    assert opened == ([] if more else [text.split()[0]])


def test_a_port_that_is_taken(folders, tmp_path, capsys, prepare, serve):
    port = serve(prepare()).server_port
    out = str(tmp_path / "other.csv")
    arguments = ["study", "--real", folders["real"], "--fake", folders["fake"], "--out", out]
    assert main([*arguments, "--trials", "3", "--practice", "2", "--port", str(port)]) == 1
    assert "choose another --port" in capsys.readouterr().err
