import hashlib
import json
import platform
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from epyflow import provenance
from epyflow.errors import EpyflowError
from epyflow.provenance import (
    Run,
    check_code,
    code_version,
    run_metadata,
    stage_modules,
    write_metadata,
)
from tests.unit import factories

SOURCES = {
    "__init__.py": "",
    "errors.py": "",
    "helper.py": "",
    "tasks.py": "import zlib\n",
    "inputs/__init__.py": "",
    "inputs/build.py": "from epyflow import tasks\n",
    "strategies/__init__.py": "from epyflow.strategies import smc\n",
    "strategies/smc.py": "from epyflow.tasks import Task\nimport epyflow.helper\n",
    "tables/__init__.py": "from .quantiles import chunks\nfrom .. import tasks\n",
    "tables/quantiles.py": "def chunks():\n    from ..helper import thing\n",
    "figures/__init__.py": "import matplotlib\n",
    "submission/__init__.py": "",
    "submission/make_rows.py": "",
    "submission/scores.py": "from forecast_hub.scoring import quantiles\n",
    "../forecast_hub/__init__.py": "",
    "../forecast_hub/unused.py": "",
    "../forecast_hub/scoring/__init__.py": "",
    "../forecast_hub/scoring/levels.json": "[0.5]",
    "../forecast_hub/scoring/quantiles.py": "",
    "submission/write_brief.py": "",
    "submission/publish.py": "",
    "data/__init__.py": "",
    "data/observation_history.py": "",
    "report/__init__.py": "",
    "unused.py": "import epyflow.nowhere\n",
}


@pytest.fixture
def package(tmp_path):
    """Write a made-up epyflow and return its folder."""
    root = tmp_path / "epyflow"
    for name, text in SOURCES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def versions(root):
    return {stage: code_version(stage, root) for stage in provenance.STAGES}


def changed(root, name, text):
    """Name the stages whose version changes when ``text`` is written to the file ``name``."""
    before = versions(root)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    after = versions(root)
    return {stage for stage in before if before[stage] != after[stage]}


# --- code versions -----------------------------------------------------------------------------


def test_a_version_is_twelve_hexadecimal_digits(package):
    version = code_version("run", package)

    assert len(version) == 12
    assert set(version) <= set("0123456789abcdef")


def test_editing_a_table_changes_the_tables_only(package):
    assert changed(package, "tables/quantiles.py", "# other\n") == {"tables"}


def test_editing_a_helper_changes_every_stage_that_uses_it(package):
    assert changed(package, "helper.py", "# other\n") == {"run", "tables"}


def test_editing_what_nobody_uses_changes_nothing(package):
    assert changed(package, "unused.py", "# other\n") == set()


def test_editing_the_package_itself_changes_everything(package):
    assert changed(package, "__init__.py", "# other\n") == set(provenance.STAGES)


def test_editing_the_package_for_hubs_changes_the_stages_that_use_it(package):
    assert changed(package, "../forecast_hub/scoring/quantiles.py", "# other\n") == {"scores"}
    assert changed(package, "../forecast_hub/scoring/levels.json", "[0.1]") == {"scores"}
    assert changed(package, "../forecast_hub/unused.py", "# other\n") == set()


def test_the_package_for_hubs_is_found_where_it_is_installed():
    modules = stage_modules("hub")

    assert "forecast_hub.checks.validation" in modules
    assert "forecast_hub.scoring.score_tables" in stage_modules("scores")
    assert "forecast_hub.scoring.score_tables" not in modules


def test_a_new_import_brings_in_what_it_names(package):
    changed(package, "tasks.py", "from epyflow import errors\n")

    assert changed(package, "errors.py", "# other\n") == {"build", "run", "tables"}


def test_line_ends_do_not_count(package):
    before = versions(package)
    (package / "tasks.py").write_bytes(b"import zlib\r\n")

    assert versions(package) == before


def test_the_version_does_not_depend_on_where_the_package_is(package, tmp_path):
    before = versions(package)
    moved = tmp_path / "elsewhere" / "epyflow"
    moved.parent.mkdir()
    package.rename(moved)
    package.with_name("forecast_hub").rename(moved.with_name("forecast_hub"))

    assert versions(moved) == before


def test_a_data_file_of_a_package_counts_as_its_code(package):
    assert changed(package, "tables/data/levels.csv", "0.5\n") == {"tables"}


def test_caches_and_other_packages_data_do_not_count(package):
    assert changed(package, "tables/__pycache__/a.json", "1") == set()
    assert changed(package, "tables/.hidden.csv", "1") == set()
    assert changed(package, "tables/notes.txt~", "1") == set()
    assert changed(package, "strategies/other/__init__.py", "") == set()
    assert changed(package, "strategies/other/a.csv", "1") == set()


