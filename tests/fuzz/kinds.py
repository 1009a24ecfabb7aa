"""The kinds of input: valid files of each, how they are damaged, and who reads them.

A new kind is a function that reads and a line in :data:`KINDS`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import made_up_hubs
import numpy as np
import yaml

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Checkpoint
from epyflow.data import observed_table
from epyflow.data.coverage import read_coverage, read_preprocessed
from epyflow.data.observations import Column, read_observations
from epyflow.data.school_calendar import read_calendar
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.experiment.format import expressions
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import read_profile
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.work_folder import State
from epyflow.operations.runs.coordinator_record import read_record as read_coordinator
from epyflow.operations.runs.run_lease import find_lease
from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.setup.layers import merge_layers, read_layers
from epyflow.operations.slurm.site import read_slurm_site
from epyflow.population.store import PopulationStore
from epyflow.run import input_record
from epyflow.run.bundle import unpack_bundle
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder
from forecast_hub.checks.validation import validate
from forecast_hub.config.locations import read_places
from forecast_hub.errors import HubError
from forecast_hub.scoring.forecasts import read_forecasts
from forecast_hub.scoring.outcomes import read_outcomes
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.job_submission import read_job
from google_batch_emulator.settings import Limits
from google_batch_emulator.validation import check_job
from tests.fuzz.mutations import (
    Mutate,
    mutate_archive,
    mutate_artifact,
    mutate_bytes,
    mutate_cells,
    mutate_gzip,
    mutate_parquet,
    mutate_tree,
)
from tests.unit import factories

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "experiments" / "example" / "config"
POPULATIONS = ROOT / "config" / "common-data" / "populations"
TEMPLATES = ROOT / "src" / "epyflow" / "operations" / "start" / "templates"

Texts = Iterable[str]
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    name
        For the table.
    seeds
        Returns the names of valid files with their content, as ``mutate`` takes it.
    mutate
        Damages a content, and returns the bytes of the file.
    read
        Reads the file at a path, and yields the messages that a person would see.
    errors
        What it may raise.
    files
        Other files of the folder.
    weight
        Share of the cases.
    place
        What a message names if it does not name a file.
    """

    name: str
    seeds: Callable[[], Sequence[tuple[str, Any]]]
    mutate: Mutate
    read: Callable[[Path], Texts]
    errors: tuple[type[Exception], ...] = (EpyflowError,)
    files: Callable[[], Files] = field(default=dict)
    weight: int = 8
    place: str = ""

    def prepare(self, folder: Path) -> None:
        """Write the other files, and the valid ones."""
        valid = {name: self.mutate(content, ()) for name, content in self.seeds()}
        for name, data in {**valid, **self.files()}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def write(self, folder: Path, name: str, data: bytes) -> Path:
        """Write the damaged file; the other seeds are as they were."""
        for each, valid in self.files().items():
            (folder / each).write_bytes(valid)
        (folder / name).write_bytes(data)
        return folder / name


# --- experiments and settings ------------------------------------------------------------------


def _experiment() -> Sequence[tuple[str, Any]]:
    return [
        (f"experiments/a/config/{name}", yaml.safe_load(text)) for name, text in _yaml().items()
    ]


@cache
def _yaml() -> Files:
    return {path.name: path.read_bytes() for path in sorted(EXAMPLE.iterdir())}


def _experiment_files() -> Files:
    return {f"experiments/a/config/{name}": data for name, data in _yaml().items()}


def _read_experiment(path: Path) -> Texts:
    files = locate("a", path.parents[3])
    _, problems = inspect(files, populations=("United_States_Massachusetts",))
    for problem in problems:
        assert problem.place, problem
        yield str(problem)


def _settings() -> Sequence[tuple[str, Any]]:
    more = {"reference_dates": ["2024-11-02"], "notify_email": ["a@b.org"], "n_sims": 10, "seed": 3}
    return [("config.yaml", yaml.safe_load((ROOT / "config" / "config.yaml").read_bytes()) | more)]


def _read_settings(path: Path) -> Texts:
    layers = read_layers((path,), (), base=path.with_name("none.yaml"), environment={})
    try:
        merge_layers(layers)
    except EpyflowError as error:  # its lines name keys, of which the files are known
        yield str(error)


