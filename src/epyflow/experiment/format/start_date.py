"""Define the start date of simulations that is drawn, in sampling and in calibration."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from epyflow.experiment.format.base import Date
from epyflow.experiment.format.distributions import Distribution
from epyflow.strict import Strict, refuse

Spelling = Literal["prior", "distribution"]


class _DrawnStartDate(Strict):
    usual: ClassVar[Spelling]
    """The key that is read where both are given."""

    reference_date: Date = Field(description="The day that days are added to.")
    prior: Distribution | None = Field(
        default=None, description="Distribution of the days; `distribution` means the same."
    )
    distribution: Distribution | None = Field(
        default=None, description="Distribution of the days; `prior` means the same."
    )

    @model_validator(mode="after")
    def _some_law(self) -> Self:
        if self.prior is None and self.distribution is None:
            raise refuse(
                f"no {self.usual}; expected the distribution of the days after reference_date"
            )
        return self

    @property
    def key(self) -> Spelling:
        """The key that is read."""
        other: Spelling = "distribution" if self.usual == "prior" else "prior"
        return other if getattr(self, self.usual) is None else self.usual

    @property
    def law(self) -> Distribution:
        """The distribution of the days."""
        law: Distribution = getattr(self, self.key)
        return law


class SampledStartDate(_DrawnStartDate):
    """The start date of the simulation: a drawn number of days after `reference_date`."""

    usual = "distribution"


class CalibratedStartDate(_DrawnStartDate):
    """The start date of the simulation: an inferred number of days after `reference_date`."""

    usual = "prior"
