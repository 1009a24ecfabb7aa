"""Find and load the experiment of a run and what its inputs are built from.

The experiments lie in a folder, in a bundle that was unpacked, or in the copy of a repository.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from epyflow.engine import check_engine
from epyflow.errors import EpyflowError, PopulationError, UnreadableError
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import inspect, load, warn_of_populations
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problems import Problem, problem_at
from epyflow.experiment.reading.yaml_source import read
from epyflow.population.store import PopulationStore
from epyflow.repositories.address import is_address, parse_address
from epyflow.repositories.checkout import Checkout, fetch
from epyflow.run.bundle import Sources, is_bundle, repository_of_bundle
from epyflow.run.calendar import calendar_of, place_with, with_calendar
from epyflow.run.hub_choice import choose_destination
from epyflow.run.layout import check_name
from epyflow.run.settings import HUB_FOLDERS, Settings
from epyflow.run.start import fetched_folder
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError, first_lines


@dataclass(frozen=True)
class Gathered:
    """Everything that a run is planned from.

    Attributes
    ----------
    settings
        Settings of the run, with a folder of this machine as ``experiments_root``.
    checkout
        The repository of the experiments; None for a folder.
    sources
        The places that inputs are built from.
    experiment
        The experiment as it is written.
    runs
        Run to its experiment: one, or one for each reference date.
    """

    settings: Settings
    checkout: Checkout | None
    sources: Sources
    experiment: Experiment
    runs: Mapping[str, Experiment]

    @property
    def repository(self) -> Mapping[str, str] | None:
        """``repository``, ``ref`` and ``commit`` of experiments from a repository."""
        if self.checkout is None:
            return None
        # Other machines do not have the folder.
        return {k: v for k, v in self.checkout.recorded().items() if k != "folder"}

    @property
    def problems(self) -> list[Problem]:
        """Warnings of the checks of each run and of its populations, each once."""
        own = [each for run in self.runs.values() for each in run.warnings]
        populations = warn_of_populations(self.experiment, self.sources.store)
        return list(dict.fromkeys([*own, *populations]))

    @property
    def warnings(self) -> list[str]:
        """The problems, one line each; of many the first and the last."""
        return first_lines(list(dict.fromkeys(map(str, self.problems))))


def gather(settings: Settings) -> Gathered:
    """Find and load everything that a run is planned from; fetch a repository.

    Raises
    ------
    EpyflowError
        If the settings or the experiment are not valid.
    """
    settings, checkout = fetch_root(settings)
    sources = find_sources(settings)
    experiment = load_experiment(with_calendar(settings), sources)
    settings = settings.model_copy(update=calendar_of(experiment))
    check_engine(settings.engine)
    runs = runs_of(experiment, settings, sources.store)
    return Gathered(settings, checkout, sources, experiment, runs)


def find_sources(settings: Settings) -> Sources:
    """Find the places that inputs are built from; a repository was fetched when the run started.

    Raises
    ------
    EpyflowError
        If a file or folder is missing.
    """
    return use_fetched_root(settings).sources()


def load_experiment(settings: Settings, sources: Sources) -> Experiment:
    """Load the experiment, with the values that settings replace.

    Raises
    ------
    InvalidExperimentError
        Listing every problem.
    """
    place = place_with(settings, sources.place)
    return load(place, settings.output_config, population_names(sources.store))


def inspect_experiment(
    settings: Settings, sources: Sources
) -> tuple[Experiment | None, list[Problem]]:
    """Validate the experiment and compare it with the populations; see :func:`inspect`.

    Its name is checked as the run does, and what it submits, if there is a hub that can be read.
    In a replay, each reference date is validated. The problems are those of all dates, each once,
    and the experiment, as it is written, is None if one date is not possible.
    """
    place, store = place_with(settings, sources.place), sources.store
    output, known, dates = settings.output_config, store.known(), settings.reference_dates
    experiment, problems = inspect(place, output, known, store=store)
    runs = [experiment]
    if experiment is not None and dates:
        try:
            _check_build(settings)
            inspected = [
                as_of.inspect_at(experiment, day, output, known, store, as_of.name_date(day, dates))
                for day in sorted(dates)
            ]
        except EpyflowError as error:
            return None, [*problems, Problem(place.config, 1, "", str(error))]
        runs = [found for found, _ in inspected]
        problems = [each for _, its in inspected for each in its]
    refused = [*_name_problems(place, settings), *_submission_problems(runs, settings)]
    valid = not refused and None not in runs
    return experiment if valid else None, list(dict.fromkeys([*problems, *refused]))


def _name_problems(place: ExperimentFiles, settings: Settings) -> list[Problem]:
    try:
        check_name(place.exp_id, settings.run_id)
    except EpyflowError as error:
        return [Problem(place.folder, 1, "", str(error))]
    return []


def _submission_problems(
    runs: Iterable[Experiment | None], settings: Settings
) -> Iterator[Problem]:
    """Tell why submissions would be refused when the run is planned.

    Without a hub, or with one that cannot be read, nothing is told.
    """
    try:
        folder = settings.find_path("hub", HUB_FOLDERS)
        if folder is None:
            return
        read_hub(folder)
    except (EpyflowError, HubError):
        return
    for run in filter(None, runs):
        try:
            choose_destination(run, settings)
        except EpyflowError as error:
            yield _in_output(run, str(error))


def _in_output(experiment: Experiment, message: str) -> Problem:
    """Return a problem at the key of the output file that a message begins with."""
    document = read(experiment.sources[-1])
    key, _, rest = message.partition(": ")
    if re.fullmatch(r"output(\.\w+)+", key):
        return problem_at(document, tuple(key.split(".")), rest)
    return Problem(document.path, document.line(("output",)), "", message)


def population_names(store: PopulationStore) -> Collection[str]:
    """Return the populations of the store; without a store, checks use the codebook alone."""
    try:
        return store.known()
    except PopulationError:
        return ()


def runs_of(
    experiment: Experiment, settings: Settings, store: PopulationStore
) -> dict[str, Experiment]:
    """Return the experiment of each run of the settings: see :func:`epyflow.experiment.as_of.runs`.

    Raises
    ------
    EpyflowError
        If a reference date is not possible; the message names it.
    """
    _check_build(settings)
    return as_of.runs(
        experiment,
        settings.run_id,
        settings.reference_dates,
        settings.output_config,
        population_names(store),
    )


def _check_build(settings: Settings) -> None:
    if settings.reference_dates and settings.build == "remote":
        raise EpyflowError(
            "build is remote, but the inputs of several reference_dates are built where the data "
            "are; expected build: local"
        )


def fetch_root(settings: Settings) -> tuple[Settings, Checkout | None]:
    """Fetch the experiments if they are in a repository.

    Parameters
    ----------
    settings
        The settings of the run.

    Returns
    -------
    settings
        With a folder of this machine as ``experiments_root``.
    checkout
        The fetched repository, or the one that a bundle was packed from; None for a folder.

    Raises
    ------
    EpyflowError
        If they cannot be fetched, or the experiment is not among them.
    """
    if not is_address(settings.experiments_root):
        return settings, _packed(settings.root)
    checkout = fetch(parse_address(settings.experiments_root))
    local = _at(settings, str(checkout.folder))
    check_inside(local.place(), settings.experiments_root)
    return local, checkout


def _packed(root: Path) -> Checkout | None:
    """Return the repository that a bundle was packed from."""
    known = repository_of_bundle(root) if is_bundle(root) else None
    if known is None:
        return None
    return Checkout(known["repository"], known["ref"], known["commit"], root)


def use_fetched_root(settings: Settings) -> Settings:
    """Return the settings with the folder that was fetched when the run started.

    The commit is the same, and neither network nor token is needed.

    Raises
    ------
    UnreadableError
        If nothing was fetched on this machine.
    """
    if not is_address(settings.experiments_root):
        return settings
    folder = fetched_folder(settings)
    if folder is None:
        raise UnreadableError(
            f"{settings.experiments_root} was not fetched on this machine; start the run here"
        )
    return _at(settings, folder)


def check_inside(place: ExperimentFiles, address: str) -> None:
    """Refuse an experiment that was found outside the repository.

    Raises
    ------
    UnreadableError
        If its folder is not below the root: the commit would not record what was run.
    """
    if not place.folder.resolve().is_relative_to(place.root.resolve()):
        raise UnreadableError(
            f"the experiment {place.folder} is not in the repository {address}; expected its id "
            "below experiments/ there"
        )


def _at(settings: Settings, folder: str) -> Settings:
    return settings.model_copy(update={"experiments_root": folder})
