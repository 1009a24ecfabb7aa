"""Choose the hub, the round and the targets of a run's submission when the run is planned."""

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from epyflow.data.periods import WEEKS, is_dated_by_its_end
from epyflow.data.vintages import hash_file
from epyflow.errors import EpyflowError, user_errors
from epyflow.experiment.as_of import name_date
from epyflow.experiment.experiment import Experiment, canonical_json
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.experiment.format.series_names import counted_groups
from epyflow.files import is_below
from epyflow.run.digests import digest_of, hash_observed, hash_rate_trends
from epyflow.run.settings import HUB_FOLDERS, Settings
from epyflow.submission.computable_targets import check_computable
from epyflow.submission.destination import Destination
from epyflow.submission.hub_definitions import (
    ASKED_FOR,
    DEFINED,
    SHIPPED,
    TARGETS,
    is_outdated,
)
from epyflow.submission.target_columns import AGE_GROUP, check_columns, list_model_tasks
from epyflow.submission.target_units import Conversion, find_comparison, find_units
from epyflow.suggest import did_you_mean, listed
from forecast_hub.config.horizon_rule import find_horizon_rule
from forecast_hub.config.hub import Hub, Round
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError

log = logging.getLogger(__name__)


@user_errors(HubError)
def choose_destination(experiment: Experiment, settings: Settings) -> Destination | None:
    """Find the hub of an experiment's hub format, and what is submitted to it.

    Parameters
    ----------
    experiment
        A valid experiment.
    settings
        Settings of the run. Without ``hub``, a hub found below the root is used if it has the
        round and one of the format's targets.

    Returns
    -------
    choice
        None where the experiment asks for no submission.

    Raises
    ------
    EpyflowError
        If there is no hub, or it has no such round or target; the message says which key to give.
    """
    if experiment.output.hub is None:
        return None
    name, section = experiment.output.hub
    day = section.reference_date
    if day is None:
        raise EpyflowError(
            f"output.{name}: no reference_date; expected the date of the hub's round, for which a "
            "submission is written"
        )
    hub = _hub(settings, name, day)
    file = f"{day}-{settings.team_abbr}-{settings.model_abbr}.{settings.hub_file_format}"
    if hub is None and is_outdated(day):
        log.warning(
            "output.%s: the round of %s is of a later season than the definition of the hub that "
            "epyflow includes, of %s; expected --config hub=<folder of a copy of the hub>",
            *(name, day, DEFINED),
        )
    usual = ASKED_FOR.get(name, tuple(HubTarget(target=target) for target in TARGETS[name]))
    targets = section.targets or tuple(
        each if hub is None else _for_all_ages(hub, day, each, experiment)
        for each in usual
        if hub is None or _has(hub, day, each.target)
    )
    if not targets:
        raise EpyflowError(f"output.{name}.targets: missing; expected the targets to be submitted")
    if hub is not None:
        for each in targets:
            _check_target(hub, day, name, each, experiment)
    _check_frequency(experiment, name)
    files = {} if hub is None else _files(hub, settings)
    calibration = experiment.calibration
    round_ = None if hub is None else hub.round(day.isoformat())
    units = [find_units(f"output.{name}.targets", round_, each, calibration) for each in targets]
    _warn_of_supposed_counts(name, targets, units, calibration)
    horizons = {}
    if hub is not None and round_ is not None:
        horizons = _horizon_0_days(experiment, hub, round_, [each.target for each in targets])
    folder = None if hub is None else hub.folder.root
    return Destination(name, day, file, targets, folder, files, tuple(units), horizons)


def _warn_of_supposed_counts(
    name: str,
    targets: Sequence[HubTarget],
    units: Sequence[Conversion],
    calibration: Calibration | None,
) -> None:
    """Say that observations without a unit count persons, where a hub wants another unit."""
    for target, unit in zip(targets, units, strict=True):
        comparison = find_comparison(calibration, target)
        supposed = comparison is not None and "unit" not in comparison.model_fields_set
        if comparison is not None and supposed and unit.target != unit.source:
            log.warning(
                "output.%s: %r is a %s in the hub, and the comparison with %r has no unit: its "
                "observations are taken as counts of persons, and forecasts are converted; "
                "expected unit: count in the comparison, or the unit that they have",
                *(name, target.target, unit.target, comparison.observed_value_column),
            )


def _check_frequency(experiment: Experiment, name: str) -> None:
    """Refuse periods that are dated by their first day: hubs date weeks by the last one."""
    frequency = experiment.model.simulation.resample_frequency
    if not is_dated_by_its_end(frequency, experiment.model.timespan.delta_t):
        what = frequency or f"absent with delta_t {experiment.model.timespan.delta_t:g}"
        raise EpyflowError(
            f"output.{name}: simulation.resample_frequency is {what}, whose periods are dated by "
            "their first day; expected weeks such as W-SAT, which are dated by their last"
        )


