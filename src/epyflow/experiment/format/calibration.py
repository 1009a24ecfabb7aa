"""Define the ``modelset.calibration`` section: priors, observations and the inference method."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    WithJsonSchema,
    model_validator,
)

from epyflow.experiment.format.base import (
    CompartmentId,
    Count,
    Date,
    ExpressionText,
    Number,
    ParameterName,
    Text,
    Tolerance,
    UnitWords,
    refuse_double_count,
)
from epyflow.experiment.format.distributions import Distribution
from epyflow.experiment.format.durations import Duration
from epyflow.experiment.format.projection import Projection
from epyflow.experiment.format.start_date import CalibratedStartDate
from epyflow.strict import Many, Strict, refuse

Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(gt=0, le=1)]


class SmcOptions(Strict):
    """Options of epydemix's ``ABCSampler.run_smc``."""

    num_particles: Count = Field(default=1000, description="Parameter sets kept per generation.")
    num_generations: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="Rounds of shrinking tolerance."
    )
    epsilon_schedule: Annotated[Many[Tolerance], Field(min_length=1)] | None = Field(
        default=None, description="Tolerance of each generation; absent: chosen from distances."
    )
    epsilon_quantile_level: Share = Field(
        default=0.5, description="Next tolerance: this quantile of the distances."
    )
    minimum_epsilon: Tolerance | None = Field(default=None, description="Stop at this tolerance.")
    max_time: Duration | None = Field(default=None, description="Text such as 6h or 1D.")
    total_simulations_budget: Count | None = Field(
        default=None, description="Stop after this number of simulations."
    )
    perturbations: dict[ParameterName, Literal["continuous", "discrete"]] | None = Field(
        default=None, description="Kernel by calibrated quantity; absent: the one of its prior."
    )
    verbose: bool = Field(default=True, description="Accepted; progress is always logged.")

    @model_validator(mode="after")
    def _budget_is_enough(self) -> Self:
        particles, budget = self.num_particles, self.total_simulations_budget
        if budget is not None and budget < particles - 1:  # it may be exceeded by one
            raise refuse(
                f"total_simulations_budget {budget:,} is below num_particles {particles:,}; "
                "expected enough for the first generation"
            )
        return self

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        schedule = self.epsilon_schedule
        if schedule is not None and len(schedule) != self.num_generations:
            raise refuse(
                f"epsilon_schedule has {len(schedule)} values and num_generations is "
                f"{self.num_generations}; expected one value for each generation"
            )
        return self


class RejectionOptions(Strict):
    """Options of epydemix's ``ABCSampler.run_rejection``."""

    epsilon: Tolerance = Field(default=0.1, description="Tolerance.")
    num_particles: Count = Field(default=1000, description="Parameter sets kept.")
    max_time: Duration | None = Field(
        default=None, description="Stop after this time; text such as 6h or 1D."
    )
    total_simulations_budget: Count | None = Field(
        default=None, description="Stop after this number of simulations."
    )
    verbose: bool = Field(default=True, description="Accepted; progress is always logged.")
    progress_update_interval: Count = Field(default=1000, description="Accepted; has no effect.")


class TopFractionOptions(Strict):
    """Options of epydemix's ``ABCSampler.run_top_fraction``."""

    top_fraction: Share = Field(default=0.05, description="Share of the simulations kept.")
    Nsim: Count = Field(default=100, description="Simulations in all.")
    verbose: bool = Field(default=True, description="Accepted; progress is always logged.")


class Smc(Strict):
    """ABC-SMC: shrink the tolerance over generations of weighted particles."""

    name: Literal["smc"]
    options: SmcOptions = SmcOptions()


class Rejection(Strict):
    """ABC rejection: keep the draws nearer than a fixed tolerance."""

    name: Literal["rejection"]
    options: RejectionOptions = RejectionOptions()


class TopFraction(Strict):
    """Simulate a fixed number of draws and keep the nearest."""

    name: Literal["top_fraction"]
    options: TopFractionOptions = TopFractionOptions()


def endless_key(strategy: Smc | Rejection | TopFraction) -> str | None:
    """Return the key of a fixed tolerance, which may never be reached, if there is no limit."""
    options = strategy.options
    if isinstance(options, TopFractionOptions) or options.max_time:
        return None
    key = "epsilon_schedule" if isinstance(options, SmcOptions) else "epsilon"
    return None if options.total_simulations_budget or not getattr(options, key) else key


