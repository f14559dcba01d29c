"""What can be wrong with an evaluation, as an error or as a named warning in its results."""


class EvaluationError(ValueError):
    """A metric that cannot be computed of these images; the message names it and the remedy."""


class TrainingImagesWarning(UserWarning):
    """The real images are those trained on, so that copies of them look perfect."""


class FewerImagesWarning(UserWarning):
    """Fewer images entered a metric than were asked for or are at hand."""


class LossyFilesWarning(UserWarning):
    """One set was compressed with losses and the other was not."""


class MemorisationWarning(UserWarning):
    """More samples than chance allows are as near to a training example as a copy is."""


class UnverifiedWeightsWarning(UserWarning):
    """The weights' hash was compared with none."""


class SelectedCheckpointWarning(UserWarning):
    """The checkpoint was chosen among several by a metric, which is biased in its favour."""
