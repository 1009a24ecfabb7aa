"""Describe what a run submits to a forecast hub, as it is known when the run is planned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.submission.target_units import Conversion


@dataclass(frozen=True)
class Destination:
    """What a run submits, and to which hub.

    Attributes
    ----------
    format
        Key of the output section, such as ``flusight_format``.
    reference_date
        The round.
    file
        Name of the submission.
    targets
        What is submitted.
    folder
        The hub's folder; None for the definition shipped here.
    files
        Name to file of the hub's configuration; empty where it is shipped here.
    horizon_0_days
        Target to the days from the round's date to the end of horizon 0's period.
    units
        Of each target: the unit of its series and its own, without the numbers of a place.
    """

    format: str
    reference_date: date
    file: str
    targets: tuple[HubTarget, ...]
    folder: Path | None
    files: Mapping[str, Path] = field(default_factory=dict)
    units: tuple[Conversion, ...] = ()
    horizon_0_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """The hub's files that are read."""
        return [str(path) for path in self.files.values()]
