"""The repository keeps what it promises its readers: commands, links, sizes, versions."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from epyflow.experiment.format.calibration import RejectionOptions, SmcOptions, TopFractionOptions
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.format.output import Output
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
README = ROOT / "README.md"
EXPERIMENTS = ROOT / "docs" / "experiments.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

READERS_FILES = [
    README,
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "SECURITY")),
]
READERS_FILES += sorted(path for path in (ROOT / "docs").rglob("*.md"))
READERS_FILES += sorted((ROOT / "examples").rglob("*.md"))
READERS_FILES += sorted((ROOT / "config").glob("*.md")) + sorted((ROOT / "profiles").glob("*.md"))

SIZE_LIMITS = (
    ("workflow/scripts", "*.py", 40),
    ("src", "*.py", 310),
    ("packages", "src/**/*.py", 310),
    ("workflow/rules", "*.smk", 140),
)

# The names are joined to paths here only, so that this file holds none of them.
OWN_FOLDERS_OF_A_MACHINE = re.compile(
    r"(?<![\w.*<>}])/(?:" + "|".join(["work", "root", "home"]) + ")/"
)

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec"}


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: ((?:.+\\\n)*.+)$", text, re.MULTILINE)
    assert phony is not None
    return set(phony[1].replace("\\", "").split())


def project_files() -> list[Path]:
    """Files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def imports_and_calls(tree: ast.AST) -> tuple[set[str], set[str]]:
    imports, calls = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call):
            calls.add(getattr(node.func, "id", None) or getattr(node.func, "attr", ""))
    return imports, calls


