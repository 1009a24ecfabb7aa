"""Files of hubs: valid ones, and who reads them."""

import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import made_up_hubs

from forecast_hub.checks.validation import validate
from forecast_hub.config.locations import read_places
from forecast_hub.errors import HubError
from forecast_hub.scoring.forecasts import read_forecasts
from forecast_hub.scoring.outcomes import read_outcomes
from tests.fuzz.kind import Files, Kind, Texts, seed
from tests.fuzz.mutations import mutate_cells, mutate_gzip, mutate_parquet, mutate_tree

SCHEMA = {
    "type": "object",
    "properties": {
        "team_abbr": {"type": "string", "maxLength": 16, "pattern": "^[a-z]+$"},
        "model_abbr": {"$ref": "#/properties/team_abbr"},
        "website": {"type": "string", "format": "uri"},
    },
    "required": ["team_abbr", "model_abbr"],
}
METADATA = {"team_abbr": "a", "model_abbr": "b", "website": "https://example.org", "n": 1}
_DATES = {"t0_colname": "forecast_date", "t1_colname": "forecast_date", "timediff": "days(1)"}
_PERSONS = {"location_col": "region", "targets": {"outcome": "cases"}}
_CHECKS = {
    "dates": {"fn": "opt_check_tbl_horizon_timediff", "args": _DATES},
    "persons": {"fn": "opt_check_tbl_counts_lt_popn", "args": _PERSONS},
}
VALIDATIONS = {"default": {"validate_model_data": _CHECKS}}
LOCATIONS = (
    b"abbreviation,location,region,location_name,population\n"
    b"no,north,north,North,1000\nso,south,south,South,20\n"
)
SUBMISSION = "submissions/a-b/2026-03-02-a-b"


@cache
def _submission() -> bytes:
    return made_up_hubs.submission().to_csv(index=False).encode()


@cache
def _hub_files() -> Files:
    return {
        "hub-config/tasks.json": json.dumps(made_up_hubs.tasks()).encode(),
        "hub-config/admin.json": json.dumps(made_up_hubs.ADMIN).encode(),
        "hub-config/validations.yml": json.dumps(VALIDATIONS).encode(),
        "hub-config/model-metadata-schema.json": json.dumps(SCHEMA).encode(),
        "model-metadata/a-b.yml": json.dumps(METADATA).encode(),
        "auxiliary-data/locations.csv": LOCATIONS,
        f"{SUBMISSION}.csv": _submission(),
    }


def _hub() -> Sequence[tuple[str, Any]]:
    return [
        (name, json.loads(data)) for name, data in _hub_files().items() if not name.endswith(".csv")
    ]


def _validate(path: Path, suffix: str = ".csv") -> Texts:
    root = next(each for each in path.parents if (each / "hub-config").is_dir())
    for finding in validate(root / f"{SUBMISSION}{suffix}", root).findings:
        yield str(finding)


TARGETS = (
    b"as_of,location,date,target,observation\n"
    b"2024-11-10,25,2024-11-02,wk inc,5\n2024-11-10,US,2024-11-02,wk inc,50\n"
    b"2024-11-17,25,2024-11-09,wk inc,NA\n2024-11-17,25,2024-11-02,wk inc,6\n"
)


def _read_targets(path: Path) -> Texts:
    read_outcomes(path)
    return ()


def _read_forecasts(path: Path) -> Texts:
    read_forecasts([path])
    return ()


def _read_locations(path: Path) -> Texts:
    read_places(path)
    return ()


_of_hubs = (HubError,)


KINDS = (
    Kind("hub configurations", _hub, mutate_tree, _validate, _of_hubs, _hub_files, weight=1),
    Kind(
        "submissions, csv",
        lambda: [(f"{SUBMISSION}.csv", _submission())],
        mutate_cells,
        _validate,
        _of_hubs,
        _hub_files,
        weight=1,
    ),
    Kind(
        "submissions, parquet",
        lambda: [(f"{SUBMISSION}.parquet", _submission())],
        mutate_parquet,
        partial(_validate, suffix=".parquet"),
        _of_hubs,
        _hub_files,
        weight=1,
    ),
    Kind(
        "forecasts, csv.gz",
        lambda: [("2026-03-02-a-b.csv.gz", _submission())],
        mutate_gzip,
        _read_forecasts,
        _of_hubs,
    ),
    Kind("target data, csv", seed("t.csv", TARGETS), mutate_cells, _read_targets, _of_hubs),
    Kind("target data, csv.gz", seed("t.csv.gz", TARGETS), mutate_gzip, _read_targets, _of_hubs),
    Kind(
        "target data, parquet",
        seed("t.parquet", TARGETS),
        mutate_parquet,
        _read_targets,
        _of_hubs,
    ),
    Kind("locations", seed("locations.csv", LOCATIONS), mutate_cells, _read_locations, _of_hubs),
)
