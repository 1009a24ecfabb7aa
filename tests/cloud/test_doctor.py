"""``epyflow doctor`` against an emulated project: whole, and with one fault at a time.

The emulator answers as https://cloud.google.com documents its APIs to; the modules of
``google_batch_emulator.project`` name the pages.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from epyflow import __version__
from epyflow.cli.app import app
from epyflow.google import rest
from epyflow.google.site import Site
from epyflow.operations.doctor import google_project, this_machine
from epyflow.repositories.token import SECRET_VARIABLE, VARIABLES
from google_batch_emulator import ApiFault, FaultPlan, Project, StorageFault
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "us-central1-docker.pkg.dev/rehearsal/epyflow/epyflow@sha256:" + "0" * 64
SECRET = "projects/rehearsal/secrets/github-pat"  # noqa: S105 - the name of one
TASKS = "tasks@rehearsal.iam.gserviceaccount.com"
LABEL = "org.opencontainers.image"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory) -> Iterator[Emulator]:
    secrets = tmp_path_factory.mktemp("secrets") / "secrets.json"
    secrets.write_text(json.dumps({f"{SECRET}/versions/latest": "a-token"}))
    with Emulator(Settings(bucket="rehearsal", stub=True, secrets=secrets)) as running:
        yield running


@dataclass(frozen=True)
class Clone:
    """A folder that runs are started in, with commits: other code, another Snakemake, this."""

    folder: Path
    other: str
    older: str
    this: str


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    folder = tmp_path_factory.mktemp("clone")
    for name in ("config", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "epyflow", folder / "src" / "epyflow", ignore=ignored)
    shutil.copy(ROOT / "uv.lock", folder)
    initial = folder / "src" / "epyflow" / "model" / "initial_conditions.py"
    text = initial.read_text()
    initial.write_text(text + "\nEDITED = True\n")
    git(folder, "init", "--quiet")
    other = commit(folder)
    initial.write_text(text)
    lock = (folder / "uv.lock").read_text()
    here = f'name = "snakemake"\nversion = "{version("snakemake")}"'
    assert here in lock
    (folder / "uv.lock").write_text(lock.replace(here, 'name = "snakemake"\nversion = "9.0.1"'))
    older = commit(folder)
    (folder / "uv.lock").write_text(lock)
    return Clone(folder, other, older, commit(folder))


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


@dataclass
class Doctor:
    """Runs the command in a clone, as it would be found by a person."""

    emulator: Emulator
    clone: Clone
    monkeypatch: pytest.MonkeyPatch
    code: int = 0
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look(self, *arguments: str, plan: FaultPlan | None = None, **project: Any) -> None:
        labels = {f"{LABEL}.version": __version__, f"{LABEL}.revision": self.clone.this}
        differs = Project(**{"image_labels": labels} | project)
        plan = plan or FaultPlan()
        self.emulator.faults.replace(plan.model_copy(update={"project": differs}))
        done = CliRunner().invoke(app, ["doctor", "--format", "json", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.code = done.exit_code
        self.findings = {each["id"]: each for each in json.loads(done.stdout)["checks"]}

    def states(self, state: str) -> list[str]:
        return [name for name, each in self.findings.items() if each["state"] == state]

    def because_of(self, check: str) -> list[str]:
        return [name for name, each in self.findings.items() if each["because"] == check]

    def assert_named(self, check: str, state: str, *words: str) -> None:
        """One check alone says what is wrong and what to do; the others are ok, or skipped."""
        others = {name: each for name, each in self.findings.items() if name != check}
        wrong = {name: each for name, each in others.items() if each["state"] not in FINE}
        assert wrong == {}
        found = self.findings[check]
        assert found["state"] == state
        text = f"{found['found']} → {found['remedy']}"
        assert all(word in text for word in words), text
        assert found["remedy"]
        assert self.states("skipped") == self.because_of(check)
        assert self.code == (1 if state == "failed" else 0)


FINE = ("ok", "skipped")


@pytest.fixture
def doctor(emulator, clone, monkeypatch) -> Doctor:
    for name in ("EPYFLOW_GCP_SITE", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    site = {
        "project": "rehearsal",
        "region": "us-central1",
        "storage": "gs://rehearsal/epyflow",
        "image": IMAGE,
        "service_account": TASKS,
    }
    for name in Site.model_fields:
        monkeypatch.delenv(f"EPYFLOW_GCP_{name.upper()}", raising=False)
    for name, value in site.items():
        monkeypatch.setenv(f"EPYFLOW_GCP_{name.upper()}", value)
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.setattr(this_machine, "_SCARCE_GB", 0.0)
    monkeypatch.setattr(this_machine, "_TOO_LITTLE_GB", 0.0)
    monkeypatch.chdir(clone.folder)
    return Doctor(emulator, clone, monkeypatch)


def test_all_is_well(doctor):
    doctor.look()

    assert doctor.code == 0
    assert doctor.states("ok") == list(doctor.findings)
    assert len(doctor.findings) > 25
    assert "a-token" not in json.dumps(doctor.findings)
    bucket = "gs://rehearsal/epyflow: written, listed, read and deleted"
    assert doctor.findings["bucket-write"]["found"] == bucket
    assert "CPUS_PER_VM_FAMILY:C4D 200" in doctor.findings["quota"]["found"]


@pytest.mark.parametrize(
    ("project", "check", "words"),
    [
        (
            {"disabled_services": ["batch.googleapis.com"]},
            "services",
            ("gcloud services enable batch.googleapis.com --project rehearsal",),
        ),
        (
            {"denied_permissions": ["batch.jobs.create"]},
            "permissions",
            ("lacks batch.jobs.create", "--role=roles/batch.jobsEditor"),
        ),
        (
            {"denied_permissions": ["iam.serviceAccounts.actAs"]},
            "act-as",
            (f"may not act as {TASKS}", "--role=roles/iam.serviceAccountUser"),
        ),
        (
            {"absent_accounts": ["tasks@*"]},
            "act-as",
            (f"there is no account {TASKS}", "check `service_account`"),
        ),
        (
            {"denied_permissions": ["storage.objects.create"]},
            "bucket-write",
            ("lacks storage.objects.create", "--role=roles/storage.objectAdmin"),
        ),
        ({"absent_images": ["*"]}, "image", ("has no image sha256:000", "make image-push")),
        (
            {"image_labels": {f"{LABEL}.version": "0.0.9"}},
            "image-version",
            (f"holds epyflow 0.0.9, this is {__version__}", "make image-push"),
        ),
        (
            {"quotas": {"CPUS_PER_VM_FAMILY:C4D": 1}},
            "quota",
            ("CPUS_PER_VM_FAMILY:C4D: 1 left, run_task asks for 200", "quotas?project=rehearsal"),
        ),
        (
            {"absent_machine_types": ["c4d-*"]},
            "machine-types",
            ("us-central1 has no c4d-highmem-2, c4d-standard-2", "choose others"),
        ),
        (
            {"absent_disk_types": ["hyperdisk-*"]},
            "disks",
            ("no zone of us-central1 has both c4d-highmem-2 and hyperdisk-balanced",),
        ),
        (
            {"private_google_access": False},
            "network",
            ("no Private Google Access", "--enable-private-ip-google-access"),
        ),
        (
            {"absent_networks": ["default"]},
            "network",
            ("there is no projects/rehearsal/global/networks/default", "check `network`"),
        ),
        (
            {"state": "DELETE_REQUESTED"},
            "project",
            ("rehearsal is DELETE_REQUESTED", "gcloud projects undelete rehearsal"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_the_project_is_named_by_one_check(doctor, project, check, words):
    doctor.look(**project)

    doctor.assert_named(check, "failed", *words)


@pytest.mark.parametrize(
    ("variable", "value", "check", "words"),
    [
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "nowhere.json",
            "credentials",
            ("nowhere.json", "gcloud auth application-default login"),
        ),
        (
            "EPYFLOW_GCP_PROJECT",
            "another-project",
            "project",
            ("another-project does not exist, or ", "check `project`"),
        ),
        ("EPYFLOW_GCP_IMAGE", "epyflow:latest", "site", ("image: 'epyflow:latest' is not right",)),
        (
            "EPYFLOW_GCP_STORAGE",
            "gs://nowhere/epyflow",
            "bucket",
            ("there is no bucket gs://nowhere", "gcloud storage buckets create gs://nowhere"),
        ),
        (
            "EPYFLOW_GCP_SUBNETWORK",
            "regions/us-east1/subnetworks/default",
            "network",
            ("is not in us-central1, where the machines are",),
        ),
        (
            SECRET_VARIABLE,
            "projects/rehearsal/secrets/none",
            "secret",
            ("which cannot be read", "roles/secretmanager.secretAccessor"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_the_settings_is_named_by_one_check(
    doctor, variable, value, check, words
):
    doctor.monkeypatch.setenv(variable, value)

    doctor.look()

    doctor.assert_named(check, "failed", *words)


def test_the_coordinators_account_is_looked_at_where_one_is_named(doctor):
    account = "coordinator@rehearsal.iam.gserviceaccount.com"
    doctor.monkeypatch.setenv("EPYFLOW_GCP_COORDINATOR_SERVICE_ACCOUNT", account)

    doctor.look(absent_accounts=["coordinator@*"])

    words = (f"there is no account {account}", "check `coordinator_service_account`")
    doctor.assert_named("act-as", "failed", *words)


def test_what_depends_on_a_check_that_failed_is_not_looked_at(doctor):
    doctor.monkeypatch.setenv("EPYFLOW_GCP_PROJECT", "another-project")

    doctor.look()

    assert doctor.states("ok") == [
        *("python", "packages", "snakemake", "disk", "settings", "token"),
        *("site", "credentials", "profile"),
    ]
    assert doctor.findings["image-version"]["found"] == "not checked, because project failed"


def test_a_refusal_by_a_condition_on_names_is_found_by_trying(doctor):
    fault = StorageFault(kind="upload", object="epyflow/*", status=403, times=None)

    doctor.look(plan=FaultPlan(storage=[fault]))

    doctor.assert_named("bucket-write", "failed", "gs://rehearsal/epyflow", "roles/storage.object")


def test_a_disk_that_does_not_suit_the_machine_is_named(doctor, tmp_path):
    text = (doctor.clone.folder / "profiles/gcp/config.yaml").read_text()
    machine = "    googlebatch_machine_type: \"'c4d-standard-2' if attempt == 1"
    assert machine in text
    profile = tmp_path / "config.yaml"
    profile.write_text(
        text.replace(machine, f"    googlebatch_boot_disk_type: pd-balanced\n{machine}")
    )

    doctor.look("--profile", str(profile))

    doctor.assert_named(
        "disks",
        "failed",
        "c4d-highmem-2 cannot boot from pd-balanced",
        "the default for this machine is hyperdisk-balanced",
    )


@pytest.mark.parametrize(
    ("project", "check", "words"),
    [
        (
            {"quotas": {"HDB_TOTAL_GB": 500, "CPUS_PER_VM_FAMILY:C4D": 24}},
            "quota",
            ("C4D: 24 left, run_task asks for 200 (100 machines of 2); 12 at once", "HDB_TOTAL_GB"),
        ),
        (
            {"bucket_location": "europe-west1"},
            "bucket",
            ("gs://rehearsal is in europe-west1 and the machines", "use a bucket in us-central1"),
        ),
        (
            {"denied_permissions": ["logging.logEntries.list"]},
            "permissions",
            ("the last lines of a failed task are not shown", "roles/logging.viewer"),
        ),
        (
            {"policy": {"roles/logging.logWriter": [f"serviceAccount:{TASKS}"]}},
            "act-as",
            ("which lacks roles/batch.agentReporter on the project itself", f"{TASKS} --role="),
        ),
        (
            {"bucket_policy": {"roles/storage.objectAdmin": [f"serviceAccount:{TASKS}"]}},
            "bucket-tasks",
            (
                f"{TASKS} may write coordinator/, build-sources/ in gs://rehearsal",
                "--condition=None",
            ),
        ),
        ({"image_labels": {}}, "image-version", ("does not say which commit", "make image-push")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_run_can_do_with_is_a_warning(doctor, project, check, words):
    doctor.look(**project)

    doctor.assert_named(check, "warning", *words)


@pytest.mark.parametrize(
    ("revision", "state", "words"),
    [
        ("{other}", "failed", ("the code of run", "start from")),
        ("{older}", "warning", ("which differs from this folder in snakemake 9.0.1 (here ",)),
        ("{this}-dirty", "warning", ("was built from edited files",)),
        ("f" * 40, "warning", ("ffffffffffff, which is not in this clone", "git fetch")),
    ],
    ids=["other-code", "other-snakemake", "edited", "unknown"],
)
def test_the_image_is_compared_with_the_code_by_its_commit(doctor, revision, state, words):
    commit = revision.format(**asdict(doctor.clone))

    doctor.look(image_labels={f"{LABEL}.version": __version__, f"{LABEL}.revision": commit})

    doctor.assert_named("image-version", state, *words)


def test_what_an_account_of_terraform_may_not_look_at_is_a_warning(doctor):
    # terraform/iam.tf gives those who start runs none of these.
    doctor.look(denied_permissions=["compute.*", "storage.buckets.get"])

    assert doctor.code == 0
    assert doctor.states("warning") == [
        *("bucket", "region", "machine-types", "disks", "quota", "network"),
    ]
    for name in doctor.states("warning"):
        found = doctor.findings[name]
        assert re.search("cannot be (checked|read)", found["found"])
        assert "http" not in found["found"]
        assert "runs do not need this permission" in found["remedy"]
    assert doctor.states("skipped") == []


def test_a_quota_of_a_family_that_cannot_be_read_is_said_to_be_unknown(doctor):
    doctor.look("--check", "quota", denied_permissions=["serviceusage.quotas.get"])

    doctor.assert_named("quota", "warning", "the quota of vCPUs of C4D cannot be read")


def test_where_nothing_can_be_told_of_services_the_api_that_tells_it_is_named(doctor):
    doctor.look(disabled_services=["serviceusage.googleapis.com"])

    assert doctor.states("failed") == ["services"]
    assert doctor.findings["services"]["found"] == "not enabled: serviceusage.googleapis.com"
    assert doctor.states("warning") == ["quota"]


def test_a_region_that_is_none_is_named_once(doctor):
    doctor.monkeypatch.setenv("EPYFLOW_GCP_REGION", "us-central9")

    doctor.look()

    assert doctor.states("failed") == ["region"]
    assert doctor.findings["region"]["found"] == "there is no region us-central9"
    assert doctor.because_of("region") == ["batch", "machine-types", "disks", "quota", "network"]


def test_an_api_that_does_not_answer_is_said(doctor):
    doctor.monkeypatch.setattr(rest, "_REPEATED", rest._REPEATED.with_timeout(0.1))
    fault = ApiFault(method="GetSubnetwork", code=503, times=None)

    doctor.look(plan=FaultPlan(api=[fault]))

    doctor.assert_named("network", "failed", "no answer", "check the network")


def test_a_passing_fault_is_not_noticed(doctor):
    doctor.look(plan=FaultPlan(api=[ApiFault(method="GetProject", code=503)]))

    assert doctor.code == 0
    assert doctor.states("ok") == list(doctor.findings)


def test_a_clock_that_is_off_is_named(doctor):
    read, late = google_project.parsedate_to_datetime, timedelta(seconds=200)
    doctor.monkeypatch.setattr(
        google_project, "parsedate_to_datetime", lambda text: read(text) - late
    )

    doctor.look("--check", "clock")

    doctor.assert_named("clock", "failed", "this machine's clock is", "timedatectl")


@pytest.mark.parametrize(
    "roles", [("roles/editor",), ("roles/batch.agentReporter", "roles/logging.logWriter")]
)
def test_an_account_of_tasks_that_has_its_roles_is_well(doctor, roles):
    members = ["user:ada@example.org", f"serviceAccount:{TASKS}"]

    doctor.look("--check", "act-as", policy=dict.fromkeys(roles, members))

    assert doctor.findings["act-as"]["state"] == "ok"
    assert "which has roles/batch.agentReporter" in doctor.findings["act-as"]["found"]


def test_one_check_is_made_with_those_that_it_depends_on(doctor):
    doctor.look("--check", "bucket-write")

    assert list(doctor.findings) == [
        *("snakemake", "site", "credentials", "project", "services", "bucket", "bucket-write"),
    ]


def test_it_works_as_a_program_on_the_emulator(clone, tmp_path):
    """As somebody types it: lines to read, a line of counts, and the exit code."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"project": {"private_google_access": False}}))
    variables = {
        "EPYFLOW_GCP_PROJECT": "rehearsal",
        "EPYFLOW_GCP_REGION": "us-central1",
        "EPYFLOW_GCP_STORAGE": "gs://rehearsal/epyflow",
        "EPYFLOW_GCP_IMAGE": IMAGE,
        "EPYFLOW_GCP_SERVICE_ACCOUNT": TASKS,
    }
    programs = Path(sys.executable).parent
    done = subprocess.run(
        [
            *(programs / "google-batch-emulator", "run", "--stub", "--faults", plan),
            *("--", programs / "epyflow", "doctor"),
        ],
        cwd=clone.folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    (line,) = [number for number, text in enumerate(lines) if text.startswith("failed")]
    assert lines[line].startswith("failed   network        projects/rehearsal/regions/us-central1")
    assert lines[line + 1].strip().startswith("→ gcloud compute networks subnets update default")
    assert done.stderr.rstrip().endswith(" 1 failed")
    assert "Traceback" not in done.stdout + done.stderr