def run_bootstrap(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    script = root / "scripts" / "bootstrap_uv.py"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "bootstrap_uv.py", script)
    return subprocess.run(
        [sys.executable, script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def bootstrap_constant(name: str) -> object:
    tree = ast.parse((ROOT / "scripts" / "bootstrap_uv.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"bootstrap_uv.py has no {name}")


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(re.findall(r"^  make ([\w-]+) +\S", shown.stdout, re.MULTILINE)) == make_targets()


@pytest.mark.parametrize("path", READERS_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_command_shown_to_readers_exists(path):
    code = re.findall(r"```.*?```|`[^`\n]+`", path.read_text(encoding="utf-8"), re.DOTALL)
    commands = {name for part in code for name in re.findall(r"(?<![\w-])make +([a-z-]+)", part)}

    assert commands <= make_targets()


def test_the_readme_shows_how_to_run_and_how_to_test():
    text = README.read_text(encoding="utf-8")

    assert {"make run", "make test"} <= set(re.findall(r"^make \w+", text, re.MULTILINE))
    assert len(text.splitlines()) <= 80  # two screens


@pytest.mark.parametrize("path", READERS_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{path.name} links to {link}"
        if anchor:
            assert anchor in heading_anchors(file), f"{path.name} links to {link}"


def heading_anchors(path: Path) -> set[str]:
    """Anchors as GitHub makes them of headings."""
    headings = re.findall(r"^#+ +(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def yaml_blocks(path: Path) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def property_names(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(property_names, schema))
    if not isinstance(schema, dict):
        return set()
    properties = schema.get("properties")
    names = set(properties) if isinstance(properties, dict) else set()
    return names.union(*map(property_names, schema.values()))


@pytest.mark.parametrize(
    "section",
    [Model, Modelset, Output, SmcOptions, RejectionOptions, TopFractionOptions],
    ids=lambda section: section.__name__,
)
def test_every_key_of_the_format_is_described(section):
    text = EXPERIMENTS.read_text(encoding="utf-8")
    described = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`[^`\n]+`", text))))

    assert property_names(section.model_json_schema()) - described == set()


def test_every_key_of_the_configuration_is_described_with_its_default():
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    plain = {
        name: str(field.default).lower()
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, str | bool)
    }

    assert list(rows) == list(Settings.model_fields)
    assert {name: rows[name].strip("`") for name in plain} == plain


def test_the_configuration_sets_only_keys_that_there_are():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))

    assert set(config) <= set(Settings.model_fields)


def test_the_examples_of_the_format_are_valid():
    blocks = yaml_blocks(EXPERIMENTS)
    parts = [block for block in blocks if block.startswith("  ")]
    modelsets = [block for block in blocks if block.startswith("modelset:")]
    outputs = [block for block in blocks if block.startswith("output:")]

    assert (len(parts), len(modelsets), len(outputs)) == (8, 2, 1)
    Model.model_validate(yaml.safe_load("model:\n" + "".join(parts))["model"])
    for block in modelsets:
        Modelset.model_validate(yaml.safe_load(block)["modelset"])
    for block in outputs:
        Output.model_validate(yaml.safe_load(block)["output"])


def test_the_first_experiment_of_the_guide_is_valid(tmp_path):
    (block,) = yaml_blocks(ROOT / "docs" / "getting-started.md")
    (tmp_path / "basemodel.yaml").write_text(block, encoding="utf-8")

    experiment, problems = inspect(locate(tmp_path))

    assert problems == []
    assert experiment is not None


def test_every_picture_has_a_text_for_those_who_cannot_see_it():
    pictures = re.findall(r"!\[([^\]]*)\]", README.read_text(encoding="utf-8"))

    assert pictures
    assert all(len(alternative) > 40 for alternative in pictures)


def test_no_file_names_a_folder_of_the_machine_it_was_written_on():
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in project_files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if OWN_FOLDERS_OF_A_MACHINE.search(line)
    ]

    assert not named


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert citation["version"] == PYPROJECT["project"]["version"]
    assert citation["license"] == PYPROJECT["project"]["license"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


@pytest.mark.parametrize(("folder", "pattern", "limit"), SIZE_LIMITS)
def test_files_stay_small_enough_to_read(folder, pattern, limit):
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted((ROOT / folder).rglob(pattern))
    }

    assert lengths
    assert {name: length for name, length in lengths.items() if length > limit} == {}


def test_the_contracts_of_imports_cover_every_package():
    packages = {path.name for path in (ROOT / "packages").glob("*/src/*") if path.is_dir()}
    linter = PYPROJECT["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}

    assert set(linter["root_packages"]) == {"epyflow", *packages}
    under_gpl = ["epydemix", "epyflow"]
    apart = contracts["The packages import neither epyflow nor epydemix"]
    assert (set(apart["source_modules"]), apart["forbidden_modules"]) == (packages, under_gpl)
    circles = contracts["No module imports itself through others"]
    assert set(circles["ancestors"]) == {"epyflow", *packages}
    assert "ignore_imports" not in {key for contract in contracts.values() for key in contract}
    assert "$(BIN)/lint-imports" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_only_the_artifacts_pickle_and_no_module_evaluates_text():
    pickling, evaluating = [], []
    for path in sorted(SRC.rglob("*.py")):
        imports, calls = imports_and_calls(ast.parse(path.read_text(encoding="utf-8")))
        if imports & FORBIDDEN_MODULES:
            pickling.append(path.relative_to(SRC).as_posix())
        if calls & FORBIDDEN_CALLS:
            evaluating.append(path.name)

    assert pickling == [
        "epyflow/artifacts/pickling.py",
        "epyflow/artifacts/restricted_unpickler.py",
    ]
    assert evaluating == []


def test_ci_can_be_executed():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_setup_admits_the_pythons_that_the_package_admits():
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PYPROJECT["project"]["requires-python"])

    assert bounds is not None
    assert bootstrap_constant("OLDEST") == (3, int(bounds[1]))
    assert bootstrap_constant("NEWEST") == (3, int(bounds[2]) - 1)


def test_uv_is_installed_by_its_hash_at_the_version_that_setup_expects():
    text = (ROOT / "scripts" / "uv.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    install = (ROOT / "scripts" / "bootstrap_uv.py").read_text(encoding="utf-8")

    assert lines[0] == f"uv=={bootstrap_constant('UV_VERSION')} \\"
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines[1:])
    assert '"--require-hashes", "--requirement", str(HASHES)' in install


def test_setup_says_nothing_where_uv_is_there(tmp_path):
    uv = tmp_path / ".tools" / "uv"
    uv.parent.mkdir()
    uv.write_text(f"#!/bin/sh\necho uv {bootstrap_constant('UV_VERSION')}\n", encoding="utf-8")
    uv.chmod(0o755)

    done = run_bootstrap(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_names_the_package_to_install_where_python_can_install_nothing(tmp_path):
    without = tmp_path / "without"
    without.mkdir()
    for module in ("venv", "pip"):
        (without / f"{module}.py").write_text("raise ImportError\n", encoding="utf-8")

    done = run_bootstrap(tmp_path, PYTHONPATH=str(without))

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / ".tools").iterdir()) == []


def test_the_conda_environment_has_the_locked_versions():
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"]: package.get("version") for package in lock["package"]}
    from_this_folder = set(PYPROJECT["tool"]["uv"]["sources"])
    projects = [
        PYPROJECT,
        tomllib.loads((ROOT / "packages/forecast-hub/pyproject.toml").read_text()),
    ]
    named = {
        re.split(r"[\[<>=]", each)[0]
        for project in projects
        for each in project["project"]["dependencies"]
    }
    direct = named - from_this_folder - {"snakemake"}
    environment = yaml.safe_load((ROOT / "envs" / "epyflow.yaml").read_text())

    pins = dict(pin.split("==") for pin in environment["dependencies"][-1]["pip"])

    assert pins == {name: locked[name] for name in direct}
