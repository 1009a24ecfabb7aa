"""Tell the outputs of runs by their names: other files beside them are the user's.

Paths are below the run's folder; in a replay, each date of it is one.
"""

import re

from epyflow.experiment.format.output import FIGURES as KINDS
from epyflow.population.locations import PLAUSIBLE_NAME
from epyflow.report.contents import FIGURES, TASK_FIGURES
from epyflow.report.parts import copies_of
from epyflow.report.score_contents import COMPARISON_FIGURES, SCORE_FIGURES, SEASON_FIGURES
from epyflow.run.layout import FIGURES as DRAWN
from epyflow.run.layout import FINDINGS, HUB, OUTPUTS, OWN_NAMES, SCORES
from epyflow.run.path_patterns import split_date
from forecast_hub.scoring.table_names import RELATIVE
from forecast_hub.scoring.table_names import TABLES as SCORE_TABLES

FOLDERS = (HUB, OUTPUTS, SCORES, DRAWN)
"""Folders of outputs, below the folder of a run."""

_SERIES = "(?:projection_)?(?:compartments|transitions)"
_PARTITION = rf"{OUTPUTS}/trajectories_{_SERIES}\.parquet/{PLAUSIBLE_NAME}\.parquet"
_TABLE = (
    rf"(?:trajectories|quantiles)_{_SERIES}|quantiles_(?:calibration|projection_comparison)|"
    "calibration_progress|effective_reproduction_number|model_metadata|output_hub_formatted|"
    "posteriors"
)
_SUBMISSION = r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[A-Za-z0-9_]+-[A-Za-z0-9_]+\.(?:csv|parquet)"


def _figures() -> str:
    drawn = (FIGURES, TASK_FIGURES, SCORE_FIGURES, SEASON_FIGURES, COMPARISON_FIGURES)
    pages = [page.path for figures in drawn for figure in figures for page in figure.pages]
    kinds = [kind.lower() for kind in KINDS.values() if kind]
    pages += [copy for page in pages for copy in copies_of(page, kinds)]
    place = re.escape("{population}")
    return "|".join(re.escape(page).replace(place, PLAUSIBLE_NAME) for page in pages)


_OUTPUT = re.compile(
    rf"{OUTPUTS}/(?:(?:{_TABLE})\.(?:csv\.gz|parquet)|run_metadata\.json|hub_left_out\.json)|"
    rf"{_PARTITION}|{HUB}/{_SUBMISSION}(?:{re.escape(FINDINGS)})?|"
    rf"{SCORES}/(?:{'|'.join(map(re.escape, (*SCORE_TABLES, RELATIVE)))})|{DRAWN}/(?:{_figures()})"
)


def is_output_name(path: str) -> bool:
    """Return whether a plan may make a file in ``hub``, ``outputs``, ``scores`` or ``figures``."""
    return _OUTPUT.fullmatch(split_date(path)[1]) is not None


def is_partition(path: str) -> bool:
    """Return whether a file is that of one population, in a table that is a folder."""
    return re.fullmatch(_PARTITION, split_date(path)[1]) is not None


def is_own_name(path: str) -> bool:
    """Return whether a run may have a file: an output, an artifact of a task, or a record."""
    top, _, _ = split_date(path)[1].partition("/")
    return is_output_name(path) if top in FOLDERS else top in OWN_NAMES