@pytest.mark.parametrize(
    ("stages", "dependency"),
    [
        ({"build"}, "holidays"),
        ({"run"}, "epydemix"),
        ({"tables", "hub", "scores"}, "pandas"),
        ({"figures"}, "matplotlib"),
        ({"scores"}, "scoringrules"),
    ],
)
def test_a_new_release_of_a_dependency_changes_its_stages(package, monkeypatch, stages, dependency):
    before = versions(package)
    monkeypatch.setattr(
        "epyflow.provenance.code.version", lambda name: "2" if name == dependency else "1"
    )
    one = versions(package)
    monkeypatch.setattr("epyflow.provenance.code.version", lambda _: "1")
    other = versions(package)

    assert {name for name in before if one[name] != other[name]} == stages


def test_modules_are_found_through_every_form_of_import(package):
    assert stage_modules("tables", package) == (
        "epyflow",
        "epyflow.helper",
        "epyflow.tables",
        "epyflow.tables.quantiles",
        "epyflow.tasks",
    )


def test_a_module_brings_in_the_package_it_lies_in(package):
    (package / "inputs/build.py").write_text("import epyflow.tables.quantiles\n")

    assert "epyflow.tables" in stage_modules("build", package)
    # tables/__init__.py runs too, and imports tasks.
    assert "epyflow.tasks" in stage_modules("build", package)


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_type_checkers_do_not_count(package, test):
    (package / "inputs/build.py").write_text(f"if {test}:\n    from epyflow import tables\n")

    assert stage_modules("build", package) == (
        "epyflow",
        "epyflow.inputs",
        "epyflow.inputs.build",
    )


def test_what_runs_when_types_are_not_checked_counts(package):
    text = "if TYPE_CHECKING:\n    import a\nelse:\n    from epyflow import errors\n"
    (package / "inputs/build.py").write_text(text)
    assert "epyflow.errors" in stage_modules("build", package)

    (package / "inputs/build.py").write_text(
        "if not TYPE_CHECKING:\n    from epyflow import errors\n"
    )
    assert "epyflow.errors" in stage_modules("build", package)


def test_modules_that_import_each_other_are_found_once(package):
    (package / "helper.py").write_text("import epyflow.tasks\n")
    (package / "tasks.py").write_text("import epyflow.helper\n")

    assert stage_modules("build", package) == (
        "epyflow",
        "epyflow.helper",
        "epyflow.inputs",
        "epyflow.inputs.build",
        "epyflow.tasks",
    )


def test_a_missing_entry_is_named(package):
    (package / "inputs/build.py").unlink()

    with pytest.raises(
        EpyflowError, match=r"stage 'build' needs epyflow\.inputs\.build, which is not in"
    ):
        code_version("build", package)


def test_a_missing_import_is_named_with_who_needs_it(package):
    (package / "inputs/build.py").write_text("import epyflow.nowhere\n")

    with pytest.raises(EpyflowError, match=r"epyflow\.inputs\.build needs epyflow\.nowhere"):
        code_version("build", package)


def test_an_unknown_stage_is_refused():
    with pytest.raises(ValueError, match="no stage 'report'; the stages are build, run"):
        code_version("report")


def test_the_contract_does_not_drag_in_the_package():
    """A task must not change its version with the tables, or calibrations would run again."""
    used = stage_modules("tables")

    assert "epyflow.artifacts.task" in used
    assert not [name for name in used if name.startswith(("epyflow.experiment", "epyflow.cli.app"))]


@pytest.mark.parametrize("stage", provenance.STAGES)
def test_what_a_stage_really_imports_is_what_its_version_covers(stage):
    """The modules found by reading are those that Python loads, and perhaps lazy ones."""
    entries = ", ".join(provenance.STAGES[stage])
    script = f"import sys, {entries}; print(*(m for m in sys.modules if m.startswith('epyflow')))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert set(loaded) <= set(stage_modules(stage))


# --- the record of a run -----------------------------------------------------------------------

STARTED = datetime(2025, 1, 18, 12, 0, tzinfo=timezone(timedelta(hours=-5)))


@pytest.fixture
def record(package, tmp_path):
    """Return a function that makes the record of a run, of the made-up package."""

    def make(**changes):
        values = {
            "exp_id": "202501/round1",
            "run_id": "main",
            "experiment": "e" * 64,
            "data": {"b.csv": "2", "a.csv": "1"},
            "seed": 7,
            "tasks": 3,
            "members": 30,
            "simulations": 300,
            "failures": (),
            "started": STARTED,
            "finished": datetime(2025, 1, 18, 17, 30, 5, tzinfo=UTC),
            "command": ("epyflow", "run", "202501/round1"),
            "benchmarks": {},
            "project": tmp_path,
        }
        return run_metadata(Run(**{**values, **changes}), package)

    return make


