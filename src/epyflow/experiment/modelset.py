"""The ``modelset`` section: which populations, and sampling or calibration."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, WithJsonSchema, model_validator

from epyflow.experiment.base import (
    CompartmentId,
    Date,
    Many,
    Meta,
    Number,
    ParameterName,
    Strict,
    Text,
    refuse,
)
from epyflow.experiment.calibration import Calibration
from epyflow.experiment.distributions import Distribution

STRATEGIES = {"grid": "grid", "lhs": "LHS", "sobol": "sobol", "montecarlo": "montecarlo"}


def _as_strategy(value: Any) -> str:
    if isinstance(value, str) and value.lower() in STRATEGIES:
        return STRATEGIES[value.lower()]
    raise refuse(
        f"{value!r} is not a sampling strategy; expected {', '.join(STRATEGIES.values())}"
    )


class Sampler(Strict):
    """One way of choosing parameter sets."""

    strategy: Annotated[
        Literal["grid", "LHS", "sobol", "montecarlo"],
        BeforeValidator(_as_strategy),
        WithJsonSchema({"enum": list(STRATEGIES.values())}),
    ]
    n_samples: PositiveInt | None = Field(default=None, description="Draws; not for grid.")
    parameters: Many[ParameterName] = Field(
        default=(), description="Parameters it chooses; `start_date` may be among them."
    )
    compartments: Many[CompartmentId] = Field(default=(), description="Initial conditions.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.strategy == "grid" and self.n_samples is not None:
            raise refuse("a grid has no n_samples: it has every combination of the values")
        if self.strategy == "grid" and self.compartments:
            raise refuse("a grid varies parameters only; draw compartments with LHS")
        if self.strategy != "grid" and self.n_samples is None:
            raise refuse(f"{self.strategy} needs n_samples, the number of draws")
        if not self.parameters and not self.compartments:
            raise refuse("it samples nothing; expected parameters or compartments")
        for names in (self.parameters, self.compartments):
            if len(set(names)) < len(names):
                raise refuse(f"it names one thing twice: {', '.join(names)}")
        return self


class SampledParameter(Strict):
    """The values of a grid, or the distribution that is drawn from."""

    values: Annotated[Many[Number], Field(min_length=1)] | None = None
    distribution: Distribution | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.values is None) == (self.distribution is None):
            raise refuse("expected exactly one of values (for a grid) and distribution")
        if self.values is not None and len(set(self.values)) < len(self.values):
            raise refuse("a value is listed twice: its members would be counted double")
        return self


class ShareRange(Strict):
    """The range of an initial share of the population."""

    min: Annotated[Number, Field(ge=0, le=1)]
    max: Annotated[Number, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise refuse(f"min {self.min} is above max {self.max}")
        return self


class SampledStartDate(Strict):
    """A drawn number of days after a date."""

    reference_date: Date
    distribution: Distribution


class Sampling(Strict):
    """Parameter sets chosen beforehand; every grid point is combined with every draw."""

    samplers: Annotated[Many[Sampler], Field(min_length=1)]
    parameters: dict[ParameterName, SampledParameter] = Field(default_factory=dict)
    compartments: dict[CompartmentId, ShareRange] = Field(default_factory=dict)
    start_date: SampledStartDate | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        grids = sum(sampler.strategy == "grid" for sampler in self.samplers)
        if grids > 1 or len(self.samplers) - grids > 1:
            raise refuse("expected at most one grid and at most one other sampler")
        return self

    @property
    def grid(self) -> Sampler | None:
        """The grid, if there is one."""
        return next((s for s in self.samplers if s.strategy == "grid"), None)

    @property
    def draws(self) -> Sampler | None:
        """The sampler that is not a grid, if there is one."""
        return next((s for s in self.samplers if s.strategy != "grid"), None)


def _as_population_names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names):
        if "all" in names and len(names) > 1:
            raise refuse("'all' stands alone; leave some out with exclude")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise refuse(f"{twice!r} is listed twice")
        return tuple(names)
    hint = " (quote it: YAML reads NO, ON and YES as true or false)"
    wrong = isinstance(names, list) and any(isinstance(n, bool) for n in names)
    raise refuse(
        f"{value!r} are not population names{hint if wrong else ''}; expected a list of ISO codes "
        "such as [US-MA, US-NY], or all"
    )


class Modelset(Strict):
    """The `modelset` section: the model, many times."""

    meta: Meta | None = None
    population_names: (
        Annotated[
            tuple[str, ...],
            BeforeValidator(_as_population_names),
            WithJsonSchema(
                {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]}
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="ISO codes, or `all`: the United States, its 50 states and DC. Absent: the "
        "basemodel's population.",
    )
    exclude: Many[Text] = Field(default=(), description="Left out of `all`.")
    sampling: Sampling | None = None
    calibration: Calibration | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.sampling is not None and self.calibration is not None:
            raise refuse("sampling and calibration cannot be mixed in one modelset; keep one")
        if self.exclude and self.population_names != ("all",):
            raise refuse("exclude goes with population_names: all")
        return self
