"""The settings of a run: ``config/config.yaml`` and ``--config``, validated."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, ValidationError

from epyflow.errors import EpyflowError
from epyflow.experiment.base import Many, Strict, Text, refuse
from epyflow.experiment.discovery import Place, locate
from epyflow.nearest import did_you_mean, listed
from epyflow.population.store import PopulationStore

POPULATION_FOLDERS = ("data/populations", "common-data/populations")
CALENDAR_FILES = ("data/school_calendars_us.csv", "common-data/school_calendars_us.csv")

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def _as_text(value: Any) -> Any:
    """The command line turns ``run_id=7`` into a number; it is meant as a name."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _one_folder(value: str) -> str:
    if not _SAFE.fullmatch(value) or "/" in value:
        raise refuse(
            f"{value!r} cannot name a run; expected letters, digits, '.', '_' and '-', beginning "
            "with a letter or digit"
        )
    return value


Name = Annotated[Text, BeforeValidator(_as_text)]


class Settings(Strict):
    """What is run, from where, and how it is packed."""

    experiment: Name = Field(description="Id below `experiments_root/experiments`, or a path.")
    experiments_root: Text = Field(
        default="config", description="Folder that holds `experiments/` and `common-data/`."
    )
    run_id: Annotated[Name, AfterValidator(_one_folder)] = Field(
        default="main", description="Name of the run; a new one keeps the old one's files."
    )
    output_config: Name | None = Field(
        default=None, description="Output file to use where an experiment has several."
    )
    population_data: Text | None = Field(
        default=None, description="Folder of populations; absent: looked for below the root."
    )
    school_calendar: Text | None = Field(
        default=None, description="CSV of school breaks; absent: looked for below the root."
    )
    allowed_data_roots: Many[Text] = Field(
        default=(), description="Other folders that paths in YAML may lead into."
    )
    members_per_task: PositiveInt | None = Field(
        default=None, description="Parameter sets per task; absent: about two minutes of work."
    )
    engine: Text = Field(default="epydemix", description="What simulates.")
    partial_results: bool = Field(
        default=False, description="Write tables of the tasks that succeeded if others fail."
    )

    @property
    def root(self) -> Path:
        """The experiments' root."""
        return Path(self.experiments_root)

    def place(self) -> Place:
        """Find the experiment.

        Raises
        ------
        UnreadableError
            If it is not there.
        EpyflowError
            If its id cannot be a folder name of the results.
        """
        if not self.root.is_dir():
            raise EpyflowError(
                f"experiments_root {self.experiments_root!r} is not a folder; expected the folder "
                "that holds experiments/ and common-data/"
            )
        place = locate(self.experiment, self.root, tuple(map(Path, self.allowed_data_roots)))
        if not _SAFE.fullmatch(place.exp_id):
            raise EpyflowError(
                f"the experiment's folder {place.exp_id!r} cannot name its results; rename it "
                "with letters, digits, '.', '_' and '-'"
            )
        return place

    def population_folder(self) -> Path | None:
        """Return the folder of populations, if one is given or found."""
        return self._given_or_found(self.population_data, POPULATION_FOLDERS)

    def population_store(self) -> PopulationStore:
        """Open the populations."""
        return PopulationStore.open(self.population_folder())

    def calendar_file(self) -> Path | None:
        """Return the file of school breaks, if one is given or found."""
        found = self._given_or_found(self.school_calendar, CALENDAR_FILES)
        if found is not None and not found.is_file():
            raise EpyflowError(f"school_calendar {str(found)!r} is not a file; expected a CSV")
        return found

    def _given_or_found(self, given: str | None, usual: tuple[str, ...]) -> Path | None:
        if given is not None:
            return Path(given)
        return next((self.root / path for path in usual if (self.root / path).exists()), None)


PLANS = Path(".epyflow")

PLAN_KEY = "plan"
"""Under this key the workflow's configuration also holds the plan, which is not a setting."""


def plan_path(settings: Settings) -> Path:
    """Return where the plan of a run is kept: below the working directory, so that it travels.

    It depends on the settings alone: remote workers find it and never see the experiment.
    """
    name = settings.experiment
    if not _SAFE.fullmatch(name):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{re.sub('[^A-Za-z0-9]+', '_', Path(name).name)}-{digest}"
    return PLANS / name / settings.run_id / "plan.json"


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Validate a workflow's configuration.

    Raises
    ------
    EpyflowError
        Naming every key that is wrong and what is expected.
    """
    try:
        return Settings.model_validate({k: v for k, v in config.items() if k != PLAN_KEY})
    except ValidationError as error:
        lines = [
            _line(details["type"], details["loc"], details["msg"], details["input"])
            for details in error.errors()
        ]
    raise EpyflowError("config: " + "\nconfig: ".join(lines))


def _line(kind: str, location: tuple[int | str, ...], message: str, given: object) -> str:
    key = str(location[0]) if location else ""
    if kind == "extra_forbidden":
        valid = list(Settings.model_fields)
        return f"unknown key {key!r}{did_you_mean(key, valid)}; expected one of {listed(valid)}"
    if kind == "missing":
        return f"{key} is missing; give --config {key}=..., or set it in config/config.yaml"
    shown = "" if kind == "epyflow" else f" (found {given!r})"
    return f"{key}: {message[0].lower()}{message[1:]}{shown}"
