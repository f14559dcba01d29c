import threading

import numpy as np
import pytest
from PIL import Image

from gans_jax.tools.study import trials
from gans_jax.tools.study.answers import Answers
from gans_jax.tools.study.server import StudyServer


@pytest.fixture
def folders(tmp_path):
    """Folders of twelve images each: the real ones are dark, the others light."""
    found = {}
    for index, role in enumerate(("real", "fake", "against")):
        folder = tmp_path / role
        folder.mkdir()
        for image in range(12):
            pixels = np.full((8, 8, 3), 10 * image + 120 * (role != "real") + index, np.uint8)
            Image.fromarray(pixels).save(folder / f"{image}.png")
        found[role] = str(folder)
    return found


@pytest.fixture
def prepare(folders):
    """Prepares a study of some of the folders, with 6 trials after 2 of practice."""

    def prepare(*roles, **settings):
        chosen = {role: folders[role] for role in roles or ("real", "fake")}
        return trials.prepare(chosen, **{"trials": 6, "practice": 2, "size": 16} | settings)

    return prepare


@pytest.fixture
def answered(prepare):
    """Answers to a study: `choose(trial)` gives the side for each trial of each rater."""

    def answered(path, raters, choose, *roles, **settings):
        found = prepare(*roles, **settings)
        answers = Answers(path, found)
        for rater in raters:
            for number, trial in enumerate(found.session(rater)):
                assert answers.add(rater, number, choose(rater, trial), 1000.0, 500.0)
        return found

    return answered


@pytest.fixture
def serve(tmp_path):
    """Starts a server of a study, whose answers go to answers.csv."""
    servers = []

    def serve(found):
        server = StudyServer(Answers(tmp_path / "answers.csv", found))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
