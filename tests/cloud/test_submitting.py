"""The job of a coordinator is created once, whoever submits and whatever Google answers."""

import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from google.cloud import batch_v1
from typer.testing import CliRunner, Result

from epyflow.cli import app, output
from epyflow.errors import RunningError
from epyflow.google.batch import BatchJobs
from epyflow.google.site import Site, read_site
from epyflow.operations.detached.job_request import REPLACES_VARIABLE
from epyflow.operations.detached.launch import (
    NextJob,
    Place,
    check_alone,
    resumes,
    submit,
)
from epyflow.operations.detached.source_archive import Packed, pack
from epyflow.operations.runs import run_lease
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    find_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.own_record import record_start
from epyflow.operations.runs.run_lease import read_lease
from epyflow.run.layout import RunLayout
from epyflow.storage.bucket import Bucket
from google_batch_emulator import ApiFault, FaultPlan
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings
from tests.cloud.clouded import COORDINATOR, open_bucket, site_variables
from tests.cloud.conftest import BUCKET
from tests.workflow.workspace import Workspace


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Jobs run until they are ended."""
    with Emulator(Settings(bucket=BUCKET, stub=True, stub_seconds=3600)) as running:
        yield running


@pytest.fixture
def place(tmp_path, emulator, prefix, monkeypatch) -> Place:
    """Where a run is submitted to, from a folder that has nothing of it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EPYFLOW")]:
        monkeypatch.delenv(name)
    for name, value in {**emulator.environment, **site_variables(prefix)}.items():
        monkeypatch.setenv(name, value)
    site = read_site()
    jobs = BatchJobs(site.project, site.region)
    return Place(site, "small", "main", open_bucket(site.storage, emulator.environment), jobs)


@pytest.fixture
def project(place, tmp_path) -> Workspace:
    """The project in the working directory, with the small study."""
    return Workspace(tmp_path)


def sources(text: bytes = b"rule all:\n") -> Packed:
    return pack({"workflow/Snakefile": text}, "small", "main", "12" * 32)


def jobs_of(place: Place) -> list[int]:
    return sorted(place.coordinators())


def end(emulator: Emulator, place: Place, number: int) -> None:
    """Let a coordinator be over, with its job still listed."""
    job = place.coordinators()[number]
    emulator.strike(job.name.rpartition("/")[2], 0, "out-of-memory")


def in_the_bucket(place: Place) -> list[str]:
    return sorted(place.storage.below("coordinator"))


def test_of_two_who_submit_at_once_one_is_told_of_the_other(place):
    jobs = [check_alone(place), check_alone(place)]
    assert jobs == [NextJob(1), NextJob(1)]

    name = submit(place, sources(), NextJob(1))
    with pytest.raises(RunningError, match="-1 is its coordinator since"):
        submit(place, sources(b"others"), NextJob(1))

    assert jobs_of(place) == [1]
    assert name.endswith(f"{place.prefix}1")


def test_an_answer_that_was_lost_leaves_one_job_which_is_ours(place, emulator):
    lost = ApiFault(method="CreateJob", code=503, effect="after", times=1)
    emulator.faults.replace(FaultPlan(api=[lost]))

    name = submit(place, sources(), check_alone(place))

    emulator.faults.replace(FaultPlan())
    assert jobs_of(place) == [1]
    assert place.jobs.get(name) is not None


def test_while_a_coordinator_is_at_work_the_next_is_refused_and_then_it_goes_on(place, emulator):
    first = sources(b"first")
    submit(place, first, check_alone(place))

    with pytest.raises(RunningError, match="epyflow cancel small/main --storage gs://"):
        check_alone(place)
    end(emulator, place, 1)

    assert check_alone(place).number == 2
    second = sources(b"second")
    submit(place, second, NextJob(2))
    assert jobs_of(place) == [1, 2]
    # Nobody needs the sources of one that is over.
    assert in_the_bucket(place) == [second.path.removeprefix("coordinator/")]


def test_the_same_sources_keep_their_age(place, emulator):
    submit(place, sources(), check_alone(place))
    before = place.storage.below("coordinator")
    end(emulator, place, 1)

    submit(place, sources(), check_alone(place))

    assert place.storage.below("coordinator") == before


def test_a_run_of_another_prefix_with_the_same_name_is_another_run(place):
    submit(place, sources(), check_alone(place))
    site = place.site.model_copy(update={"storage": f"{place.site.storage}/other"})

    assert check_alone(Place(site, "small", "main", Bucket(site.storage), place.jobs)).number == 1


