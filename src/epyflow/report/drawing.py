"""Draw figures one after another; one that cannot be drawn costs no other."""

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from epyflow.errors import EpyflowError
from epyflow.figures.figure_file import saving_copies
from epyflow.figures.read_tables import Place
from epyflow.figures.wording import with_named
from epyflow.logs import cause_of

log = logging.getLogger(__name__)


class Planned(Protocol):
    """The part of a plan that figures show; :class:`epyflow.run.plan.Plan` has it."""

    @property
    def exp_id(self) -> str:
        """Id of the experiment."""

    @property
    def populations(self) -> Sequence[Any]:
        """Populations with ``name``, ``label`` and ``location``."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Label of each series."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Description of the experiment."""

    @property
    def scores(self) -> Any:
        """``own`` model and ``baseline`` of the scores; None where nothing is scored."""


@dataclass(frozen=True)
class Given:
    """What figures are drawn from.

    Attributes
    ----------
    files
        Tables and other files by name: see :class:`epyflow.report.parts.ReportFigure`.
    plan
        Plan of the run.
    submissions
        Submissions of the run, in the order of their reference dates.
    others
        Submissions of other models to the hub.
    """

    files: Mapping[str, Path]
    plan: Planned
    submissions: Sequence[Path] = ()
    others: Sequence[Path] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Populations of the run."""
        return tuple(Place(p.name, p.label, p.location) for p in self.plan.populations)

    @property
    def quantities(self) -> Mapping[str, Mapping[str, Any]]:
        """Inferred quantities, with the distributions that custom priors returned."""
        priors = self.files.get("priors")
        named = () if priors is None else (priors.read_bytes(),)
        return with_named(self.plan.about["quantities"], *named)


Draw = Callable[[Given, list[Path]], None]
"""Draws one figure to its files, in the order of :mod:`epyflow.report.contents`."""


COPIES = "copies"
"""Name of the files that show figures in other kinds; no figure has it."""


def _by_original(
    drawn: Mapping[str, Sequence[Path]], copies: Sequence[Path]
) -> dict[Path, list[Path]]:
    """Return the copies of each file: they differ in the suffix alone."""
    return {
        path: found
        for paths in drawn.values()
        for path in paths
        if (found := [copy for copy in copies if copy.with_suffix("") == path.with_suffix("")])
    }


def draw(
    figures: Mapping[str, Sequence[Path]], given: Given, functions: Mapping[str, Draw]
) -> None:
    """Draw figures.

    Parameters
    ----------
    figures
        Name to files; :data:`COPIES` to those that are copies in other kinds of files.
    given
        What they are drawn from.
    functions
        Name to the function that draws it.

    Raises
    ------
    EpyflowError
        When the others have been drawn, naming those that could not be, and why.
    """
    failed: dict[str, str] = {}
    drawn = {name: paths for name, paths in figures.items() if name != COPIES}
    copies = _by_original(drawn, figures.get(COPIES, ()))
    for name, paths in drawn.items():
        try:
            with saving_copies(copies):
                functions[name](given, list(paths))
        except MemoryError:
            raise  # with more memory, the next attempt may draw all figures
        except Exception as error:
            if not isinstance(error, EpyflowError):
                log.error("%s: %s", name, traceback.format_exc())
            failed[name] = cause_of(error)
    if failed:
        causes = "\n".join(f"  {name}: {cause}" for name, cause in failed.items())
        others = "" if len(failed) == len(drawn) else "; the others are drawn"
        raise EpyflowError(
            f"{len(failed)} of {len(drawn)} figures could not be drawn{others}:\n{causes}"
        )
