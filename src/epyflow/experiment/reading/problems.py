"""Problems found in an experiment, each with its place: ``file:line: path.to.key: what``."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from epyflow.experiment.reading.yaml_source import Document, KeyPath

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or probably not meant.

    Attributes
    ----------
    file
        The file it is in; a folder where a file is missing.
    line
        From 1.
    key
        Path to the key, such as ``model.parameters.beta.value``; empty for the file as a whole.
    message
        What is wrong; what is expected.
    severity
        A warning does not stop a run unless strictness is asked for.
    """

    file: Path
    line: int
    key: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.file}:{self.line}: {key}{mark}{self.message}"

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self) | {"file": str(self.file)}


def dotted(location: Iterable[str | int]) -> str:
    """Write a location as ``a.b[0].c``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def problem_at(
    document: Document, location: KeyPath, message: str, severity: Severity = "error"
) -> Problem:
    """Place a message at a location of a document."""
    return Problem(document.path, document.line(location), dotted(location), message, severity)