def _site() -> Sequence[tuple[str, Any]]:
    profile = yaml.safe_load((ROOT / "profiles" / "gcp" / "config.yaml").read_bytes())
    profile["set-resources"] = dict(list(profile["set-resources"].items())[:2])
    prices = yaml.safe_load((ROOT / "src/epyflow/operations/cost/prices.yaml").read_bytes())
    return [
        ("slurm.yaml", {"partition": "short"}),
        ("profile.yaml", profile),
        ("prices.yaml", prices),
    ]


def _read_site(path: Path) -> Texts:
    {"slurm": read_slurm_site, "profile": read_profile, "prices": read_prices}[path.stem](path)
    return ()


def _read_expression(path: Path) -> Texts:
    text = path.read_bytes().decode("utf-8", "replace")
    try:
        expression = expressions.parse(text)
        expression.compute(dict.fromkeys(expression.names, np.array([0.5, 2.0])))
    except EpyflowError as error:
        yield str(error)


# --- hubs --------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {
        "team_abbr": {"type": "string", "maxLength": 16, "pattern": "^[a-z]+$"},
        "model_abbr": {"$ref": "#/properties/team_abbr"},
        "website": {"type": "string", "format": "uri"},
    },
    "required": ["team_abbr", "model_abbr"],
}
METADATA = {"team_abbr": "a", "model_abbr": "b", "website": "https://example.org", "n": 1}
_DATES = {"t0_colname": "forecast_date", "t1_colname": "forecast_date", "timediff": "days(1)"}
_PERSONS = {"location_col": "region", "targets": {"outcome": "cases"}}
_CHECKS = {
    "dates": {"fn": "opt_check_tbl_horizon_timediff", "args": _DATES},
    "persons": {"fn": "opt_check_tbl_counts_lt_popn", "args": _PERSONS},
}
VALIDATIONS = {"default": {"validate_model_data": _CHECKS}}
LOCATIONS = (
    b"abbreviation,location,region,location_name,population\n"
    b"no,north,north,North,1000\nso,south,south,South,20\n"
)
SUBMISSION = "submissions/a-b/2026-03-02-a-b"


@cache
def _submission() -> bytes:
    return made_up_hubs.submission().to_csv(index=False).encode()


@cache
def _hub_files() -> Files:
    return {
        "hub-config/tasks.json": json.dumps(made_up_hubs.tasks()).encode(),
        "hub-config/admin.json": json.dumps(made_up_hubs.ADMIN).encode(),
        "hub-config/validations.yml": json.dumps(VALIDATIONS).encode(),
        "hub-config/model-metadata-schema.json": json.dumps(SCHEMA).encode(),
        "model-metadata/a-b.yml": json.dumps(METADATA).encode(),
        "auxiliary-data/locations.csv": LOCATIONS,
        f"{SUBMISSION}.csv": _submission(),
    }


def _hub() -> Sequence[tuple[str, Any]]:
    return [
        (name, json.loads(data)) for name, data in _hub_files().items() if not name.endswith(".csv")
    ]


def _validate(path: Path, suffix: str = ".csv") -> Texts:
    root = next(each for each in path.parents if (each / "hub-config").is_dir())
    for finding in validate(root / f"{SUBMISSION}{suffix}", root).findings:
        yield str(finding)


TARGETS = (
    b"as_of,location,date,target,observation\n"
    b"2024-11-10,25,2024-11-02,wk inc,5\n2024-11-10,US,2024-11-02,wk inc,50\n"
    b"2024-11-17,25,2024-11-09,wk inc,NA\n2024-11-17,25,2024-11-02,wk inc,6\n"
)
OBSERVED = (
    b"geo_value,target_end_date,value,other\nma,2024-11-02,5,x\nma,2024-11-09,7.5,\n"
    b"MA,2024-11-16,NA,y\nus,2024-11-02,100,x\n"
)
WINDOW = (date(2024, 11, 1), date(2024, 12, 1))


def _read_targets(path: Path) -> Texts:
    read_outcomes(path)
    return ()


def _read_forecasts(path: Path) -> Texts:
    read_forecasts([path])
    return ()


def _read_locations(path: Path) -> Texts:
    read_places(path)
    return ()


# --- data of experiments -----------------------------------------------------------------------


