"""The error of an evaluation, and the warnings that its results carry by name."""


class EvaluationError(ValueError):
    """A metric cannot be computed of these images; the message names it and the remedy."""


class TrainingImagesWarning(UserWarning):
    """The real images are those that the run learned from, so that copies look perfect."""


class FewerImagesWarning(UserWarning):
    """A metric has used fewer images than were asked for or are at hand."""


class LossyFilesWarning(UserWarning):
    """One of the two sets was compressed with losses, and the other was not."""


class MemorisationWarning(UserWarning):
    """More fakes than chance allows are as near to a training example as a copy is."""


class UnverifiedWeightsWarning(UserWarning):
    """No hash was given to compare with the hash of the weights."""


class LeftOutWarning(UserWarning):
    """A metric that was not asked for by name cannot be had of these examples."""


class PictureWarning(UserWarning):
    """The picture of a metric cannot be written, which costs no number."""


class SelectedCheckpointWarning(UserWarning):
    """The checkpoint was chosen among several by a metric, so that this metric flatters it."""
