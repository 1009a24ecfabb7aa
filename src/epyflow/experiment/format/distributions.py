"""Probability distributions named in YAML: scipy's, or a function of the user's own."""

import math
import warnings
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from epyflow.experiment.format.base import Number, ParameterName, Text
from epyflow.strict import Many, Strict, refuse, shown
from epyflow.suggest import did_you_mean


@cache
def scipy_names() -> frozenset[str]:
    """Names of the continuous and discrete univariate distributions of ``scipy.stats``."""
    from scipy import stats

    return frozenset(
        name
        for name in dir(stats)
        if isinstance(getattr(stats, name), stats.rv_continuous | stats.rv_discrete)
    )


def _known(name: str) -> str:
    if name not in scipy_names():
        raise refuse(
            f"{shown(name)} is not among the distributions{did_you_mean(name, scipy_names())}; "
            "expected a continuous or discrete one of scipy.stats"
        )
    return name


class ScipyDistribution(Strict):
    """A distribution of `scipy.stats`, frozen with these arguments."""

    type: Literal["scipy"]
    name: Annotated[Text, AfterValidator(_known)] = Field(
        description="As in scipy.stats: uniform, norm, randint, truncnorm, ..."
    )
    args: Many[Number] = Field(
        default=(), description="Positional arguments; for uniform: lower end and width."
    )
    kwargs: dict[str, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _arguments_fit(self) -> Self:
        try:
            low, high = self.bounds()
        except TypeError:
            raise refuse(
                f"{self.name} does not take {self.arguments}; expected {', '.join(self._signature)}"
            ) from None
        except (ValueError, ArithmeticError):
            low = high = math.nan
        if math.isnan(low) or math.isnan(high):
            raise refuse(
                f"{self.name} is not defined for {self.arguments}; expected others: in "
                "scipy.stats, uniform takes the lower end and the width, norm the mean and the "
                "standard deviation"
            )
        return self

    @property
    def arguments(self) -> str:
        """The arguments, for messages."""
        return f"args {list(self.args)} and kwargs {self.kwargs}"

    @property
    def _signature(self) -> list[str]:
        """The names of the arguments, in their order."""
        from scipy import stats

        shapes = getattr(stats, self.name).shapes
        return [
            *(shapes.split(", ") if shapes else ()),
            "loc",
            *([] if self.discrete else ["scale"]),
        ]

    @property
    def discrete(self) -> bool:
        """Whether the values are whole numbers."""
        from scipy import stats

        return isinstance(getattr(stats, self.name), stats.rv_discrete)

    def frozen(self) -> Any:
        """Return scipy's frozen distribution."""
        from scipy import stats

        def plain(value: float) -> float | int:
            return int(value) if self.discrete and value == int(value) else value

        arguments = [plain(value) for value in self.args]
        keywords = {key: plain(value) for key, value in self.kwargs.items()}
        return getattr(stats, self.name)(*arguments, **keywords)

    def bounds(self) -> tuple[float, float]:
        """Return the smallest and largest value it can take; infinite where it is unbounded."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflow: the bound is infinite then
            low, high = self.frozen().support()
            return float(low), float(high)


class CustomDistribution(Strict):
    """A function of the user's own, in a module of the experiment's `functions/` folder.

    The function takes no argument and returns an object with scipy's methods of a frozen
    distribution (`ppf`, `rvs`, `pdf` or `pmf`, `support`).
    """

    type: Literal["custom"]
    name: ParameterName = Field(description="The function's name.")


Distribution = Annotated[ScipyDistribution | CustomDistribution, Field(discriminator="type")]
