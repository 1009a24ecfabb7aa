"""Find and load the experiment of a run and what its inputs are built from.

The experiments lie in a folder, in a bundle that was unpacked, or in the copy of a repository.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from epyflow.engine import check_engine
from epyflow.errors import EpyflowError, PopulationError, UnreadableError
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.population.store import PopulationStore
from epyflow.repositories.address import is_address, parse_address
from epyflow.repositories.checkout import Checkout, fetch
from epyflow.run.bundle import Sources, is_bundle, repository_of_bundle
from epyflow.run.settings import Settings
from epyflow.run.start import fetched_at_start


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


def fetch_root(settings: Settings) -> tuple[Settings, Checkout | None]:
    """Fetch the experiments if they are in a repository.

    Parameters
    ----------
    settings
        Of the run.

    Returns
    -------
    settings
        With a folder of this machine as ``experiments_root``.
    checkout
        What was fetched, here or where a bundle was packed; None for a folder.

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


def fetched_root(settings: Settings) -> Settings:
    """Return the settings with the folder that was fetched when the run was started.

    It is the same commit, and needs neither a network nor a token.

    Raises
    ------
    UnreadableError
        If nothing was fetched on this machine.
    """
    if not is_address(settings.experiments_root):
        return settings
    folder = fetched_at_start(settings)
    if folder is None:
        raise UnreadableError(
            f"{settings.experiments_root} was not fetched on this machine; start the run here"
        )
    return _at(settings, folder)


def local_folder(root: str | None) -> Path | None:
    """Return the folder that a command's ``--root`` means, fetching a repository.

    Raises
    ------
    UnreadableError
        If it is the address of a repository and cannot be fetched.
    """
    if root is None:
        return None
    if not is_address(root):
        return Path(root)
    try:
        return fetch(parse_address(root)).folder
    except EpyflowError as error:
        raise UnreadableError(str(error)) from None


def check_inside(place: ExperimentFiles, address: str) -> None:
    """Refuse an experiment that was found elsewhere than in the repository.

    Raises
    ------
    UnreadableError
        If its folder is not below the root: the commit would not say what was run.
    """
    if not place.folder.resolve().is_relative_to(place.root.resolve()):
        raise UnreadableError(
            f"the experiment {place.folder} is not in the repository {address}; expected its id "
            "below experiments/ there"
        )


def _at(settings: Settings, folder: str) -> Settings:
    return settings.model_copy(update={"experiments_root": folder})
