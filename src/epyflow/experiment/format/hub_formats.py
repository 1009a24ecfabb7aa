"""Define the sections of ``output`` for the submission to a hub."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from epyflow.experiment.format.base import Date, Text, UnitWords, refuse_double_count
from epyflow.strict import Many, Strict, refuse

HUB_FORMATS = ("flusight_format", "covid19_format", "flusmh_format", "hub_format")


class RateTrends(Strict):
    """The observations that FluSight's rate trends are measured from."""

    observed_data_path: Text = Field(description="File of observations.")
    observed_data_vintage: Date | None = Field(
        default=None, description="Observations as known on this day; absent: the file as it is."
    )
    observed_as_of_column: Text | None = Field(
        default=None,
        description="Date on which a row became known; absent: as_of, if file names have no date.",
    )
    observed_value_column: Text = Field(description="Column of the observed values.")
    observed_date_column: Text = Field(description="Column of their dates.")
    observed_location_column: Text | None = Field(default=None, description="Column of the places.")
    observed_rows: dict[Text, Text] | None = Field(
        default=None,
        description="Column to the value of the rows to read, such as target: wk inc flu hosp.",
    )


OutputType = Literal["quantile", "sample", "pmf", "cdf", "mean", "median"]


class HubTarget(Strict):
    """A target of a hub, and the simulated series that forecast it."""

    target: Text = Field(description="Name of the target in the hub's tasks.json.")
    simulation: Many[Text] = Field(
        default=(), description="Transition series that are summed; absent: what is calibrated."
    )
    task_ids: dict[Text, Text] = Field(
        default_factory=dict, description="Values of the hub's other columns, such as age_group."
    )
    unit: UnitWords | None = Field(
        default=None, description="Unit of its values where tasks.json does not say one."
    )
    output_types: Many[OutputType] = Field(
        default=(), description="Absent: all that the hub takes and that can be computed."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_double_count(self.simulation)
        return self


class _Submission(Strict):
    """Keys that the submissions to every hub have."""

    targets: Many[HubTarget] = Field(
        default=(),
        description="Targets to submit; absent: those of this hub that epyflow knows, for FluSight "
        "quantiles of admissions and rate changes only.",
    )
    scenario_ids: dict[Text, Text] = Field(
        default_factory=dict, description="Scenario of the projection to its id in the hub."
    )
    horizon_0_days: Annotated[int, Field(ge=-28, le=28)] | None = Field(
        default=None,
        description="Days from the round's date to the end of horizon 0, -10 in RespiCast; only "
        "where the hub's files do not say it.",
    )


class FlusightFormat(_Submission):
    """A submission to the FluSight forecast hub."""

    reference_date: Date = Field(
        description="The Saturday that horizons are counted from; `next`: the next Saturday."
    )
    rate_trends: RateTrends | None = None

    @model_validator(mode="after")
    def _on_a_saturday(self) -> Self:
        if self.reference_date.isoweekday() != 6:
            raise refuse(
                f"reference_date {self.reference_date} is a {self.reference_date:%A}; expected a "
                "Saturday"
            )
        return self


class Covid19Format(_Submission):
    """A submission to the COVID-19 forecast hub."""

    reference_date: Date | None = Field(default=None, description="Date of the forecast.")


class FlusmhFormat(_Submission):
    """A submission to the Flu Scenario Modeling Hub."""

    reference_date: Date | None = Field(default=None, description="Date of the projection.")


class HubFormat(_Submission):
    """A submission to any hub of the hubverse."""

    reference_date: Date = Field(description="The round's date.")