def _horizon_0_days(
    experiment: Experiment, hub: Hub, round_: Round, targets: Sequence[str]
) -> dict[str, int]:
    """Return where horizon 0 of each target ends, counted from the round's date."""
    name, section = experiment.output.hub or ("hub_format", None)
    given = None if section is None else section.horizon_0_days
    frequency = experiment.model.simulation.resample_frequency or ""
    weekday = WEEKS.index(frequency) if frequency in WEEKS else None
    found = {}
    for task, target in round_.targets():
        if target.id not in targets or not target.is_step_ahead:
            continue
        try:
            rule = find_horizon_rule(hub, round_, task, target, weekday)
        except HubError as error:
            if weekday is not None and given is None:
                raise EpyflowError(
                    f"{error}, or output.{name}.horizon_0_days: the days from the round's date to "
                    "the end of horizon 0"
                ) from None
            rule = None  # the projection's dates say on which weekday its weeks end
        if rule is not None and given not in (None, rule.days) and not rule.is_custom:
            raise EpyflowError(
                f"output.{name}.horizon_0_days is {given}, but horizon 0 "
                f"of {target.id!r} ends {rule.days} days from the round's date by {rule.source} of "
                f"the hub in {hub.folder.root}; expected that, or no horizon_0_days"
            )
        days = given if given is not None or rule is None else rule.days
        if days is not None:
            found[target.id] = days
    return found


def _hub(settings: Settings, name: str, day: date) -> Hub | None:
    found = settings.find_path("hub", HUB_FOLDERS)
    if found is None:
        if name in SHIPPED:
            return None
        raise EpyflowError(
            f"output.{name}: a submission needs the hub's tasks.json; expected --config "
            "hub=<folder of the hub>, or the hub in data/hub below the root"
        )
    hub = read_hub(found)
    if settings.hub is None and name in SHIPPED and not _serves(hub, name, day):
        return None
    if hub.round(day.isoformat()) is None:
        ids = hub.round_ids
        raise EpyflowError(
            f"output.{name}.reference_date: {name_date(day, settings.reference_dates)}{day} is no "
            f"round of the hub in {found}, whose rounds are {ids[0]} to {ids[-1]}; expected one of "
            "them, or another --config hub=<folder>"
        )
    return hub


def _serves(hub: Hub, name: str, day: date) -> bool:
    return any(_has(hub, day, target) for target in TARGETS[name])


def _known(hub: Hub, day: date) -> list[str]:
    round_ = hub.round(day.isoformat())
    return [] if round_ is None else [target.id for _, target in round_.targets()]


def _has(hub: Hub, day: date, target: str) -> bool:
    return target in _known(hub, day)


def _for_all_ages(hub: Hub, day: date, target: HubTarget, experiment: Experiment) -> HubTarget:
    """Give a target the one age group that the hub requires, if its series counts all ages."""
    round_, ages = hub.round(day.isoformat()), experiment.model.population.age_groups
    compared = find_comparison(experiment.calibration, target)
    if round_ is None or compared is None:
        return target
    if len(counted_groups(compared.simulation, ages)) < len(ages):
        return target
    tasks = list_model_tasks(round_, target.target)
    required = {task.columns[AGE_GROUP].required for task in tasks if AGE_GROUP in task.columns}
    if len(required) != 1 or len(ids := required.pop()) != 1:
        return target
    return target.model_copy(update={"task_ids": {AGE_GROUP: ids[0]}})


def _check_target(
    hub: Hub, day: date, name: str, target: HubTarget, experiment: Experiment
) -> None:
    known = _known(hub, day)
    if target.target not in known:
        raise EpyflowError(
            f"output.{name}.targets: {hub.folder.tasks} has no target {target.target!r}"
            f"{did_you_mean(target.target, known)}; expected one of {listed(known)}"
        )
    round_ = hub.round(day.isoformat())
    if round_ is not None:
        here = f"output.{name}.targets"
        check_computable(here, round_, target.target)
        places = [place.spellings for place in experiment.populations]
        check_columns(here, round_, target, places, _scenarios(experiment))


def _scenarios(experiment: Experiment) -> list[str]:
    """Return the names in the hub of the scenarios of the projection."""
    calibration = experiment.calibration
    section, projection = experiment.output.hub, calibration.projection if calibration else None
    if projection is None or section is None:
        return []
    return [section[1].scenario_ids.get(each.id, each.id) for each in projection.scenarios]


def _files(hub: Hub, settings: Settings) -> dict[str, Path]:
    folder = hub.folder
    locations = Path(settings.hub_locations) if settings.hub_locations else folder.locations
    if locations is not None and not locations.is_file():
        raise EpyflowError(f"hub_locations {str(locations)!r} is not a file; expected a CSV")
    named = {
        "tasks.json": folder.tasks,
        "admin.json": folder.admin,
        "validations.yml": folder.validations,
        "model-metadata-schema.json": folder.metadata_schema,
        "locations.csv": locations,
        "validation.json": folder.validation,
    }
    for name, path in named.items():
        own = name != "locations.csv" or settings.hub_locations is None
        if path is not None and own and not is_below(path, (folder.root,)):
            raise EpyflowError(
                f"{path} leads out of the hub {folder.root} through a link; expected a file of the "
                "hub: remove the link"
            )
    return {name: path for name, path in named.items() if path is not None}


def hash_hub(choice: Destination) -> str:
    """Return the hash of the hub's files that a submission is made from."""
    return digest_of(*choice.files, *map(hash_file, choice.files.values()))


def hash_destination(choice: Destination, experiment: Experiment, hub: str) -> str:
    """Return the hash of everything except results that a submission is made from.

    ``hub`` is what :func:`hash_hub` returns.
    """
    calibration, section = experiment.calibration, experiment.output.hub
    observed = hash_rate_trends(experiment)
    if calibration is not None and any(
        each.observed_visits_column for each in calibration.comparison
    ):
        observed |= hash_observed(experiment, calibration)
    return digest_of(
        choice.file,
        canonical_json(section[1] if section else None),
        hub,
        *([] if calibration is None else [canonical_json(calibration.fitting_window)]),
        *observed.values(),
        *(f"{target}: {days}" for target, days in choice.horizon_0_days.items()),
    )