def test_code_that_is_not_that_of_the_plan_is_refused_by_both_names():
    here = code_version("tables")

    check_code("tables", here, "model_metadata")
    with pytest.raises(
        EpyflowError,
        match=f"^model_metadata: planned by code version 0123456789ab, .* worker has {here}; reb",
    ):
        check_code("tables", "0123456789ab", "model_metadata")


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_the_record_says_what_was_given(record):
    found = record()

    assert (found["exp_id"], found["run_id"], found["seed"]) == ("202501/round1", "main", 7)
    assert found["experiment"] == "e" * 64
    assert found["data"] == {"a.csv": "1", "b.csv": "2"}
    assert found["counts"] == {"tasks": 3, "members": 30, "simulations": 300, "failed": 0}
    assert found["command"] == ["epyflow", "run", "202501/round1"]


def test_the_record_says_what_ran_it(record, package):
    found = record()

    assert found["code"]["stages"] == versions(package)
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["epydemix"].startswith("1.5")
    assert set(found["versions"]) >= {"epyflow", "snakemake", "numpy", "scipy", "numba", "pandas"}
    assert found["platform"] == platform.platform()


def test_times_are_in_utc(record):
    times = record()["times"]

    assert times["started"] == "2025-01-18T17:00:00+00:00"
    assert times["finished"] == "2025-01-18T17:30:05+00:00"


def test_a_time_without_a_zone_is_refused(record):
    with pytest.raises(ValueError, match="has no time zone"):
        record(started=datetime(2025, 1, 18))


def test_each_task_has_its_seconds_and_its_memory(record):
    header = b"s\th:m:s\tmax_rss\tmax_vms\tmean_load\n"
    benchmarks = {
        "00001": header + b"61.5\t0:01:01\t210.25\t900\t99\n",
        "00000": header + b"0.1\t0:00:00\tNA\tNA\t0\n",
        "00002": b"",
    }

    times = record(benchmarks=benchmarks)["times"]

    assert times["tasks"] == {
        "00000": {"seconds": 0.1, "max_rss_mb": None},
        "00001": {"seconds": 61.5, "max_rss_mb": 210.25},
        "00002": {"seconds": None, "max_rss_mb": None},
    }
    assert list(times["tasks"]) == ["00000", "00001", "00002"]


def test_failures_are_listed_with_what_is_missing(record):
    one = factories.failure(index=2, primary_ids=(10, 11), population="Atlantis")
    other = factories.failure(index=1, primary_ids=(5,), population="Atlantis", stage="build")

    found = record(failures=(one, other))

    assert found["counts"]["failed"] == 2
    assert found["missing_populations"] == ["Atlantis"]
    assert [failure["task"] for failure in found["failures"]] == [1, 2]
    assert found["failures"][1] == {
        "task": 2,
        "stage": "run",
        "population": "Atlantis",
        "location": None,
        "primary_ids": [10, 11],
        "cause": "the population is not known\ncheck its name",
    }


def test_the_revision_is_named_and_whether_files_differ_from_it(record, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init")
    git(project, "commit", "--allow-empty", "--message", "first")
    head = subprocess.run(
        ["git", "-C", project, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()

    assert record(project=project)["code"]["git"] == {"revision": head, "dirty": False}

    (project / "new.py").touch()

    assert record(project=project)["code"]["git"] == {"revision": head, "dirty": True}


def test_a_project_without_git_has_no_revision(record, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert record()["code"]["git"] is None

    monkeypatch.setenv("PATH", "")
    assert record()["code"]["git"] is None


def test_the_lock_file_is_hashed_where_there_is_one(record, tmp_path):
    assert record()["code"]["uv_lock"] is None

    (tmp_path / "uv.lock").write_bytes(b"abc")

    assert record()["code"]["uv_lock"] == hashlib.sha256(b"abc").hexdigest()


def test_the_image_is_named_inside_one(record, monkeypatch):
    monkeypatch.delenv("EPYFLOW_IMAGE_DIGEST", raising=False)
    assert record()["code"]["image_digest"] is None

    monkeypatch.setenv("EPYFLOW_IMAGE_DIGEST", "sha256:12")
    assert record()["code"]["image_digest"] == "sha256:12"


def test_the_record_is_written_as_json(record, tmp_path):
    found = record(failures=(factories.failure(cause="β is missing"),))

    write_metadata(found, tmp_path / "run_metadata.json")

    text = (tmp_path / "run_metadata.json").read_text(encoding="utf-8")
    assert json.loads(text) == found
    assert "β is missing" in text
    assert text.endswith("}\n")
