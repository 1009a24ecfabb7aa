"""Define the ``output`` section: the tables and the submission to a hub."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    NonNegativeInt,
    Tag,
    WithJsonSchema,
    model_validator,
)

from epyflow.experiment.format.base import (
    Meta,
    Number,
    Text,
    find_duplicate,
)
from epyflow.experiment.format.hub_formats import (
    HUB_FORMATS,
    Covid19Format,
    FlusightFormat,
    FlusmhFormat,
    HubFormat,
)
from epyflow.strict import Many, Strict, refuse, shown
from epyflow.suggest import did_you_mean

# The 23 levels of the FluSight hub: model-output/README.md of cdcepi/FluSight-forecast-hub.
FLUSIGHT_LEVELS = (
    0.01,
    0.025,
    *(round(0.05 * step, 2) for step in range(1, 20)),
    0.975,
    0.99,
)


_MOST_LEVELS = 1000
"""Each level is a row for each date, series and parameter set."""


def _as_series(value: Any) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        if not value:
            raise refuse("an empty list selects nothing; expected true or a list of series")
        if (name := find_duplicate(value)) is not None:
            raise refuse(f"{name!r} is listed twice; expected it once")
        return tuple(value)
    raise refuse(
        f"{shown(value)} selects no series; expected true or a list of series such as [I_total]"
    )


Series = Annotated[
    bool | tuple[str, ...],
    BeforeValidator(_as_series),
    WithJsonSchema(
        {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]}
    ),
]


def _refuse_empty(
    compartments: bool | tuple[str, ...], transitions: bool | tuple[str, ...]
) -> None:
    if not compartments and not transitions:
        raise refuse("selects nothing; expected compartments or transitions: true or a list")


class Quantiles(Strict):
    """Quantiles over the trajectories of each parameter set."""

    selections: Annotated[Many[Annotated[Number, Field(ge=0, le=1)]], Field(min_length=1)] = Field(
        default=FLUSIGHT_LEVELS, description="Levels; the default is FluSight's 23."
    )
    compartments: Series = Field(default=False, description="Series, or true for all.")
    transitions: Series = Field(default=False, description="Series, or true for all.")

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        _refuse_empty(self.compartments, self.transitions)
        if len(self.selections) > _MOST_LEVELS:
            raise refuse(
                f"selections has {len(self.selections):,} levels; expected at most {_MOST_LEVELS:,}"
            )
        if (level := find_duplicate(self.selections)) is not None:
            raise refuse(f"selections lists {level:g} twice; expected it once")
        return self


class Trajectories(Strict):
    """Every single trajectory."""

    compartments: Series = Field(default=False, description="Series, or true for all.")
    transitions: Series = Field(default=False, description="Series, or true for all.")

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        _refuse_empty(self.compartments, self.transitions)
        return self


class PosteriorGenerations(Strict):
    """Posteriors of chosen generations."""

    generations: Annotated[Many[NonNegativeInt], Field(min_length=1)] = Field(
        description="Generations to write, from 0."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if (number := find_duplicate(self.generations)) is not None:
            raise refuse(f"generations lists {number} twice; expected it once")
        return self


def _as_posteriors(value: Any) -> Any:
    if isinstance(value, bool | dict | PosteriorGenerations):
        return value
    raise refuse(f"{shown(value)} selects nothing; expected true, or {{generations: [...]}}")


def _switch_or_chosen(value: Any) -> str:
    return "switch" if isinstance(value, bool) else "chosen"


class ModelMeta(Strict):
    """Optional columns of the table `model_metadata`."""

    projection_parameters: bool | None = Field(
        default=None,
        description="Absent: a column for each fixed parameter; true: also the values that the "
        "trajectories of a projection were drawn with; false: neither.",
    )


Label = Annotated[Text, Field(max_length=60, pattern=r"^[^\n\r\t]+$")]
"""A name for readers, on one line."""


def _kinds(known: dict[str, str | None]) -> Any:
    """Read kinds of files in any case; None stands for an object that no file holds."""

    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            return value
        named = {name.casefold(): kind for name, kind in known.items()}
        for each in value:
            if each.casefold() not in named:
                near = did_you_mean(each, known)
                raise refuse(f"{shown(each)} is no kind of file{near}; expected {', '.join(known)}")
        return tuple(dict.fromkeys(kind for each in value if (kind := named[each.casefold()])))

    return BeforeValidator(read)


TABULAR = {"CSV": "CSV", "Parquet": "Parquet", "CSVBytes": "CSV", "DataFrame": None}
FIGURES = {"PNG": "PNG", "PDF": "PDF", "SVG": "SVG", "MPLFigure": None}


class Output(Strict):
    """The `output` section: the tables and the submission to a hub."""

    meta: Meta | None = None
    tabular_output_types: Annotated[
        Many[Literal["CSV", "Parquet"]],
        _kinds(TABULAR),
        WithJsonSchema({"type": "array", "items": {"enum": list(TABULAR)}}),
    ] = Field(default=(), description="Kinds of tables; gzipped CSV is always written.")
    figure_output_types: Annotated[
        Many[Literal["PNG", "PDF", "SVG"]],
        _kinds(FIGURES),
        WithJsonSchema({"type": "array", "items": {"enum": list(FIGURES)}}),
    ] = Field(default=(), description="Kinds of figures, besides those that the report shows.")
    quantiles: Quantiles | None = None
    trajectories: Trajectories | None = None
    posteriors: Annotated[
        Annotated[
            Annotated[bool, Tag("switch")] | Annotated[PosteriorGenerations, Tag("chosen")],
            Discriminator(_switch_or_chosen),
        ],
        BeforeValidator(_as_posteriors),
    ] = Field(default=False, description="Posteriors of all or of chosen generations.")
    model_meta: ModelMeta | None = None
    labels: dict[Text, Label] = Field(
        default_factory=dict,
        description="Names of series for readers: I_to_H_total: Hospital admissions. Absent: what "
        "a series is compared with, or its compartments.",
    )
    flusight_format: FlusightFormat | None = None
    covid19_format: Covid19Format | None = None
    flusmh_format: FlusmhFormat | None = None
    hub_format: HubFormat | None = None

    @model_validator(mode="after")
    def _one_series_a_label(self) -> Self:
        if (label := find_duplicate(self.labels.values())) is not None:
            raise refuse(f"labels has {label!r} twice; expected another label for each series")
        return self

    @model_validator(mode="after")
    def _one_hub(self) -> Self:
        given = [name for name in HUB_FORMATS if getattr(self, name) is not None]
        if len(given) > 1:
            raise refuse(f"both {' and '.join(given)} given; expected at most one hub format")
        return self

    @property
    def hub(self) -> tuple[str, FlusightFormat | Covid19Format | FlusmhFormat | HubFormat] | None:
        """The hub format that is given, by its key; None if there is none."""
        for name in HUB_FORMATS:
            section = getattr(self, name)
            if section is not None:
                return name, section
        return None


DEFAULT = Output(quantiles=Quantiles(compartments=True, transitions=True), model_meta=ModelMeta())
"""The output of an experiment without an output file: quantiles of every series and metadata."""
