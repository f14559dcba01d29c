"""The perceptual study of the papers: which image do people take for the real one?"""

from gans_jax.tools.study.answers import Answer, Answers, read
from gans_jax.tools.study.chart import write_chart
from gans_jax.tools.study.score import Score, Share, Votes, score, table
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
    "pairs",
    "prepare",
    "read",
    "score",
    "table",
    "write_chart",
]
