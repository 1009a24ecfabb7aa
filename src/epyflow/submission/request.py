"""Describe what a submission should have, and what is missing from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from epyflow.submission.projected_series import Projection
from forecast_hub.config.hub import Hub
from forecast_hub.config.locations import Place, read_places


@dataclass(frozen=True)
class LeftOut:
    """A part that is missing from a submission, and the reason.

    Attributes
    ----------
    target, output_type, place
        The missing part; ``place`` as in
        :attr:`epyflow.submission.projected_series.Projection.title`.
    reason
        What would be needed.
    """

    target: str
    output_type: str
    place: str
    reason: str


@dataclass(frozen=True)
class Request:
    """The content that a submission should have.

    Attributes
    ----------
    hub
        See :func:`forecast_hub.config.reader.read_hub`.
    reference_date
        The round's id.
    series
        Target to the projections of the series that it is computed from: weekly admissions for
        all of :data:`forecast_hub.config.flusight.TARGETS`.
    output_types
        Target to the output types to submit besides required ones; a target that is not a key has
        all that the hub takes and that can be computed.
    places
        The hub's locations by code; None to read the hub's table.
    season
        Last days of the first and the last week that can be the season's peak; None for the
        weeks of the hub.
    horizon_0_days
        Target to the days from the reference date to the end of horizon 0's period; a target that
        is not a key has those of :func:`forecast_hub.config.horizon_rule.find_horizon_rule`.
    left_out
        A list to which parts that cannot be computed are added; None to raise an error instead.
    """

    hub: Hub
    reference_date: date
    series: Mapping[str, Sequence[Projection]]
    output_types: Mapping[str, Collection[str]] = field(default_factory=dict)
    places: Mapping[str, Place] | None = None
    season: tuple[date, date] | None = None
    horizon_0_days: Mapping[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] | None = None


def list_places(request: Request) -> Mapping[str, Place]:
    """Return the hub's locations by code: those of the request, else those of the hub's table."""
    if request.places is not None:
        return request.places
    path = request.hub.folder.locations
    return {} if path is None else read_places(path)
