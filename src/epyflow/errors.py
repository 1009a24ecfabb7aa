"""The errors that a user can correct, in one tree.

The command line and the workflow print their messages without a traceback. A message names the
file and the key, and says what is wrong, what is expected and what to do. Each package has a tree
of its own; :func:`user_errors` turns its errors into these.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from forecast_hub.errors import shorten


class EpyflowError(Exception):
    """Base of all: something in the user's files or settings is wrong."""

    def __init__(self, message: object = "") -> None:
        super().__init__(shorten(str(message)))


class UnreadableError(EpyflowError):
    """A file or folder that was named is missing or cannot be read."""


class PopulationError(EpyflowError):
    """A population is unknown, incomplete, or does not have the age groups asked for."""


class DataError(EpyflowError):
    """A data file (coverage, calendar, observations) has wrong or missing content."""


class NoObservationsError(DataError):
    """A file of observations has no row, or no value, of a location."""


class ArtifactError(EpyflowError):
    """An input or result file is truncated, foreign, or of another version."""


class SubmissionError(EpyflowError):
    """A submission to a forecast hub cannot be computed from the projections."""


class InvalidExperimentError(EpyflowError):
    """The experiment breaks the format; carries every problem found."""

    def __init__(self, problems: Iterable[object]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TooManyProblemsError(EpyflowError):
    """An experiment has more errors than are listed, and its checks end."""


class SourceError(EpyflowError):
    """A YAML file of an experiment cannot be read; carries line and column, 0 for none."""

    def __init__(self, line: int, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class ExpressionError(EpyflowError, ValueError):
    """A text is no arithmetic of the allowed kind, or has no finite value.

    A ValueError too, because pydantic reports those of validators.
    """


class CircleError(ExpressionError):
    """Calculated parameters depend on one another; carries the circle, its first name last too."""

    def __init__(self, circle: tuple[str, ...]) -> None:
        super().__init__(
            f"calculated parameters depend on one another in a circle: {' -> '.join(circle)}; "
            "expected one of them to be given by others or by a number"
        )
        self.circle = circle


class ReproductionNumberError(EpyflowError, ValueError):
    """A model has no reproduction number; the message is the end of a sentence that says so."""


class CalibrationError(EpyflowError):
    """A calibration cannot go on; the message says why and what to change."""


class NoEvidenceError(EpyflowError):
    """A check of a calibration needs a table or an observation that the run does not have."""


class UnreachableError(EpyflowError):
    """A server does not answer; the same command may work later."""


class RunningError(EpyflowError):
    """A run has a coordinator already; two would write the same files."""


@contextmanager
def user_errors(kind: type[Exception]) -> Iterator[None]:
    """Raise the errors of a package as :class:`EpyflowError`.

    Parameters
    ----------
    kind
        Base of the package's errors; their messages are kept.
    """
    try:
        yield
    except kind as error:
        raise EpyflowError(str(error)) from error
