"""A week on the emulator: set up, looked at, submitted, lost, gone on with, followed, fetched.

Every command is typed as a person would; nothing else is known of the run than what they print and
what lies in the bucket.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from epyflow import __version__
from epyflow.cli.app import app
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.run.layout import RunLayout
from google_batch_emulator import FaultPlan, Project, TaskFault
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.records import JobRecord
from tests.cloud.clouded import COORDINATOR, Rehearsed
from tests.cloud.conftest import forking_tasks
from tests.cloud.test_private_experiments import objects
from tests.unit.operations.notification.listening import Server, listening
from tests.unit.repositories.serving import BASIC, TOKEN, Repository, served
from tests.watching import command_lines
from tests.workflow.workspace import EPYFLOW, Done, Workspace

PATIENCE = 600
RUN = "small/main"
TOPIC = "projects/rehearsal/topics/runs"
IMAGE = "us-central1-docker.pkg.dev/rehearsal/epyflow/epyflow@sha256:" + "0" * 64
LABEL = "org.opencontainers.image"

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "project": {"state": "DELETE_REQUESTED"},
    "services": {"disabled_services": ["batch.googleapis.com"]},
    "permissions": {"denied_permissions": ["batch.jobs.create"]},
    "act-as": {"absent_accounts": ["coordinator@*"]},
    "bucket-write": {"denied_permissions": ["storage.objects.create"]},
    "image": {"absent_images": ["*"]},
    "image-version": {"image_labels": {f"{LABEL}.version": "0.0.9"}},
    "quota": {"quotas": {"CPUS_PER_VM_FAMILY:C4D": 1}},
    "machine-types": {"absent_machine_types": ["c4d-*"]},
    "disks": {"absent_disk_types": ["hyperdisk-*"]},
    "network": {"private_google_access": False},
}
"""The check of doctor that is to name it, and what is wrong with the project."""


@pytest.fixture(scope="module")
def told() -> Iterator[Server]:
    """Stands for Pub/Sub."""
    with listening() as server:
        yield server


@pytest.fixture(scope="module")
def emulator(
    told: Server, compiled: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    """Room for a coordinator and two tasks, which fork Snakemake."""
    variables = {"PUBSUB_EMULATOR_HOST": told.host, "NUMBA_CACHE_DIR": str(compiled)}
    with Emulator(forking_tasks(tmp_path_factory.mktemp("forking"), **variables)) as running:
        yield running


class Submitted(Rehearsed):
    """A workspace whose study is in a private repository, with the token in its environment."""

    def __init__(self, folder: Path, emulator: Emulator, prefix: str, root: str) -> None:
        super().__init__(folder, emulator.environment, prefix)
        self.emulator, self.root = emulator, root
        shutil.rmtree(self.study)
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        self.git(*identity, "commit", "--quiet", "--message=project")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """The user's own: what is known of the project is in the files that init writes."""
        cache = {"XDG_CACHE_HOME": str(self.folder / "cache"), "EPYFLOW_GIT_TOKEN": TOKEN}
        own = {
            name: value
            for name, value in super().environment().items()
            if not name.startswith("EPYFLOW_GCP_")
        }
        return own | cache

    def epyflow(self, *arguments: str) -> Done:
        return self.call([EPYFLOW, *arguments])

    def look(self, command: str, *arguments: str) -> Done:
        """Call a command that looks at the run."""
        return self.epyflow(command, "small", *arguments, "--storage", self.prefix)

    def submission(self, *options: str) -> list[str]:
        """Write the command that submits the study."""
        return [
            *(EPYFLOW, "submit", "small"),
            *("--notify-topic", TOPIC, "--format", "json", "--every", "1", *options),
            *("--", "--seconds-between-status-checks", "1", "--retries", "0"),
            *("--until", "finish_run"),
        ]

    def start(self, command: list[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def submit(self, *options: str) -> Done:
        return self.call(self.submission(*options))

    def jobs(self, stage: str) -> list[JobRecord]:
        """The jobs of a stage, in the order of their creation."""
        found = self.emulator.store.all()
        return [job for job in found if job.definition.labels.get("stage") == stage]

    def project(self, **differs: Any) -> None:
        """Let the emulated project be as it should, but for what is named."""
        self.emulator.faults.replace(FaultPlan(project=Project(**differs)))

    def wait_for(self, what: Callable[[], object]) -> None:
        limit = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < limit, self.log
            time.sleep(0.2)

    @property
    def log(self) -> str:
        """What the coordinators printed, as far as it has been copied."""
        return (self.bucket.read(RunLayout("small", "main").coordinator_log) or b"").decode()

    @property
    def record(self) -> Coordinator:
        found = read_record("small", "main", self.bucket)
        assert found is not None
        return found


def document(done: Done) -> dict[str, Any]:
    return dict(json.loads(done.text[done.text.index("{") : done.text.rindex("}") + 1]))


def test_a_week_from_an_empty_clone_to_tables_that_are_those_of_a_local_run(
    emulator, told, tmp_path, prefix, monkeypatch
):
    study = Workspace(tmp_path / "local")
    study.change("output", lambda y: y["output"]["quantiles"].pop("transitions"))
    repository = Repository(tmp_path / "repository")
    shutil.rmtree(repository.work / "experiments" / "small")
    shutil.copytree(study.study, repository.work, dirs_exist_ok=True)
    doses = (study.study / "common-data" / "doses.csv").read_text()
    lines = doses.splitlines(keepends=True)
    without = "".join(line for line in lines if "US-NY" not in line)
    repository.commit({"common-data/doses.csv": without})

    with served(repository.bare.parent) as server, command_lines() as started:
        root = f"{server.address}@main"
        submitted = Submitted(tmp_path / "workspace", emulator, prefix, root)
        is_set_up(submitted)
        every_fault_of_the_project_is_named(submitted, monkeypatch)
        fails_for_lack_of_data(submitted)
        asked = len(server.seen)
        commit = repository.commit({"common-data/doses.csv": doses})
        goes_on_on_another_machine(submitted)
        # Those who submit ask for the repository; coordinators do not.
        assert len(server.seen) <= 3 * asked
        has_nothing_to_do_over_again(submitted)

    local = study.run("--until", "make_tables")
    assert local.code == 0, local.text
    assert submitted.outputs() == study.outputs()
    assert len(submitted.outputs()) == 3
    says_what_it_was_made_from(submitted, server.address, commit)
    no_token_is_anywhere(submitted, started)
    both_ends_were_told(told)
    as_it_was_asked_for(submitted.jobs("coordinator")[-1])
    what_was_made_is_fetched_with_its_cost(submitted, study)
    is_cleaned_up(submitted)


def is_set_up(submitted: Submitted) -> None:
    done = submitted.epyflow(
        *("init", "--yes", "--experiment", "small", "--experiments-root", submitted.root),
        *("--project", "rehearsal", "--region", "us-central1", "--storage", submitted.prefix),
        *("--service-account", "epyflow-tasks@rehearsal.iam.gserviceaccount.com"),
        *("--coordinator-service-account", COORDINATOR, "--image", IMAGE),
    )

    assert done.code == 0, done.text
    assert "wrote config/config.yaml" in done.text
    assert "wrote profiles/gcp/site.yaml" in done.text
    assert "epyflow doctor" in done.text


def every_fault_of_the_project_is_named(
    submitted: Submitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {
        f"{LABEL}.version": __version__,
        f"{LABEL}.revision": submitted.git("rev-parse", "HEAD"),
    }
    submitted.project(image_labels=labels)
    done = submitted.epyflow("doctor", "--format", "json")
    assert done.code == 0, done.text
    assert failed(done.text) == []
    # In this process from here on: eleven starts of Python are not what is tried.
    with monkeypatch.context() as patch:
        for name, value in submitted.environment().items():
            patch.setenv(name, value)
        patch.chdir(submitted.folder)
        for check, fault in FAULTS.items():
            submitted.project(**{"image_labels": labels} | fault)
            found = CliRunner().invoke(app, ["doctor", "--format", "json", "--check", check])
            assert (found.exit_code, failed(found.stdout)) == (1, [check])
    submitted.emulator.faults.replace(FaultPlan())


def failed(printed: str) -> list[str]:
    checks = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])["checks"]
    assert all(each["remedy"] for each in checks if each["state"] in ("failed", "warning"))
    return [each["id"] for each in checks if each["state"] == "failed"]


def fails_for_lack_of_data(submitted: Submitted) -> None:
    done = submitted.submit("--wait")

    assert done.code == 1, done.text
    assert document(done)["resumes"] is False
    assert (document(done)["tasks"], document(done)["simulations"]) == (2, 24)
    assert submitted.record.outcome == "failed"
    assert "coordinator ends with exit code 1" in submitted.log
    assert "doses.csv" in submitted.log
    assert not submitted.bucket.read(f"results/{RUN}/outputs/run_metadata.json")


def goes_on_on_another_machine(submitted: Submitted) -> None:
    before = len(submitted.jobs("run"))
    # So that there is something to be taken over.
    slow = TaskFault(job="run-task-*", action="delay", after_seconds=15, times=None)
    submitted.emulator.faults.replace(FaultPlan(tasks=[slow]))
    waiting = submitted.start(submitted.submission("--wait"))
    submitted.wait_for(lambda: len(submitted.jobs("run")) > before)
    second = submitted.submit()
    assert second.code == 3, second.text
    assert "epyflow cancel small/main" in second.text

    under_way = submitted.look("status", "--format", "json")
    assert under_way.code == 3, under_way.text
    (lost,) = [job for job in submitted.jobs("coordinator") if job.attempts]
    assert lost.job_id in under_way.text
    follow = [EPYFLOW, "logs", "small", "--rule", "coordinator", "--follow", "--every", "1"]
    following = submitted.start([*follow, "--storage", submitted.prefix])
    assert submitted.emulator.strike(lost.job_id, 0, "vm-reboot") == 1
    printed, _ = waiting.communicate(timeout=PATIENCE)
    followed, _ = following.communicate(timeout=PATIENCE)

    assert following.returncode == 0, followed
    assert "taken over" in followed
    assert "coordinator ends with exit code 0" in followed
    assert waiting.returncode == 0, submitted.log
    assert json.loads(printed)["job"] == lost.job_id
    assert json.loads(printed)["resumes"] is True
    assert lost.tasks[0].retries == 1
    assert submitted.log.count(f"jobs/{lost.job_id} starts") == 2
    assert "taken over" in submitted.log
    # Two tasks, each done once.
    (job,) = submitted.jobs("run")[before:]
    assert [task.retries for task in job.tasks] == [0, 0]
    assert (submitted.record.outcome, submitted.record.job) == ("complete", full_name(lost))


def has_nothing_to_do_over_again(submitted: Submitted) -> None:
    """A coordinator of this machine, which knows nothing of theirs, goes on where they ended."""
    planned = submitted.plan(experiments_root=submitted.root)
    assert planned.code == 0, planned.text
    assert planned.jobs == {}, planned.text


def full_name(job: JobRecord) -> str:
    return f"projects/rehearsal/locations/us-central1/jobs/{job.job_id}"


def says_what_it_was_made_from(submitted: Submitted, address: str, commit: str) -> None:
    data = submitted.bucket.read(f"results/{RUN}/outputs/run_metadata.json")
    assert data is not None
    metadata = json.loads(data)
    repository = address.removeprefix("git+")
    expected = {"repository": repository, "ref": "main", "commit": commit}
    assert metadata["experiments"] == expected
    revision = submitted.git("rev-parse", "HEAD")
    assert metadata["code"]["git"] == {"revision": revision, "dirty": True}
    assert metadata["counts"]["failed"] == 0


def no_token_is_anywhere(submitted: Submitted, started: set[str]) -> None:
    definitions = [str(record.definition) for record in submitted.emulator.store.all()]
    entries = [str(each) for each in submitted.emulator.logbook.find(lambda _: True, None)]
    stored: Mapping[str, bytes] = objects(submitted.cloud, submitted.prefix)
    assert any(name.endswith(".tar.gz") and "sources-" in name for name in stored)
    assert len(entries) > 10
    files = [path for path in submitted.folder.rglob("*") if path.is_file()]
    assert any("epyflow.operations.detached" in line for line in started)
    for secret in (TOKEN, BASIC):
        assert not any(secret in text for text in (*definitions, *entries, *started, submitted.log))
        assert not any(secret.encode() in path.read_bytes() for path in files)
        assert not any(secret.encode() in data for data in stored.values())


def both_ends_were_told(told: Server) -> None:
    failed, complete = told.published(TOPIC)
    assert (failed["outcome"], complete["outcome"]) == ("failed", "complete")
    assert failed["tasks"] == {"planned": 2, "done": 1, "failed": 1, "missing": 0}
    assert "doses.csv" in failed["failures"][0]["message"]
    assert complete["tasks"] == {"planned": 2, "done": 2, "failed": 0, "missing": 0}
    assert complete["failures"] == []


def what_was_made_is_fetched_with_its_cost(submitted: Submitted, study: Workspace) -> None:
    over = submitted.look("status", "--format", "json")
    assert over.code == 0, over.text
    fetched = submitted.look(
        "fetch", "--to", "mine", "--names", "flat", "--what", "outputs/*.csv.gz"
    )
    assert fetched.code == 0, fetched.text
    local = {f"small_main_{name}": data for name, data in study.outputs().items()}
    mine = submitted.folder / "mine"
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == local
    cost = submitted.epyflow("cost", f"{submitted.prefix}/results/{RUN}", "--format", "json")
    assert cost.code == 0, cost.text
    assert '"run"' in cost.text


def is_cleaned_up(submitted: Submitted) -> None:
    before = submitted.outputs()
    done = submitted.epyflow("clean", "--older-than", "0s", "--yes", "--storage", submitted.prefix)

    assert done.code == 0, done.text
    assert submitted.emulator.store.all() == []
    # State and sources are gone; record and log stay with the results.
    assert set(submitted.bucket.below(f"coordinator/{RUN}")) == {"record.json", "coordinator.log"}
    assert submitted.outputs() == before
    assert submitted.look("status").code == 0


def as_it_was_asked_for(job: JobRecord) -> None:
    labels = {"component": "epyflow", "stage": "coordinator", "exp_id": "small", "run_id": "main"}
    labels |= {"environment": "dev", "managed-by": "epyflow"}
    (group,), policy = job.definition.task_groups, job.definition.allocation_policy
    assert dict(job.definition.labels) == dict(policy.labels) == labels
    assert policy.service_account.email == COORDINATOR
    assert policy.instances[0].policy.machine_type == "e2-standard-2"
    assert policy.network.network_interfaces[0].no_external_ip_address
    assert group.task_spec.max_run_duration.seconds == 24 * 3600 + 600
