"""Read the brief of a submission: targets, observations and the hub's files.

A worker makes the submission from the brief and the results.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from epyflow.errors import ArtifactError, user_errors
from epyflow.submission.projected_series import Observed
from epyflow.submission.target_units import Conversion
from forecast_hub.config.hub import Hub
from forecast_hub.config.reader import read_hub
from forecast_hub.config.units import Unit
from forecast_hub.errors import HubError

HUB_FILES = frozenset(
    (
        *("tasks.json", "admin.json", "validations.yml", "validation.json", "locations.csv"),
        "model-metadata-schema.json",
    )
)
"""Names of the files of a hub's configuration that a brief may hold."""


@dataclass(frozen=True)
class RequestedTarget:
    """A target to submit.

    Attributes
    ----------
    target
        Its name in the hub.
    simulation
        Transitions to sum; empty for the series that the calibration compares.
    task_ids
        Values of the hub's other columns.
    output_types
        Output types to submit; empty for all.
    """

    target: str
    simulation: tuple[str, ...]
    task_ids: Mapping[str, str]
    output_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brief:
    """The input of a submission besides the results.

    Attributes
    ----------
    reference_date
        The round.
    targets
        The targets to submit.
    scenario_ids
        Scenario of the projection to its id in the hub.
    spellings
        Population to the names that a hub may use for it.
    observed
        Population to its observed series for each target; None if there is none.
    conversions
        Population to the conversion of each target's series; empty if none is converted.
    files
        Name of a file of the hub's configuration, one of :data:`HUB_FILES`, to its text.
    horizon_0_days
        Target to the days from the round's date to the end of horizon 0's period.
    """

    reference_date: date
    targets: tuple[RequestedTarget, ...]
    scenario_ids: Mapping[str, str]
    spellings: Mapping[str, tuple[str, ...]]
    observed: Mapping[str, tuple[Observed | None, ...]]
    files: Mapping[str, str] = field(repr=False)
    conversions: Mapping[str, tuple[Conversion, ...]] = field(default_factory=dict)
    horizon_0_days: Mapping[str, int] = field(default_factory=dict)

    def conversion(self, population: str, position: int) -> Conversion | None:
        """Return the conversion of a target's series; None if its numbers are not known."""
        if not self.conversions:
            return Conversion()
        found = self.conversions.get(population)
        return None if found is None else found[position]

    @user_errors(HubError)
    def hub(self, folder: Path) -> Hub:
        """Write the hub's configuration to a folder and read it."""
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return read_hub(folder)


def read_brief(path: Path) -> Brief:
    """Read what :func:`write_brief` wrote.

    Raises
    ------
    ArtifactError
        If the file is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Brief(
            reference_date=date.fromisoformat(content["reference_date"]),
            targets=tuple(
                RequestedTarget(
                    each["target"],
                    tuple(each["simulation"]),
                    each["task_ids"],
                    tuple(each.get("output_types", ())),
                )
                for each in content["targets"]
            ),
            scenario_ids=content["scenario_ids"],
            spellings={name: tuple(each) for name, each in content["spellings"].items()},
            observed={
                name: tuple(None if each is None else _observed(each) for each in series)
                for name, series in content["observed"].items()
            },
            files=_checked(content["files"]),
            horizon_0_days=content.get("horizon_0_days", {}),
            conversions={
                name: tuple(map(_conversion, each))
                for name, each in content.get("conversions", {}).items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ArtifactError(
            f"{path}: not usable ({problem}); delete it and run again, which writes it anew"
        ) from problem


def _checked(files: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse other names: they are written as files, and a bucket that has them is not trusted."""
    if unknown := set(files) - HUB_FILES:
        raise ValueError(f"{min(unknown)!r} is no file of a hub's configuration")
    return files


def _conversion(given: Mapping[str, Any]) -> Conversion:
    source, target = (Unit(*given[key]) for key in ("source", "target"))
    visits = None if given["visits"] is None else _observed(given["visits"])
    in_source = bool(given["observed_in_source"])
    return Conversion(source, target, given["population"], visits, in_source)


def _observed(series: Mapping[str, Any]) -> Observed:
    counts = [np.nan if each is None else each for each in series["counts"]]
    return Observed(
        tuple(date.fromisoformat(each) for each in series["dates"]),
        np.array(counts, dtype=np.float64),
    )


def read_hub_of(prepared: Brief) -> Hub:
    """Read the hub's configuration; the files that it names are temporary."""
    with TemporaryDirectory() as folder:
        return prepared.hub(Path(folder))
