"""Say where the experiment of a run was read from, so that two of one name can be told apart."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from epyflow.run.calendar import calendar_of
from epyflow.run.digests import flatten, hash_data, hash_functions
from epyflow.run.plan import Plan

if TYPE_CHECKING:  # slow to import
    from epyflow.run.sources import Gathered

_Digest = Annotated[str, Field(max_length=64)]

ORIGIN_VARIABLE = "EPYFLOW_COORDINATOR_ORIGIN"
"""The place of the experiment that `epyflow submit` has packed, for its coordinator."""


class Origin(BaseModel):
    """The experiment that a run was started with.

    Attributes
    ----------
    place
        Its folder, or the URL of its repository, without user, token and ref.
    digest
        Hash of its content and of its data.
    content, data
        Hash of its content, its functions and the settings that change its forecast, and of its
        data; None in records of earlier versions.
    hub
        Hash of the files of the hub that it submits to; None without one, and in records of earlier
        versions.
    today, last_observation
        What its relative dates stand for; None without one.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    place: Annotated[str, Field(max_length=4096)]
    digest: _Digest
    content: _Digest | None = None
    data: _Digest | None = None
    hub: _Digest | None = None
    today: date | None = None
    last_observation: date | None = None

    def is_another(self, other: "Origin") -> bool:
        """Return whether place and content differ: an experiment that was moved is the same."""
        return self.place != other.place and self.digest != other.digest


def origin_of(found: "Gathered", plan: Plan, environment: Mapping[str, str] = os.environ) -> Origin:
    """Describe the experiment that a run is planned from.

    Parameters
    ----------
    found, plan
        What the run is planned from, and its plan.
    environment
        Of a coordinator in the cloud, which reads a copy: with the place of the original.
    """
    folder = os.fsencode(found.experiment.files.folder.resolve()).decode(errors="replace")
    if found.checkout is not None:  # a bundle, too, names a repository: others may have written it
        folder = re.sub(r"//[^/]*@", "//", found.checkout.url).partition("?")[0]
    settings = [found.settings.engine, found.settings.team_abbr, found.settings.model_abbr]
    written = [*(run.experiment for run in plan.runs), *hash_functions(found.experiment)]
    hubs = [run.submission.hub for run in plan.runs if run.submission is not None]
    return Origin(
        place=environment.get(ORIGIN_VARIABLE) or folder,
        digest=_hash([run.experiment, dict(run.data)] for run in plan.runs),
        content=_hash([*settings, *written]),
        # Its keys contain the day as of which data are read.
        data=_hash(sorted(run.data.values()) for run in plan.runs),
        hub=_hash(hubs) if hubs else None,
        **calendar_of(found.experiment),
    )


def without_rate_trends(origin: Origin, found: "Gathered") -> Origin:
    """Return an origin whose data are those of the tasks alone, as in records of earlier versions.

    Such a record has no ``hub``, also where the run makes a submission.
    """
    store, calendar = found.sources.store, found.sources.calendar
    data = [flatten(hash_data(run, store, calendar)) for run in found.runs.values()]
    return origin.model_copy(update={"data": _hash(sorted(each.values()) for each in data)})


def _hash(content: Iterable[Any]) -> str:
    return hashlib.sha256(json.dumps(list(content), sort_keys=True).encode()).hexdigest()
