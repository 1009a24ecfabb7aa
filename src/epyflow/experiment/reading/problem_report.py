"""Collect problems of one document while it is checked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from epyflow.experiment.reading.problems import Problem, problem_at
from epyflow.experiment.reading.yaml_source import Document, KeyPath
from epyflow.suggest import did_you_mean, listed


@dataclass(frozen=True)
class Report:
    """The problems of one document; key paths are relative to its top-level key.

    Attributes
    ----------
    document
        The file.
    role
        Its top-level key.
    problems
        The problems found so far.
    """

    document: Document
    role: str
    problems: list[Problem] = field(default_factory=list)

    def has(self, location: KeyPath) -> bool:
        """Return whether the document has a value at the key path."""
        return self.document.has((self.role, *location))

    def error(self, location: KeyPath, message: str) -> None:
        """Add an error."""
        self.problems.append(problem_at(self.document, (self.role, *location), message))

    def warn(self, location: KeyPath, message: str, *, in_report: bool = False) -> None:
        """Add a warning: the value is allowed, but is probably a mistake."""
        found = problem_at(self.document, (self.role, *location), message, severity="warning")
        self.problems.append(replace(found, in_report=in_report))

    def check_name(self, what: str, name: str, valid: Collection[str], location: KeyPath) -> bool:
        """Add an error for an unknown name, with similar names; return whether it is known."""
        if name in valid:
            return True
        there = (
            f"expected one of {listed(valid)}"
            if valid
            else f"expected one of the {what}s, but there are no {what}s"
        )
        self.error(location, f"unknown {what} {name!r}{did_you_mean(name, valid)}; {there}")
        return False


def repeats(items: Iterable[object]) -> list[bool]:
    """Return for each item of a list whether it equals an earlier one."""
    # Their texts, as comparing each with each would take N² steps.
    texts = list(map(repr, items))
    first = {text: position for position, text in reversed(list(enumerate(texts)))}
    return [first[text] < position for position, text in enumerate(texts)]
