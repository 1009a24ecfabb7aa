"""Define the ``modelset`` section: populations, and sampling or calibration."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from epyflow.experiment.format.base import (
    CompartmentId,
    Count,
    Meta,
    Number,
    ParameterName,
    Text,
    find_duplicate,
)
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import Distribution
from epyflow.experiment.format.start_date import SampledStartDate
from epyflow.strict import Many, Strict, refuse, shown
from epyflow.suggest import did_you_mean

STRATEGIES = {"grid": "grid", "lhs": "LHS", "sobol": "sobol", "montecarlo": "montecarlo"}


def _as_strategy(value: Any) -> str:
    if isinstance(value, str) and value.lower() in STRATEGIES:
        return STRATEGIES[value.lower()]
    near = did_you_mean(value, STRATEGIES.values()) if isinstance(value, str) else ""
    raise refuse(
        f"{shown(value)} is not a sampling strategy{near}; expected "
        f"{', '.join(STRATEGIES.values())}"
    )


class Sampler(Strict):
    """A method of choosing parameter sets."""

    strategy: Annotated[
        Literal["grid", "LHS", "sobol", "montecarlo"],
        BeforeValidator(_as_strategy),
        WithJsonSchema({"enum": list(STRATEGIES.values())}),
    ] = Field(description="Method of choosing.")
    n_samples: Count | None = Field(default=None, description="Draws; not for grid.")
    parameters: Many[ParameterName] = Field(
        default=(), description="Parameters it chooses; `start_date` may be among them."
    )
    compartments: Many[CompartmentId] = Field(default=(), description="Initial conditions.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.strategy == "grid" and self.n_samples is not None:
            raise refuse(
                "a grid with n_samples; expected no n_samples: a "
                "grid has every combination of the values"
            )
        if self.strategy == "grid" and self.compartments:
            raise refuse(
                "a grid with compartments; expected parameters only: draw compartments with LHS"
            )
        if self.strategy != "grid" and self.n_samples is None:
            raise refuse(f"n_samples is missing; expected the number of draws of {self.strategy}")
        if not self.parameters and not self.compartments:
            raise refuse("samples nothing; expected at least one of parameters and compartments")
        for kind, names in (("parameters", self.parameters), ("compartments", self.compartments)):
            if (name := find_duplicate(names)) is not None:
                raise refuse(f"{kind} names {name!r} twice; expected it once")
        return self


class SampledParameter(Strict):
    """The values of a grid, or the distribution that is drawn from."""

    values: Annotated[Many[Number], Field(min_length=1)] | None = Field(
        default=None, description="Values of a grid."
    )
    distribution: Distribution | None = Field(default=None, description="Distribution of draws.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.values is None) == (self.distribution is None):
            found = "neither" if self.values is None else "both"
            raise refuse(
                f"{found} of values and distribution given; expected values for a grid, otherwise "
                "a distribution"
            )
        if (value := find_duplicate(self.values or ())) is not None:
            raise refuse(
                f"values lists {value:g} twice; expected it once: "
                "its members would be counted twice"
            )
        return self


class InitialRange(Strict):
    """The range of an initial condition: a drawn value of 1 or more is persons, below 1 a share."""

    min: Annotated[Number, Field(ge=0)] = Field(
        description="Smallest value: persons (1 or more), or a share of every age group."
    )
    max: Annotated[Number, Field(ge=0)] = Field(description="Largest value, likewise.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise refuse(f"min {self.min:g} is above max {self.max:g}; expected it below or equal")
        return self


class Sampling(Strict):
    """Parameter sets chosen before the run; every grid point is combined with every draw."""

    samplers: Annotated[Many[Sampler], Field(min_length=1)]
    parameters: dict[ParameterName, SampledParameter] = Field(
        default_factory=dict, description="Values or distribution of each sampled parameter."
    )
    compartments: dict[CompartmentId, InitialRange] = Field(
        default_factory=dict, description="Range of each sampled initial condition."
    )
    start_date: SampledStartDate | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        grids = sum(sampler.strategy == "grid" for sampler in self.samplers)
        if grids > 1 or len(self.samplers) - grids > 1:
            raise refuse(
                f"{grids} grids and {len(self.samplers) - grids} other samplers; expected at most "
                "one grid and at most one other"
            )
        return self

    @property
    def grid(self) -> Sampler | None:
        """The grid, if there is one."""
        return next((s for s in self.samplers if s.strategy == "grid"), None)

    @property
    def draws(self) -> Sampler | None:
        """The sampler that is not a grid, if there is one."""
        return next((s for s in self.samplers if s.strategy != "grid"), None)


def members_per_population(sampling: Sampling | None) -> int:
    """Return the number of parameter sets: grid points times draws."""
    if sampling is None:
        return 1
    points = 1
    if sampling.grid is not None:
        for name in sampling.grid.parameters:
            given = sampling.parameters.get(name)
            points *= len(given.values or (None,)) if given else 1
    draws = sampling.draws
    return points * (draws.n_samples or 1 if draws else 1)


def _as_population_names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names):
        if "all" in names and len(names) > 1:
            raise refuse(
                "'all' is given with other names; expected it alone, with exclude if needed"
            )
        if (name := find_duplicate(names)) is not None:
            raise refuse(f"{name!r} is listed twice; expected it once")
        return tuple(names)
    hint = ": quote names that YAML reads as a number, a date or a truth, such as NO"
    wrong = isinstance(names, list) and any(
        isinstance(name, bool | int | float | date) for name in names
    )
    raise refuse(
        f"{shown(value)} is not a list of population names; expected ISO codes such as "
        f"[US-MA, US-NY], or all{hint if wrong else ''}"
    )


class Modelset(Strict):
    """The `modelset` section: populations, and sampled or calibrated values of the model."""

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
            raise refuse("both sampling and calibration given; expected at most one of them")
        if self.exclude and self.population_names != ("all",):
            raise refuse("exclude is given; expected it only with population_names: all")
        if (name := find_duplicate(self.exclude)) is not None:
            raise refuse(f"exclude lists {name!r} twice; expected it once")
        return self
