"""Report the result of a check: one finding for each mistake, however many rows have it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from forecast_hub.errors import shorten

Severity = Literal["error", "warning", "note"]

MOST_ALIKE = 10
"""Findings of one kind that are shown in full; one more gives the number of the others."""

_MOST_RANGES = 4


@dataclass(frozen=True)
class Finding:
    """An error, a warning or a note about a submission.

    Attributes
    ----------
    check
        Name of the check, such as ``valid_vals``: hubValidations' name, where it has the check.
    message
        What is wrong, and what is expected.
    severity
        The hub refuses a file with errors. A warning needs a decision that the hub's files do not
        contain.
    rows
        Lines of a csv file (the header is line 1) or rows of a parquet file (from 1), ascending.
    unit
        ``line`` or ``row``.
    """

    check: str
    message: str
    severity: Severity = "error"
    rows: tuple[int, ...] = ()
    unit: Literal["line", "row"] = "line"

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", shorten(self.message))

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """First and last row of each block of consecutive rows."""
        if not self.rows:
            return []
        rows = np.array(self.rows)
        breaks = np.flatnonzero(np.diff(rows) > 1)
        firsts, lasts = rows[[0, *(breaks + 1)]], rows[[*breaks, -1]]
        return list(zip(firsts.tolist(), lasts.tolist(), strict=True))

    @property
    def place(self) -> str:
        """The rows as text, ``lines 3-25, 40``; empty if the finding is about the whole file."""
        ranges = self.ranges
        if not ranges:
            return ""
        shown = [f"{a}" if a == b else f"{a}-{b}" for a, b in ranges[:_MOST_RANGES]]
        if len(ranges) > _MOST_RANGES:
            shown.append(f"... ({len(self.rows)} in all)")
        return f"{self.unit}{'' if len(self.rows) == 1 else 's'} {', '.join(shown)}"

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "check": self.check,
            "severity": self.severity,
            "message": self.message,
            "unit": self.unit,
            "count": len(self.rows),
            "rows": [list(pair) for pair in self.ranges],
        }

    def __str__(self) -> str:
        place = f"{self.place}: " if self.rows else ""
        return f"{self.severity}: {place}{self.message} [{self.check}]"


def cap_findings(findings: Sequence[Finding], limit: int = MOST_ALIKE) -> list[Finding]:
    """Keep the first ``limit`` findings of one kind, and summarise the others in one more."""
    if len(findings) <= limit + 1:
        return list(findings)
    others = findings[limit:]
    rows = sorted({row for finding in others for row in finding.rows})
    more = replace(
        others[0], message=f"and {len(others)} more findings like the above", rows=tuple(rows)
    )
    return [*findings[:limit], more]
