"""Validate the settings of a run: ``config/config.yaml`` and ``--config``."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from epyflow.engine import DEFAULT as DEFAULT_ENGINE
from epyflow.errors import EpyflowError
from epyflow.experiment.format.base import Count, Date, Distinct, Text
from epyflow.experiment.reading.experiment_files import (
    NAME_FORM,
    ExperimentFiles,
    is_exp_id,
    locate,
)
from epyflow.experiment.reading.problems import dotted
from epyflow.experiment.reading.validation_messages import in_words
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.files import LEADS_OUT, is_below
from epyflow.population.store import PopulationStore
from epyflow.repositories.address import is_address, parse_address
from epyflow.run.bundle import Sources, is_bundle, open_bundle
from epyflow.run.layout import plan_path
from epyflow.run.plan import PLAN_KEY, planned_dates
from epyflow.run.run_id import LATEST
from epyflow.strict import Many, PathText, ShortName, Strict, refuse, shown
from epyflow.suggest import did_you_mean, listed

POPULATION_FOLDERS = ("data/populations", "common-data/populations")
HUB_FOLDERS = ("data/hub", "common-data/hub")
CALENDAR_FILES = ("data/school_calendars_us.csv", "common-data/school_calendars_us.csv")

_TOPIC = r"^projects/[^/\s]+/topics/[^/\s]+$"
_EMAIL = r"^[^@\s,<>]+@[A-Za-z0-9.-]+$"
_SERVER = r"^[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}$"
_LAST_PORT = 65535


def _one_folder(value: str) -> str:
    if not is_exp_id(value) or "/" in value:
        raise refuse(f"{shown(value)} cannot name a run; expected {NAME_FORM}")
    if value == LATEST:
        raise refuse(
            f"{LATEST!r} stands for the newest finished run in commands; expected another name"
        )
    return value


def _as_flag(value: Any) -> Any:
    """Read ``partial_results=true``: Snakemake converts only ``True`` from the command line."""
    flags = {"true": True, "false": False}
    return flags.get(value.lower(), value) if isinstance(value, str) else value


def _with_port(value: str) -> str:
    if not 0 < int(value.rpartition(":")[2]) <= _LAST_PORT:
        raise refuse(f"{value!r} has no port from 1 to {_LAST_PORT}")
    return value


def _folder_or_repository(value: str) -> str:
    if is_address(value):
        try:
            parse_address(value)
        except EpyflowError as error:
            raise refuse(str(error)) from None
    return value


Flag = Annotated[bool, BeforeValidator(_as_flag)]


class Settings(Strict):
    """The settings of a run.

    Texts are as they are written: :mod:`epyflow.run.written_names` restores what YAML and
    Snakemake read as a number, a date or a truth.
    """

    experiment: PathText = Field(description="Id below `experiments_root/experiments`, or a path.")
    experiments_root: Annotated[PathText, AfterValidator(_folder_or_repository)] = Field(
        default="config",
        description="Folder that holds `experiments/` and `common-data/`, or a git repository.",
    )
    run_id: Annotated[Text, AfterValidator(_one_folder)] = Field(
        default="main",
        description="Name of the run; a new one keeps the old one's files. `auto`: a new one now.",
    )
    output_config: Text | None = Field(
        default=None, description="Output file to use where an experiment has several."
    )
    population_data: PathText | None = Field(
        default=None, description="Folder of populations; absent: looked for below the root."
    )
    school_calendar: PathText | None = Field(
        default=None, description="CSV of school breaks; absent: looked for below the root."
    )
    allowed_data_roots: Many[PathText] = Field(
        default=(), description="Other folders that paths in YAML may lead into."
    )
    members_per_task: Count | None = Field(
        default=None, description="Parameter sets per task; absent: about two minutes of work."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None, description="Replaces `random_seed` of the experiment."
    )
    n_sims: Count | None = Field(
        default=None, description="Replaces `simulation.n_sims` of the experiment."
    )
    today: Date | None = Field(
        default=None, description="Day that relative dates count from; absent: the first start's."
    )
    last_observation: Date | None = Field(
        default=None, description="Day that `last observation` stands for; absent: from the data."
    )
    engine: Text = Field(
        default=DEFAULT_ENGINE, description="Simulation engine: `compiled`, or `epydemix` itself."
    )
    build: Literal["local", "remote"] = Field(
        default="local",
        description="Where inputs are built: on this machine, or by a job from a bundle.",
    )
    partial_results: Flag = Field(
        default=False, description="Write tables of the tasks that succeeded if others fail."
    )
    stamp_outputs: Flag = Field(
        default=False, description="Keep a copy of the outputs each time that the run has finished."
    )
    reference_dates: Distinct[Date] = Field(
        default=(), description="Forecasts to make and score together, each as of its date."
    )
    hub: PathText | None = Field(
        default=None, description="A hub's folder; absent: looked for below the root."
    )
    hub_locations: PathText | None = Field(
        default=None, description="Table of the hub's locations; absent: the hub's."
    )
    team_abbr: ShortName = Field(default="team", description="The team in submissions' names.")
    model_abbr: ShortName = Field(default="model", description="The model in submissions' names.")
    hub_file_format: Literal["csv", "parquet"] = Field(
        default="csv", description="File format of submissions."
    )
    target_data: PathText | None = Field(
        default=None, description="Final observations to score against: a file, or a hub's folder."
    )
    score_models: Distinct[Text] = Field(
        default=(), description="Models of the hub to score as well; absent: baseline, ensemble."
    )

    notify_pubsub: Annotated[str, Field(pattern=_TOPIC)] | None = Field(
        default=None,
        description="Pub/Sub topic, projects/<project>/topics/<name>, that is told of the end.",
    )
    notify_email: Distinct[Annotated[str, Field(pattern=_EMAIL)]] = Field(
        default=(), description="Mail addresses that are told of the end."
    )
    notify_smtp: Annotated[str, Field(pattern=_SERVER), AfterValidator(_with_port)] | None = Field(
        default=None, description="Mail server, host:port, such as smtp.example.org:587."
    )
    notify_sender: Annotated[str, Field(pattern=_EMAIL)] | None = Field(
        default=None, description="Sender of mail; absent: the first of `notify_email`."
    )
    notify_smtp_user: Text | None = Field(
        default=None, description="Login at the mail server; absent: the sender."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Form of messages in jobs' logs: lines of text, or of JSON."
    )

    @property
    def root(self) -> Path:
        """The experiments' root; :mod:`epyflow.run.sources` sets it for a repository."""
        return Path(self.experiments_root)

    @property
    def replacements(self) -> Mapping[KeyPath, Any]:
        """Values of the experiment that these settings replace, by key path."""
        given = {
            ("model", "random_seed"): self.seed,
            ("model", "simulation", "n_sims"): self.n_sims,
        }
        return {key_path: value for key_path, value in given.items() if value is not None}

    @property
    def plan_path(self) -> Path:
        """The file of the run's plan."""
        return plan_path(self.experiment, self.run_id)

    @property
    def start_path(self) -> Path:
        """The file of facts about this start of the run; no worker needs it."""
        return self.plan_path.with_name("start.json")

    def place(self) -> ExperimentFiles:
        """Find the folder of the experiment; its data are found by :meth:`sources`.

        Raises
        ------
        EpyflowError
            If it is not there, or ``experiments_root`` is not a folder.
        """
        if not self.root.is_dir():
            raise EpyflowError(
                f"experiments_root {self.experiments_root!r} is not a folder; expected the folder "
                "that holds experiments/ and common-data/"
            )
        return locate(self.experiment, self.root, self._readable[1:])

    def sources(self, *, remote: bool = True) -> Sources:
        """Find everything that inputs are built from; the root may be an unpacked bundle.

        Parameters
        ----------
        remote
            Whether populations that are not on this machine are downloaded.

        Raises
        ------
        EpyflowError
            If some of it is not there, or the bundle is of another experiment.
        """
        if not is_bundle(self.root):
            return Sources(self.place(), self._population_store(remote), self._calendar_file())
        bundle = open_bundle(self.root)
        if self.place().folder.resolve() != bundle.place.folder:
            raise EpyflowError(
                f"experiment {self.experiment!r} is not in experiments_root "
                f"{self.experiments_root!r}, an unpacked archive; expected {bundle.place.exp_id}"
            )
        return bundle

    def _population_store(self, remote: bool) -> PopulationStore:
        """Open the populations; no link in them may lead out of a root that they are below."""
        folder, holds = self.find_path("population_data", POPULATION_FOLDERS), None
        if folder is not None and folder.absolute().is_relative_to(self.root.absolute()):
            holds = partial(is_below, folders=(*self._readable, folder))
        return PopulationStore.open(folder, remote=remote, holds=holds)

    def _calendar_file(self) -> Path | None:
        """Return the file of school breaks, if one is given or found."""
        found = self.find_path("school_calendar", CALENDAR_FILES)
        if found is not None and not found.is_file():
            raise EpyflowError(f"school_calendar {str(found)!r} is not a file; expected a CSV")
        return found

    def find_path(self, key: str, usual: Sequence[str]) -> Path | None:
        """Return the path that a setting gives, else the first usual one that exists.

        Raises
        ------
        EpyflowError
            If the usual one leads out of the root.
        """
        if (given := getattr(self, key)) is not None:
            return Path(given)
        found = next((self.root / path for path in usual if (self.root / path).exists()), None)
        if found is not None and not is_below(found, self._readable):
            raise EpyflowError(f"{found} {LEADS_OUT}, or {key}={found.resolve()}")
        return found

    @property
    def _readable(self) -> tuple[Path, ...]:
        """The folders that links below the root may lead into."""
        return (self.root, *map(Path, self.allowed_data_roots))


NUMBERS_AND_FLAGS = frozenset(
    {"members_per_task", "n_sims", "partial_results", "seed", "stamp_outputs"}
)
"""Settings that are neither a text nor a list of texts."""


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Validate a workflow's configuration.

    Raises
    ------
    EpyflowError
        Naming every key that is wrong and what is expected.
    """
    try:
        own = {k: v for k, v in config.items() if k != PLAN_KEY}
        return Settings.model_validate(planned_dates(config) | own)
    except ValidationError as error:
        lines = [f"config: {_line(details)}" for details in error.errors(include_url=False)]
    raise EpyflowError("\n".join(lines))


def _line(details: ErrorDetails) -> str:
    key = dotted(details["loc"])
    if details["type"] == "extra_forbidden":
        valid = list(Settings.model_fields)
        return f"unknown key {key!r}{did_you_mean(key, valid)}; expected one of {listed(valid)}"
    if details["type"] == "missing":
        return f"{key}: missing; expected --config {key}=..., or {key} in config/config.yaml"
    return f"{key}: {in_words(details)}"