def test_a_coordinator_of_this_machine_that_lives_is_not_passed_by(place):
    write_record(this_coordinator("small", "main", {}), place.storage)

    with pytest.raises(RunningError, match=f"running on this machine, process {os.getpid()}"):
        check_alone(place, take_over=True)


def test_one_of_another_machine_has_to_be_said_to_be_dead(place):
    elsewhere = this_coordinator("small", "main", {}).model_copy(update={"host": "laptop"})
    write_record(elsewhere, place.storage)

    with pytest.raises(RunningError, match=r"on laptop, since .* add --take-over"):
        check_alone(place)
    assert check_alone(place, take_over=True).number == 1
    write_record(elsewhere.after("failed"), place.storage)
    assert check_alone(place).number == 1


def test_a_lease_is_not_passed_by_until_it_lapses_or_that_is_said(place, monkeypatch):
    elsewhere = this_coordinator("small", "main", {}).model_copy(update={"host": "laptop"})
    write_record(elsewhere, place.storage)
    first = acquire_lease(elsewhere, place.storage, print)

    with pytest.raises(RunningError, match=r"on laptop is its coordinator since .* --take-over"):
        check_alone(place)
    assert check_alone(place, take_over=True).number == 1
    assert read_lease("small", "main", place.storage)
    # It shows that the coordinator elsewhere has ended, which its record does not.
    with monkeypatch.context() as patch:
        patch.setattr(run_lease, "LEASE_SECONDS", 0.0)
        assert check_alone(place).number == 1
        patch.setattr(run_lease, "time", SimpleNamespace(sleep=lambda seconds: first.renew()))
        with pytest.raises(RunningError, match="while it was watched"):
            check_alone(place, watch=True)

    submit(place, sources(), check_alone(place, take_over=True, watch=True))
    # The coordinator that lives goes on until the job has started.
    first.renew()
    found = read_lease("small", "main", place.storage)
    assert found is not None
    variables = place.coordinators()[1].task_groups[0].task_spec.environment.variables
    assert variables[REPLACES_VARIABLE] == found.nonce


def test_the_lease_of_a_job_that_is_over_does_not_count(place, emulator):
    name = submit(place, sources(), check_alone(place))
    acquire_lease(this_coordinator("small", "main", {JOB_VARIABLE: name}), place.storage, print)
    end(emulator, place, 1)

    found = read_lease("small", "main", place.storage)
    assert found is not None
    assert check_alone(place, watch=True) == NextJob(2, found.nonce)


def test_what_is_saved_is_gone_on_with(place):
    assert resumes(place) is False

    place.storage.write(RunLayout("small", "main").coordinator_state, b"state")

    assert resumes(place) is True


