"""Find the files of a hub."""

from dataclasses import dataclass
from pathlib import Path

from forecast_hub.errors import UnreadableError


@dataclass(frozen=True)
class HubFolder:
    """The files of a hub, in the layout of the hubverse or all in one folder.

    Source: hubverse documentation, "Hub repository structure"
    (https://docs.hubverse.io/en/latest/user-guide/hub-structure.html).

    Attributes
    ----------
    root
        The hub's folder.
    tasks
        ``tasks.json``.
    admin, validations, metadata_schema
        ``admin.json``, ``validations.yml`` and ``model-metadata-schema.json``; None if missing.
    validation
        ``validation.json`` of scenario modeling hubs; None if missing.
    locations
        ``auxiliary-data/locations.csv``, or ``locations.csv``; None if both are missing.
    """

    root: Path
    tasks: Path
    admin: Path | None
    validations: Path | None
    metadata_schema: Path | None
    locations: Path | None
    validation: Path | None = None


def open_folder(root: Path) -> HubFolder:
    """Find a hub's files in ``root``: in its ``hub-config/``, or directly in it.

    Raises
    ------
    UnreadableError
        If there is no such folder, or no ``tasks.json`` in it.
    """
    if not root.is_dir():
        raise UnreadableError(f"{root}: no such folder; expected the folder of a hub")
    places = (root / "hub-config", root)
    config = next((place for place in places if (place / "tasks.json").is_file()), None)
    if config is None:
        raise UnreadableError(
            f"{root}: there is no hub here; expected {root / 'hub-config' / 'tasks.json'} or "
            f"{root / 'tasks.json'}"
        )
    return HubFolder(
        root=root,
        tasks=config / "tasks.json",
        admin=_first(config / "admin.json"),
        validations=_first(config / "validations.yml"),
        metadata_schema=_first(config / "model-metadata-schema.json"),
        locations=_first(root / "auxiliary-data" / "locations.csv", root / "locations.csv"),
        validation=_first(config / "validation.json"),
    )


def _first(*candidates: Path) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)
