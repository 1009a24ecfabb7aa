"""Define the ``observation_model`` of a projection: reported counts, given simulated ones."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from epyflow.experiment.format.base import Number, as_number
from epyflow.strict import Strict, refuse, shown

ESTIMATED = "estimated"


def _as_estimate(value: Any) -> float | str:
    if value == ESTIMATED:
        return ESTIMATED
    expected = refuse(
        f"{shown(value)} is not usable; expected a number, 0 or more, or the word {ESTIMATED}"
    )
    try:
        number = as_number(value)
    except PydanticCustomError:
        raise expected from None
    if number < 0:
        raise expected
    return number


Estimate = Annotated[
    float | Literal["estimated"],
    BeforeValidator(_as_estimate),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
]


Share = Annotated[Number, Field(ge=0, le=1)]


class Discrepancy(Strict):
    """The ratio of reported to simulated counts: a random walk from the last observation on.

    With the defaults the projection begins at the last observation, and grows as the model does.
    """

    sd: Estimate = Field(
        description="Standard deviation of the logarithm's step from one period to the next; "
        "estimated: from the fit's residuals."
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


class ObservationModel(Strict):
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
