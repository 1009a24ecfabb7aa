"""Define the ``observation_model`` of a projection: reported counts, given simulated ones."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from epyflow.experiment.format.base import as_number
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


class Discrepancy(Strict):
    """The ratio of reported to simulated counts: a random walk from the last observation on."""

    sd: Estimate = Field(
        description="Standard deviation of the logarithm's step from one period to the next; "
        "estimated: from the fit's residuals."
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
