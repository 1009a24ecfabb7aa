"""Read the target data of a forecast hub, from a copy of it or from its git repository."""

from pathlib import Path
from typing import NamedTuple

from epyflow.data.vintages import target_data_in
from epyflow.errors import UnreadableError
from epyflow.operations.target_data.vintage_store import LARGEST
from epyflow.repositories.address import is_address, parse_address
from epyflow.repositories.checkout import fetch
from forecast_hub.limited_files import SUFFIXES


class TargetData(NamedTuple):
    """Target data of a hub: the content of the file, its suffix, and where it is from."""

    content: bytes
    suffix: str
    source: str


def read_target_data(hub: str, file: str | None = None) -> TargetData:
    """Read the target data of a hub.

    Parameters
    ----------
    hub
        The hub's folder, or the address of its repository, which is fetched.
    file
        Path of the target data below the hub; None: as the hubverse names it.

    Raises
    ------
    UnreadableError
        If there is no such file below the hub, it is a folder or too large.
    EpyflowError
        If the repository cannot be fetched.
    """
    commit = ""
    if is_address(hub):
        checkout = fetch(parse_address(hub))
        folder, commit = checkout.folder, f", commit {checkout.commit}"
    else:
        folder = Path(hub)
    if not folder.is_dir():
        raise UnreadableError(f"{hub}: no such folder; expected a copy of a forecast hub")
    path = target_data_in(folder) if file is None else folder / file
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise UnreadableError(f"{path}: leads out of the hub; expected a file below {hub}")
        if real.exists() and not (real.is_file() or real.is_dir()):
            raise UnreadableError(f"{path}: is neither a file nor a folder; expected target data")
        if not real.is_file():
            raise UnreadableError(
                f"{path}: is a folder; expected a file: partitioned target data with a column "
                "as_of hold their vintages, so name the hub in observed_data_path"
            )
        with real.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from None
    suffix = next((each for each in (".csv.gz", *SUFFIXES) if path.name.endswith(each)), None)
    if suffix is None:
        raise UnreadableError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    if len(content) > LARGEST:
        raise UnreadableError(f"{path}: has more than {LARGEST:,} bytes")
    return TargetData(content, suffix, f"{hub}: {path.relative_to(folder).as_posix()}{commit}")
