"""Define the ``observation_model`` of a projection: reported counts, given simulated ones."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from epyflow.experiment.format.base import Number, as_number
from epyflow.strict import Many, Strict, refuse, shown
from forecast_hub.combining.growth import HORIZONS

ESTIMATED = "estimated"

MOST = 10.0
"""Largest dispersion, and standard deviation of a step of the logarithm.

With a dispersion of 10, half of the reports are below 1% of their mean; a step of 10 multiplies
reports by 22,000.
"""

_MOST_MEMBERS = 50


def _as_estimate(value: Any) -> float | str:
    if value == ESTIMATED:
        return ESTIMATED
    expected = refuse(
        f"{shown(value)} is not usable; expected a number from 0 to {MOST:g}, or the word "
        f"{ESTIMATED}"
    )
    try:
        number = as_number(value)
    except PydanticCustomError:
        raise expected from None
    if not 0 <= number <= MOST:
        raise expected
    return number


Estimate = Annotated[
    float | Literal["estimated"],
    BeforeValidator(_as_estimate),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": MOST}, {"type": "string"}]}
    ),
]


Step = Annotated[Number, Field(ge=0, le=MOST)]
Share = Annotated[Number, Field(ge=0, le=1)]


class Discrepancy(Strict):
    """The ratio of reported to simulated counts: a random walk from the last observation on.

    With the defaults the projection begins at the last observation, and grows as the model does.
    """

    sd: Estimate = Field(
        description="Standard deviation of the logarithm's step from one period to the next; "
        "estimated: from the fit's residuals."
    )
    default_sd: Step | None = Field(
        default=None,
        description="The step where it cannot be estimated, because the epidemic has hardly begun; "
        "absent: the task fails.",
    )
    start: Share = Field(
        default=1.0,
        description="Power of the ratio at the last observation that the projection begins with: "
        "1 begins at the observation, 0 at the model.",
    )
    model_growth: Share = Field(
        default=1.0,
        description="Factor per period on the model's growth after the last observation, so that "
        "it damps; 1 keeps it.",
    )
    residual_growth: Share = Field(
        default=0.0,
        description="Coefficient of an autoregression, AR(1), that continues the recent growth of "
        "the ratio; 0 ends it at the last observation.",
    )


class NegativeBinomial(Strict):
    """Reported counts around the simulated ones."""

    type: Literal["negative_binomial"]
    dispersion: Estimate = Field(
        description="The variance is mean + dispersion * mean^2, so 0 is Poisson; estimated: from "
        "the fit's residuals."
    )
    discrepancy: Discrepancy | None = Field(
        default=None, description="Drift of the whole model from the reported counts."
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.discrepancy is not None and self.dispersion == ESTIMATED:
            raise refuse(
                "dispersion is estimated, and there is a discrepancy; expected a number for "
                "dispersion, such as 0.01: the residuals of one fit do not tell the two apart"
            )
        return self


class DampedGrowth(Strict):
    """A forecast from the observations of all locations in the file, without the model."""

    type: Literal["damped_growth"]


Member = Annotated[NegativeBinomial | DampedGrowth, Field(discriminator="type")]


class Ensemble(Strict):
    """Several forecasts of the reported counts, combined after the last observation."""

    type: Literal["ensemble"]
    members: Many[Member] = Field(
        description="Forecasts that are combined. The first continues after the combined periods."
    )
    method: Literal["median", "mean"] = Field(
        default="median", description="Of the members' quantiles at each level."
    )
    periods: int = Field(
        default=HORIZONS,
        ge=1,
        le=52,
        description="Periods after the last observation that are combined.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.members) < 2:
            raise refuse(
                f"members has {len(self.members)} forecast; expected two or more to combine"
            )
        if len(self.members) > _MOST_MEMBERS:
            raise refuse(
                f"members has {len(self.members):,} forecasts; expected at most {_MOST_MEMBERS}"
            )
        if isinstance(self.members[0], DampedGrowth):
            raise refuse(
                "the first of members is damped_growth; expected a negative_binomial first: the "
                "forecast continues with it after the combined periods"
            )
        growths = sum(isinstance(each, DampedGrowth) for each in self.members)
        if growths > 1:
            raise refuse("members has damped_growth twice; expected it once")
        if growths and self.periods > HORIZONS:
            raise refuse(
                f"periods is {self.periods}, and damped_growth forecasts {HORIZONS}; expected at "
                f"most {HORIZONS}"
            )
        return self


ObservationModel = Annotated[NegativeBinomial | Ensemble, Field(discriminator="type")]


def members_of(model: NegativeBinomial | Ensemble) -> tuple[NegativeBinomial, ...]:
    """Return the members that draw reports around the simulated counts, in their order."""
    given = model.members if isinstance(model, Ensemble) else (model,)
    return tuple(each for each in given if isinstance(each, NegativeBinomial))


def has_growth(model: NegativeBinomial | Ensemble | None) -> bool:
    """Tell whether the model needs a forecast by damped growth."""
    return isinstance(model, Ensemble) and len(members_of(model)) < len(model.members)