def _read_observed(path: Path) -> Texts:
    observed_table._read.cache_clear()
    columns = [Column("value", "target_end_date")]
    read_observations(path, {"MA", "US-MA", "25"}, None, columns, WINDOW)
    return ()


COVERAGE = b"Geography,Age,Population,Week_Ending_Sat,Coverage\n" + b"".join(
    f"Massachusetts,{age},{persons},2024-11-{day:02d},{day / 2}\n".encode()
    for age, persons in (("0-17 Years", 300), ("18+ Years", 700))
    for day in (2, 9, 16)
)
DOSES = (
    b"dates,location,0-17,18+\n2024-11-02,Massachusetts,10,20.5\n2024-11-03,Massachusetts,11,0\n"
)
CALENDAR = (
    b"state,event_name,start_day,start_month,end_day,end_month\n"
    b"MA,Winter,21,12,1,1\nUS-CA,Spring,30,3,5,4\n"
)


def _read_doses(path: Path) -> Texts:
    if path.name == "coverage.csv":
        read_coverage(path, {"Massachusetts"}, None, lambda group: np.array([0.5, 0.5]))
    elif path.name == "doses.csv":
        read_preprocessed(path, {"Massachusetts"}, ("0-17", "18+"))
    else:
        read_calendar(path)
    return ()


@cache
def _populations() -> Sequence[tuple[str, bytes]]:
    chosen = (b"population,", b"United_States_Massachusetts,")
    return [
        (
            name,
            b"".join(
                line
                for line in (POPULATIONS / name).read_bytes().splitlines(keepends=True)
                if line.startswith(chosen)
            ),
        )
        for name in ("population.csv", "contacts.csv")
    ]


STATE_NAME = "United_States_Massachusetts"
AGES = ("0-4", "5-17", "18+")


def _read_population(path: Path) -> Texts:
    store = PopulationStore.open(path.parent, remote=False)
    assert (store.load(STATE_NAME, AGES).sizes > 0).all()
    return ()


@cache
def _epydemix() -> Sequence[tuple[str, bytes]]:
    sizes = "".join(f"{age},{100 + age}\n" for age in range(0, 84)) + "84+,900\n"
    matrix = "\n".join(",".join(["0.25"] * 85) for _ in range(85))
    home = "data/United_States_Massachusetts"
    return [
        (
            "locations.csv",
            b"location,primary_contact_source\nUnited_States_Massachusetts,mistry_2021\n",
        ),
        (f"{home}/demographic/age_distribution.csv", f"group_name,value\n{sizes}".encode()),
        (f"{home}/contact_matrices/mistry_2021/contacts_matrix_home.csv", matrix.encode()),
    ]


def _epydemix_files() -> Files:
    found = dict(_epydemix())
    name, matrix = _epydemix()[2]
    return found | {
        name.replace("home", layer): matrix for layer in ("school", "work", "community")
    }


def _read_epydemix(path: Path) -> Texts:
    root = next(each for each in path.parents if (each / "locations.csv").is_file())
    assert (PopulationStore.open(root, remote=False).load(STATE_NAME, AGES).sizes > 0).all()
    return ()


# --- what a bucket holds -----------------------------------------------------------------------


def _artifacts() -> Sequence[tuple[str, Any]]:
    return _pickled()


@cache
def _pickled() -> Sequence[tuple[str, Any]]:
    members = [factories.member_result(compartments=[[[[1, 2], [3, 4]]]], reproduction=[[9000]])]
    rng = json.dumps(np.random.default_rng(1).bit_generator.state)
    return [
        ("input_0.pkl", factories.task(observations=factories.fit().observations)),
        ("result_0.pkl", factories.result(members)),
        ("result_0.pkl", factories.calibration(members)),
        ("result_0.pkl", factories.failure()),
        ("checkpoint_0.pkl", Checkpoint("0" * 64, (factories.generation(),), None, rng, 1.0)),
    ]


def _read_artifact(path: Path) -> Texts:
    kind = path.name.split("_")[0]
    read: Any = {
        "input": pickling.read_input,
        "result": pickling.read_result,
        "checkpoint": pickling.read_checkpoint,
    }[kind]
    artifact = read(path)
    for member in getattr(artifact, "members", ()) if kind == "result" else ():
        for packed in (member.compartments, member.transitions, member.reproduction):
            _unpacked(packed, path)
    for generation in getattr(artifact, "generations", ()):
        _unpacked(generation.series, path)
    return (repr(artifact)[:100],)


