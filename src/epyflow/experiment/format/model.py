"""Define the ``model`` section: time, population, compartments, transitions and parameters."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
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
    Meta,
    Number,
    ParameterName,
    Text,
    as_date,
    as_number,
    find_duplicate,
)
from epyflow.experiment.format.durations import Frequency
from epyflow.experiment.format.expressions import fraction_for
from epyflow.experiment.format.forcing import Intervention, Seasonality, Vaccination
from epyflow.population.age_groups import parse_age_groups
from epyflow.strict import Many, Strict, refuse, shown
from forecast_hub.yaml_mistakes import lookalike


def _as_start_date(value: Any) -> date | str:
    if value in ("sampled", "calibrated"):
        return str(value)
    if isinstance(value, str) and not value[:1].isdigit():
        raise refuse(
            f"{value!r} is not a start date; expected YYYY-MM-DD, 'sampled' or 'calibrated'"
        )
    return as_date(value)


class Timespan(Strict):
    """The days that are simulated, both ends included."""

    start_date: Annotated[
        date | Literal["sampled", "calibrated"], BeforeValidator(_as_start_date)
    ] = Field(description="First day, or `sampled` or `calibrated` in the modelset.")
    end_date: Date = Field(description="Last day.")
    delta_t: Annotated[Number, Field(ge=0.001, le=366)] = Field(
        default=1.0, description="Days per step."
    )

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        start = self.start_date
        if isinstance(start, date) and start > self.end_date:
            raise refuse(
                f"end_date {self.end_date} is before start_date {start}; expected a later one"
            )
        return self


class Simulation(Strict):
    """The number of trajectories, and how they are resampled in time."""

    n_sims: Count = Field(default=10, description="Trajectories per parameter set.")
    resample_frequency: Frequency | None = Field(
        default=None,
        description="Pandas alias such as W-SAT: compartments take the last value of a period, "
        "transitions the sum. Absent: daily, or every step where a step is longer than a day.",
    )


def _contiguous(labels: tuple[str, ...]) -> tuple[str, ...]:
    try:
        parse_age_groups(labels)
    except ValueError as error:
        advice = next(filter(None, map(lookalike, labels)), "")
        raise refuse(f"{error}{'; ' * bool(advice)}{advice}") from None
    return labels


class PopulationChoice(Strict):
    """The population by name, and its age groups."""

    name: Text | None = Field(
        default=None, description="ISO 3166-2 (US-MA), ISO 3166-1 alpha-2 (US) or the store's name."
    )
    age_groups: Annotated[Many[str], AfterValidator(_contiguous)] = Field(
        description="Contiguous from 0, the last one open: 0-4, 5-17, ..., 65+."
    )


def _as_init(value: Any) -> str | float | tuple[float, ...]:
    if isinstance(value, str) and value in ("default", "sampled", "calibrated"):
        return value
    if isinstance(value, list | tuple):
        return tuple(_head_count_or_share(item) for item in value)
    return _head_count_or_share(value)


def _head_count_or_share(value: Any) -> float:
    try:
        size = as_number(value)
    except ValueError:
        size = -1.0
    if size < 0:
        fraction = fraction_for(value) if isinstance(value, str) else ""
        raise refuse(f"{shown(value)} is not an initial condition; {fraction or _INITIAL}")
    return size


_INITIAL = (
    "expected a head count (1 or more), a share (below 1), a list with one per age group, default, "
    "sampled or calibrated"
)


_INIT_SCHEMA = {
    "anyOf": [
        {"enum": ["default", "sampled", "calibrated"]},
        {"type": "number", "minimum": 0},
        {"type": "string"},
        {"type": "array", "items": {"type": ["number", "string"]}},
    ]
}


class Compartment(Strict):
    """A state that people are in."""

    id: CompartmentId = Field(description="Name used in transitions and tables.")
    label: str | None = Field(default=None, description="Name shown to readers.")
    init: (
        Annotated[
            Literal["default", "sampled", "calibrated"] | float | tuple[float, ...],
            BeforeValidator(_as_init),
            WithJsonSchema(_INIT_SCHEMA),
        ]
        | None
    ) = Field(
        default=None,
        description="People at the start: a head count (1 or more, spread by age group), a share "
        "of every age group (below 1), one value per age group, `default` for the remainder, or "
        "`sampled`/`calibrated`.",
    )


class Spontaneous(Strict):
    """People move at a rate that does not depend on contacts."""

    type: Literal["spontaneous"]
    source: CompartmentId = Field(description="Compartment that people leave.")
    target: CompartmentId = Field(description="Compartment that they enter.")
    rate: ExpressionText = Field(description="Per day.")


class Mediated(Strict):
    """People move by contact with those in one compartment."""

    type: Literal["mediated"]
    source: CompartmentId = Field(description="Compartment that people leave.")
    target: CompartmentId = Field(description="Compartment that they enter.")
    rate: ExpressionText = Field(description="Per contact with a member of the mediator.")
    mediator: CompartmentId = Field(description="Compartment whose people infect.")


class MediatorTerm(Strict):
    """One term of a multi-mediated rate."""

    rate: ExpressionText = Field(description="Rate of this mediator, per day.")
    source: Annotated[Many[CompartmentId], Field(min_length=1)] = Field(
        description="The mediating compartments."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if (name := find_duplicate(self.source)) is not None:
            raise refuse(f"source names {name!r} twice; expected each compartment once")
        return self


class MultiMediated(Strict):
    """People move by contact with several compartments; the terms are summed."""

    type: Literal["multi_mediated"]
    source: CompartmentId = Field(description="Compartment that people leave.")
    target: CompartmentId = Field(description="Compartment that they enter.")
    mediators: Annotated[Many[MediatorTerm], Field(min_length=1)]


class Vaccinated(Strict):
    """People move as doses are given; see the `vaccination` section."""

    type: Literal["vaccination"]
    source: CompartmentId = Field(description="Compartment that people leave.")
    target: CompartmentId = Field(description="Compartment that they enter.")


Transition = Annotated[
    Spontaneous | Mediated | MultiMediated | Vaccinated, Field(discriminator="type")
]


class Scalar(Strict):
    """One number."""

    type: Literal["scalar"]
    value: Number = Field(description="The value; arithmetic such as 1/1.5 is allowed.")


class AgeVarying(Strict):
    """One number per age group."""

    type: Literal["age_varying"]
    values: Annotated[Many[Number], Field(min_length=1)] = Field(
        description="A value for each age group."
    )


class Sampled(Strict):
    """Drawn in `modelset.sampling`."""

    type: Literal["sampled"]


class Calibrated(Strict):
    """Inferred in `modelset.calibration`."""

    type: Literal["calibrated"]


class Calculated(Strict):
    """An expression of the other parameters and of `eigenvalue`."""

    type: Literal["calculated"]
    value: ExpressionText = Field(description="Arithmetic of other parameters and `eigenvalue`.")


Parameter = Annotated[
    Scalar | AgeVarying | Sampled | Calibrated | Calculated, Field(discriminator="type")
]


class Model(Strict):
    """The `model` section of a basemodel file."""

    meta: Meta | None = None
    name: str | None = Field(default=None, description="Name of the model.")
    random_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None, description="One seed for the experiment. Absent: drawn once per run."
    )
    timespan: Timespan
    simulation: Simulation = Simulation()
    population: PopulationChoice
    compartments: Annotated[Many[Compartment], Field(min_length=1)]
    transitions: Annotated[Many[Transition], Field(min_length=1)] = Field(
        description="Moves between compartments."
    )
    parameters: dict[ParameterName, Parameter] = Field(
        default_factory=dict, description="Values of the rates, by name."
    )
    vaccination: Vaccination | None = None
    seasonality: Seasonality | None = None
    interventions: Many[Intervention] = Field(default=(), description="Changes between dates.")

    @property
    def compartment_ids(self) -> tuple[str, ...]:
        """Compartment ids in the order of the file."""
        return tuple(compartment.id for compartment in self.compartments)

    @property
    def transition_names(self) -> tuple[str, ...]:
        """Unique ``<source>_to_<target>``, in the order of their first appearance."""
        return tuple(dict.fromkeys(f"{t.source}_to_{t.target}" for t in self.transitions))

    def drawn(self, how: Literal["sampled", "calibrated"]) -> tuple[set[str], set[str], bool]:
        """Return the parameters and compartments, and whether the start date, that are `how`."""
        kind = Sampled if how == "sampled" else Calibrated
        parameters = {name for name, p in self.parameters.items() if isinstance(p, kind)}
        compartments = {c.id for c in self.compartments if c.init == how}
        return parameters, compartments, self.timespan.start_date == how