def call(*arguments: str, typed: str | None = None) -> Result:
    command = ["submit", "small", "--config", "experiments_root=study", *arguments]
    done = CliRunner().invoke(app.app, command, input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.usefixtures("project")
def test_the_command_says_what_it_has_started_and_refuses_a_second_one(place):
    topic = "projects/rehearsal/topics/runs"
    first = call("--format", "json", "--hours", "2", "--notify-topic", topic)
    second = call()

    assert first.exit_code == 0, first.stderr
    said = json.loads(first.stdout)
    assert (said["experiment"], said["run_id"], said["tasks"]) == ("small", "main", 2)
    assert said["usd"][0] > 0
    assert said["results"] == f"{place.site.storage}/results/small/main"
    assert second.exit_code == 3
    assert said["job"] in second.stderr
    definition = batch_v1.Job.pb(place.coordinators()[1])
    variables = dict(definition.task_groups[0].task_spec.environment.variables)
    assert variables["EPYFLOW_COORDINATOR_HOURS"] == "2"
    assert Site.model_validate(place.site.model_dump() | {"notify_topic": topic}) == read_site(
        variables
    )
    assert place.storage.read(variables["EPYFLOW_COORDINATOR_SOURCES"])


@pytest.mark.usefixtures("project")
def test_a_run_is_submitted_with_an_id_and_a_folder_of_its_own(place, tmp_path, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GCP_STORAGE", f"{place.site.storage}/{{exp_id}}")

    done = call("--run-id", "auto", "--format", "json")

    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["results"] == f"{place.site.storage}/small/results/small/{said['run_id']}"
    job = batch_v1.Job.pb(place.jobs.get(said["job"]))
    variables = dict(job.task_groups[0].task_spec.environment.variables)
    assert variables["EPYFLOW_GCP_STORAGE"] == f"{place.site.storage}/small"
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", said["run_id"])
    below = said["sources"].removeprefix(f"{place.site.storage}/")
    (tmp_path / "sources.tar.gz").write_bytes(place.storage.read(below))
    with tarfile.open(tmp_path / "sources.tar.gz") as archive:
        settings = yaml.safe_load(archive.extractfile("config/config.yaml").read())
    assert settings["run_id"] == said["run_id"]


@pytest.mark.usefixtures("project")
def test_on_a_terminal_the_summary_is_confirmed_once_and_yes_asks_nothing(place, monkeypatch):
    monkeypatch.setattr(output, "at_a_terminal", lambda: True)

    refused = call("--run-id", "Week-3", typed="n\n")
    assert refused.exit_code == 3
    assert in_the_bucket(place) == []
    assert refused.stderr.count("Start this run?") == 1
    said = refused.stderr.splitlines()
    assert said[0] == "small/Week-3 on Google Batch"
    assert {line.split()[0] for line in said[1:8]} >= {"tasks", "jobs", "image", "cost", "labels"}
    assert "2 run_task on c4d-standard-2" in refused.stderr
    assert f"image    {place.site.image}" in said
    assert "exp_id=small run_id=week-3" in refused.stderr

    assert call("--run-id", "Week-3", typed="y\n").exit_code == 0
    done = call("--run-id", "week-4", "--yes")
    assert done.exit_code == 0
    assert "small/week-4 on Google Batch" in done.stderr
    assert "Start this run?" not in done.stderr


def test_a_dry_run_prints_warnings_and_uploads_and_starts_nothing(place, project):
    extra = {"type": "scalar", "value": 1}
    project.change("basemodel", lambda y: y["model"]["parameters"].update(extra=extra))

    done = call("--dry-run", "--run-id", "tried")
    assert done.stderr.count("parameters.extra: warning: no rate or calculated parameter") == 1

    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("small/tried: would be submitted as epyflow-coordinator-")
    assert "2 tasks, 24 simulations" in done.stdout
    assert in_the_bucket(place) == []
    assert jobs_of(place) == []


@pytest.mark.usefixtures("project")
def test_another_experiment_of_the_same_name_is_named_before_anything_is_started(place):
    other = Origin(place="/studies/ann/experiments/small", digest="ab12")
    record_start(find_record("small", "shared", place.storage), origin=other)

    done = call("--dry-run", "--run-id", "shared")

    assert "has read the experiment in /studies/ann/experiments/small. This start" in done.stderr


@pytest.mark.usefixtures("project")
def test_a_run_whose_folder_holds_the_inputs_of_another_one_is_refused(place):
    Path("study/experiments/nest").mkdir()
    Path("study/experiments/small").rename("study/experiments/nest/small")
    other = {"exp_id": "nest", "run_id": "small/2025-02-08"}
    built = {"format": 1, **other, "seed": 3, "digests": {}, "checksums": {}}
    layout = RunLayout("nest/small", "2025-02-08")
    place.storage.write(layout.input_record, json.dumps(built).encode())

    given = ("--config", "experiments_root=study", "--run-id", "2025-02-08")
    done = CliRunner().invoke(app.app, ["submit", "nest/small", *given])

    assert done.exit_code == 1
    assert "holds the run small/2025-02-08 of the experiment nest" in done.stderr
    assert jobs_of(place) == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("option", ["--configfile=x.yaml", "--profile", "-n", "--dry-run"])
def test_options_that_would_make_another_run_of_it_are_refused(place, option):
    done = call("--", option)

    assert done.exit_code == 1
    assert option.partition("=")[0] in done.stderr
    assert jobs_of(place) == []


def test_without_an_account_for_coordinators_it_is_said_where_it_comes_from(place, monkeypatch):
    monkeypatch.delenv("EPYFLOW_GCP_COORDINATOR_SERVICE_ACCOUNT")

    done = call()

    assert COORDINATOR not in done.stderr
    assert done.exit_code == 1
    assert "terraform output coordinator_service_account" in done.stderr


def test_an_experiment_that_is_wrong_is_refused_before_anything_is_uploaded(place, project):
    project.change("basemodel", lambda y: y["model"]["parameters"].pop("mu"))

    done = call()

    assert done.exit_code == 1
    assert "basemodel.yaml" in done.stderr
    assert in_the_bucket(place) == []


@pytest.mark.usefixtures("project")
def test_one_that_is_not_there_is_unreadable():
    done = CliRunner().invoke(app.app, ["submit", "smal", "--config", "experiments_root=study"])

    assert done.exit_code == 2
    assert "small" in done.stderr
