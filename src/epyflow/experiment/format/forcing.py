"""Define vaccination, seasonality and interventions."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from epyflow.experiment.format.base import (
    CompartmentId,
    Date,
    Number,
    ParameterName,
    Text,
    find_duplicate,
)
from epyflow.strict import Many, Strict, refuse

Layer = Literal["school", "work", "home", "community"]

CONTACT_STRENGTH = "contact_intervention_strength"
"""A sampled or calibrated parameter of this name scales the interventions on contacts."""


class Vaccination(Strict):
    """Vaccine doses, and the compartments that receive them."""

    origin_compartment: CompartmentId = Field(
        description="The compartment that vaccinated people leave."
    )
    eligible_compartments: Annotated[Many[CompartmentId], Field(min_length=1)] = Field(
        description="The compartments that receive doses, the origin included."
    )
    scenario_data_path: Text | None = Field(
        default=None, description="Scenario Modeling Hub coverage (cumulative percent by week)."
    )
    scenario: Text | None = Field(
        default=None, description="Scenario that is read; required if the file has several."
    )
    preprocessed_vaccination_data_path: Text | None = Field(
        default=None,
        description="Doses per day: dates, location, one column per age group; scenario where it "
        "has several.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [self.scenario_data_path, self.preprocessed_vaccination_data_path]
        if sum(path is not None for path in given) != 1:
            raise refuse(
                f"{'both' if all(given) else 'neither'} of scenario_data_path and "
                "preprocessed_vaccination_data_path given; expected exactly one"
            )
        if self.origin_compartment not in self.eligible_compartments:
            raise refuse(
                "eligible_compartments does not contain origin_compartment "
                f"{self.origin_compartment!r}; expected it there: vaccinated "
                "people are among those who receive doses"
            )
        if (name := find_duplicate(self.eligible_compartments)) is not None:
            raise refuse(f"eligible_compartments names {name!r} twice; expected it once")
        return self


class Seasonality(Strict):
    """Seasonal variation of one parameter (Balcan et al. 2010, J. Comput. Sci. 1:132, eq. 25)."""

    target_parameter: ParameterName = Field(description="The parameter that is multiplied.")
    method: Literal["balcan"]
    seasonality_max_date: Date = Field(description="Day of the peak.")
    seasonality_min_date: Date | None = Field(
        default=None, description="Sets the period to twice its distance from the maximum."
    )
    max_value: Annotated[Number, Field(gt=0)] = Field(description="Factor at the maximum.")
    min_value: Annotated[Number, Field(ge=0)] = Field(description="Factor at the minimum.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_value > self.max_value:
            raise refuse(
                f"min_value {self.min_value:g} is above max_value {self.max_value:g}; expected it "
                "below or equal"
            )
        if self.seasonality_min_date == self.seasonality_max_date:
            raise refuse(
                "seasonality_min_date and seasonality_max_date are the same day; expected half a "
                "period between them"
            )
        return self


class _Dated(Strict):
    start_date: Date = Field(description="First day.")
    end_date: Date = Field(description="Last day, included.")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start_date > self.end_date:
            raise refuse(
                f"end_date {self.end_date} is before start_date {self.start_date}; expected a "
                "later one"
            )
        return self


class ParameterIntervention(_Dated):
    """Scale or set a parameter for some days. Overrides take precedence over scalings."""

    type: Literal["parameter"]
    target_parameter: ParameterName = Field(description="The parameter that changes.")
    scaling_factor: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="Factor of its value."
    )
    override_value: Number | None = Field(default=None, description="Value in place of its own.")

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        if (self.scaling_factor is None) == (self.override_value is None):
            found = "neither" if self.scaling_factor is None else "both"
            raise refuse(
                f"{found} of scaling_factor and override_value given; expected exactly one"
            )
        return self


class ContactMatrixIntervention(_Dated):
    """Scale the contacts of one layer for some days."""

    type: Literal["contact_matrix"]
    contact_matrix_layer: Layer = Field(description="The layer that changes.")
    scaling_factor: Annotated[Number, Field(ge=0)] = Field(description="Factor of its contacts.")


class SchoolClosure(Strict):
    """Scale school contacts on every closure day of the location."""

    type: Literal["school_closure"]
    scaling_factor: Annotated[Number, Field(ge=0)] = Field(
        description="Factor of the contacts at school while schools are closed."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_dates(cls, data: Any) -> Any:
        for key in ("start_date", "end_date"):
            if isinstance(data, dict) and key in data:
                raise refuse(
                    f"a school_closure has no {key}, because it acts on the school holidays of the "
                    "place; for other days, expected type: contact_matrix with "
                    "contact_matrix_layer: school"
                )
        return data


Intervention = Annotated[
    ParameterIntervention | ContactMatrixIntervention | SchoolClosure, Field(discriminator="type")
]
