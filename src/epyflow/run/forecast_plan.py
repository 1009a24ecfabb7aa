"""Plan submissions and scores, and gather the files that they are made from."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, user_errors
from epyflow.experiment.experiment import Experiment
from epyflow.files import sha256_of
from epyflow.inputs.observation_history import Final, Observed
from epyflow.run.digests import digest_of
from epyflow.run.hub_choice import choose_destination, hash_destination, hash_hub
from epyflow.run.plan import Scores, Submission
from epyflow.run.settings import Settings
from epyflow.run.sources import use_fetched_root
from epyflow.submission.destination import Destination
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError
from forecast_hub.scoring.model_files import find_baseline, find_model_files
from forecast_hub.scoring.table_names import RELATIVE, TABLES

log = logging.getLogger(__name__)


def plan_submission(
    experiment: Experiment, settings: Settings
) -> tuple[Submission | None, list[str]]:
    """Return the plan of a run's submission, and the hub's files that it is made with.

    Raises
    ------
    EpyflowError
        If the hub is missing, or has no such round or target.
    """
    choice = choose_destination(experiment, settings)
    if choice is None:
        return None, []
    hub = hash_hub(choice)
    digest = hash_destination(choice, experiment, hub)
    targets = tuple(each.target for each in choice.targets)
    units = tuple(str(each.target) for each in choice.units)
    return Submission(choice.file, digest, targets, units, hub), choice.sources


def plan_scores(
    runs: Mapping[str, Experiment], settings: Settings
) -> tuple[Scores | None, dict[str, Any]]:
    """Return the plan of the scores of some runs, and the files to score against.

    Parameters
    ----------
    runs
        Run to its experiment: one, or one for each reference date.
    settings
        Settings of the runs. Without ``target_data`` nothing is scored.

    Raises
    ------
    EpyflowError
        If there is nothing to score, or a file is missing.
    """
    if settings.target_data is None:
        if settings.score_models:
            raise EpyflowError("score_models: nothing is scored without target_data")
        return None, {}
    choices = [choose_destination(experiment, settings) for experiment in runs.values()]
    made = [choice for choice in choices if choice is not None]
    truth = _target_data(runs.values(), settings.target_data, _task_ids(made))
    if not made:
        raise EpyflowError(
            "target_data: the experiment makes no forecast to score; expected a hub format, such "
            "as flusight_format, in its output file"
        )
    others = _submissions_of_others(made, settings)
    baseline = find_baseline(others)
    files = [*Final(truth).files, *others.values()]
    part = Scores(
        digest=digest_of(*(sha256_of(path) for path in files), *others),
        own=f"{settings.team_abbr}-{settings.model_abbr}",
        baseline=baseline,
        tables=(*TABLES, *([RELATIVE] if baseline else [])),
    )
    return part, {"target_data": str(truth), "others": [str(path) for path in others.values()]}


def _task_ids(made: Iterable[Destination]) -> list[str]:
    """Return the task id columns of forecasts for a hub; refuse those that cannot be scored."""
    from forecast_hub.scoring.forecasts import NEEDED, standard_names  # slow to import

    found: dict[str, None] = {}
    for each in made:
        hub = None if each.folder is None else read_hub(each.folder)
        round_ = None if hub is None else hub.round(str(each.reference_date))
        columns = [*NEEDED] if round_ is None else standard_names(round_.task_columns)
        if lacking := [name for name in NEEDED if name not in columns]:
            raise EpyflowError(
                f"target_data: forecasts for the hub in {each.folder} cannot be scored: they have "
                f"no column {lacking[0]}, by which they meet what was observed; expected no "
                "target_data"
            )
        found |= dict.fromkeys(columns)
    return list(found)


def _target_data(experiments: Iterable[Experiment], given: str, task_ids: Sequence[str]) -> Path:
    """Find target data, and read them once: a mistake in them is found before the run."""
    from forecast_hub.scoring.outcomes import find_target_data, read_outcomes  # slow to import

    places = {place for experiment in experiments for place in experiment.populations}
    names = [name for place in places for name in place.spellings]
    try:
        path = find_target_data(Path(given))
        read_outcomes(path, task_ids, names)
    except HubError as error:
        raise EpyflowError(f"target_data: {error}") from error
    return path


def _submissions_of_others(made: Sequence[Destination], settings: Settings) -> dict[str, Path]:
    """Find the submissions of the hub's other models for the same reference dates."""
    if made[0].folder is None:
        if settings.score_models:
            raise EpyflowError(
                "score_models: there is no hub to take them from; expected hub: its folder"
            )
        return {}
    dates = [each.reference_date for each in made]
    try:
        return find_model_files(made[0].folder, dates, settings.score_models)
    except HubError as error:
        raise EpyflowError(f"score_models: {error}") from error


def find_observations(experiment: Experiment, settings: Settings) -> Observed | None:
    """Return the observations that a run compares with, and later ones; None without a calibration.

    ``target_data`` is taken as observations of the first target of the submission, if they are in
    the unit of its comparison but for a factor.
    """
    if experiment.calibration is None:
        return None
    choice = choose_destination(experiment, settings) if settings.target_data else None
    if settings.target_data is None or choice is None:
        return Observed(experiment)
    source, unit = choice.units[0].source, choice.units[0].target
    if source.whole != unit.whole:
        log.warning("target_data is not drawn beside the fit: it is a %s, not a %s", unit, source)
        return Observed(experiment)
    from forecast_hub.scoring.outcomes import find_target_data  # slow to import

    with user_errors(HubError):
        path = find_target_data(Path(settings.target_data))
    first, factor = choice.targets[0], source.per / unit.per
    final = Final(path, first.simulation, factor, first.target, first.task_ids)
    return Observed(experiment, final)


def hash_observations(experiment: Experiment, settings: Settings) -> str | None:
    """Return the hash of what :func:`find_observations` returns."""
    found = find_observations(experiment, settings)
    return None if found is None else digest_of(*found.hashes)


def gather_observations(experiment: Experiment, settings: Settings, path: Path) -> None:
    """Write the observations that a run compares with: see :meth:`Observed.write`.

    Raises
    ------
    EpyflowError
        If the experiment calibrates nothing any more.
    """
    found = find_observations(experiment, settings)
    if found is None:
        raise EpyflowError(
            f"{experiment.files.exp_id} has no calibration any more; start the run again"
        )
    found.write(path)


def prepare_submission(experiment: Experiment, settings: Settings, path: Path) -> None:
    """Gather what a submission is made from besides the results of the run.

    Parameters
    ----------
    experiment
        The experiment of the run: see :func:`epyflow.run.input_build.experiment_of`.
    settings
        The settings of the run.
    path
        ``hub.json``, to be written.
    """
    from epyflow.submission.brief_writer import write_brief  # slow to import; only needed here

    settings = use_fetched_root(settings)
    choice = choose_destination(experiment, settings)
    if choice is None:
        raise EpyflowError(
            f"{experiment.files.exp_id} asks for no submission any more; start the run again"
        )
    write_brief(experiment, choice, settings.sources().store, path)
