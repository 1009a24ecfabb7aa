"""The project in a folder of its own, with a small study, run as a user would."""

import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.forking import ForkedRun

PROJECT = Path(__file__).resolve().parents[2]

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
EPYFLOW = str(Path(sys.executable).with_name("epyflow"))

MODEL = """\
model:
  name: small
  random_seed: 3
  timespan: {start_date: "2025-01-05", end_date: "2025-03-02"}
  simulation: {n_sims: 3, resample_frequency: W-SAT}
  population: {age_groups: ["0-17", "18+"]}
  compartments:
    - {id: S, init: default}
    - {id: I, init: 50}
    - {id: R}
    - {id: V}
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
    - {type: spontaneous, source: I, target: R, rate: mu}
    - {type: vaccination, source: S, target: V}
  parameters:
    R0: {type: sampled}
    mu: {type: scalar, value: 1/3}
    beta: {type: calculated, value: R0*mu/eigenvalue}
  vaccination:
    preprocessed_vaccination_data_path: common-data/doses.csv
    origin_compartment: S
    eligible_compartments: [S, R]
"""

MODELSET = """\
modelset:
  population_names: [US-MA, US-NY]
  sampling:
    samplers: [{strategy: grid, parameters: [R0]}]
    parameters:
      R0: {values: [0.8, 1.5, 2.0, 2.5]}
"""

TABLES = ("--until", "write_run_metadata")
"""For snakemake: everything but figures, whose jobs take longer than those of so small a study."""

OUTPUT = """\
output:
  quantiles: {selections: [0.25, 0.5, 0.75], compartments: [I_total], transitions: [S_to_I_total]}
"""

PEOPLE = {"MA": ("Massachusetts", 4000, 16000), "NY": ("New_York", 9000, 30000)}
PEOPLE["VT"] = ("Vermont", 1000, 5000)


@dataclass(frozen=True)
class Done:
    """What a snakemake call gave: exit code, everything it printed, jobs by rule."""

    code: int
    text: str

    @property
    def jobs(self) -> dict[str, int]:
        """Jobs by rule, from the job statistics that snakemake prints first."""
        table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", self.text, re.DOTALL)
        lines = table[1].splitlines() if table else []
        counts = {line.split()[0]: int(line.split()[1]) for line in lines}
        return {rule: count for rule, count in counts.items() if rule not in ("total", "all")}


