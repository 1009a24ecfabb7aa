"""Where the experiments of a run are on this machine: a folder, or a repository's copy."""

from pathlib import Path

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.experiment.reading.location import Place
from epyflow.repositories import Checkout, fetch, is_address, parse_address
from epyflow.run.bundle import is_bundle, repository_of_bundle
from epyflow.run.settings import Settings
from epyflow.run.start import fetched_at_start


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


def check_inside(place: Place, address: str) -> None:
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
