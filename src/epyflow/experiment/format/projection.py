"""Define the ``calibration.projection`` section: scenarios simulated from the posterior."""

import re
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    WithJsonSchema,
    model_validator,
)

from epyflow.experiment.format.base import Count, Text, find_duplicate
from epyflow.experiment.format.forcing import ContactMatrixIntervention, ParameterIntervention
from epyflow.experiment.format.observation_model import ObservationModel
from epyflow.strict import Many, Strict, refuse, shown

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _as_scenario_id(value: Any) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise refuse(
        f"{shown(value)} cannot name a scenario; expected a letter or digit, then letters, digits, "
        "'_', '-' or '.', in quotes where YAML would read a number"
    )


ScenarioId = Annotated[
    str,
    BeforeValidator(_as_scenario_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"}),
]
DatedIntervention = Annotated[
    ParameterIntervention | ContactMatrixIntervention, Field(discriminator="type")
]


class ProjectionScenario(Strict):
    """A scenario: the calibrated model with the changes given here."""

    id: ScenarioId = Field(description="Name of the scenario in tables.")
    vaccination_scenario: Text | None = Field(
        default=None,
        description="Coverage that replaces vaccination.scenario after the fitting window.",
    )
    interventions: Many[DatedIntervention] = Field(
        default=(), description="Added to those of the model; after the fitting window."
    )


class Projection(Strict):
    """Trajectories from the posterior up to the end of the timespan."""

    n_trajectories: Count = Field(description="Per scenario.")
    generation_number: NonNegativeInt | None = Field(
        default=None, description="Generation whose posterior is projected; absent: the last."
    )
    scenarios: Many[ProjectionScenario] = Field(
        default=(), description="Each is projected; absent: the calibrated model without changes."
    )
    observation_model: ObservationModel | None = Field(
        default=None, description="Noise of the reported counts; absent: counts as simulated."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if (name := find_duplicate([scenario.id for scenario in self.scenarios])) is not None:
            raise refuse(f"scenarios has the id {name!r} twice; expected another")
        return self
