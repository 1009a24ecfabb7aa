"""Say where the experiment of a run was read from, so that two of one name can be told apart."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from epyflow.run.plan import Plan

if TYPE_CHECKING:  # slow to import
    from epyflow.run.sources import Gathered

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
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    place: Annotated[str, Field(max_length=4096)]
    digest: Annotated[str, Field(max_length=64)]

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
    content = json.dumps([[run.experiment, dict(run.data)] for run in plan.runs], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Origin(place=environment.get(ORIGIN_VARIABLE) or folder, digest=digest)
