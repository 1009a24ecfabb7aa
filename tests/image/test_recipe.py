"""The files that images are made and started with agree with one another."""

import re
import tomllib
from pathlib import Path

import bill_of_materials
import pytest
import yaml

from epyflow.run.settings import Settings
from tests.image.building import ROOT
from tests.image.compose import service

DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
PROFILE = yaml.safe_load((ROOT / "docker" / "local" / "config.yaml").read_text(encoding="utf-8"))
SETTINGS = yaml.safe_load((ROOT / "docker" / "local" / "settings.yaml").read_text(encoding="utf-8"))
SHARE = "/usr/local/share/epyflow"


def test_no_stage_starts_from_anything_but_the_base_that_can_be_chosen():
    stages = re.findall(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, re.MULTILINE)
    names = {name for _, name in stages}

    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.11-slim$", DOCKERFILE, re.MULTILINE)
    assert {"base", "local", "cloud"} <= names
    assert {start for start, _ in stages} <= names | {"${PYTHON_IMAGE}"}
    assert ("base", "local") in stages
    assert ("base", "cloud") in stages


def test_every_command_that_downloads_has_its_secrets_mounted():
    commands = re.findall(r"^RUN (.*?[^\\])\n", DOCKERFILE, re.M | re.S)
    downloading = [each for each in commands if re.search(r"/sync |bootstrap_uv", each)]

    assert len(downloading) == 4
    assert all("--mount=type=secret,id=ca," in each for each in downloading)
    assert all("netrc" in each for each in downloading if "--no-install-workspace" in each)


def test_every_package_of_the_image_is_checked_by_the_hashes_of_the_lock():
    syncs = re.findall(r"\.tools/sync (.*)", DOCKERFILE)

    assert len(syncs) == 3
    assert all(re.match(r"--(locked|frozen) ", options) for options in syncs)
    assert "pip install" not in DOCKERFILE


def test_the_bill_of_materials_lists_what_dpkg_has_installed(tmp_path):
    status = tmp_path / "var" / "lib" / "dpkg" / "status"
    status.parent.mkdir(parents=True)
    status.write_text(
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n"
        "Version: 1:2.36-9+deb12u1\nDescription: libraries\n more of it\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n"
    )

    found = [each["purl"] for each in bill_of_materials.bill(tmp_path)["components"][1:]]

    assert found == ["pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u1?arch=amd64"]


def test_the_image_of_the_cloud_has_the_plugins_that_a_coordinator_in_it_needs():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    stage = re.search(r"^FROM uv AS plugins\n(.*?)^FROM", DOCKERFILE, re.MULTILINE | re.DOTALL)
    installed = re.findall(r"--only-group (\w+)", stage[1])  # type: ignore[index]
    plugins = {each for name in installed for each in groups[name]}

    assert plugins >= {
        "snakemake-executor-plugin-googlebatch-array",
        "snakemake-storage-plugin-gcs-indexed",
        "snakemake-logger-plugin-live",
    }


def test_what_is_compiled_suits_every_processor():
    variables = DOCKERFILE[DOCKERFILE.index("ENV HOME") : DOCKERFILE.index("RUN epyflow")]

    assert "NUMBA_CPU_NAME=generic" in variables
    assert "NUMBA_CACHE_DIR=/var/cache/epyflow/numba" in variables
    assert "RUN epyflow warm" in DOCKERFILE


def test_the_profile_of_the_image_is_the_local_one_and_where_things_are():
    profile = yaml.safe_load((ROOT / "profiles" / "local" / "config.yaml").read_text())
    # The display of a run is not installed in the image.
    local = {key: value for key, value in profile.items() if not key.startswith("logger")}
    own = {key: value for key, value in PROFILE.items() if key not in local}

    assert {key: PROFILE.get(key) for key in local} == local
    assert own == {
        "snakefile": f"{SHARE}/workflow/Snakefile",
        "configfile": f"{SHARE}/docker/local/settings.yaml",
        "cores": "all",
    }
    assert f"ENV SNAKEMAKE_PROFILE={SHARE}/docker/local\n" in DOCKERFILE


def test_compose_mounts_the_folders_that_the_image_uses():
    wanted = service(EPYFLOW_RUNS="/somewhere/runs", EPYFLOW_EXPERIMENTS="/somewhere/study")

    assert wanted.mounts == {
        Path("/somewhere/study"): f"{Settings(**SETTINGS).experiments_root}:ro",
        Path("/somewhere/runs"): re.search(r"^WORKDIR (/workspace)$", DOCKERFILE, re.M)[1],  # type: ignore[index]
    }


def test_compose_runs_the_example_where_nothing_else_is_asked_for():
    wanted = service(EPYFLOW_RUNS="/somewhere/runs")

    assert wanted.command == ("snakemake", "--cores", "all")
    assert wanted.user == "1000:1000"
    assert (ROOT / "config").resolve() in wanted.mounts
    assert (ROOT / "config" / "experiments" / SETTINGS["experiment"]).is_dir()


def test_compose_says_which_folder_it_needs():
    with pytest.raises(LookupError, match="EPYFLOW_RUNS is to be the folder"):
        service()


def test_the_build_sees_nothing_but_what_it_is_made_from():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    admitted = [line.removeprefix("!") for line in lines if line.startswith("!")]

    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    assert "*" in lines[: lines.index("!LICENSE")]
    assert sorted(admitted) == sorted({name for line in copied for name in line.split()})
