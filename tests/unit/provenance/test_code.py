import shutil
import subprocess
import sys

import pytest

from epyflow.errors import EpyflowError
from epyflow.provenance.code import PACKAGE, check_code, code_version, stage_modules
from epyflow.stages import STAGES


def versions(root):
    return {stage: code_version(stage, root) for stage in STAGES}


def changed(root, name, text):
    """Name the stages whose version changes when ``text`` is written to the file ``name``."""
    before = versions(root)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    after = versions(root)
    return {stage for stage in before if before[stage] != after[stage]}


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
    assert changed(package, "__init__.py", "# other\n") == set(STAGES)


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


@pytest.mark.parametrize(
    "statement",
    [
        "import epyflow.errors",
        "import json; from epyflow import errors",
        "from epyflow import (  # )\n    errors,\n)\n",
        "from epyflow import (errors)\n",
        "from json import loads, \\\n    dumps\nfrom epyflow \\\n    import \\\n    errors\n",
        "try:\n    import json\n    from epyflow import errors\nexcept ImportError:\n    x = 1\n",
        "def one():\n    from epyflow import errors\n    return errors\n",
        'from epyflow import errors\n\nTEXT = """\nto import files (\n"""\n',
        "from epyflow import errors  # (\n",
    ],
)
def test_an_import_is_found_wherever_the_last_one_stands(package, statement):
    (package / "inputs/build.py").write_text(f'"""A module."""\n{statement}')

    assert "epyflow.errors" in stage_modules("build", package)


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


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_really_imports_is_what_its_version_covers(stage):
    """The modules found by reading are those that Python loads, and perhaps lazy ones."""
    entries = ", ".join(STAGES[stage].modules)
    script = f"import sys, {entries}; print(*(m for m in sys.modules if m.startswith('epyflow')))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert set(loaded) <= set(stage_modules(stage))


def test_code_that_is_not_that_of_the_plan_is_refused_by_both_names():
    here = code_version("tables")

    check_code("tables", here, "model_metadata")
    with pytest.raises(
        EpyflowError,
        match=f"^model_metadata: planned by code version 0123456789ab, .* worker has {here}; reb",
    ):
        check_code("tables", "0123456789ab", "model_metadata")


@pytest.fixture
def real(tmp_path):
    """Copy the real package."""
    root = tmp_path / "epyflow"
    shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def edit(path):
    """Change a message, where there is one, and add a comment."""
    text = path.read_text(encoding="utf-8").replace("expected", "EXPECTED")
    path.write_text(text + "# edited\n", encoding="utf-8")


@pytest.mark.parametrize("stage", ["build", "run"])
def test_reading_and_checking_experiments_is_no_part_of_what_computes(real, stage):
    """Edit every module there, so that a new one that the stage would use is found as well."""
    before = code_version(stage, real)
    for folder in ("checks", "reading"):
        for path in sorted((real / "experiment" / folder).glob("*.py")):
            # The functions of the user give priors, so the build calls them.
            if path.name not in ("__init__.py", "user_functions.py"):
                edit(path)
    edit(real / "experiment" / "load.py")
    edit(real / "provenance" / "record.py")

    assert before == code_version(stage)
    assert code_version(stage, real) == before


def test_the_run_covers_neither_how_populations_are_read_nor_what_it_does_not_compute(real):
    before = code_version("run", real)
    for name in ("format/modelset.py", "format/output.py", "reading/user_functions.py"):
        edit(real / "experiment" / name)
    for name in ("population/store.py", "population/locations.py", "inputs/build.py"):
        edit(real / name)

    assert code_version("run", real) == before


def test_an_edit_of_what_the_run_computes_changes_its_version(real):
    before = code_version("run", real)
    edit(real / "experiment" / "format" / "model.py")

    assert code_version("run", real) != before
