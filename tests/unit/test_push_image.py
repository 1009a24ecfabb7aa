"""scripts/push_image.py, with programs in place of docker, podman and gcloud."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "0123456789abcdef" * 4
BASE = f"python:3.11-slim@{DIGEST}"
OTHER = "sha256:" + "f" * 64
FIXED = ("--revision=abc", f"--python-image={BASE}")
REPOSITORY = "us-central1-docker.pkg.dev/my-project/epyflow"
SITE = {
    "project": "my-project",
    "region": "us-central1",
    "storage": "gs://my-bucket/epyflow",
    "service_account": "tasks@my-project.iam.gserviceaccount.com",
}

DOCKER = f"""
if [ "$1" = inspect ]; then
  printf '%s\\n' elsewhere/epyflow@{OTHER} {REPOSITORY}/epyflow@{DIGEST}
fi
"""
PODMAN = f"""
if [ "$2" = --digestfile ]; then printf {DIGEST} >"$3"; fi
"""
GCLOUD = f"""
if [ "$1" = artifacts ]; then echo {DIGEST}; fi
"""


class Machine:
    """A folder of programs that note how they are called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.site = folder, folder / "site.yaml"
        self.site.write_text(yaml.safe_dump(SITE))

    def has(self, program: str, script: str) -> None:
        path = self.folder / program
        path.write_text(f'#!/bin/sh\necho {program} "$@" >>{self.folder}/calls\n{script}')
        path.chmod(0o755)

    def push(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        kept = {key: each for key, each in os.environ.items() if "EPYFLOW" not in key}
        path = f"{self.folder}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts/push_image.py"), *FIXED, *arguments],
            env=kept | {"PATH": path, "EPYFLOW_GCP_SITE": str(self.site)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    @property
    def image(self) -> str:
        return str(yaml.safe_load(self.site.read_text())["image"])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_docker_pushed_to_this_registry_becomes_the_image_of_runs(machine):
    machine.has("docker", DOCKER)

    done = machine.push()

    assert done.returncode == 0, done.stderr
    assert machine.image == f"{REPOSITORY}/epyflow@{DIGEST}"
    assert machine.calls[:2] == [
        f"docker tag epyflow:cloud {REPOSITORY}/epyflow:abc",
        f"docker push {REPOSITORY}/epyflow:abc",
    ]


def test_a_base_that_a_tag_names_is_neither_built_on_nor_pushed(machine):
    machine.has("gcloud", GCLOUD)

    done = machine.push("--cloud", "--python-image=python:3.11-slim")

    assert done.returncode == 1
    assert "the base python:3.11-slim is named by a tag" in done.stderr
    assert "make image-base" in done.stderr
    assert not (machine.folder / "calls").exists()


@pytest.mark.parametrize("program", ["podman", "buildah"])
def test_podman_and_buildah_write_the_digest_to_a_file(machine, program):
    machine.has(program, PODMAN)

    done = machine.push("--containers", program, "--repository", "registry.example.org/x")

    assert done.returncode == 0, done.stderr
    assert machine.image == f"registry.example.org/x/epyflow@{DIGEST}"


def test_where_variables_name_the_project_the_variable_of_the_image_is_printed(machine):
    machine.has("docker", DOCKER)
    machine.site.unlink()

    done = machine.push("--repository", REPOSITORY)

    assert done.returncode == 0, done.stderr
    assert f"export EPYFLOW_GCP_IMAGE={REPOSITORY}/epyflow@{DIGEST}\n" in done.stdout
    assert not machine.site.exists()


def test_a_push_that_fails_changes_nothing(machine):
    machine.has("docker", 'test "$1" != push')

    done = machine.push()

    assert done.returncode == 1
    assert done.stderr == "push_image: docker ended with exit code 1\n"
    assert "image" not in yaml.safe_load(machine.site.read_text())


def test_a_program_that_is_not_there_is_named(machine):
    assert machine.push("--containers", "dokker").stderr == "push_image: dokker is not installed\n"


def test_cloud_build_gets_the_projects_own_account_bucket_and_secret(machine):
    machine.has("gcloud", GCLOUD)

    done = machine.push("--cloud", "--token-secret", "github-pat")

    assert done.returncode == 0, done.stderr
    assert machine.image == f"{REPOSITORY}/epyflow@{DIGEST}"
    submit, describe = machine.calls
    assert "--gcs-source-staging-dir gs://my-bucket/epyflow/build-sources" in submit
    assert "projects/my-project/serviceAccounts/epyflow-build@my-project.iam" in submit
    assert f"_REPOSITORY={REPOSITORY}," in submit
    assert f",_PYTHON_IMAGE={BASE}," in submit
    assert "_TOKEN_SECRET=github-pat" in submit
    assert f"describe {REPOSITORY}/epyflow:abc" in describe


def test_the_sources_of_a_build_lie_above_the_folders_of_experiments(machine):
    machine.has("gcloud", GCLOUD)
    storage = "storage: gs://my-bucket/{environment}/runs/{exp_id}"
    text = machine.site.read_text().replace("storage: gs://my-bucket/epyflow", storage)
    machine.site.write_text(f"{text}environment: prod\n")

    done = machine.push("--cloud")

    assert done.returncode == 0, done.stderr
    assert "--gcs-source-staging-dir gs://my-bucket/prod/runs/build-sources" in machine.calls[0]


def builds(*statuses: str) -> str:
    """Return a gcloud that knows builds of commits abc, abd, ..., the newest first."""
    found = [
        {
            "createTime": f"2026-11-0{9 - number}",
            "status": status.split(":")[1],
            "logUrl": f"https://log/{number}",
            "substitutions": {"_REVISION": status.split(":")[0]},
        }
        for number, status in enumerate(statuses)
    ]
    return f"""
if [ "$1" = artifacts ]; then echo {DIGEST}; fi
if [ "$2" = list ]; then echo '{json.dumps(found)}'; fi
"""


def test_a_build_that_nobody_waits_for_changes_nothing_yet(machine):
    machine.has("gcloud", GCLOUD)

    done = machine.push("--cloud", "--no-wait")

    assert done.returncode == 0, done.stderr
    (submit,) = machine.calls
    assert " --async " in submit
    assert "make image-status" in done.stdout
    assert "image" not in yaml.safe_load(machine.site.read_text())


def test_its_image_is_that_of_runs_once_it_is_built(machine):
    machine.has("gcloud", builds("other:WORKING", "abc:SUCCESS", "abc:FAILURE"))

    done = machine.push("--status")

    assert done.returncode == 0, done.stderr
    assert machine.image == f"{REPOSITORY}/epyflow@{DIGEST}"
    assert "2026-11-09 WORKING other https://log/0" in done.stdout
    assert (
        "--project my-project --region us-central1 --filter tags=component-epyflow"
        in (machine.calls[0])
    )


@pytest.mark.parametrize(
    ("known", "code", "message"),
    [
        (["abc:WORKING", "abc:SUCCESS"], 0, "The build of abc is not done yet."),
        (["abc:FAILURE"], 1, "the build ended as FAILURE: https://log/0"),
        (["other:SUCCESS"], 1, "no build of abc; name the commit with REVISION="),
        ([], 1, "no build of abc"),
    ],
)
def test_a_build_that_is_not_done_or_failed_changes_nothing(machine, known, code, message):
    machine.has("gcloud", builds(*known))

    done = machine.push("--status")

    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert "image" not in yaml.safe_load(machine.site.read_text())


def test_make_waits_for_a_build_unless_told_otherwise():
    def command(*arguments: str) -> str:
        fixed = ["make", "-C", str(ROOT), "--dry-run", "--old-file=.venv/.synced", "REVISION=abc"]
        done = subprocess.run([*fixed, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    pushed = command("image-push")
    assert pushed.index("--check") < pushed.index("build --file docker/Dockerfile")
    assert "--python-image X@sha256:1" in command("image-cloud", "PYTHON_IMAGE=X@sha256:1")
    assert "--cloud" in command("image-cloud")
    assert "--no-wait" not in command("image-cloud")
    assert "--no-wait" in command("image-cloud", "WAIT=no")
    assert "--status" in command("image-status")


def test_only_substitutions_that_the_build_knows_are_given(machine):
    machine.has("gcloud", GCLOUD)
    machine.push("--cloud")
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))

    (given,) = [word for word in machine.calls[0].split() if word.startswith("_REPOSITORY=")]

    assert {pair.partition("=")[0] for pair in given.split(",")} <= set(build["substitutions"])


def test_without_a_project_the_message_says_how_to_configure_it(machine):
    machine.site.unlink()

    done = machine.push()

    assert done.returncode == 1
    assert "profiles/gcp does not know project and region and storage; run" in done.stderr


def secrets_step(folder: Path, **substitutions: str) -> str:
    """Run the build's first step, as Cloud Build fills it in, and return the file it makes."""
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
    script = build["steps"][0]["args"][1].replace("/secrets/", f"{folder}/")
    for name, value in (build["substitutions"] | substitutions).items():
        script = script.replace(f"${{{name}}}", value)
    script = script.replace("$$", "$")
    gcloud = folder / "gcloud"
    gcloud.write_text("#!/bin/sh\necho planted\n")
    gcloud.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-euc", script], env={"PATH": path}, check=True)
    return (folder / "netrc").read_text()


def test_the_builds_secret_is_a_netrc_for_its_host_and_empty_without_one(tmp_path):
    assert secrets_step(tmp_path) == ""
    assert secrets_step(tmp_path, _TOKEN_SECRET="github-pat") == (  # noqa: S106 - its name
        "machine github.com\nlogin x-access-token\npassword planted\n"
    )


def test_every_secret_of_the_build_is_mounted_by_the_dockerfile():
    build = (ROOT / "cloudbuild.yaml").read_text(encoding="utf-8")
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")

    assert "--secret id=netrc,src=/secrets/netrc" in build
    assert "--mount=type=secret,id=netrc,target=/run/secrets/netrc" in dockerfile
    assert "NETRC=/run/secrets/netrc .tools/sync" in dockerfile
