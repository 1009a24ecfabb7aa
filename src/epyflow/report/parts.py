"""Define the parts of a report in reading order, and the figures and files in them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

SUMMARY, FORECAST, FIT, PARAMETERS = "Summary", "Forecast", "Fit", "Parameters"
SUBMISSION, SEASON, RUN = "Submission", "Season", "Run"
PARTS = (SUMMARY, FORECAST, FIT, PARAMETERS, SUBMISSION, SEASON, RUN)
SIMULATION = "Simulation"
"""The name of the part :data:`FORECAST` where nothing is fitted."""


def number_parts(there: Collection[str], *, fitted: bool) -> dict[str, str]:
    """Return the names in the menu of the parts that a run has, numbered without gaps."""
    shown = {FORECAST: FORECAST if fitted else SIMULATION}
    parts = [part for part in PARTS if part in there]
    return {part: f"{n}. {shown.get(part, part)}" for n, part in enumerate(parts, 1)}


@dataclass(frozen=True)
class Page:
    """A file of a figure, and where the report shows it.

    Attributes
    ----------
    path
        Below the run's ``figures``. With ``{population}`` it stands for a file of each population.
    label
        Its name in the report's menu; empty for a file that the report does not show.
    category, subcategory
        Where in the menu.
    caption
        ``workflow/report/<caption>.rst``.
    """

    path: str
    label: str = ""
    category: str = ""
    subcategory: str | None = None
    caption: str = ""


@dataclass(frozen=True)
class ReportFigure:
    """One or more files that are drawn together.

    Attributes
    ----------
    name
        As in ``DRAW`` of :mod:`epyflow.report.run_figures` or :mod:`epyflow.report.score_figures`.
    needs, takes
        Tables, and names of :data:`FILES`, without which it is not drawn; which it uses if they
        are there.
    pages
        Its files, in the order in which they are drawn.
    condition
        What else the run must have: ``us`` states, ``rate_trends`` in its submission, ``no_fit``
        but transitions, ``curves`` of quantiles.
    """

    name: str
    pages: tuple[Page, ...]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = field(default=())
    condition: str | None = None


def copies_of(path: str, kinds: Iterable[str]) -> list[str]:
    """Return the files of a figure in other kinds; PDF files here are pages for printing."""
    stem, _, own = path.rpartition(".")
    return [f"{stem}.{kind}" for kind in kinds if kind != own] if own in ("svg", "png") else []
