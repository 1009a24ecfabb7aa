"""Find and load all that a run is planned and built from, wherever the settings say it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from epyflow.engine import check_engine
from epyflow.errors import EpyflowError, PopulationError
from epyflow.experiment import Experiment, as_of, load
from epyflow.population.store import PopulationStore
from epyflow.repositories import Checkout
from epyflow.run.bundle import Sources
from epyflow.run.settings import Settings
from epyflow.run.sources import fetch_root, fetched_root


@dataclass(frozen=True)
class Gathered:
    """What a run is planned from.

    Attributes
    ----------
    settings
        Of the run, with a folder of this machine as ``experiments_root``.
    checkout
        The repository of the experiments; None for a folder.
    sources
        What inputs are built from.
    experiment
        As it is written.
    runs
        Run to its experiment: one, or one for each reference date.
    """

    settings: Settings
    checkout: Checkout | None
    sources: Sources
    experiment: Experiment
    runs: Mapping[str, Experiment]


def gather(settings: Settings) -> Gathered:
    """Find and load all that a run is planned from, fetching a repository.

    Raises
    ------
    EpyflowError
        If the settings or the experiment are not valid.
    """
    settings, checkout = fetch_root(settings)
    sources = sources_of(settings)
    experiment = loaded(settings, sources)
    check_engine(settings.engine)
    runs = _runs(experiment, settings, sources.store)
    return Gathered(settings, checkout, sources, experiment, runs)


def sources_of(settings: Settings) -> Sources:
    """Find what inputs are built from; of a repository, what was fetched when the run started.

    Raises
    ------
    EpyflowError
        If some of it is not there.
    """
    return fetched_root(settings).sources()


def loaded(settings: Settings, sources: Sources) -> Experiment:
    """Load the experiment.

    Raises
    ------
    InvalidExperimentError
        With every problem found.
    """
    return load(sources.place, settings.output_config, names_in(sources.store))


def names_in(store: PopulationStore) -> tuple[str, ...]:
    """Return the names in the folder; without one, the codebook has to do."""
    try:
        return store.names()
    except PopulationError:
        return ()


def _runs(
    experiment: Experiment, settings: Settings, store: PopulationStore
) -> dict[str, Experiment]:
    dates = settings.reference_dates
    if dates and settings.build == "remote":
        raise EpyflowError(
            "build is remote: the inputs of several reference_dates are built where the data are; "
            "expected build: local"
        )
    return as_of.runs(experiment, settings.run_id, dates, settings.output_config, names_in(store))
