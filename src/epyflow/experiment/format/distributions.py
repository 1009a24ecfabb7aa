"""Define probability distributions: those of scipy.stats, or a function of the user."""

import math
import statistics
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from epyflow.experiment.format.base import Number, ParameterName, Text
from epyflow.strict import Many, Strict, refuse, shown
from epyflow.suggest import did_you_mean

_MOST = 1e10
"""Larger numbers are neither persons nor days nor rates, and simulations of them never end."""

_MOST_ADDED = 1e6
"""The same for whole numbers whose probabilities scipy adds up, one by one, for each quantile."""
RARELY = 0.01
"""A smaller probability of a number beyond the limit does not make a distribution unusable."""
_PLAIN, _PLAIN_SIGMA = 1e4, 5.0
"""Arguments up to this, of the common families, are known to keep within the limit."""

_COMPACT_SIGMA, _COMPACT_SHAPE, _COMPACT_SPAN = 1.5, 0.5, 1e5
"""Of lognorm at most, of gamma and beta at least, and of loguniform at most: short tails."""

# Importing scipy.stats takes longer than reading the rest of an experiment, so the bounds of the
# usual families are known here: the number of shape parameters, all of them positive, and both
# ends of the support for loc 0 and scale 1. Other arguments are left to scipy to judge.
COMMON_FAMILIES: Mapping[str, tuple[int, float, float]] = {
    "uniform": (0, 0.0, 1.0),
    "norm": (0, -math.inf, math.inf),
    "halfnorm": (0, 0.0, math.inf),
    "expon": (0, 0.0, math.inf),
    "lognorm": (1, 0.0, math.inf),
    "gamma": (1, 0.0, math.inf),
    "beta": (2, 0.0, 1.0),
}
_BOUNDS_ARE_ARGUMENTS = ("loguniform", "randint")


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
    if name not in (*COMMON_FAMILIES, *_BOUNDS_ARE_ARGUMENTS) and name not in scipy_names():
        raise refuse(
            f"{shown(name)} is not among the distributions{did_you_mean(name, scipy_names())}; "
            "expected a continuous or discrete one of scipy.stats, or type: custom"
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
    kwargs: dict[str, Number] = Field(default_factory=dict, description="Arguments by name.")

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
        given = (*self.args, *self.kwargs.values(), low, high)
        most = max((abs(each) for each in given if math.isfinite(each)), default=0)
        if most > _MOST:
            raise refuse(
                f"{self.name} with {self.arguments} reaches to {most:g}; expected numbers of at "
                f"most {_MOST:g}"
            )
        if math.isnan(low) or math.isnan(high):
            raise refuse(
                f"{self.name} is not defined for {self.arguments}; expected valid arguments: "
                "in scipy.stats, uniform takes the lower end and the width, norm the mean and the "
                "standard deviation"
            )
        most, probability = self.excess()
        if probability >= RARELY:
            raise refuse(
                f"{self.name} with {self.arguments} gives numbers beyond {most:g} with a "
                f"probability of {probability:.2g}; expected one of less than {RARELY:g}, such as "
                "a distribution with bounds"
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
        if self.name in (*COMMON_FAMILIES, *_BOUNDS_ARE_ARGUMENTS):
            return self.name == "randint"
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
        known = self._known_bounds()
        if known is not None:
            return known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflow: the bound is infinite then
            low, high = self.frozen().support()
            return float(low), float(high)

    def excess(self) -> tuple[float, float]:
        """Return the largest number that a run takes, and the probability of one beyond it.

        It is 0 where arguments of a common family show, without scipy, that it is below 1%.
        """
        most = _MOST_ADDED if self._adds_up() else _MOST
        if max(map(abs, self.bounds())) <= most or self._is_plain():
            return most, 0.0
        frozen, probability = self.frozen(), 1.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # It falls with the number; an integral that fails far out gives more, or no number.
            for number in (most / 1e6, most / 1e4, most / 100, most):
                beyond = float(frozen.sf(number) + frozen.cdf(-number))
                probability = min(probability, beyond) if beyond >= 0 else probability
        return most, probability

    def _adds_up(self) -> bool:
        if not self.discrete or self.name == "randint":
            return False
        from scipy import stats

        return type(getattr(stats, self.name))._cdf is stats.rv_discrete._cdf

    def _is_plain(self) -> bool:
        most = max(map(abs, (*self.args, *self.kwargs.values())), default=0.0)
        shape = self.args[0] if self.args else self.kwargs.get("s", 0.0)
        is_wide = self.name == "lognorm" and shape > _PLAIN_SIGMA
        return self.name in COMMON_FAMILIES and most <= _PLAIN and not is_wide

    def central_share(self, draws: int, widening: float) -> float | None:
        """Return the share of normal steps from the median that end between the quartiles.

        It is None where arguments of a common family show, without scipy, that its tails are
        short, and where scipy gives no quantiles, or would search for each for seconds.

        Parameters
        ----------
        draws
            Number of draws, of which at most 100 count: their standard deviation is that of steps.
        widening
            Factor of this standard deviation.
        """
        if self._is_compact() or self._inverts_numerically():
            return None
        number = min(draws, 100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            levels = [0.25, 0.5, 0.75, *((each + 0.5) / number for each in range(number))]
            low, middle, high, *values = map(float, self.frozen().ppf(levels))
            step = widening * statistics.pstdev(values) if all(map(math.isfinite, values)) else 0.0
        if not step > 0:
            return None
        law = statistics.NormalDist(middle, step)
        return law.cdf(high) - law.cdf(low)

    def _is_compact(self) -> bool:
        if self.name == "loguniform" and (known := self._known_bounds()) is not None:
            return known[1] <= _COMPACT_SPAN * known[0]
        count = COMMON_FAMILIES.get(self.name, (math.inf,))[0]
        if self.discrete or len(self.args) < count:
            return self.discrete
        shapes = self.args[: int(count)]
        if self.name == "lognorm":
            return shapes[0] <= _COMPACT_SIGMA
        return all(each >= _COMPACT_SHAPE for each in shapes)

    def _inverts_numerically(self) -> bool:
        """Return whether scipy has no formula of its own for the family's quantiles."""
        from scipy import stats

        return type(self.frozen().dist)._ppf is stats.rv_continuous._ppf

    def usual_range(self) -> tuple[float, float]:
        """Return its bounds; of a normal distribution, which has none, the central 98%."""
        if self.name != "norm":
            return self.bounds()
        low, high = self.frozen().ppf([0.01, 0.99])
        return float(low), float(high)

    def _known_bounds(self) -> tuple[float, float] | None:
        """Return the bounds of a common family; None if only scipy knows them."""
        if self.name == "randint" and len(self.args) == 2 and not self.kwargs:
            low, high = self.args
            whole = low == math.floor(low) and high == math.floor(high)
            return (low, high - 1) if whole and low < high else None
        if self.name == "loguniform" and len(self.args) == 2 and not self.kwargs:
            low, high = self.args
            return (low, high) if 0 < low < high else None
        if self.name not in COMMON_FAMILIES or not set(self.kwargs) <= {"loc", "scale"}:
            return None
        shapes, low, high = COMMON_FAMILIES[self.name]
        by_position = dict(zip(("loc", "scale"), self.args[shapes:], strict=False))
        if not shapes <= len(self.args) <= shapes + 2 or by_position.keys() & self.kwargs.keys():
            return None
        ends = {"loc": 0.0, "scale": 1.0} | by_position | self.kwargs
        if not all(value > 0 for value in (*self.args[:shapes], ends["scale"])):
            return None
        return low * ends["scale"] + ends["loc"], high * ends["scale"] + ends["loc"]


class CustomDistribution(Strict):
    """A function written by the user, in a module of the experiment's `functions/` folder.

    The function takes no argument and returns an object with scipy's methods of a frozen
    distribution (`ppf`, `rvs`, `pdf` or `pmf`, `support`).
    """

    type: Literal["custom"]
    name: ParameterName = Field(description="The function's name.")


def _scipy_if_untold(value: Any) -> Any:
    return {"type": "scipy"} | value if isinstance(value, dict) else value


Distribution = Annotated[
    Annotated[ScipyDistribution | CustomDistribution, Field(discriminator="type")],
    BeforeValidator(_scipy_if_untold),
]
"""Without a type it is one of scipy."""
