"""The ``output`` section: which tables are written."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, WithJsonSchema, model_validator

from epyflow.experiment.base import Date, Many, Meta, Number, Strict, Text, refuse

# The 23 levels of the FluSight hub: model-output/README.md of cdcepi/FluSight-forecast-hub.
FLUSIGHT_LEVELS = (
    0.01,
    0.025,
    *(round(0.05 * step, 2) for step in range(1, 20)),
    0.975,
    0.99,
)


def _as_series(value: Any) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        if not value:
            raise refuse("an empty list selects nothing; expected true or a list of series")
        if len(set(value)) < len(value):
            twice = next(name for name in value if list(value).count(name) > 1)
            raise refuse(f"{twice!r} is listed twice")
        return tuple(value)
    raise refuse(f"{value!r} selects no series; expected true or a list of series such as I_total")


Series = Annotated[
    bool | tuple[str, ...],
    BeforeValidator(_as_series),
    WithJsonSchema(
        {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]}
    ),
]


def _refuse_empty(compartments: bool | tuple[str, ...], transitions: bool | tuple[str, ...]) -> None:
    if not compartments and not transitions:
        raise refuse("it selects nothing; expected compartments or transitions: true or a list")


class Quantiles(Strict):
    """Quantiles over the trajectories of each parameter set."""

    selections: Annotated[
        Many[Annotated[Number, Field(ge=0, le=1)]], Field(min_length=1)
    ] = Field(default=FLUSIGHT_LEVELS, description="Levels; the default is FluSight's 23.")
    compartments: Series = False
    transitions: Series = False

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        _refuse_empty(self.compartments, self.transitions)
        if len(set(self.selections)) < len(self.selections):
            raise refuse("selections lists a level twice")
        return self


class Trajectories(Strict):
    """Every single trajectory."""

    compartments: Series = False
    transitions: Series = False

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        _refuse_empty(self.compartments, self.transitions)
        return self


class PosteriorGenerations(Strict):
    """Posteriors of chosen generations."""

    generations: Annotated[Many[NonNegativeInt], Field(min_length=1)]


class ModelMeta(Strict):
    """What the table `model_metadata` holds beyond its fixed columns."""

    projection_parameters: bool = Field(default=True, description="Every parameter's value too.")


class RateTrends(Strict):
    """The observations that FluSight's rate trends are measured from."""

    observed_data_path: Text
    observed_value_column: Text
    observed_date_column: Text
    observed_location_column: Text | None = None


class FlusightFormat(Strict):
    """A submission to the FluSight forecast hub."""

    reference_date: Date = Field(description="The Saturday that horizons are counted from.")
    rate_trends: RateTrends | None = None

    @model_validator(mode="after")
    def _on_a_saturday(self) -> Self:
        if self.reference_date.isoweekday() != 6:
            raise refuse(
                f"reference_date {self.reference_date} is a {self.reference_date:%A}; expected a "
                "Saturday"
            )
        return self


class Covid19Format(Strict):
    """A submission to the COVID-19 forecast hub."""

    reference_date: Date


class FlusmhFormat(Strict):
    """A submission to the Flu Scenario Modeling Hub."""

    reference_date: Date | None = None


class Output(Strict):
    """The `output` section: which tables are written."""

    meta: Meta | None = None
    quantiles: Quantiles | None = None
    trajectories: Trajectories | None = None
    posteriors: bool | PosteriorGenerations = False
    model_meta: ModelMeta | None = None
    flusight_format: FlusightFormat | None = None
    covid19_format: Covid19Format | None = None
    flusmh_format: FlusmhFormat | None = None

    @model_validator(mode="after")
    def _one_hub(self) -> Self:
        given = [name for name in HUB_FORMATS if getattr(self, name) is not None]
        if len(given) > 1:
            raise refuse(f"expected at most one hub format, found {' and '.join(given)}")
        return self


HUB_FORMATS = ("flusight_format", "covid19_format", "flusmh_format")

DEFAULT = Output(
    quantiles=Quantiles(compartments=True, transitions=True), model_meta=ModelMeta()
)
"""What an experiment without an output file gets: quantiles of every series and the metadata."""
