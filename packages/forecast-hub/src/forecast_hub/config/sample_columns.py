"""Read the names of the columns that number samples in scenario modeling hubs.

There a sample has no ``output_type_id``, but a number in each of some columns, ``run_grouping`` and
``stochastic_run``. The hub's ``validation.json`` names them for each round, as
``merge_sample_col``. Source: midas-network/flu-scenario-modeling-hub, model-output/README.md,
"sample", and hub-config/validation.json.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from forecast_hub.errors import HubError, UnreadableError
from forecast_hub.limited_files import read_json

_KEY = "merge_sample_col"
_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


def read_sample_columns(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Read the columns of each round's samples from ``validation.json``; none without the file.

    Raises
    ------
    UnreadableError
        If the file is larger than 1 MB, or is not JSON.
    HubError
        If the columns of a round are no names.
    """
    if path is None:
        return {}
    try:
        data = read_json(path, _MOST_BYTES)
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{path}: cannot be read as JSON ({error})") from None
    found = {}
    for round_id, given in (data if isinstance(data, Mapping) else {}).items():
        names = given.get(_KEY) if isinstance(given, Mapping) else None
        if names is None:
            continue
        if not isinstance(names, list) or not all(
            isinstance(name, str) and _NAME.fullmatch(name) for name in names
        ):
            raise HubError(f"{path}: {round_id}.{_KEY}: expected a list of names of columns")
        found[str(round_id)] = tuple(names)
    return found
