"""Find the submissions of a hub's models."""

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from forecast_hub.config.reader import read_hub
from forecast_hub.dates import parse_date
from forecast_hub.errors import HubError, UnreadableError
from forecast_hub.limited_files import SUFFIXES
from forecast_hub.suggestions import did_you_mean, listed

log = logging.getLogger(__name__)

BASELINE = "-baseline"
USUAL = (BASELINE, "-ensemble", "-hubEnsemble")
"""Name endings of the models that forecasts are usually compared with."""


def list_model_files(folder: Path, named: Sequence[str]) -> list[Path]:
    """List all submissions of the named models; without names, of all models of the hub.

    A warning names each file that would be one if it had the name of one.

    Raises
    ------
    HubError
        If a named model is missing, or there is no submission.
    """
    outputs, there = _models(folder)
    found = []
    for model in _known(named, outputs, there) or there:
        for path in sorted((outputs / model).iterdir()):
            if not path.name.endswith(SUFFIXES):
                continue
            if _is_of(path, model):
                found.append(path)
            else:
                log.warning("%s: not scored: expected its name to be <date>-%s.csv", path, model)
    if not found:
        raise HubError(f"{outputs}: there is no submission; expected <round>-<team>-<model>.csv")
    return found


def _is_of(path: Path, model: str) -> bool:
    """Whether a file has the name of a submission of a model, with the date of a round."""
    from forecast_hub.scoring.forecasts import parse_submission_name  # slow to import

    try:
        name = parse_submission_name(path)
    except UnreadableError:
        return False
    return name.model_id == model and parse_date(name.round_id) is not None


def _models(folder: Path) -> tuple[Path, list[str]]:
    """Return a hub's folder of submissions and the models in it."""
    outputs = folder / read_hub(folder).model_output
    there = [each.name for each in outputs.iterdir() if each.is_dir()] if outputs.is_dir() else []
    return outputs, sorted(there)


def _known(named: Sequence[str], outputs: Path, there: Sequence[str]) -> list[str]:
    for model in named:
        if model not in there:
            raise HubError(
                f"{outputs} has no model {model!r}{did_you_mean(model, there)}; "
                f"expected one of {listed(there)}"
            )
    return list(named)


def find_model_files(folder: Path, dates: Sequence[date], named: Sequence[str]) -> dict[str, Path]:
    """Find the submissions of a hub's models for some reference dates.

    Parameters
    ----------
    folder
        The hub's folder.
    dates
        Reference dates.
    named
        Models, as ``<team>-<model>``; empty for those whose names end in ``-baseline`` and
        ``-ensemble``.

    Returns
    -------
    files
        ``<date>-<model>`` to its file, ordered by model and date. Dates for which a model has no
        submission are left out.

    Raises
    ------
    HubError
        If a named model is missing, or has no file for any of the dates.
    """
    outputs, there = _models(folder)
    usual = [name for name in there if name.endswith(USUAL)]
    found: dict[str, Path] = {}
    for model in _known(named, outputs, there) or usual:
        files = _files(outputs / model, model, dates)
        if not files and named:
            raise HubError(
                f"{outputs / model} has no file for {listed(map(str, dates))}; "
                "expected <date>-<team>-<model>.csv"
            )
        found |= files
    return found


def _files(folder: Path, model: str, dates: Sequence[date]) -> dict[str, Path]:
    found = {}
    for day in dates:
        names = [f"{day}-{model}{suffix}" for suffix in SUFFIXES]
        packed = sorted(folder.glob(f"{day}-{model}.*.parquet"))
        paths = [*(folder / name for name in names), *packed]
        path = next((each for each in paths if each.is_file()), None)
        if path is not None:
            found[f"{day}-{model}"] = path
    return found


def find_baseline(files: dict[str, Path]) -> str | None:
    """Return the baseline among submissions; None if there is none."""
    models = (name.split("-", 3)[3] for name in files)
    return next((model for model in models if model.endswith(BASELINE)), None)
