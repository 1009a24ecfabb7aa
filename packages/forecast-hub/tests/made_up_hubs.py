"""Small hubs made for tests, in any version of the hubverse's schema."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd

Document = dict[str, Any]

SCHEMAS = "https://raw.githubusercontent.com/hubverse-org/schemas/main"


def target(name: str, type_: str, units: str = "count", **more: object) -> Document:
    return {
        "target_id": name,
        "target_name": f"the {name}",
        "target_units": units,
        "target_keys": {"outcome": name},
        "target_type": type_,
        "is_step_ahead": False,
        **more,
    }


def task_ids(name: str, *, horizon: bool) -> Document:
    return {
        "forecast_date": {"required": None, "optional": ["2026-03-02", "2026-03-16"]},
        "outcome": {"required": None, "optional": [name]},
        "region": {"required": ["north"], "optional": ["south", "west"]},
        "horizon": {
            "required": [1, 2] if horizon else None,
            "optional": [3] if horizon else None,
        },
        "age": {"required": None, "optional": ["0-17", "18+"]},
    }


CASES: Document = {
    "task_ids": task_ids("cases", horizon=True),
    "output_type": {
        "quantile": {
            "output_type_id": {"required": [0.1, 0.5, 0.9]},
            "value": {"type": "integer", "minimum": 0},
            "is_required": True,
        },
        "mean": {
            "output_type_id": {"required": None},
            "value": {"type": "double", "minimum": 0},
            "is_required": False,
        },
        "sample": {
            "output_type_id_params": {
                "type": "integer",
                "min_samples_per_task": 2,
                "max_samples_per_task": 4,
                "compound_taskid_set": ["forecast_date", "outcome", "region", "age"],
            },
            "value": {"type": "integer", "minimum": 0},
            "is_required": False,
        },
    },
    "target_metadata": [target("cases", "discrete", is_step_ahead=True, time_unit="week")],
}
"""Weekly counts by region and age group."""

LEVEL: Document = {
    "task_ids": task_ids("level", horizon=False),
    "output_type": {
        "cdf": {
            "output_type_id": {"required": ["low", "middle", "high"]},
            "value": {"type": "double", "minimum": 0, "maximum": 1},
            "is_required": False,
        }
    },
    "target_metadata": [target("level", "ordinal", "category")],
}
"""A cumulative distribution over ordered categories."""


def tasks(version: str = "v4.0.1") -> Document:
    """Return ``tasks.json`` of a hub with a weekly and a seasonal target."""
    return {
        "schema_version": f"{SCHEMAS}/{version}/tasks-schema.json",
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "forecast_date",
                "model_tasks": [deepcopy(CASES), deepcopy(LEVEL)],
                "submissions_due": {"start": "2026-03-01", "end": "2026-03-20"},
            }
        ],
    }


_USUAL = {
    **{"forecast_date": "origin_date", "outcome": "target", "region": "location"},
    **{"age": "age_group"},
}


def scorable(document: Document, ends: Sequence[str] = ()) -> Document:
    """Return the document with the usual names of columns, and with ends of weeks, if given."""
    text = json.dumps(document)
    for name, other in _USUAL.items():
        text = text.replace(f'"{name}"', f'"{other}"')
    found: Document = json.loads(text)
    for task in found["rounds"][0]["model_tasks"] if ends else ():
        task["task_ids"]["target_date"] = {"required": None, "optional": list(ends)}
    return found


ADMIN: Document = {
    "schema_version": f"{SCHEMAS}/v4.0.1/admin-schema.json",
    "name": "Made-up hub",
    "maintainer": "nobody",
    "file_format": ["csv", "parquet"],
    "timezone": "Europe/Berlin",
    "model_output_dir": "submissions",
}


def write_hub(root: Path, document: Document, admin: Document | None = ADMIN) -> Path:
    """Write a hub in the layout of the hubverse."""
    config = root / "hub-config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "tasks.json").write_text(json.dumps(document), encoding="utf-8")
    if admin is not None:
        (config / "admin.json").write_text(json.dumps(admin), encoding="utf-8")
    return root


COLUMNS = [
    *("forecast_date", "outcome", "region", "horizon", "age"),
    *("output_type", "output_type_id", "value"),
]


def submission() -> pd.DataFrame:
    """Return a submission that :func:`tasks` accepts: text, as it is written in csv."""
    rows = []
    for region in ("north", "south"):
        for horizon in ("1", "2"):
            where = ["2026-03-02", "cases", region, horizon, "18+"]
            rows += [
                [*where, "quantile", level, value]
                for level, value in (("0.1", "3"), ("0.5", "5"), ("0.9", "9"))
            ]
            rows.append([*where, "mean", "NA", "5.25"])
            first = 1 if region == "north" else 11
            rows += [[*where, "sample", str(first + n), str(4 + n)] for n in range(3)]
    where = ["2026-03-02", "level", "north", "NA", "0-17"]
    rows += [
        [*where, "cdf", category, value]
        for category, value in (("low", "0.2"), ("middle", "0.7"), ("high", "1"))
    ]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def write_submission(hub: Path, frame: pd.DataFrame, name: str = "2026-03-02-a-b.csv") -> Path:
    """Write a submission into its model's folder."""
    folder = hub / "submissions" / "a-b"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False)
    return folder / name