class Workspace:
    """The project's code, a study and a working folder, all below one temporary folder.

    ``src`` is a link to the project's: a copy would be compiled anew for each workspace. A test
    that edits the package calls ``copy_code`` first.
    """

    patience = 600.0
    """Seconds that a call may take."""
    plugins: Path | None = None
    """A folder of plugins for Snakemake besides those that are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("workflow", "profiles", "config", "envs"):
            self._copy(name)
        self.share_code()
        self.study = folder / "study"
        self.config = self.study / "experiments" / "small" / "config"
        self.config.mkdir(parents=True)
        (self.config / "basemodel.yaml").write_text(MODEL)
        (self.config / "modelset.yaml").write_text(MODELSET)
        (self.config / "output.yaml").write_text(OUTPUT)
        self._write_population_tables()
        self.write_doses(PEOPLE)

    def _copy(self, name: str) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, self.folder / name, ignore=ignored)

    def copy_code(self) -> Path:
        """Make ``src`` a copy that may be edited; return the folder of the package."""
        if (self.folder / "src").is_symlink():
            (self.folder / "src").unlink()
            self._copy("src")
        return self.folder / "src" / "epyflow"

    def share_code(self) -> None:
        """Make ``src`` a link to the project's code."""
        shutil.rmtree(self.folder / "src", ignore_errors=True)
        (self.folder / "src").symlink_to(PROJECT / "src")

    def _write_population_tables(self) -> None:
        folder = self.study / "common-data" / "populations"
        folder.mkdir(parents=True)
        sizes, contacts = ["population,age_group,persons"], []
        contacts.append("population,layer,age_group,contact_age_group,contacts_per_day")
        for label, young, old in PEOPLE.values():
            name = f"United_States_{label}"
            sizes += [f"{name},0-17,{young}", f"{name},18+,{old}"]
            for layer, mean in (("school", 2), ("work", 1), ("home", 3), ("community", 4)):
                for row in ("0-17", "18+"):
                    contacts += [f"{name},{layer},{row},{c},{mean}" for c in ("0-17", "18+")]
        (folder / "population.csv").write_text("\n".join(sizes) + "\n")
        (folder / "contacts.csv").write_text("\n".join(contacts) + "\n")

    def write_doses(self, states: object) -> None:
        """Write ten doses a day in January for each of the states, by postal abbreviation."""
        lines = ["dates,location,0-17,18+"]
        for postal in states:  # type: ignore[attr-defined]
            lines += [f"2025-01-{day:02d},US-{postal},4,6" for day in range(1, 32)]
        (self.study / "common-data" / "doses.csv").write_text("\n".join(lines) + "\n")

    def change(self, name: str, edit: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
        """Edit one YAML file of the study as data."""
        path = self.config / f"{name}.yaml"
        data = yaml.safe_load(path.read_text())
        edit(data)
        path.write_text(yaml.safe_dump(data, sort_keys=False))

    def environment(self) -> dict[str, str]:
        """The environment of a call: the package of ``src`` before the installed one."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "PYTEST"))}
        folders = [(self.folder / "src").resolve(), *filter(None, [self.plugins])]
        return kept | {"PYTHONPATH": os.pathsep.join(map(str, folders))}

    def command(self, *arguments: str, cores: int = 2, **config: object) -> list[str]:
        """Write the snakemake call for the study."""
        settings = {"experiments_root": "study", "experiment": "small"} | config
        return [
            *(*SNAKEMAKE, "--cores", str(cores), *arguments),
            *("--config", *(f"{key}={value}" for key, value in settings.items())),
        ]

    def run(self, *arguments: str, cores: int = 2, **config: object) -> Done:
        """Call snakemake and wait."""
        return self.call(self.command(*arguments, cores=cores, **config))

    def call(self, command: list[str], folder: Path | None = None) -> Done:
        """Run a command in the workspace, or another folder, and wait.

        Snakemake and epyflow are forked, which starts them sooner.
        """
        folder = folder or self.folder
        if command[: len(SNAKEMAKE)] == SNAKEMAKE:
            command = ["snakemake", *command[len(SNAKEMAKE) :]]
        if command[0] in ("snakemake", EPYFLOW):
            name, *arguments = command
            forked = ForkedRun(arguments, folder, self.environment(), Path(name).name)
            with closing(forked) as run:
                text = run.read(self.patience)
                return Done(run.wait(), text)
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=self.patience,
        )
        return Done(done.returncode, done.stdout)

    def plan(self, **config: object) -> Done:
        """Ask what would be run."""
        return self.run("--dry-run", **config)

    def kill_when(self, pattern: str, count: int, **config: object) -> None:
        """Start snakemake in a group of its own and kill the group once so many files are there."""
        process = subprocess.Popen(
            self.command(cores=1, **config),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while len(list(self.folder.glob(pattern))) < count:
            assert process.poll() is None, f"snakemake ended before {count} {pattern}"
            assert time.monotonic() < deadline, f"no {count} {pattern} appeared"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @contextmanager
    def broken(self, module: str, function: str) -> Iterator[None]:
        """Rename a function of the copied package where it is defined: a call of it fails."""
        code = self.copy_code() / module
        good = code.read_text()
        code.write_text(good.replace(f"def {function}(", "def renamed("))
        try:
            yield
        finally:
            code.write_text(good)

    def outputs(self, run_id: str = "main", experiment: str = "small") -> dict[str, bytes]:
        """Return the tables of a run by name, as the bytes that are on disk."""
        folder = self.folder / "results" / experiment / run_id / "outputs"
        found = [*folder.glob("*.csv.gz"), *filter(Path.is_file, folder.rglob("*.parquet"))]
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}

    def figures(self, run_id: str = "main", experiment: str = "small") -> dict[str, bytes]:
        """Return the figures of a run, and the tables beside them; but those of run times."""
        folder = self.folder / "results" / experiment / run_id / "figures"
        found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.*"))}
        return {
            name: path.read_bytes()
            for name, path in found.items()
            if path.is_file() and not name.startswith("tasks.")
        }

    def table(self, name: str, run_id: str = "main", experiment: str = "small") -> list[list[str]]:
        """Return the rows of a table as text."""
        raw = self.outputs(run_id, experiment)[f"{name}.csv.gz"]
        return [line.split(",") for line in gzip.decompress(raw).decode().splitlines()]