def _unpacked(packed: Any, path: Path) -> None:
    if packed is not None:
        try:
            packed.unpack()
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None


RUN = RunLayout("a", "main")
_METADATA = {
    "exp_id": "a", "run_id": "main", "seed": 1,
    "counts": {"tasks": 2, "members": 2, "simulations": 4, "failed": 0},
    "times": {"started": "2024-11-02T00:00:00+00:00", "finished": "2024-11-02T00:01:00+00:00"},
    "code": {"git": {"revision": "0" * 40, "dirty": False}}, "failures": [],
}  # fmt: skip
_RECORD = {
    "exp_id": "a", "run_id": "main", "host": "h", "pid": 7, "process_started": 1.5,
    "machine": "m", "folder": "/x", "job": None, "started": "2024-11-02T00:00:00Z",
    "ended": None, "outcome": None, "wanted": {"command": ["a"], "tasks": {"main": 2}},
}  # fmt: skip
_BUILT = {"format": 1, "seed": 3, "digests": {"0": "ab"}, "checksums": {"0": "cd"}}


def _records() -> Sequence[tuple[str, Any]]:
    return [
        (RUN.metadata, _METADATA),
        (RUN.coordinator_record, _RECORD),
        (RUN.coordinator_lease, {"holder": _RECORD, "nonce": "n" * 32, "renewals": 1}),
        (RUN.input_record, _BUILT),
    ]


def _read_records(path: Path) -> Texts:
    root = next(each for each in path.parents if each.name.startswith("epyflow-fuzz"))
    storage = SharedFolder(root)
    for run in find_runs(storage):
        json.dumps(run.as_dict(), default=str).encode()
    read_coordinator("a", "main", storage)
    lease = find_lease("a", "main", storage)
    if lease is not None:
        yield lease.described()
    input_record.read_record(storage, RUN)


@cache
def _bundle() -> Sequence[tuple[str, Any]]:
    manifest = {"format": 1, "experiment": "a", "data": {"d.csv": "data/d.csv"}, "calendar": None}
    members = [(f"experiments/a/config/{name}", data) for name, data in _yaml().items()]
    members += [("data/d.csv", OBSERVED), ("bundle.json", json.dumps(manifest).encode())]
    return [("bundle.tar.gz", members)]


def _read_bundle(path: Path) -> Texts:
    with unpack_bundle(path) as sources:
        _, problems = inspect(sources.place, populations=("United_States_Massachusetts",))
        yield from map(str, problems)


STATE = [
    (".snakemake/metadata/cmVzdWx0cy9hL21haW4veA==", b'{"endtime": 1.5, "rule": "a"}'),
    (".snakemake/incomplete/cmVzdWx0cw==", b"{}"),
]


def _read_state(path: Path) -> Texts:
    root = path.parents[3]
    storage = Disk(root)
    submission = Submission(exp_id="a", run_id="main", checkout=None, code={})
    folder = root / "tmp" / "work"
    folder.mkdir(exist_ok=True)
    before = sorted(folder.rglob("*"))
    try:
        State(folder, submission, storage).restore()
    except ArtifactError:
        assert sorted(folder.rglob("*")) == before
        raise
    finally:
        import shutil

        shutil.rmtree(folder)
    return ()


# --- the emulator ------------------------------------------------------------------------------

JOB = {
    "taskGroups": [
        {
            "taskSpec": {
                "runnables": [{"script": {"text": "echo a"}, "labels": {"a": "b"}}],
                "computeResource": {"cpuMilli": "1000", "memoryMib": "512"},
                "maxRetryCount": 1, "maxRunDuration": "60s",
                "environment": {"variables": {"A": "b"}},
            },
            "taskCount": "3", "parallelism": "2",
        }
    ],
    "allocationPolicy": {
        "instances": [{"policy": {"machineType": "e2-small", "provisioningModel": "SPOT"}}],
        "location": {"allowedLocations": ["regions/us-central1"]},
    },
    "logsPolicy": {"destination": "CLOUD_LOGGING"}, "labels": {"a": "b"},
}  # fmt: skip


