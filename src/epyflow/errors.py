"""Errors that a user can mend. The command line and the workflow print them without a traceback."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class EpyflowError(Exception):
    """Something in the user's files or settings is wrong; the message says what to do."""


class UnreadableError(EpyflowError):
    """A file or folder that was asked for is not there or cannot be read."""


class PopulationError(EpyflowError):
    """A population is unknown, incomplete, or does not have the age groups asked for."""


class DataError(EpyflowError):
    """A data file (coverage, calendar, observations) does not hold what it should."""


class ArtifactError(EpyflowError):
    """An input or result file is truncated, foreign, or of another version."""


class SubmissionError(EpyflowError):
    """A submission to a forecast hub cannot be computed from the projections."""


class InvalidExperimentError(EpyflowError):
    """The experiment breaks the format; carries every problem found."""

    def __init__(self, problems: Iterable[object]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@contextmanager
def user_errors(kind: type[Exception]) -> Iterator[None]:
    """Raise errors of another package that a user can mend as :class:`EpyflowError`.

    Parameters
    ----------
    kind
        Base of those errors; their messages are kept.
    """
    try:
        yield
    except kind as error:
        raise EpyflowError(str(error)) from error
