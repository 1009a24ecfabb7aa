"""Describe the problems of an experiment: ``file:line: path.to.key: message``."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from epyflow.errors import TooManyProblemsError
from epyflow.experiment.reading.yaml_source import Document, KeyPath
from forecast_hub.errors import shorten

Severity = Literal["error", "warning"]

MOST_ERRORS = 200
"""More are not read by anybody, and similar names for each take time."""


@dataclass(frozen=True)
class Problem:
    """An error, or a value that is probably a mistake.

    Attributes
    ----------
    file
        The file with the problem; a folder if a file is missing.
    line
        From 1.
    key
        Key path, such as ``model.parameters.beta.value``; empty for the file as a whole.
    message
        What is wrong; what is expected.
    severity
        A warning does not stop a run unless strictness is asked for.
    column
        From 1; 0 where the line says enough.
    in_report
        Whether it is about the results, so that their report repeats it.
    """

    file: Path
    line: int
    key: str
    message: str
    severity: Severity = "error"
    column: int = 0
    in_report: bool = False

    @property
    def place(self) -> str:
        """File and line, and the column if it is known."""
        return f"{self.file}:{self.line}:" + (f"{self.column}:" if self.column else "")

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        mark = "warning: " if self.severity == "warning" else ""
        return shorten(f"{self.place} {key}{mark}{self.message}")

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON; the middle of long texts is left out."""
        short = {"key": shorten(self.key), "message": shorten(self.message)}
        plain = asdict(self) | {"file": str(self.file)} | short
        del plain["in_report"]
        return plain


class Problems(list[Problem]):
    """Problems found so far.

    Raises
    ------
    TooManyProblemsError
        When an error is added beyond :data:`MOST_ERRORS`.
    """

    _errors = 0

    def append(self, problem: Problem, /) -> None:
        """Add a problem."""
        self._errors += problem.severity == "error"
        if self._errors > MOST_ERRORS:
            raise TooManyProblemsError
        super().append(problem)

    def extend(self, problems: Iterable[Problem], /) -> None:
        """Add problems one by one, so that a message is made only if there is room for it."""
        for problem in problems:
            self.append(problem)


def dotted(location: Iterable[str | int]) -> str:
    """Write a key path as ``a.b[0].c``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def problem_at(
    document: Document, location: KeyPath, message: str, severity: Severity = "error"
) -> Problem:
    """Return a problem at a key path of a document."""
    return Problem(document.path, document.line(location), dotted(location), message, severity)