def _read_job(path: Path) -> Texts:
    job = read_job(path)
    try:
        check_job(type(job).pb(job), Limits())
    except EmulatorError as error:
        yield str(error)


def _files(name: str, data: bytes) -> Callable[[], Sequence[tuple[str, Any]]]:
    return lambda: [(name, data)]


_of_hubs = (HubError,)

KINDS = (
    Kind(
        "experiments",
        _experiment,
        mutate_tree,
        _read_experiment,
        (EpyflowError,),
        _experiment_files,
        weight=1,
    ),
    Kind(
        "experiments as text",
        lambda: [(f"experiments/a/config/{name}", data) for name, data in _yaml().items()],
        mutate_bytes,
        _read_experiment,
        (EpyflowError,),
        _experiment_files,
        weight=1,
    ),
    Kind("settings", _settings, mutate_tree, _read_settings, weight=4),
    Kind("sites, profiles and prices", _site, mutate_tree, _read_site, weight=1),
    Kind(
        "expressions", _files("e", b"beta*(1-VE)**2 + exp(-mu/2.5)"), mutate_bytes, _read_expression
    ),
    Kind("hub configurations", _hub, mutate_tree, _validate, _of_hubs, _hub_files, weight=1),
    Kind(
        "submissions, csv",
        lambda: [(f"{SUBMISSION}.csv", _submission())],
        mutate_cells,
        _validate,
        _of_hubs,
        _hub_files,
        weight=1,
    ),
    Kind(
        "submissions, parquet",
        lambda: [(f"{SUBMISSION}.parquet", _submission())],
        mutate_parquet,
        partial(_validate, suffix=".parquet"),
        _of_hubs,
        _hub_files,
        weight=1,
    ),
    Kind(
        "forecasts, csv.gz",
        lambda: [("2026-03-02-a-b.csv.gz", _submission())],
        mutate_gzip,
        _read_forecasts,
        _of_hubs,
    ),
    Kind("target data, csv", _files("t.csv", TARGETS), mutate_cells, _read_targets, _of_hubs),
    Kind("target data, csv.gz", _files("t.csv.gz", TARGETS), mutate_gzip, _read_targets, _of_hubs),
    Kind(
        "target data, parquet",
        _files("t.parquet", TARGETS),
        mutate_parquet,
        _read_targets,
        _of_hubs,
    ),
    Kind("locations", _files("locations.csv", LOCATIONS), mutate_cells, _read_locations, _of_hubs),
    Kind("observations, csv", _files("o.csv", OBSERVED), mutate_cells, _read_observed),
    Kind("observations, csv.gz", _files("o.csv.gz", OBSERVED), mutate_gzip, _read_observed),
    Kind("observations, parquet", _files("o.parquet", OBSERVED), mutate_parquet, _read_observed),
    Kind(
        "coverage, doses, calendars",
        lambda: [("coverage.csv", COVERAGE), ("doses.csv", DOSES), ("calendar.csv", CALENDAR)],
        mutate_cells,
        _read_doses,
    ),
    Kind(
        "populations",
        _populations,
        mutate_cells,
        _read_population,
        files=lambda: dict(_populations()),
        place=STATE_NAME,
    ),
    Kind(
        "populations of epydemix",
        _epydemix,
        mutate_cells,
        _read_epydemix,
        files=_epydemix_files,
        place=STATE_NAME,
        weight=1,
    ),
    Kind("pickles", _artifacts, mutate_artifact, _read_artifact),
    Kind(
        "pickles as bytes",
        lambda: [(name, pickling.to_bytes(each)) for name, each in _pickled()],
        mutate_bytes,
        _read_artifact,
    ),
    Kind(
        "records of runs",
        _records,
        mutate_tree,
        _read_records,
        files=lambda: {name: json.dumps(each).encode() for name, each in _records()},
    ),
    Kind("bundles", _bundle, mutate_archive, _read_bundle),
    Kind(
        "states of coordinators",
        lambda: [(RUN.coordinator_state, STATE)],
        mutate_archive,
        _read_state,
    ),
    Kind(
        "jobs of the emulator", lambda: [("j.json", JOB)], mutate_tree, _read_job, (EmulatorError,)
    ),
)
