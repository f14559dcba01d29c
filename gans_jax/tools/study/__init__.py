"""The perceptual study of pix2pix and CycleGAN: people say which of two images is real."""

from gans_jax.tools.study.answers import Answer, Answers, read
from gans_jax.tools.study.chart import write_chart
from gans_jax.tools.study.score import Score, Share, Votes, as_text, score
from gans_jax.tools.study.server import StudyServer
from gans_jax.tools.study.trials import Image, Study, Trial, pairs, prepare

__all__ = [
    "Answer",
    "Answers",
    "Image",
    "Score",
    "Share",
    "Study",
    "StudyServer",
    "Trial",
    "Votes",
    "as_text",
    "pairs",
    "prepare",
    "read",
    "score",
    "write_chart",
]