def _lower_name(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return value | {"name": value["name"].lower()}
    return value


Strategy = Annotated[
    Annotated[Smc | Rejection | TopFraction, Field(discriminator="name")],
    BeforeValidator(_lower_name),
]


class Comparison(Strict):
    """An observed column, and the simulated transitions that it is compared with."""

    observed_value_column: Text = Field(description="Column of the observed values.")
    observed_date_column: Text = Field(description="Column of their dates.")
    simulation: Annotated[Many[Text], Field(min_length=1)] = Field(
        description="Transition series that are summed, such as W_to_H_total."
    )
    weight: Positive = Field(
        default=1.0, description="Weight of its distance where there are several comparisons."
    )
    unit: UnitWords = Field(
        default="count", description="Unit of the observed values, such as percent of visits."
    )
    scale: ExpressionText | None = Field(
        default=None,
        description="Factor of the simulated series in this unit: a number, or an expression of "
        "parameters, such as a calibrated one; absent: 1.",
    )
    observed_visits_column: Text | None = Field(
        default=None, description="Column of all visits, which shares of visits are shares of."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_double_count(self.simulation)
        return self

    @model_validator(mode="after")
    def _visits_are_known(self) -> Self:
        lacking = self.scale is None and self.observed_visits_column is None
        if lacking and self.unit.endswith("visits"):
            raise refuse(
                f"unit is {self.unit!r}, but nothing says how many visits there are; expected "
                "observed_visits_column, or scale: a calibrated parameter, the ratio of the share "
                "of visits to the share of the population"
            )
        return self


class FittingWindow(Strict):
    """The dates compared with data, both included."""

    start_date: Date = Field(description="First date compared with observations.")
    end_date: Date = Field(
        description="Last date compared with observations, or `last observation`."
    )

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start_date >= self.end_date:
            raise refuse(
                f"end_date {self.end_date} is not after start_date {self.start_date}; expected a "
                "later one"
            )
        return self


class Prior(Strict):
    """The prior distribution of a quantity."""

    prior: Distribution = Field(description="Distribution before data are seen.")


class Calibration(Strict):
    """Approximate Bayesian computation against observations."""

    strategy: Annotated[
        Strategy,
        WithJsonSchema(
            {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": "(?i)^(smc|rejection|top_fraction)$"},
                    "options": {"type": "object"},
                },
            }
        ),
    ] = Field(description="Method: `SMC`, `rejection` or `top_fraction`, with its options.")
    distance_function: Literal["rmse", "wmape", "ae", "mae", "mape"] = Field(
        default="rmse", description="Distance between a simulation and the observations."
    )
    observed_data_path: Text = Field(
        description="CSV, CSV.gz or parquet with a location column, a partitioned folder, or a "
        "hub's folder; with a vintage also a folder of dated files."
    )
    observed_data_vintage: Date | None = Field(
        default=None,
        description="Observations as known on this day, or `today`; absent: the file as it is.",
    )
    observed_as_of_column: Text | None = Field(
        default=None,
        description="Date on which a row became known; absent: as_of, if file names have no date.",
    )
    observed_location_column: Text | None = Field(
        default=None, description="Absent: geo_value or location."
    )
    observed_rows: dict[Text, Text] | None = Field(
        default=None,
        description="Column to the value of the rows to read, such as target: wk inc flu hosp.",
    )
    comparison: Annotated[Many[Comparison], Field(min_length=1)]
    fitting_window: FittingWindow
    start_date: CalibratedStartDate | None = None
    parameters: dict[ParameterName, Prior] = Field(
        default_factory=dict, description="Prior of each calibrated parameter."
    )
    compartments: dict[CompartmentId, Prior] = Field(
        default_factory=dict, description="Prior of each calibrated initial condition."
    )
    projection: Projection | None = None

    @model_validator(mode="after")
    def _infers_something(self) -> Self:
        if self.start_date is None and not self.parameters and not self.compartments:
            raise refuse(
                "nothing is calibrated; expected at least one of start_date, parameters and "
                "compartments"
            )
        return self
